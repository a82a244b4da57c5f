//! The pretend world from outside: how a lab file spells it, and that its station loses nothing.

use evenkeel::model::{Arrival, Arrivals, Behaviour, FailureKind, Keys, Latency, Station};
use proptest::prelude::*;
use ron::extensions::Extensions;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads each text, and writes and reads it again.
fn check<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(texts: &[&str]) -> Vec<T> {
    let options = options();
    let read = |text: &str| options.from_str::<T>(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    let spelled: Vec<T> = texts.iter().map(|text| read(text)).collect();
    for value in &spelled {
        assert_eq!(read(&options.to_string(value).expect("what was read can be written")), *value);
    }
    spelled
}

fn options() -> ron::Options {
    ron::Options::default()
        .with_default_extension(Extensions::IMPLICIT_SOME)
        .with_default_extension(Extensions::UNWRAP_NEWTYPES)
        .with_default_extension(Extensions::UNWRAP_VARIANT_NEWTYPES)
}

#[test]
fn a_lab_file_can_spell_every_latency() {
    let spelled: Vec<Latency> = check(&[
        r#"constant("20ms")"#,
        r#"uniform(low: "10ms", high: "30ms")"#,
        r#"normal(mean: "20ms", deviation: "5ms")"#,
        r#"log_normal(median: "20ms", sigma: 0.4)"#,
        r#"exponential(mean: "20ms")"#,
        r#"pareto(least: "10ms", shape: 1.5)"#,
        r#"file(path: "a,b.txt")"#,
    ]);
    let shown: Vec<String> = spelled.iter().map(Latency::to_string).collect();
    assert_eq!(
        shown,
        [
            "constant:20ms",
            "uniform:10ms,30ms",
            "normal:20ms,5ms",
            "lognormal:20ms,0.4",
            "exponential:20ms",
            "pareto:10ms,1.5",
            "file:a,b.txt"
        ]
    );
}

#[test]
fn a_lab_file_can_spell_every_kind_of_arrival() {
    let spelled: Vec<Arrivals> = check(&[
        r#"closed(users: 10, think: exponential(mean: "1s"))"#,
        "steady(per_second: 500)",
        "poisson(per_second: 0.5)",
        "bursts(per_second: 100, size: 20)",
        r#"ramp(from: 0, to: 100, over: "30s")"#,
        r#"diurnal(low: 10, high: 100, period: "1m")"#,
    ]);
    assert!(spelled.iter().all(|arrivals| arrivals.flaws().is_empty()));
}

#[test]
fn a_lab_file_can_spell_every_kind_of_key() {
    let spelled: Vec<Keys> = check(&[
        "per_client",
        "uniform(count: 9)",
        "zipf(count: 9, exponent: 1.1)",
        r#"single("x")"#,
    ]);
    assert!(spelled.iter().all(|keys| keys.flaws().is_empty()));
    assert_eq!(spelled[3], Keys::Single("x".to_owned()));
}

#[test]
fn a_lab_file_names_only_what_differs_from_a_healthy_mock() {
    let spelled: Vec<Behaviour> = check(&[
        "()",
        r#"(
            latency: exponential(mean: "5ms"),
            concurrency_limit: 4,
            failures: (status: {500: 0.02}, hang: 0.005, slow_body_lasts: "2s"),
            warm_up: (over: "10s", factor: 5),
            slow_spells: (every: "30s", for: "5s", factor: 10),
        )"#,
    ]);
    assert_eq!(spelled[0], Behaviour::default());
    assert_eq!(spelled[1].concurrency_limit, Some(4));
    assert_eq!(spelled[1].failures.odds(FailureKind::Status(500)), 0.02);
    assert!(spelled.iter().all(|behaviour| behaviour.flaws().is_empty()));
}

#[test]
fn an_unknown_field_is_refused_and_the_known_ones_are_named() {
    let error = options().from_str::<Latency>(r#"uniform(low: "1ms", top: "2ms")"#).unwrap_err();
    assert!(error.to_string().contains("`top`"), "{error}");
    assert!(error.to_string().contains("`high`"), "{error}");
    let error = options().from_str::<Behaviour>("(slots: 4)").unwrap_err();
    assert!(error.to_string().contains("`concurrency_limit`"), "{error}");
}

proptest! {
    #[test]
    fn a_station_loses_nothing_and_passes_no_limit(
        concurrency in 1_u32..5,
        queue in 0_u32..5,
        steps in proptest::collection::vec(any::<bool>(), 0..200),
    ) {
        let mut station = Station::new(Some(concurrency), queue);
        let full = (concurrency as usize, queue as usize);
        let (mut arrived, mut refused, mut started) = (0_u32, 0, Vec::new());
        for arrives in steps {
            if arrives {
                match station.arrive(arrived) {
                    Arrival::Starts(item) => started.push(item),
                    Arrival::Waits => {}
                    Arrival::Refused(_) => {
                        refused += 1;
                        prop_assert_eq!((station.n_busy(), station.n_waiting()), full);
                    }
                }
                arrived += 1;
            } else if station.n_busy() > 0 {
                started.extend(station.finish());
            }
            prop_assert!(station.n_busy() <= full.0 && station.n_waiting() <= full.1);
            prop_assert!(station.n_waiting() == 0 || station.n_busy() == full.0);
            prop_assert_eq!(started.len() + station.n_waiting() + refused, arrived as usize);
        }
        prop_assert!(started.is_sorted());
    }
}
