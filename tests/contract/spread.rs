//! Equal weights mean even, and other weights mean shares in proportion: exactly, or within what chance allows.

use std::sync::atomic::Ordering::Relaxed;

use evenkeel::balance::anchor::Anchor;
use evenkeel::balance::jump::Jump;
use evenkeel::balance::least_connections::{self, LeastConnections};
use evenkeel::balance::least_time::LeastTime;
use evenkeel::balance::maglev::{self, Maglev};
use evenkeel::balance::modulo::{self, Modulo};
use evenkeel::balance::multi_probe::MultiProbe;
use evenkeel::balance::peak_ewma::PeakEwma;
use evenkeel::balance::power_of_choices::PowerOfChoices;
use evenkeel::balance::prequal::Prequal;
use evenkeel::balance::random::Random;
use evenkeel::balance::rendezvous::Rendezvous;
use evenkeel::balance::ring::{Dialect, Ring};
use evenkeel::balance::round_robin::RoundRobin;
use evenkeel::balance::weighted::{self, Weighted};
use evenkeel::balance::{Algorithm, HashFunction, Member, Notes, Origin, Picture, Request, View};
use evenkeel::dice::Dice;

use crate::chance::{SIGMAS, check_chance, chi_square_limit};
use crate::scene::{address_of, sample};

/// Who is left out of evenness, and where the rest is looked at:
///
/// - `first` fills one server after the other; that is its idea.
/// - prequal chooses among few probes again and again, so its picks hang together and a chi-square of single picks
///   does not apply. It is judged by many short runs.
/// - rings spread arcs, not requests: their own test knows how unevenly.
/// - multi-probe bounds the fullest server only.
#[test]
fn equal_weights_mean_exactly_even_for_those_who_count() {
    for algorithm in counting() {
        for n in [1, 2, 3, 7, 16] {
            let counts = one_at_a_time(&algorithm, &[3; 16][..n], 1, 50 * n);
            assert_eq!(counts, vec![50; n], "{algorithm:?}");
        }
    }
}

#[test]
fn equal_weights_mean_even_within_chance_for_those_who_draw() {
    for algorithm in drawing() {
        for n in [2, 3, 7, 16] {
            let counts = one_at_a_time(&algorithm, &[3; 16][..n], 7, PICKS);
            check_chance(&algorithm, &counts, &vec![1.0; n]);
        }
    }
}

/// Each run is one observation of a server's share, so that picks within a run may hang together as they like.
#[test]
fn equal_weights_mean_even_over_many_runs_of_prequal() {
    let (runs, n) = (300, 5);
    for algorithm in [Prequal::default(), Prequal { pool: 4, ..Prequal::default() }] {
        let algorithm: Algorithm = algorithm.into();
        let counts = |seed| one_at_a_time(&algorithm, &[3; 5], seed, 100);
        let all: Vec<Vec<u64>> = (0..runs).map(counts).collect();
        for server in 0..n {
            let mean = all.iter().map(|counts| counts[server] as f64).sum::<f64>() / runs as f64;
            let square =
                |counts: &Vec<u64>| (counts[server] as f64 - mean) * (counts[server] as f64 - mean);
            let variance = all.iter().map(square).sum::<f64>() / (runs - 1) as f64;
            let off = (mean - 20.0).abs() / (variance / runs as f64).sqrt();
            assert!(off < SIGMAS, "{algorithm:?}: server {server} has {mean} of 20, {off} sigma");
        }
    }
}

#[test]
fn equal_weights_mean_even_over_many_keys() {
    for algorithm in even_by_key() {
        for n in [2, 3, 7, 16] {
            check_chance(&algorithm, &over_keys(&algorithm, &pool(&[3; 16][..n])), &vec![1.0; n]);
        }
    }
}

