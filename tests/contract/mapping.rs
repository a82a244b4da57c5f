//! Where keys go when servers come and go: who returns finds its keys again, and nobody moves without need.

use evenkeel::balance::anchor::Anchor;
use evenkeel::balance::ip_hash::IpHash;
use evenkeel::balance::jump::Jump;
use evenkeel::balance::maglev::{self, Maglev};
use evenkeel::balance::modulo::{self, Modulo};
use evenkeel::balance::multi_probe::MultiProbe;
use evenkeel::balance::pool::{Pool, Settings, Terms};
use evenkeel::balance::remap::{Assignment, Moves, NOBODY};
use evenkeel::balance::rendezvous::Rendezvous;
use evenkeel::balance::ring::{Dialect, Ring};
use evenkeel::balance::{Algorithm, Health, Member, Notes, Origin, Picture, Request};
use evenkeel::dice::Dice;

use crate::cast;
use crate::chance::SIGMAS;
use crate::scene::address_of;

#[test]
fn a_server_put_back_finds_its_keys_again() {
    for algorithm in keyed() {
        for weights in [[1; 6], [5, 1, 3, 1, 2, 4]] {
            let terms = terms(&weights);
            let pool = Pool::new(&algorithm, &Settings::default(), &terms, 1);
            let without = follow(&pool, &algorithm, &except(&terms, 2));
            let back = follow(&without, &algorithm, &terms);
            assert_ne!(named(&pool, &owners(&pool)), named(&without, &owners(&without)));
            assert_eq!(owners(&pool), owners(&back), "{algorithm:?} {weights:?}");
        }
    }
}

/// For modulo, ip-hash and jump a server is its place in the list, so that there the order matters.
#[test]
fn the_order_of_servers_does_not_matter_where_names_or_ids_are_hashed() {
    for algorithm in keyed() {
        if ["modulo", "ip-hash", "jump"].contains(&algorithm.about().name) || is_tiny(&algorithm) {
            continue;
        }
        let terms = terms(&[5, 1, 3, 1, 2, 4]);
        let pool = Pool::new(&algorithm, &Settings::default(), &terms, 1);
        let last = [except(&terms, 2), vec![terms[2].clone()]].concat();
        let moved = follow(&pool, &algorithm, &last);
        let (before, after) = (named(&pool, &owners(&pool)), named(&moved, &owners(&moved)));
        assert_eq!(before, after, "{algorithm:?}");
    }
}

/// `HAProxy`'s map is filled anew without the server, as its source says, and most keys move: it has its own test.
#[test]
fn only_the_keys_of_a_server_that_is_down_move_and_they_return() {
    for algorithm in keyed() {
        if is_haproxys_map(&algorithm) {
            continue;
        }
        for weights in [[1; 6], [5, 1, 3, 1, 2, 4]] {
            let pool = Pool::new(&algorithm, &Settings::default(), &terms(&weights), 1);
            let before = owners(&pool);
            pool.set_health(2, Health::Down, 1);
            let during = owners(&pool);
            for (&old, &new) in before.iter().zip(&during) {
                assert!(old == 2 || new == old, "{algorithm:?}: {old} to {new}");
                assert!(new != 2 && new != NOBODY, "{algorithm:?}: {old} to {new}");
            }
            pool.set_health(2, Health::Up, 2);
            assert_eq!(before, owners(&pool), "{algorithm:?} {weights:?}");
        }
    }
}

#[test]
fn haproxys_map_without_a_server_is_the_one_built_without_it_and_returns() {
    let algorithm = Modulo { dialect: modulo::Dialect::Haproxy, ..Modulo::default() }.into();
    let terms = terms(&[1; 10]);
    let pool = Pool::new(&algorithm, &Settings::default(), &terms, 1);
    let before = owners(&pool);
    pool.set_health(2, Health::Down, 1);
    let without = follow(&pool, &algorithm, &except(&terms, 2));
    assert_eq!(named(&pool, &owners(&pool)), named(&without, &owners(&without)));
    pool.set_health(2, Health::Up, 2);
    assert_eq!(before, owners(&pool));
}

