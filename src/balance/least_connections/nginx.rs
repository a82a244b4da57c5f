//! NGINX's `least_conn`: fewest requests in flight for each unit of weight, ties in smooth order.
//!
//! Loads are compared as fractions by cross-multiplication. If several members share the lowest, they alone
//! take one turn of smooth weighted round robin; if there is only one, nobody's credit changes. On an idle
//! farm all tie, so weights decide. Source: NGINX, `ngx_http_upstream_least_conn_module.c`.

use crate::balance::Balancer;
use crate::balance::decision::{Notes, Quantity, Rule, Value};
use crate::balance::least_connections::lightest;
use crate::balance::member::Member;
use crate::balance::view::View;
use crate::dice::Dice;

pub(super) fn build() -> Box<dyn Balancer> {
    Box::new(FewestInFlight {})
}

struct FewestInFlight {}

impl Balancer for FewestInFlight {
    fn pick(&self, view: &View<'_>, _dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        notes.add(|decision| {
            for index in view.usable_indexes() {
                let member = &view.members[index];
                let load = f64::from(member.in_flight()) / f64::from(member.weight);
                let in_flight = Value::Count(member.in_flight().into());
                decision.saw(view, index, Quantity::InFlight, in_flight);
                decision.saw(view, index, Quantity::LoadPerWeight, Value::Real(load));
            }
        });
        let in_flight = |_, member: &Member| u64::from(member.in_flight());
        lightest::pick(view, in_flight, || Rule::Least(comparable(view.members)), notes)
    }
}

/// With equal weights nobody wants to hear about them.
fn comparable(members: &[Member]) -> Quantity {
    if members.iter().all(|member| member.weight == members[0].weight) {
        Quantity::InFlight
    } else {
        Quantity::LoadPerWeight
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::least_connections::LeastConnections;
    use crate::balance::{Recipe as _, Request};
    use std::sync::atomic::Ordering::Relaxed;

    /// The sentence about a pick among a, b, c … with these weights and requests in flight.
    fn sentence(wanted: &[(u32, u32)]) -> String {
        let member = |((index, &(weight, in_flight)), name): ((usize, &(u32, u32)), char)| {
            let member = Member::new(&name.to_string(), index, weight);
            member.load.in_flight.store(in_flight, Relaxed);
            member
        };
        let members: Vec<Member> = wanted.iter().enumerate().zip('a'..).map(member).collect();
        let (request, mut notes) = (Request::default(), Notes::on());
        let picked = build().pick(&View::new(&members, &request), &mut Dice::new(0), &mut notes);
        let mut decision = notes.take().unwrap();
        decision.choice = picked.map(|index| index as u32);
        decision.sentence(&LeastConnections::ABOUT)
    }

    #[test]
    fn a_decision_names_what_was_compared() {
        assert_eq!(
            sentence(&[(1, 4), (1, 0), (1, 1)]),
            "least connections: b has 0 in flight, a 4, c 1"
        );
        assert_eq!(
            sentence(&[(4, 4), (2, 1), (1, 1)]),
            "least connections: b has 0.5 in flight for each unit of weight, a 1, c 1"
        );
        assert_eq!(
            sentence(&[(2, 2), (5, 5), (1, 9)]),
            "least connections: of those tied, b has credit 5, a 2"
        );
    }
}
