//! The cost of finding a request's route, which should not grow with the number of routes.

use divan::Bencher;
use evenkeel::lab::{Condition, Facts, PathCondition, Routing};

#[divan::bench(args = [1, 10, 100, 1000], sample_size = 1024)]
fn by_host(bencher: Bencher<'_, '_>, routes: usize) {
    let host = |index| Condition { hosts: vec![host(index)], ..Condition::default() };
    measure(bencher, (0..routes).map(host).collect());
}

#[divan::bench(args = [1, 10, 100, 1000], sample_size = 1024)]
fn by_path(bencher: Bencher<'_, '_>, routes: usize) {
    let path =
        |index| Condition { path: Some(PathCondition::Exact(path(index))), ..Condition::default() };
    measure(bencher, (0..routes).map(path).collect());
}

#[divan::bench(args = [1, 10, 100, 1000], sample_size = 1024)]
fn by_prefix_below_a_host(bencher: Bencher<'_, '_>, routes: usize) {
    let both = |index| Condition {
        hosts: vec!["*.example".to_owned()],
        path: Some(PathCondition::Prefix(path(index))),
        ..Condition::default()
    };
    measure(bencher, (0..routes).map(both).collect());
}

/// Asks for the last route.
fn measure(bencher: Bencher<'_, '_>, conditions: Vec<Condition>) {
    let last = conditions.len() - 1;
    let (host, path) = (host(last), path(last));
    let routing = Routing::new(conditions);
    let facts = Facts {
        host: &host,
        path: &path,
        query: "",
        method: "GET",
        source: None,
        sni: None,
        header: &|_| None,
    };
    assert_eq!(routing.first(&facts), Some(last));
    bencher.bench_local(|| routing.first(divan::black_box(&facts)));
}

fn host(index: usize) -> String {
    format!("host{index}.example")
}

fn path(index: usize) -> String {
    format!("/path{index}")
}
