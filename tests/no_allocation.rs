//! With notes off a pick allocates nothing, and neither does the end of a request.

#[path = "contract/cast.rs"]
mod cast;

use std::net::{IpAddr, Ipv4Addr};

use evenkeel::balance::pool::{Pool, Settings, Terms};
use evenkeel::balance::{Algorithm, Health, Notes, Request, Sample, Tried};
use evenkeel::dice::Dice;

#[test]
fn with_notes_off_nothing_is_allocated_on_a_requests_way() {
    let cast = [cast::everybody(), Algorithm::all()].concat();
    let findings: Vec<String> = cast.iter().filter_map(allocations).collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn the_count_counts() {
    let info = allocation_counter::measure(|| drop(std::hint::black_box(vec![1_u8])));
    assert_eq!(info.count_total, 1);
}

/// What was allocated, if anything was, while everything that can happen to a request happened.
fn allocations(algorithm: &Algorithm) -> Option<String> {
    let pool = pool(algorithm);
    let mut dice = Dice::new(1);
    let mut counts = [0; STATES.len()];
    for (count, &(down, retry)) in counts.iter_mut().zip(&STATES) {
        for index in 0..pool.members().len() {
            let health = if index < down { Health::Down } else { Health::Up };
            pool.set_health(index, health, 0);
        }
        let info = allocation_counter::measure(|| many_requests(&pool, &mut dice, retry));
        *count = info.count_total;
    }
    (counts.iter().sum::<u64>() > 0).then(|| format!("{algorithm:?}: {counts:?} in {STATES:?}"))
}

/// How many of the six are down, and whether requests are retries.
const STATES: [(usize, bool); 5] = [(0, false), (0, true), (1, false), (5, false), (6, false)];

fn pool(algorithm: &Algorithm) -> Pool {
    let terms = |index: usize| {
        let limit = if index.is_multiple_of(2) { 4 } else { 0 };
        let weight = [1, 3, 5, 1, 2, 0][index];
        // Two levels and two zones, so that groups are drawn too.
        let priority = u32::from(index > 3);
        let zone = Some(["east", "west"][index % 2].to_owned());
        Terms { limit, priority, zone, ..Terms::new(&format!("server-{index}:80"), weight) }
    };
    let terms: Vec<Terms> = (0..6).map(terms).collect();
    let settings = Settings {
        own_zone: Some("east".to_owned()),
        over_provisioning: Some(140),
        panic_below: 20,
        slow_start: None,
    };
    Pool::new(algorithm, &settings, &terms, 1)
}

fn many_requests(pool: &Pool, dice: &mut Dice, retry: bool) {
    let mut under_way = [None; 8];
    for number in 0..400_u32 {
        let key = number.to_le_bytes();
        let mut tried = Tried::default();
        if retry {
            tried.add(number % 6);
        }
        let request = Request {
            // Every seventh has no key.
            key: if number % 7 == 0 { &[] } else { &key },
            address: Some(IpAddr::V4(Ipv4Addr::from_bits(number << 8))),
            now_ns: u64::from(number) * 50_000_000,
            tried,
        };
        let own = (number % 11 == 0).then_some(number % 6);
        let picked = pool.pick(&request, own, dice, &mut Notes::off()).member();
        if let Some(index) = picked {
            pool.start(index);
        }
        let ended = std::mem::replace(&mut under_way[number as usize % 8], picked);
        if let Some(index) = ended {
            pool.finish(index, &sample(request.now_ns, index));
        }
    }
    under_way.into_iter().flatten().for_each(|index| pool.finish(index, &sample(0, index)));
}

fn sample(now_ns: u64, index: usize) -> Sample {
    let latency_ns = 5_000_000 * (index as u64 + 1);
    let succeeded = !index.is_multiple_of(4);
    Sample { now_ns, beside: index as u32, first_byte_ns: latency_ns, latency_ns, succeeded }
}
