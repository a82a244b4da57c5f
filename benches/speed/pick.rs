//! The cost of a pick with explanation off: of the algorithm alone, and through the pool around it.

use divan::Bencher;
use evenkeel::balance::{Balancer, Notes, View};
use evenkeel::dice::Dice;

use super::pools::{ALGORITHMS, balancer, measure, members, pool};

#[divan::bench(args = ALGORITHMS, consts = [10, 100, 1000], sample_size = 1024)]
fn alone<const SERVERS: usize>(bencher: Bencher<'_, '_>, algorithm: &str) {
    let members = members(SERVERS);
    let balancer = balancer(algorithm, &members);
    measure(bencher, |request, dice, notes| {
        balancer.pick(&View::new(&members, request), dice, notes)
    });
}

#[divan::bench(args = ALGORITHMS, consts = [10, 100, 1000], sample_size = 1024)]
fn through_pool<const SERVERS: usize>(bencher: Bencher<'_, '_>, algorithm: &str) {
    let pool = pool(algorithm, SERVERS);
    measure(bencher, |request, dice, notes| pool.pick(request, None, dice, notes));
}

/// A call through the trait that chooses nobody.
#[divan::bench(sample_size = 1024)]
fn floor(bencher: Bencher<'_, '_>) {
    struct Nobody;
    impl Balancer for Nobody {
        fn pick(&self, _: &View<'_>, _: &mut Dice, _: &mut Notes) -> Option<usize> {
            None
        }
    }
    let balancer: &dyn Balancer = divan::black_box(&Nobody);
    measure(bencher, |request, dice, notes| balancer.pick(&View::new(&[], request), dice, notes));
}