/// Envoy's ring is scaled to its servers and Maglev's table is filled by taking turns, so a rebuilt one
/// differs from one that passes over the missing server. Ketama's number of points hangs on the average weight,
/// which equal weights do not change.
#[test]
fn a_server_that_is_down_is_as_one_that_was_never_there() {
    let rings = [Dialect::Nginx, Dialect::Haproxy, Dialect::Ketama]
        .map(|dialect| Ring { dialect, ..Ring::default() }.into());
    let others = [Rendezvous::default().into(), MultiProbe::default().into()];
    for algorithm in rings.into_iter().chain(others) {
        let terms = terms(&[1; 10]);
        let pool = Pool::new(&algorithm, &Settings::default(), &terms, 1);
        let without = follow(&pool, &algorithm, &except(&terms, 4));
        pool.set_health(4, Health::Down, 1);
        let (down, gone) = (named(&pool, &owners(&pool)), named(&without, &owners(&without)));
        assert_eq!(down, gone, "{algorithm:?}");
    }
}

#[test]
fn no_key_moves_without_need_when_a_server_leaves_or_joins() {
    let rings = [Dialect::Nginx, Dialect::Haproxy, Dialect::Ketama]
        .map(|dialect| Ring { dialect, ..Ring::default() }.into());
    let others =
        [Rendezvous::default().into(), MultiProbe::default().into(), Anchor::default().into()];
    for algorithm in rings.into_iter().chain(others) {
        let before = terms(&[1; 10]);
        for leaves in [0, 4, 9] {
            let [leave, join] = there_and_back(&algorithm, &before, &except(&before, leaves));
            assert_eq!((leave.needless, join.needless), (0, 0), "{algorithm:?} {leaves}");
            assert!(leave.moved > 0 && leave.moved == join.moved, "{algorithm:?} {leaves}");
        }
    }
}

/// Points or bids of the others do not depend on this one's weight. For ketama and Envoy they do.
#[test]
fn a_changed_weight_moves_no_key_without_need() {
    let rings = [Dialect::Nginx, Dialect::Haproxy]
        .map(|dialect| Ring { dialect, ..Ring::default() }.into());
    for algorithm in rings.into_iter().chain([Rendezvous::default().into()]) {
        let [up, down] = there_and_back(&algorithm, &terms(&[2, 1, 3]), &terms(&[2, 4, 3]));
        assert_eq!((up.needless, down.needless), (0, 0), "{algorithm:?}");
        assert!(up.moved > 0, "{algorithm:?}");
    }
}

/// Ten servers have `ceil(1024 / 10)` = 103 points each and nine have 114: the 99 new points take their part of a
/// circle of 1026, and eight ninths of that from other survivors. A part of `k` out of `n` points varies by
/// `sqrt(p(1 − p) / n)`.
#[test]
fn envoys_ring_moves_needlessly_what_rescaling_it_costs() {
    let algorithm = Ring { dialect: Dialect::Envoy, ..Ring::default() }.into();
    let before = terms(&[1; 10]);
    let part = 99.0 / 1026.0;
    let chance = SIGMAS * (part * (1.0 - part) / 1026.0_f64).sqrt();
    for moves in there_and_back(&algorithm, &before, &except(&before, 4)) {
        let needless = moves.needless as f64 / moves.keys as f64;
        assert!((needless - part * 8.0 / 9.0).abs() < chance, "{moves:?}");
    }
}

/// From the middle the numbers of all that follow change. Without the sixth of ten, three servers in full and the
/// tenth's keys but for one in nine move without need: `0.3 + 0.1 · 8/9`, 38.9 %.
#[test]
fn jump_moves_no_key_without_need_when_the_last_leaves_or_joins() {
    let algorithm = Jump {}.into();
    let before = terms(&[1; 10]);
    for moves in there_and_back(&algorithm, &before, &except(&before, 9)) {
        assert_eq!(moves.needless, 0);
        check_part(&moves, moves.moved, 0.1);
    }
    let [middle, _] = there_and_back(&algorithm, &before, &except(&before, 5));
    check_part(&middle, middle.needless, 0.3 + 0.1 * 8.0 / 9.0);
}

/// One in n + 1 stays by chance.
#[test]
fn modulo_moves_nearly_every_key_when_a_server_joins() {
    let haproxy = modulo::Dialect::Haproxy;
    let cast: [Algorithm; 3] = [
        Modulo::default().into(),
        Modulo { dialect: haproxy, ..Modulo::default() }.into(),
        IpHash::default().into(),
    ];
    for algorithm in cast {
        for n in [4, 10] {
            let after = terms(&vec![1; n + 1]);
            let [join, _] = there_and_back(&algorithm, &after[..n], &after);
            check_part(&join, join.moved, n as f64 / (n as f64 + 1.0));
        }
    }
}

