//! What is wrapped around an algorithm, seen from outside a pool.

use super::super::algorithm::Algorithm;
use super::*;
use crate::period::Period;

fn terms(names: &[&str]) -> Vec<Terms> {
    names.iter().map(|name| Terms::new(name, 1)).collect()
}

fn pool_of(settings: &Settings, terms: &[Terms]) -> Pool {
    Pool::new(&Algorithm::default(), settings, terms, 1)
}

/// Who gets `n` requests that end at once, by name.
fn order(pool: &Pool, n: usize, now_ns: u64) -> String {
    let mut dice = Dice::new(1);
    let request = Request { now_ns, ..Request::default() };
    let mut names = Vec::new();
    for _ in 0..n {
        let index = pool.pick(&request, None, &mut dice, &mut Notes::off()).member().unwrap();
        let beside = pool.start(index);
        let sample = Sample { now_ns, beside, first_byte_ns: 1, latency_ns: 1, succeeded: true };
        pool.finish(index, &sample);
        names.push(pool.members[index].name.to_string());
    }
    names.join(" ")
}

fn share(pool: &Pool, name: &str, now_ns: u64) -> f64 {
    let order = order(pool, 10_000, now_ns);
    order.split(' ').filter(|&picked| picked == name).count() as f64 / 10_000.0
}

#[test]
fn a_backup_serves_only_when_all_others_are_gone() {
    let mut terms = terms(&["a", "b", "spare"]);
    terms[2].priority = 1;
    let pool = pool_of(&Settings::default(), &terms);
    assert_eq!(order(&pool, 4, 0), "a b a b");
    pool.set_health(0, Health::Down, 0);
    assert_eq!(order(&pool, 2, 0), "b b");
    pool.set_health(1, Health::Ejected, 0);
    assert_eq!(order(&pool, 2, 0), "spare spare");
}

#[test]
fn a_level_that_is_half_down_spills_as_envoy_does() {
    let mut terms = terms(&["a", "b", "spare"]);
    terms[2].priority = 1;
    let pool = pool_of(&Settings { over_provisioning: Some(140), ..Settings::default() }, &terms);
    pool.set_health(0, Health::Down, 0);
    // 140 % of one half is 70 %, and 30 % of 10,000 draws vary by 46 (one standard deviation).
    assert!((share(&pool, "spare", 0) - 0.3).abs() < 0.02);
}

#[test]
fn in_a_panic_health_is_ignored_but_draining_is_not() {
    let mut terms = terms(&["a", "b", "c", "d"]);
    terms[3].drained = true;
    let pool = pool_of(&Settings { panic_below: 50, ..Settings::default() }, &terms);
    pool.set_health(0, Health::Down, 0);
    assert_eq!(order(&pool, 4, 0), "b c b c", "two of three are healthy: no panic");
    pool.set_health(1, Health::Down, 0);
    assert_eq!(order(&pool, 4, 0), "c c c c", "one of three, but it can take all");
    pool.set_health(2, Health::Down, 0);
    assert_eq!(order(&pool, 3, 0), "a b c", "nobody is healthy: better a doubtful one than none");
}

#[test]
fn a_sticky_client_keeps_a_drained_server_and_loses_one_that_is_down() {
    let mut terms = terms(&["a", "b"]);
    terms[1].weight = 0;
    let pool = pool_of(&Settings::default(), &terms);
    let mut dice = Dice::new(1);
    let mut ask = || {
        let mut notes = Notes::on();
        let pick = pool.pick(&Request::default(), Some(1), &mut dice, &mut notes);
        (pick, notes.take().unwrap())
    };
    let (pick, decision) = ask();
    assert_eq!((pick, decision.rule), (Pick::Member(1), Some(Rule::Stuck)));
    pool.set_health(1, Health::Down, 5);
    let (pick, decision) = ask();
    assert_eq!(pick, Pick::Member(0));
    assert_eq!(decision.stages, [Stage::Unstuck { member: 1, because: Exclusion::Down }]);
}

#[test]
fn full_servers_make_a_request_wait_and_missing_ones_do_not() {
    let mut terms = terms(&["a", "b"]);
    terms[0].limit = 1;
    terms[1].limit = 1;
    let pool = pool_of(&Settings::default(), &terms);
    let mut dice = Dice::new(1);
    let mut ask = |own| pool.pick(&Request::default(), own, &mut dice, &mut Notes::off());
    pool.start(0);
    assert_eq!(ask(Some(0)), Pick::Wait { only: Some(0) });
    assert_eq!(ask(None), Pick::Member(1));
    pool.start(1);
    assert_eq!(ask(None), Pick::Wait { only: None });
    pool.set_health(0, Health::Down, 0);
    pool.set_health(1, Health::Down, 0);
    assert_eq!(ask(None), Pick::Nobody);
}