/// A whole number of periods gives everybody exactly its weight. Round robin and `first` ignore weights, and so
/// does `HAProxy`'s least connections while nobody is busy. Least time divides by the weight, so an idle pool gives
/// everything to the heaviest: these are looked at under load.
#[test]
fn shares_are_exactly_the_weights_for_those_who_take_turns() {
    let turns = [weighted::Dialect::Smooth, weighted::Dialect::Edf, weighted::Dialect::Block]
        .map(|dialect| Weighted { dialect }.into());
    for algorithm in turns.into_iter().chain([LeastConnections::default().into()]) {
        for weights in WEIGHTS {
            let total: u32 = weights.iter().sum();
            let counts = one_at_a_time(&algorithm, weights, 1, 10 * total as usize);
            let expected: Vec<u64> = weights.iter().map(|&weight| 10 * u64::from(weight)).collect();
            assert_eq!(counts, expected, "{algorithm:?}");
        }
    }
}

/// `HAProxy`'s wheel carries remainders over from lap to lap, so a count may be one off where a lap is cut.
#[test]
fn shares_are_the_weights_to_within_one_turn_on_haproxys_wheel() {
    let algorithm = Weighted { dialect: weighted::Dialect::Haproxy }.into();
    for weights in WEIGHTS {
        let total: u32 = weights.iter().sum();
        let counts = one_at_a_time(&algorithm, weights, 1, 10 * total as usize);
        for (&count, &weight) in counts.iter().zip(*weights) {
            assert!(count.abs_diff(10 * u64::from(weight)) <= 1, "{weights:?}: {counts:?}");
        }
    }
}

/// On an idle pool the first drawn wins, and it is drawn by weight. Prequal's weights say who is probed; who is
/// chosen among those probed is no matter of weight.
#[test]
fn shares_are_the_weights_within_chance_for_those_who_draw() {
    for algorithm in drawing() {
        for weights in WEIGHTS {
            let counts = one_at_a_time(&algorithm, weights, 3, PICKS);
            let expected: Vec<f64> = weights.iter().map(|&weight| f64::from(weight)).collect();
            check_chance(&algorithm, &counts, &expected);
        }
    }
}

/// Requests that do not end pile up in proportion to weights. Nobody is more than what one request
/// weighs away from the common load for each unit of weight.
#[test]
fn requests_in_flight_follow_the_weights_for_those_who_look_at_load() {
    let haproxy = least_connections::Dialect::Haproxy;
    let cast: [Algorithm; 3] = [
        LeastConnections::default().into(),
        LeastConnections { dialect: haproxy }.into(),
        LeastTime::default().into(),
    ];
    for algorithm in cast {
        for weights in WEIGHTS {
            let total: u32 = weights.iter().sum();
            let counts = all_at_once(&algorithm, weights, 20 * total as usize);
            for (&count, &weight) in counts.iter().zip(*weights) {
                let off = (count as f64 / f64::from(weight) - 20.0) * f64::from(weight);
                let servers = weights.len() as f64;
                assert!(off.abs() <= 1.0 + servers, "{algorithm:?} {weights:?}: {counts:?}");
            }
        }
    }
}

/// A remainder, a slot or a bid for each unit of weight. Anchor, jump and multi-probe ignore weights.
#[test]
fn shares_of_keys_are_the_weights_within_chance() {
    let ignore_weights = ["anchor", "jump"];
    for algorithm in even_by_key() {
        if ignore_weights.contains(&algorithm.about().name) {
            continue;
        }
        for weights in WEIGHTS {
            let expected: Vec<f64> = weights.iter().map(|&weight| f64::from(weight)).collect();
            check_chance(&algorithm, &over_keys(&algorithm, &pool(weights)), &expected);
        }
    }
}

