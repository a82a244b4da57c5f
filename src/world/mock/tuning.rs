//! What can be changed about a mock while it runs.

use crate::lab::Sessions;
use crate::model::Behaviour;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tuning {
    pub(super) behaviour: Behaviour,
    pub(super) sessions: Sessions,
    pub(super) enabled: bool,
    /// Counted, so that one who dies and comes back before its thread looks has died all the same.
    pub(super) deaths: u64,
}

impl Tuning {
    /// A server that refuses by odds lets nobody stay. A listener cannot refuse one request of a kept connection, so
    /// every request has to come by a connection of its own for the odds to hold.
    pub(super) fn keeps_connections(&self) -> bool {
        self.behaviour.failures.refuse == 0.0
    }
}
