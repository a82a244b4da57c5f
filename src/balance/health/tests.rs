//! What a judge makes of checks and answers.

use super::*;

const SECOND_NS: u64 = 1_000_000_000;

fn rules() -> Rules {
    Rules { rise: 2, fall: 3, ..Rules::default() }
}

fn checks(judge: &mut Judge, results: &[bool]) -> Vec<Option<Health>> {
    results.iter().map(|&good| judge.checked(0, good).map(|change| change.to)).collect()
}

#[test]
fn checks_need_their_runs_in_both_directions() {
    let mut judge = Judge::new(rules(), 2);
    let down = checks(&mut judge, &[false, false, true, false, false, false]);
    assert_eq!(down, [None, None, None, None, None, Some(Health::Down)]);
    let up = checks(&mut judge, &[true, false, true, true]);
    assert_eq!(up, [None, None, None, Some(Health::Up)]);
}

/// Fails a member until something changes.
fn fail(judge: &mut Judge, member: usize, now_ns: u64) -> Option<Change> {
    (0..100).find_map(|_| judge.answered(member, false, now_ns))
}

#[test]
fn five_failures_in_a_row_eject_and_four_do_not() {
    let mut judge = Judge::new(rules(), 2);
    let fails =
        |judge: &mut Judge, n: u32| (0..n).filter_map(|_| judge.answered(0, false, 0)).count();
    assert_eq!(fails(&mut judge, 4), 0);
    assert_eq!(judge.answered(0, true, 0), None);
    assert_eq!(fails(&mut judge, 4), 0);
    let change = judge.answered(0, false, 0).unwrap();
    assert_eq!((change.to, change.cause), (Health::Ejected, Cause::FailuresInARow { count: 5 }));
}

#[test]
fn whoever_is_forgiven_is_up_and_is_ejected_as_if_for_the_first_time() {
    let mut judge = Judge::new(rules(), 2);
    fail(&mut judge, 0, 0).unwrap();
    let forgiven = Change { member: 0, to: Health::Up, cause: Cause::Forgiven };
    assert_eq!(judge.forgive(), [forgiven]);
    assert_eq!(judge.forgive(), [], "there is nothing left to forgive");
    fail(&mut judge, 0, SECOND_NS).unwrap();
    assert_eq!(judge.records[0].ejected_until_ns, Some(31 * SECOND_NS));
}

#[test]
fn ejection_grows_with_every_time_and_shrinks_with_good_intervals() {
    let mut judge = Judge::new(rules(), 2);
    let mut out_for = |now_ns: u64| {
        fail(&mut judge, 0, now_ns).unwrap();
        let until_ns = judge.records[0].ejected_until_ns.unwrap();
        assert_eq!(judge.due_ns().map(|due_ns| due_ns <= until_ns), Some(true));
        judge.advance(until_ns);
        assert_eq!(judge.health(0), Health::Up);
        (until_ns - now_ns) / SECOND_NS
    };
    // Advancing to the end of an ejection also ends an interval, which forgives once.
    assert_eq!(out_for(0), 30);
    judge.records[0].times_ejected = 3;
    let mut out_for = |now_ns: u64| {
        fail(&mut judge, 0, now_ns).unwrap();
        (judge.records[0].ejected_until_ns.unwrap() - now_ns) / SECOND_NS
    };
    assert_eq!(out_for(100 * SECOND_NS), 120);
    judge.records[0].ejected_until_ns = None;
    judge.records[0].times_ejected = 50;
    fail(&mut judge, 0, 500 * SECOND_NS).unwrap();
    assert_eq!(judge.records[0].ejected_until_ns, Some(800 * SECOND_NS), "300 s at most");
}

#[test]
fn no_more_than_the_cap_is_ejected_and_never_the_only_server() {
    let mut judge = Judge::new(rules(), 3);
    assert!(fail(&mut judge, 0, 0).is_some());
    assert!(fail(&mut judge, 1, 0).is_none(), "two of three would be over 50 %");
    assert!(fail(&mut Judge::new(rules(), 1), 0, 0).is_none());
}

