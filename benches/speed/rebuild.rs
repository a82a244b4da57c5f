//! The cost of building an algorithm: what a change of servers or weights costs.

use divan::Bencher;

use super::pools::{ALGORITHMS, balancer, members};

#[divan::bench(args = ALGORITHMS, consts = [10, 100, 1000], sample_count = 20)]
fn alone<const SERVERS: usize>(bencher: Bencher<'_, '_>, algorithm: &str) {
    let members = members(SERVERS);
    bencher.bench_local(|| balancer(algorithm, &members));
}