/// An arc between two of `v` points for each of `n` servers is exponential, so a server's share varies by
/// `sqrt((1 − 1/n) / v)` of itself; where the nearest point wins on either side, a server has half of two arcs at
/// each point, and that varies half as much. To this comes the chance of the keys. Summed up over many pools the
/// squares are a chi-square.
#[test]
fn a_rings_spread_is_what_its_number_of_points_says() {
    use Dialect::{Envoy, Haproxy, Ketama, Nginx};
    for (dialect, points_of_each) in
        [(Nginx, 160.0), (Haproxy, 32.0), (Envoy, 103.0), (Ketama, 160.0)]
    {
        let algorithm = Ring { dialect, ..Ring::default() }.into();
        let (mut squares, mut observed) = (0.0, 0);
        for number in 0..12 {
            let counts =
                over_keys(&algorithm, &pool_named(&format!("pool-{number}-"), number, &[1; 10]));
            let mean = PICKS as f64 / 10.0;
            let variance = 0.9 / points_of_each + 0.9 / mean;
            squares += counts
                .iter()
                .map(|&count| (count as f64 / mean - 1.0) * (count as f64 / mean - 1.0) / variance)
                .sum::<f64>();
            observed += 9;
        }
        let (least, most) =
            (chi_square_limit(observed, -SIGMAS), chi_square_limit(observed, SIGMAS));
        assert!(least < squares && squares < most, "{dialect:?}: {least} < {squares} < {most}");
    }
}

/// Points are in proportion to weights, up to the rounding that each program does: whole groups of four for
/// libketama, running sums for Envoy.
#[test]
fn a_rings_points_are_in_proportion_to_the_weights() {
    use Dialect::{Envoy, Haproxy, Ketama, Nginx};
    // NGINX drops points that fall on another's; of 10 000 points among 2^32 places that is hardly any.
    for (dialect, off_max) in [(Nginx, 1.0), (Haproxy, 0.0), (Envoy, 1.0), (Ketama, 8.0)] {
        for weights in WEIGHTS {
            let members = pool(weights);
            let balancer = Algorithm::from(Ring { dialect, ..Ring::default() })
                .build(&members, &Origin::default());
            let Picture::Ring { owners, .. } = balancer.picture() else { panic!("no ring") };
            let total: u32 = weights.iter().sum();
            for (index, &weight) in weights.iter().enumerate() {
                let points = owners.iter().filter(|&&owner| owner as usize == index).count();
                let fair = owners.len() as f64 * f64::from(weight) / f64::from(total);
                assert!(
                    (points as f64 - fair).abs() <= off_max,
                    "{dialect:?} {weights:?}: {points} {fair}"
                );
            }
        }
    }
}

/// `1 + 1/(k − 1)` in a pool without end; our reference has 1.14 for ten servers and 1.11 for a hundred. Chance adds
/// `SIGMAS` deviations of a count. Nothing is promised about the emptiest.
#[test]
fn multi_probes_fullest_server_stays_near_the_average() {
    let algorithm = MultiProbe::default().into();
    for (n, published) in [(10, 1.14), (100, 1.11)] {
        let mean_peak = (0..5)
            .map(|number| {
                let members = pool_named(&format!("pool-{number}-"), 0, &vec![1; n]);
                let counts = over_keys(&algorithm, &members);
                *counts.iter().max().expect("servers") as f64 * n as f64 / PICKS as f64
            })
            .sum::<f64>()
            / 5.0;
        let chance = SIGMAS * (n as f64 / PICKS as f64).sqrt();
        assert!(mean_peak < published + chance, "{n}: {mean_peak}");
    }
}

fn counting() -> Vec<Algorithm> {
    use weighted::Dialect::{Block, Edf, Haproxy, Smooth};
    let haproxy = least_connections::Dialect::Haproxy;
    let turns = [Smooth, Edf, Block, Haproxy].map(|dialect| Weighted { dialect }.into());
    let loads = [
        RoundRobin::default().into(),
        LeastConnections::default().into(),
        LeastConnections { dialect: haproxy }.into(),
        LeastTime::default().into(),
    ];
    [turns.to_vec(), loads.to_vec()].concat()
}

