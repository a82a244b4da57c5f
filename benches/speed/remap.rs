//! The cost of finding out which of a million keys move when one of a hundred servers leaves.

use divan::Bencher;
use evenkeel::balance::Request;
use evenkeel::balance::remap::Assignment;

use super::pools::{Keys, balancer, members};

/// Both algorithms are built, every key is asked for twice, and the owners are compared.
#[divan::bench(args = ["modulo", "ring", "maglev", "rendezvous", "jump", "multi-probe", "anchor"], sample_count = 10)]
fn million_keys(bencher: Bencher<'_, '_>, algorithm: &str) {
    let members = members(100);
    let keys = Keys::new(1_000_000);
    bencher.bench_local(|| {
        let assign = |members| {
            let requests = keys.iter().map(Request::keyed);
            Assignment::new(balancer(algorithm, members).as_ref(), members, requests)
        };
        assign(&members).moves_to(&assign(&members[..99]))
    });
}