/// The needless part of changed slots, for one server less, from our reference. Each pool of other names is one
/// observation; the mean may be off by its own error and by the last digit printed there.
#[test]
fn maglev_moves_no_more_slots_than_published() {
    for dialect in [maglev::Dialect::Envoy, maglev::Dialect::Katran] {
        for (n, slots, published, digit) in
            [(10, 251, 0.055, 5e-4), (10, 2_039, 0.017, 5e-4), (10, 65_537, 0.0023, 5e-5)]
        {
            let observe = |number| needless_slots(dialect, slots, &format!("pool-{number}-"), n);
            let observed: Vec<f64> = (0..12).map(observe).collect();
            let count = observed.len() as f64;
            let mean = observed.iter().sum::<f64>() / count;
            let squares = observed.iter().map(|part| (part - mean) * (part - mean)).sum::<f64>();
            let error = (squares / (count - 1.0) / count).sqrt();
            let off = (mean - published).abs();
            assert!(off < SIGMAS * error + digit, "{dialect:?} {n} {slots}: {mean} ± {error}");
        }
    }
}

/// The part of the table that changed although its owner stayed.
fn needless_slots(dialect: maglev::Dialect, slots: u32, prefix: &str, n: usize) -> f64 {
    let algorithm = Algorithm::from(Maglev { dialect, slots, load_bound: None });
    let member = |index| Member::new(&format!("{prefix}{index}"), index, 1);
    let members: Vec<Member> = (0..n).map(member).collect();
    let table = |members: &[Member]| {
        let balancer = algorithm.build(members, &Origin::default());
        let Picture::Table { owners } = balancer.picture() else { panic!("no table") };
        owners.into_owned()
    };
    // Without the last, so that the others keep their numbers.
    let (before, after) = (table(&members), table(&members[..n - 1]));
    let stayed = |owner: u32| (owner as usize) < n - 1;
    let needless = before.iter().zip(&after).filter(|&(&old, &new)| stayed(old) && old != new);
    needless.count() as f64 / f64::from(slots)
}

fn keyed() -> impl Iterator<Item = Algorithm> {
    cast::everybody().into_iter().filter(|algorithm| algorithm.about().keyed)
}

/// From one pool to the next and back again, as a proxy goes.
fn there_and_back(algorithm: &Algorithm, one: &[Terms], other: &[Terms]) -> [Moves; 2] {
    let before = Pool::new(algorithm, &Settings::default(), one, 1);
    let after = follow(&before, algorithm, other);
    let back = follow(&after, algorithm, one);
    [(&before, &after), (&after, &back)].map(|(from, to)| {
        let from = Assignment { members: from.members(), owners: owners(from) };
        from.moves_to(&Assignment { members: to.members(), owners: owners(to) })
    })
}

fn follow(pool: &Pool, algorithm: &Algorithm, terms: &[Terms]) -> Pool {
    pool.followed_by(algorithm, &Settings::default(), terms, 1)
}

/// Whose each key is in an idle pool.
fn owners(pool: &Pool) -> Vec<u32> {
    let mut dice = Dice::new(11);
    let owner = |_| {
        let key = dice.roll().to_le_bytes();
        let request = Request { key: &key, address: address_of(&key), ..Request::default() };
        let picked = pool.pick(&request, None, &mut Dice::new(1), &mut Notes::off());
        picked.member().map_or(NOBODY, |index| index as u32)
    };
    (0..KEYS).map(owner).collect()
}

fn named<'p>(pool: &'p Pool, owners: &[u32]) -> Vec<&'p str> {
    owners.iter().map(|&owner| &*pool.members()[owner as usize].name).collect()
}

fn terms(weights: &[u32]) -> Vec<Terms> {
    let term = |(index, &weight)| Terms::new(&format!("server-{index}:80"), weight);
    weights.iter().enumerate().map(term).collect()
}

fn except(terms: &[Terms], leaves: usize) -> Vec<Terms> {
    [&terms[..leaves], &terms[leaves + 1..]].concat()
}

fn is_haproxys_map(algorithm: &Algorithm) -> bool {
    matches!(algorithm, Algorithm::Modulo(modulo) if modulo.dialect == modulo::Dialect::Haproxy)
}

/// Whether some servers own nothing and are found by their place.
fn is_tiny(algorithm: &Algorithm) -> bool {
    matches!(algorithm, Algorithm::Maglev(maglev) if maglev.slots < 6)
}

fn check_part(moves: &Moves, count: u64, expected: f64) {
    let keys = moves.keys as f64;
    let chance = SIGMAS * (expected * (1.0 - expected) / keys).sqrt();
    assert!((count as f64 / keys - expected).abs() < chance, "{moves:?}, not {expected}");
}

const KEYS: usize = 5_000;
