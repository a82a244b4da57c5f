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
        lightest::pick(view, in_flight, Rule::Least(Quantity::LoadPerWeight), notes)
    }
}