#[test]
fn in_a_panic_full_servers_are_waited_for_as_well() {
    let mut terms = terms(&["a", "b"]);
    for terms in &mut terms {
        terms.limit = 1;
    }
    let pool = pool_of(&Settings { panic_below: 50, ..Settings::default() }, &terms);
    for index in 0..2 {
        pool.set_health(index, Health::Down, 0);
        pool.start(index);
    }
    let pick = pool.pick(&Request::default(), None, &mut Dice::new(1), &mut Notes::off());
    assert_eq!(pick, Pick::Wait { only: None });
}

#[test]
fn a_request_that_went_on_to_another_level_says_why() {
    let mut terms = terms(&["a", "b", "spare"]);
    (terms[0].limit, terms[2].priority) = (1, 1);
    let pool = pool_of(&Settings::default(), &terms);
    pool.start(0);
    let (mut request, mut notes) = (Request::default(), Notes::on());
    request.tried.add(1);
    assert_eq!(pool.pick(&request, None, &mut Dice::new(1), &mut notes), Pick::Member(2));
    assert_eq!(
        notes.take().unwrap().sentences(Algorithm::default().about()),
        [
            "round robin: it is spare's turn",
            "priority level 0 gets 100 % of the traffic, and this request fell to it",
            "nobody there could take it, so it went on to priority level 1",
            "a is full",
            "b was tried already",
        ]
    );
}

#[test]
fn a_new_server_warms_up_and_those_of_the_first_plan_do_not() {
    let settings = Settings {
        slow_start: Some(SlowStart { window: Period::from_secs(10), ..SlowStart::default() }),
        ..Settings::default()
    };
    let first = pool_of(&settings, &terms(&["a", "b"]));
    assert_eq!(order(&first, 4, 0), "a b a b");
    let start_ns = 100_000_000_000;
    let second =
        first.followed_by(&Algorithm::default(), &settings, &terms(&["a", "b", "c"]), start_ns);
    // Half warm, c counts for half a server among two and a half.
    let half_warm = share(&second, "c", start_ns + 5_000_000_000);
    assert!((half_warm - 0.2).abs() < 0.02, "{half_warm}");
    let warm = share(&second, "c", start_ns + 10_000_000_000);
    assert!((warm - 1.0 / 3.0).abs() < 0.001, "{warm}");
}

#[test]
fn a_pool_of_nothing_but_warming_servers_serves_all_the_same() {
    let settings = Settings { slow_start: Some(SlowStart::default()), ..Settings::default() };
    let pool = pool_of(&settings, &terms(&["a"]));
    pool.set_health(0, Health::Down, 1);
    pool.set_health(0, Health::Up, 2);
    assert_eq!(order(&pool, 20, 3), "a ".repeat(20).trim());
}

#[test]
fn loads_health_ids_and_the_turn_survive_a_change() {
    let first = pool_of(&Settings::default(), &terms(&["a", "b", "c"]));
    first.start(2);
    first.set_health(1, Health::Down, 7);
    assert_eq!(order(&first, 1, 0), "a");
    let second = first.followed_by(
        &Algorithm::default(),
        &Settings::default(),
        &terms(&["d", "c", "b", "a"]),
        9,
    );
    let facts: Vec<_> = second
        .members
        .iter()
        .map(|member| (&*member.name, member.id, member.in_flight()))
        .collect();
    assert_eq!(facts, [("d", 4, 0), ("c", 3, 1), ("b", 2, 0), ("a", 1, 0)]);
    assert_eq!(second.members[2].standing.health(), Health::Down);
    assert_eq!(order(&second, 3, 9), "c a d", "the turn goes on at the second place");
}

#[test]
fn zones_keep_traffic_at_home() {
    let mut terms = terms(&["a", "b", "c", "d"]);
    for (terms, zone) in terms.iter_mut().zip(["east", "west", "east", "west"]) {
        terms.zone = Some(zone.to_owned());
    }
    let pool =
        pool_of(&Settings { own_zone: Some("west".to_owned()), ..Settings::default() }, &terms);
    assert_eq!(order(&pool, 4, 0), "b d b d");
    pool.set_health(1, Health::Down, 0);
    // One server of three where a half of the traffic starts: two thirds of it can stay.
    assert!((share(&pool, "d", 0) - 2.0 / 3.0).abs() < 0.02);
}
