//! A mark on the time line: something that was done or that happened.

use crate::balance::Health;
use crate::engine::{Event, Kind};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub at_ns: u64,
    pub sort: Sort,
    pub text: String,
    /// The pool and server it is about, if it is about one.
    pub server: Option<(String, String)>,
}

/// What kind of mark, for its shape and colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// A person, or a cue, changed the lab or let it begin anew.
    Done,
    /// The lab did as it was told.
    Step,
    Cue,
    /// A server got worse.
    Worse,
    /// A server got better, or what failed is as it should be.
    Better,
    /// A client broke a rule, or the world failed.
    Trouble,
    /// A request that a person sent.
    Yours,
}

impl From<&Event> for Mark {
    fn from(event: &Event) -> Self {
        let (sort, server) = match &event.kind {
            Kind::BegunAnew | Kind::Restarted => (Sort::Done, None),
            Kind::Applied { .. } | Kind::Step => (Sort::Step, None),
            Kind::Recovered => (Sort::Better, None),
            Kind::Cue { .. } => (Sort::Cue, None),
            Kind::Health { pool, server, to } => {
                let sort = if *to == Health::Up { Sort::Better } else { Sort::Worse };
                (sort, Some((pool.clone(), server.clone())))
            }
            Kind::Misbehaved { .. } | Kind::Trouble => (Sort::Trouble, None),
        };
        Self { at_ns: event.at_ns, sort, text: event.text.clone(), server }
    }
}
