//! A pick is always usable, and there is one exactly if somebody is usable.

use std::sync::atomic::Ordering::Relaxed;

use evenkeel::balance::{Algorithm, Balancer, Health, Member, Notes, Origin, Request, View};
use evenkeel::dice::Dice;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::cast;
use crate::scene::{Scene, address_of, check_all, sample, scenes};

#[test]
fn a_pick_is_usable_and_there_is_one_exactly_if_somebody_is() {
    check_all(&cast::everybody(), 400, &scenes(), |algorithm, scene| {
        let members = scene.members();
        let balancer = algorithm.build(&members, &Origin::default());
        let held = scene.held();
        let mut dice = Dice::new(1);
        for (number, request) in scene.requests().enumerate() {
            let view = scene.view(&members, &request, &held);
            let anybody = view.usable_indexes().next();
            let picked = balancer.pick(&view, &mut dice, &mut Notes::off());
            prop_assert_eq!(picked.is_some(), anybody.is_some(), "request {}", number);
            if let Some(index) = picked {
                prop_assert_eq!(view.exclusion(index), None, "{} was picked", index);
                serve(&*balancer, &members, index, number, request.now_ns);
            }
        }
        Ok(())
    });
}

#[test]
fn with_one_server_left_it_gets_everything() {
    check_all(&cast::everybody(), 100, &scenes(), |algorithm, scene| {
        let mut scene = scene.clone();
        for seat in scene.seats.iter_mut().skip(1) {
            seat.drained = true;
        }
        only_the_first(algorithm, &scene)
    });
}

/// Otherwise its circuit would stay half open for ever.
#[test]
fn a_server_on_trial_is_asked_sooner_or_later() {
    for algorithm in cast::everybody() {
        let members = [Member::new("on-trial", 0, 1), Member::new("other", 1, 1)];
        members[0].standing.set(Health::Trial, 0);
        let balancer = algorithm.build(&members, &Origin::default());
        let mut dice = Dice::new(1);
        let was_asked = (0..300_u32).any(|number| {
            let key = number.to_le_bytes();
            let request = Request { key: &key, address: address_of(&key), ..Request::default() };
            let view = View::new(&members, &request);
            balancer.pick(&view, &mut dice, &mut Notes::off()) == Some(0)
        });
        assert!(was_asked, "{algorithm:?}");
    }
}

fn only_the_first(algorithm: &Algorithm, scene: &Scene) -> Result<(), TestCaseError> {
    let members = scene.members();
    let balancer = algorithm.build(&members, &Origin::default());
    for request in scene.requests() {
        let view = scene.view(&members, &request, &[]);
        let expected = (!members.is_empty() && view.usable(0)).then_some(0);
        let picked = balancer.pick(&view, &mut Dice::new(1), &mut Notes::off());
        prop_assert_eq!(picked, expected);
    }
    Ok(())
}

/// Every other request stays under way; the others end at once.
fn serve(balancer: &dyn Balancer, members: &[Member], index: usize, number: usize, now_ns: u64) {
    members[index].load.in_flight.fetch_add(1, Relaxed);
    if number % 2 == 1 {
        members[index].load.in_flight.fetch_sub(1, Relaxed);
        balancer.learn(members, index, &sample(now_ns, 20_000_000 * (index as u64 + 1)));
    }
}
