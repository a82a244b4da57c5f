//! Ring and jump beside the crates that offer them.
//!
//! All are given the bytes of the same keys and hash them, and all are asked as the proxy asks: with a request and
//! a view, through the trait. Ours look whether the server can be used; the others name it and that is all.

use divan::Bencher;
use evenkeel::balance::{Balancer, Notes, View};
use evenkeel::dice::Dice;

use super::pools::{self, measure};

/// 160 points to a server, wherever a number is asked for.
mod ring {
    use divan::Bencher;
    use hashring::HashRing;
    use pingora_ketama::{Bucket, Continuum};
    use xxhash_rust::xxh64::Xxh64Builder;

    use super::super::pools;
    use super::{ask, ask_ours};

    /// The same ring as `pingora_ketama`, point by point: NGINX's.
    #[divan::bench(consts = [10, 100, 1000], sample_size = 1024)]
    fn ours<const SERVERS: usize>(bencher: Bencher<'_, '_>) {
        ask_ours::<SERVERS>(bencher, "ring");
    }

    /// With xxHash64, points of 64 bits.
    #[divan::bench(consts = [10, 100, 1000], sample_size = 1024)]
    fn ours_envoy<const SERVERS: usize>(bencher: Bencher<'_, '_>) {
        ask_ours::<SERVERS>(
            bencher,
            &format!("ring(dialect: envoy, points: {})", SERVERS * POINTS as usize),
        );
    }

    #[divan::bench(consts = [10, 100, 1000], sample_size = 1024)]
    fn pingora_ketama<const SERVERS: usize>(bencher: Bencher<'_, '_>) {
        let buckets: Vec<Bucket> = (0..SERVERS).map(bucket).collect();
        let ring = Continuum::new(&buckets);
        ask(bencher, |key| ring.node(key).map(|server| usize::from(server.port())));
    }

    /// With its own hash, `SipHash`.
    #[divan::bench(consts = [10, 100, 1000], sample_size = 1024)]
    fn hashring<const SERVERS: usize>(bencher: Bencher<'_, '_>) {
        let mut ring = HashRing::new();
        ring.batch_add(points(SERVERS));
        ask(bencher, |key| ring.get(&key).map(|&(server, _)| server));
    }

    /// With the hash that ours uses.
    #[divan::bench(consts = [10, 100, 1000], sample_size = 1024)]
    fn hashring_xxh64<const SERVERS: usize>(bencher: Bencher<'_, '_>) {
        let mut ring = HashRing::with_hasher(Xxh64Builder::new(0));
        ring.batch_add(points(SERVERS));
        ask(bencher, |key| ring.get(&key).map(|&(server, _)| server));
    }

    fn bucket(index: usize) -> Bucket {
        Bucket::new(pools::name(index).parse().expect("names are addresses"), 1)
    }

    fn points(servers: usize) -> Vec<(usize, u32)> {
        let of_server = |index| (0..POINTS).map(move |point| (index, point));
        (0..servers).flat_map(of_server).collect()
    }

    const POINTS: u32 = 160;
}

mod jump {
    use std::hash::BuildHasher as _;

    use divan::Bencher;
    use evenkeel::hash::xxh64;
    use jumphash::{CustomJumpHasher, JumpHasher};
    use xxhash_rust::xxh64::Xxh64Builder;

    use super::{ask, ask_ours};

    #[divan::bench(consts = [10, 100, 1000], sample_size = 1024)]
    fn ours<const SERVERS: usize>(bencher: Bencher<'_, '_>) {
        ask_ours::<SERVERS>(bencher, "jump");
    }

    /// With the hash that ours uses.
    #[divan::bench(consts = [10, 100, 1000], sample_size = 1024)]
    fn jump_consistent_hash_xxh64<const SERVERS: usize>(bencher: Bencher<'_, '_>) {
        ask(bencher, |key| Some(jump_consistent_hash::hash(xxh64(key, 0), SERVERS) as usize));
    }

    /// With its own hash, `SipHash`.
    #[divan::bench(consts = [10, 100, 1000], sample_size = 1024)]
    fn jumphash<const SERVERS: usize>(bencher: Bencher<'_, '_>) {
        let hasher = JumpHasher::new_with_keys(1, 2);
        ask(bencher, |key| Some(hasher.slot(&key, SERVERS as u32) as usize));
    }

    #[divan::bench(consts = [10, 100, 1000], sample_size = 1024)]
    fn jumphash_xxh64<const SERVERS: usize>(bencher: Bencher<'_, '_>) {
        let hasher = CustomJumpHasher::new(Xxh64Builder::new(0).build_hasher());
        ask(bencher, |key| Some(hasher.slot(&key, SERVERS as u32) as usize));
    }
}

fn ask_ours<const SERVERS: usize>(bencher: Bencher<'_, '_>, algorithm: &str) {
    let members = pools::members(SERVERS);
    let balancer = pools::balancer(algorithm, &members);
    measure(bencher, |request, dice, notes| {
        balancer.pick(&View::new(&members, request), dice, notes)
    });
}

fn ask(bencher: Bencher<'_, '_>, choose: impl Fn(&[u8]) -> Option<usize> + Send + Sync) {
    let rival = Rival { choose };
    let balancer: &dyn Balancer = divan::black_box(&rival);
    measure(bencher, |request, dice, notes| balancer.pick(&View::new(&[], request), dice, notes));
}

struct Rival<F> {
    choose: F,
}

impl<F: Fn(&[u8]) -> Option<usize> + Send + Sync> Balancer for Rival<F> {
    fn pick(&self, view: &View<'_>, _: &mut Dice, _: &mut Notes) -> Option<usize> {
        (self.choose)(view.request.key)
    }
}