fn drawing() -> Vec<Algorithm> {
    vec![
        Random::default().into(),
        PeakEwma::default().into(),
        PowerOfChoices::default().into(),
        PowerOfChoices { choices: 3, replacement: false }.into(),
        PowerOfChoices { choices: 2, replacement: true }.into(),
    ]
}

/// Everybody whose keys fall as evenly as chance has it.
fn even_by_key() -> Vec<Algorithm> {
    let haproxy = Modulo { dialect: modulo::Dialect::Haproxy, ..Modulo::default() };
    vec![
        Modulo::default().into(),
        haproxy.clone().into(),
        Modulo { avalanche: true, ..haproxy.clone() }.into(),
        Modulo { hash: HashFunction::Crc32, ..haproxy.clone() }.into(),
        Modulo { hash: HashFunction::Source, avalanche: true, ..haproxy }.into(),
        evenkeel::balance::ip_hash::IpHash::default().into(),
        Maglev::default().into(),
        Maglev { dialect: maglev::Dialect::Katran, ..Maglev::default() }.into(),
        Rendezvous::default().into(),
        Jump::default().into(),
        Anchor::default().into(),
        Anchor { capacity: 16 }.into(),
    ]
}

/// How often each was picked when every request ends before the next, all taking equally long.
fn one_at_a_time(algorithm: &Algorithm, weights: &[u32], seed: u64, picks: usize) -> Vec<u64> {
    let members = pool(weights);
    let balancer = algorithm.build(&members, &Origin { seed, ..Origin::default() });
    let (request, mut dice) = (Request::default(), Dice::new(seed));
    let view = View::new(&members, &request);
    let mut counts = vec![0; members.len()];
    for _ in 0..picks {
        let picked = balancer.pick(&view, &mut dice, &mut Notes::off()).expect("all are usable");
        counts[picked] += 1;
        members[picked].load.in_flight.fetch_add(1, Relaxed);
        members[picked].load.in_flight.fetch_sub(1, Relaxed);
        // As long as peak EWMA takes for granted, so that who has answered and who has not cost the same.
        balancer.learn(&members, picked, &sample(0, 30_000_000));
    }
    counts
}

/// How many each has when no request ends.
fn all_at_once(algorithm: &Algorithm, weights: &[u32], picks: usize) -> Vec<u64> {
    let members = pool(weights);
    let balancer = algorithm.build(&members, &Origin::default());
    let request = Request::default();
    let view = View::new(&members, &request);
    for _ in 0..picks {
        let picked = balancer.pick(&view, &mut Dice::new(1), &mut Notes::off());
        members[picked.expect("all are usable")].load.in_flight.fetch_add(1, Relaxed);
    }
    members.iter().map(|member| u64::from(member.in_flight())).collect()
}

fn over_keys(algorithm: &Algorithm, members: &[Member]) -> Vec<u64> {
    let balancer = algorithm.build(members, &Origin::default());
    let mut dice = Dice::new(11);
    let mut counts = vec![0; members.len()];
    for _ in 0..PICKS {
        let key = dice.roll().to_le_bytes();
        let request = Request { key: &key, address: address_of(&key), ..Request::default() };
        let view = View::new(members, &request);
        let picked = balancer.pick(&view, &mut Dice::new(1), &mut Notes::off());
        counts[picked.expect("all are usable")] += 1;
    }
    counts
}

fn pool(weights: &[u32]) -> Vec<Member> {
    pool_named("server-", 0, weights)
}

/// Names and ids differ from pool to pool, because one or the other is what gets hashed.
fn pool_named(prefix: &str, number: u32, weights: &[u32]) -> Vec<Member> {
    let member = |(index, &weight): (usize, &u32)| {
        let mut member = Member::new(&format!("{prefix}{index}"), index, weight);
        member.id += 100 * number;
        member
    };
    weights.iter().enumerate().map(member).collect()
}

const WEIGHTS: &[&[u32]] = &[&[1, 1], &[5, 1, 1], &[7, 5, 3, 2, 1], &[50, 10, 10, 1]];
const PICKS: usize = 20_000;
