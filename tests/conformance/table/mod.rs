//! The tables, one file for each topic.

pub(crate) mod answers;
pub(crate) mod bad_answers;
pub(crate) mod chunks;
pub(crate) mod connections;
pub(crate) mod forwarded;
pub(crate) mod framing;
pub(crate) mod hop_by_hop;
pub(crate) mod hosts;
pub(crate) mod interims;
pub(crate) mod limits;
pub(crate) mod request_bodies;
pub(crate) mod syntax;
pub(crate) mod targets;
pub(crate) mod upgrades;
