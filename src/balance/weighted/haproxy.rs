//! HAProxy's dialect: not written yet.

use crate::balance::member::Member;
use crate::balance::round_robin::RoundRobin;
use crate::balance::{Balancer, Origin, Recipe as _};

pub(super) fn build(members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
    RoundRobin {}.build(members, origin)
}
