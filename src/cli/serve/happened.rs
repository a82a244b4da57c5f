//! What happens while it serves, a line each: the same words with a terminal and without.

use super::Line;
use crate::balance::Health;
use crate::engine::{Event, Kind, Observation};

/// Knows what was said already.
#[derive(Debug, Default)]
pub(super) struct Happened {
    /// Events that were known to be lost.
    lost: u64,
}

impl Happened {
    /// What has happened since the last look, oldest first.
    pub(super) fn lines<'a>(&mut self, now: &'a Observation) -> Vec<Line<'a>> {
        let mut lines = Vec::new();
        let mut n_misbehaved = 0_usize;
        for line in now.events.iter().filter_map(line) {
            n_misbehaved += usize::from(matches!(line, Line::Misbehaved { .. }));
            // Strangers must not fill a disk with what is said of them.
            if !matches!(line, Line::Misbehaved { .. }) || n_misbehaved <= MISBEHAVED_MAX {
                lines.push(line);
            }
        }
        let unsaid = n_misbehaved.saturating_sub(MISBEHAVED_MAX);
        if unsaid > 0 {
            let what = format!("{unsaid} times more a client broke a rule or met a limit");
            lines.push(Line::Misbehaved { what: what.into() });
        }
        let lost = now.dropped.events.saturating_sub(self.lost);
        self.lost = now.dropped.events;
        if lost > 0 {
            let what = format!("too much happened at once to say all of it: {lost} events");
            lines.push(Line::Trouble { what: what.into() });
        }
        lines
    }
}

/// Nothing for what only a window shows.
fn line(event: &Event) -> Option<Line<'_>> {
    let what = event.text.as_str().into();
    match event.kind {
        Kind::Health { to: Health::Up, .. } | Kind::Recovered => Some(Line::Recovered { what }),
        Kind::Health { .. } | Kind::Trouble => Some(Line::Trouble { what }),
        Kind::Misbehaved { .. } => Some(Line::Misbehaved { what }),
        // Nobody plays cues here, and of labs that are taken over whoever takes them tells.
        Kind::Applied { .. }
        | Kind::Step
        | Kind::Cue { .. }
        | Kind::BegunAnew
        | Kind::Restarted => None,
    }
}

/// Lines about clients at one look. Looks are about a second apart.
const MISBEHAVED_MAX: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Dropped;

    fn said(happened: &mut Happened, events: &[(Kind, &str)], lost: u64) -> Vec<String> {
        let event = |(kind, text): &(Kind, &str)| Event {
            at_ns: 0,
            kind: kind.clone(),
            text: (*text).to_owned(),
        };
        let now = Observation {
            events: events.iter().map(event).collect(),
            dropped: Dropped { events: lost, ..Dropped::default() },
            ..Observation::default()
        };
        happened.lines(&now).iter().filter_map(Line::what).map(ToOwned::to_owned).collect()
    }

    #[test]
    fn strangers_cannot_flood_what_is_said_and_what_is_left_out_is_counted() {
        let rude = (Kind::Misbehaved { listener: "front".to_owned() }, "it is late");
        let mut events = vec![rude; 13];
        events.push((Kind::Trouble, "a disk is full"));
        let lines = said(&mut Happened::default(), &events, 0);
        assert_eq!(lines.len(), MISBEHAVED_MAX + 2);
        let last = ["a disk is full", "3 times more a client broke a rule or met a limit"];
        assert_eq!(lines[MISBEHAVED_MAX..], last);
    }

    #[test]
    fn events_that_are_lost_are_counted_once() {
        let mut happened = Happened::default();
        let lines = said(&mut happened, &[], 7);
        assert!(lines.len() == 1 && lines[0].ends_with(": 7 events"), "{lines:?}");
        assert_eq!(said(&mut happened, &[], 7), Vec::<String>::new());
    }

    #[test]
    fn steps_of_the_lab_are_not_said() {
        let events = [(Kind::Step, "open listener front"), (Kind::Recovered, "it is written")];
        assert_eq!(said(&mut Happened::default(), &events, 0), ["it is written"]);
    }
}
