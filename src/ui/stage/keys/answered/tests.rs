//! Who answered each client, on a few told requests.

use super::*;
use crate::balance::Algorithm;
use crate::balance::pool::Terms;
use crate::balance::rendezvous::Rendezvous;
use crate::ui::stage::keys::past::Roster;

fn stand(algorithm: Algorithm) -> Stand {
    let terms = ["a", "b", "e"].map(|name| Terms::new(name, 1)).to_vec();
    let roster = Roster { terms, dead: vec![false; 3], ..Roster::default() };
    Stand { algorithm, key: Key::Address, stickiness: Stickiness::Off, roster }
}

/// A tape of who answered: second, client, server.
fn tape(told: &[(u64, u8, &str)]) -> Tape {
    let mut tape = Tape::default();
    for &(second, client, server) in told {
        let client = tape.client(IpAddr::from([127, 0, 0, client]));
        let server = tape.server(&server.into());
        tape.entries.push_back(Entry { at_ns: second * S, client, server, tries: 1 });
    }
    tape
}

fn answered(algorithm: Algorithm, steps: &[(u64, Step)], told: &[(u64, u8, &str)]) -> Answered {
    let steps = steps.iter().map(|(second, step)| (second * S, step.clone())).collect();
    let events = Events { steps, ..Events::default() };
    let span = Span { moment_ns: 60 * S, columns: 60 };
    tape(told).answered(span, &[], &events, &stand(algorithm))
}

fn words(answered: &Answered) -> String {
    let (numbers, why) = answered.sentence(&str::to_uppercase);
    format!("{numbers}: {why}")
}

const S: u64 = 1_000_000_000;

#[test]
fn clients_that_changed_server_are_counted_with_the_reason() {
    let told = [
        (10, 1, "a"),
        (40, 1, "e"),
        (10, 2, "b"),
        (41, 2, "e"),
        (10, 3, "a"),
        (50, 3, "a"),
        (12, 4, "b"),
    ];
    let joined = [(30, Step::Added("e".to_owned()))];
    let answered = answered(Rendezvous::default().into(), &joined, &told);
    assert_eq!(words(&answered), "2 of 4: both because E joined");
    let bright: Vec<usize> = answered
        .rows
        .iter()
        .map(|row| row.cells.iter().flatten().filter(|cell| cell.changed).count())
        .collect();
    assert_eq!(bright, [1, 1, 0, 0], "the most active first, and among equals by address");
    // Of the columns 1 to 60, the 29th ends there.
    let [mark] = answered.marks[..] else { panic!("{:?}", answered.marks) };
    assert!((mark - 29.0 / 60.0).abs() < 1e-6, "the mark stands where E joined");
}

#[test]
fn where_nothing_binds_a_client_nobody_is_blamed() {
    let told = [(10, 1, "a"), (40, 1, "b"), (41, 2, "a"), (42, 2, "b"), (43, 2, "e")];
    let joined = [(30, Step::Added("e".to_owned()))];
    let answered = answered(Algorithm::default(), &joined, &told);
    assert_eq!(words(&answered), "2 of 2: both because nothing binds a client to a server");
}

#[test]
fn a_server_that_left_is_the_reason_under_any_algorithm() {
    let told = [(10, 1, "a"), (40, 1, "b")];
    let left = [(30, Step::Removed("a".to_owned()))];
    for algorithm in [Algorithm::default(), Rendezvous::default().into()] {
        let answered = answered(algorithm, &left, &told);
        assert_eq!(words(&answered), "1 of 1: because A left");
    }
}
