//! The rules of Prequal one by one. What they add up to is tested on queues in virtual time.

use super::*;
use crate::balance::view::Request;

fn pool(count: usize) -> Vec<Member> {
    (0..count).map(|index| Member::new(&format!("m{index}"), index, 1)).collect()
}

fn prober(members: &[Member]) -> Prober {
    Prober {
        lottery: Lottery::new(members),
        pool: Probes::new(16, Period::from_secs(1).ns(), 0.84),
        requests: AtomicU64::new(0),
        uses: 1.0,
        probes: 3,
        removed: 1,
    }
}

fn probe(member: u16, in_flight: u32, latency_ms: f64) -> Probe {
    Probe { member, uses: 9, in_flight, estimate: Estimate::new(latency_ms * 1e6, 0) }
}

fn chosen(probes: &[(u32, f64)]) -> Option<u16> {
    let members = pool(probes.len());
    let prober = prober(&members);
    for (member, &(in_flight, latency_ms)) in (0..).zip(probes) {
        prober.pool.keep(probe(member, in_flight, latency_ms), 0);
    }
    let request = Request::default();
    let view = View::new(&members, &request);
    prober.choose(&view, prober.pool.threshold(), &mut Notes::off()).map(|(_, probe)| probe.member)
}

#[test]
fn the_quickest_of_the_cold_wins_and_the_hot_are_avoided() {
    // The last is quickest, but has more in flight than 84 of 100 others.
    let mut probes = [(3, 20.0), (2, 9.0), (4, 8.0), (1, 30.0), (3, 25.0), (2, 22.0), (9, 1.0)];
    assert_eq!(chosen(&probes), Some(2));
    probes[6].0 = 3;
    assert_eq!(chosen(&probes), Some(6));
}

#[test]
fn with_fewer_than_two_probes_there_is_nothing_to_choose() {
    assert_eq!(chosen(&[(0, 1.0)]), None);
}

#[test]
fn reuse_is_the_papers() {
    // b at the paper's settings: 1.316 for a hundred servers, 1.025 for a thousand.
    let settings = Prequal::default();
    assert!((settings.uses(100, 16) - 1.316).abs() < 0.001);
    assert!((settings.uses(1_000, 16) - 1.025).abs() < 0.001);
}

#[test]
fn few_servers_are_asked_often_and_their_answers_hardly_reused() {
    let settings = Prequal::default();
    assert_eq!([2, 10, 24, 30].map(|servers| settings.uses(servers, 16)), [1.0, 1.0, 1.0, 2.0]);
    assert_eq!(Prequal { probes: 1, ..settings }.uses(100, 16), USES_MAX);
}

#[test]
fn a_new_answer_replaces_the_servers_last_one() {
    let prober = prober(&pool(3));
    prober.pool.keep(probe(1, 0, 5.0), 0);
    prober.pool.keep(probe(2, 0, 5.0), 0);
    prober.pool.keep(probe(1, 7, 9.0), 0);
    let pooled: Vec<(u16, u32)> =
        prober.pool.pooled().map(|(_, probe)| (probe.member, probe.in_flight)).collect();
    assert_eq!(pooled, [(2, 0), (1, 7)]);
}

#[test]
fn a_server_that_has_emptied_is_not_judged_by_its_busy_time() {
    let members = pool(2);
    let balancer = Prequal::default().build(&members, &Origin::default());
    for beside in 0..30 {
        let latency_ns = u64::from(beside + 1) * 10_000_000;
        let sample = Sample { now_ns: 0, beside, latency_ns, ..Sample::default() };
        balancer.learn(&members, 0, &sample);
        balancer.learn(&members, 1, &Sample { beside: 0, latency_ns: 50_000_000, ..sample });
    }
    let request = Request { now_ns: 1_000_000, ..Request::default() };
    let view = View::new(&members, &request);
    let mut dice = Dice::new(1);
    let mut pick = || balancer.pick(&view, &mut dice, &mut Notes::off());
    pick();
    assert_eq!(pick(), Some(0), "its last request took 300 ms, but an idle server takes 10");
}

#[test]
fn probes_expire_and_make_room() {
    let members = pool(5);
    let prober = prober(&members);
    for member in 0..5 {
        prober.pool.keep(probe(member, 0, 1.0), 0);
    }
    prober.pool.drop_expired(900_000_000);
    assert_eq!(prober.pool.pooled().count(), 5);
    prober.pool.drop_expired(1_100_000_000);
    assert_eq!(prober.pool.pooled().count(), 0);
}

#[test]
fn a_slow_server_gets_little_and_a_new_one_is_tried() {
    let members = pool(10);
    let balancer = Prequal::default().build(&members, &Origin::default());
    let mut dice = Dice::new(7);
    let mut counts = [0_u32; 10];
    for step in 0..5_000_u64 {
        let now_ns = step * 1_000_000;
        let request = Request { now_ns, ..Request::default() };
        let view = View::new(&members, &request);
        let index = balancer.pick(&view, &mut dice, &mut Notes::off()).unwrap();
        counts[index] += 1;
        let latency_ns = if index == 3 { 50_000_000 } else { 5_000_000 };
        let sample = Sample { now_ns, latency_ns, ..Sample::default() };
        balancer.learn(&members, index, &sample);
    }
    assert!(counts[3] > 0 && counts[3] < 50, "{counts:?}");
    assert!(counts.iter().all(|&count| count > 0), "{counts:?}");
}