/// Envoy's own example: rates of 50 and four times 100 give a threshold of 52.
#[test]
fn an_outlier_is_found_at_envoys_threshold() {
    let passive = Passive {
        consecutive_failures: 0,
        success_rate: Some(SuccessRate::default()),
        ..Passive::default()
    };
    let mut judge = Judge::new(Rules { passive, ..rules() }, 5);
    judge.advance(0);
    for member in 0..5 {
        for request in 0..100 {
            judge.answered(member, member > 0 || request % 2 == 0, 1);
        }
    }
    let changes = judge.advance(10 * SECOND_NS);
    let [Change { member: 0, to: Health::Ejected, cause: Cause::Outlier { percent, threshold } }] =
        changes[..]
    else {
        panic!("{changes:?}");
    };
    assert_eq!(percent, 50.0);
    assert!((threshold - 52.0).abs() < 1e-9, "{threshold}");
}

#[test]
fn a_circuit_opens_tries_and_closes() {
    let passive = Passive { consecutive_failures: 0, ..Passive::default() };
    let breaker = Some(Breaker { min_requests: 4, trials: 2, ..Breaker::default() });
    let mut judge = Judge::new(Rules { passive, breaker, ..rules() }, 2);
    let mut changes = Vec::new();
    for good in [true, true, false, false] {
        changes.extend(judge.answered(0, good, SECOND_NS));
    }
    changes.extend(judge.advance(11 * SECOND_NS));
    changes.extend(judge.answered(0, false, 12 * SECOND_NS));
    changes.extend(judge.advance(22 * SECOND_NS));
    changes.extend(judge.answered(0, true, 23 * SECOND_NS));
    changes.extend(judge.answered(0, true, 23 * SECOND_NS));
    let seen: Vec<(Health, Cause)> =
        changes.iter().map(|change| (change.to, change.cause)).collect();
    assert_eq!(
        seen,
        [
            (Health::Ejected, Cause::CircuitOpened { percent: 50.0 }),
            (Health::Trial, Cause::CircuitOnTrial),
            (Health::Ejected, Cause::CircuitOpened { percent: 100.0 }),
            (Health::Trial, Cause::CircuitOnTrial),
            (Health::Up, Cause::CircuitClosed),
        ]
    );
}

#[test]
fn a_judge_remembers_members_across_a_change_of_the_pool() {
    let mut judge = Judge::new(rules(), 2);
    fail(&mut judge, 1, 0).unwrap();
    let next = judge.followed_by(rules(), &[Some(1), None]);
    assert_eq!((next.health(0), next.health(1)), (Health::Ejected, Health::Up));
}

#[test]
fn what_no_rule_knows_any_more_is_forgotten() {
    let breaker = Some(Breaker { min_requests: 1, ..Breaker::default() });
    let passive = Passive { consecutive_failures: 3, ..Passive::default() };
    let all = Rules { passive, breaker, ..rules() };
    let none = Rules {
        passive: Passive { consecutive_failures: 0, ..Passive::default() },
        ..Rules::default()
    };
    let mut judge = Judge::new(all.clone(), 4);
    checks(&mut judge, &[false, false, false]);
    judge.answered(1, false, 0).unwrap();
    (0..3).for_each(|_| _ = judge.answered(2, false, 0));
    let members = [Some(0), Some(1), Some(2), Some(3)];
    let healths = |judge: &Judge| [0, 1, 2].map(|member| judge.health(member));
    assert_eq!(healths(&judge), [Health::Down, Health::Ejected, Health::Ejected]);
    assert_eq!(healths(&judge.followed_by(all, &members)), healths(&judge));
    assert_eq!(healths(&judge.followed_by(none.clone(), &members)), [Health::Up; 3]);
}

#[test]
fn good_answers_count_while_somebody_has_failures_to_make_good() {
    let mut judge = Judge::new(rules(), 2);
    assert!(judge.heeds_answers() && !judge.heeds_good_answers());
    judge.answered(1, false, 0);
    assert!(judge.heeds_good_answers());
    judge.answered(1, true, 0);
    assert!(!judge.heeds_good_answers());
    let breaker = Some(Breaker::default());
    assert!(Judge::new(Rules { breaker, ..rules() }, 2).heeds_good_answers());
}
