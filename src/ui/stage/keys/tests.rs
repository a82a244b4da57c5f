//! Changes of a lab, and what Keys says of them.

use std::collections::BTreeMap;

use crate::engine::{Dropped, Observation, PoolGauges};
use crate::lab::{Figures, PoolFigures};
use crate::ui::story::Story;

/// A story in which sessions of the pool `web` broke: when, and how many there were by then.
pub(super) fn story_of_broken_sessions(told: &[(u64, u64)], cause: &'static str) -> Story {
    let mut story = Story::default();
    for &(at_ns, count) in told {
        let pool = PoolFigures {
            name: "web".to_owned(),
            servers: Vec::new(),
            broken_sessions: BTreeMap::from([(cause, count)]),
        };
        let gauges = PoolGauges { name: "web".to_owned(), waiting: 0, servers: Vec::new() };
        story.tell(Observation {
            at_ns,
            figures: Figures { pools: vec![pool], ..Figures::default() },
            listeners: BTreeMap::new(),
            pools: vec![gauges],
            connections: 0,
            accepted: 0,
            turned_away: 0,
            in_line: 0,
            printed: Vec::new(),
            events: Vec::new(),
            requests: Vec::new(),
            begun: Vec::new(),
            dropped: Dropped::default(),
        });
    }
    story
}
