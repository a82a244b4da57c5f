//! The marks of the strip: what was done, what happened, and what a person sent, merged where they come fast.

use std::collections::VecDeque;
use std::sync::Arc;

use super::edits::{edits, in_short};
use super::moved::{Moved, moved};
use super::range::Span;
use crate::engine::Record;
use crate::lab::Lab;
use crate::ui::badges::{Badge, Badges};
use crate::ui::story::{Mark, Sort};
use crate::ui::workbench::Workbench;

/// One mark as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) at_ns: u64,
    pub(super) sort: Sort,
    /// In a few words.
    pub(super) text: String,
    /// All that was merged into it, in full.
    pub(super) details: Vec<String>,
    pub(super) badge: Option<Badge>,
}

/// What was found out so far about edits and requests, so that each is looked at once.
#[derive(Debug, Default)]
pub(super) struct Entries {
    edits: VecDeque<Edit>,
    newest_lab: Option<(u64, Arc<Lab>)>,
    yours: VecDeque<Entry>,
    /// The number of the first request that was not looked at.
    next_request: u64,
}

/// A stretch of changes that came without a pause: a dragged slider is one.
#[derive(Debug)]
struct Edit {
    began_ns: u64,
    ended_ns: u64,
    before: Arc<Lab>,
    after: Arc<Lab>,
    entry: Option<Entry>,
    /// What it did to the keys of a pool, once that was asked for.
    moved: Option<(String, Option<Moved>)>,
}

impl Entries {
    /// Looks at what is new.
    pub(super) fn update(&mut self, workbench: &Workbench) {
        self.take_labs(workbench);
        self.take_requests(workbench);
    }

    /// Those of a stretch of time, oldest first. `apart_ns` is how far two of a kind have to be from each other.
    pub(super) fn between(&self, workbench: &Workbench, span: Span, apart_ns: u64) -> Vec<Entry> {
        let inside = |at_ns: u64| span.holds(at_ns.cast_signed());
        let edits = self.edits.iter().filter_map(|edit| edit.entry.as_ref());
        let marks = workbench.story.marks();
        // What a cue changed is told by the cue.
        let cued = |at_ns: u64| {
            let cues = marks.iter().filter(|mark| mark.sort == Sort::Cue);
            cues.into_iter().any(|cue| cue.at_ns.abs_diff(at_ns) < CUED_NS)
        };
        let edits = edits.filter(|entry| inside(entry.at_ns) && !cued(entry.at_ns));
        let yours = self.yours.iter().filter(|entry| inside(entry.at_ns));
        let own = edits.chain(yours).cloned();
        let marks = marks.iter().filter(|mark| inside(mark.at_ns));
        let told = marks.filter_map(|mark| of_mark(mark, &workbench.badges));
        let mut all: Vec<Entry> = own.chain(told).collect();
        all.sort_by_key(|entry| entry.at_ns);
        merged(all, apart_ns)
    }

    /// What edits did to the keys of a pool, oldest first. Each is worked out once, when the hand is off it.
    pub(super) fn moves(&mut self, workbench: &Workbench, pool: &str) -> Vec<Moved> {
        let now_ns = workbench.now_ns;
        let done = |edit: &&mut Edit| edit.ended_ns + MERGED_NS < now_ns;
        let moves = self.edits.iter_mut().filter(done).filter_map(|edit| {
            if edit.moved.as_ref().is_none_or(|(known, _)| known != pool) {
                let moved = moved(&edit.before, &edit.after, pool, edit.began_ns);
                edit.moved = Some((pool.to_owned(), moved));
            }
            edit.moved.as_ref().and_then(|(_, moved)| *moved)
        });
        moves.collect()
    }

    /// When the next mark to either side of a moment was.
    pub(super) fn step(&self, workbench: &Workbench, forward: bool) -> Option<u64> {
        let whole = Span { from_ns: 0, to_ns: workbench.now_ns.cast_signed() };
        let all = self.between(workbench, whole, MERGED_NS);
        let moment_ns = workbench.moment_ns();
        let mut times = all.iter().map(|entry| entry.at_ns);
        if forward {
            times.find(|at_ns| *at_ns > moment_ns)
        } else {
            times.rfind(|at_ns| *at_ns < moment_ns)
        }
    }

    fn take_labs(&mut self, workbench: &Workbench) {
        let labs = workbench.story.labs();
        let seen_ns = self.newest_lab.as_ref().map(|(at_ns, _)| *at_ns);
        let first_new = labs.partition_point(|(at_ns, _)| Some(*at_ns) <= seen_ns);
        for (at_ns, lab) in &labs[first_new..] {
            if let Some((_, before)) = self.newest_lab.replace((*at_ns, Arc::clone(lab))) {
                self.take_edit(*at_ns, before, lab, &workbench.badges);
            }
        }
    }

    fn take_edit(&mut self, at_ns: u64, before: Arc<Lab>, after: &Arc<Lab>, badges: &Badges) {
        let goes_on = |edit: &&mut Edit| at_ns.saturating_sub(edit.ended_ns) < MERGED_NS;
        if let Some(edit) = self.edits.back_mut().filter(goes_on) {
            edit.ended_ns = at_ns;
            edit.after = Arc::clone(after);
        } else {
            if self.edits.len() == EDITS_MAX {
                self.edits.pop_front();
            }
            let after = Arc::clone(after);
            let (entry, moved) = (None, None);
            let edit = Edit { began_ns: at_ns, ended_ns: at_ns, before, after, entry, moved };
            self.edits.push_back(edit);
        }
        if let Some(edit) = self.edits.back_mut() {
            edit.entry = entry_of(edit, badges);
            edit.moved = None;
        }
    }

    fn take_requests(&mut self, workbench: &Workbench) {
        let story = &workbench.story;
        let first = story.forgotten_requests();
        let skip = self.next_request.saturating_sub(first) as usize;
        for record in story.requests().iter().skip(skip) {
            if record.is_yours() {
                if self.yours.len() == YOURS_MAX {
                    self.yours.pop_front();
                }
                self.yours.push_back(of_yours(record, &workbench.badges));
            }
        }
        self.next_request = first + story.requests().len() as u64;
    }
}

fn of_yours(record: &Record, badges: &Badges) -> Entry {
    let pool = record.pool.as_deref().unwrap_or_default();
    let server = record.attempts.last().map(|attempt| &*attempt.server);
    let badge = server.map(|server| badges.of(pool, server));
    let to = badge.map_or_else(|| record.outcome.name().replace('_', " "), Badge::letter);
    Entry {
        at_ns: record.at_ns,
        sort: Sort::Yours,
        text: format!("your request → {to}"),
        details: vec![format!("{} {} → {to}", record.method, record.target)],
        badge,
    }
}

fn entry_of(edit: &Edit, badges: &Badges) -> Option<Entry> {
    let details = edits(&edit.before, &edit.after, badges);
    let (at_ns, sort) = (edit.began_ns, Sort::Done);
    let badge = (details.len() == 1).then(|| server_of(edit, badges)).flatten();
    // Whoever drags back to where it was has changed nothing.
    (!details.is_empty()).then(|| Entry { at_ns, sort, text: in_short(&details), details, badge })
}

/// The one server that an edit is about, if it is about one.
fn server_of(edit: &Edit, badges: &Badges) -> Option<Badge> {
    let Edit { before, after, .. } = edit;
    let pools = before.pools.iter().zip(&after.pools);
    let mut changed = pools.flat_map(|(before, after)| {
        let servers = after.servers.iter().chain(&before.servers);
        let differs = |name: &str| before.server(name) != after.server(name);
        servers
            .filter(move |server| differs(&server.name))
            .map(|it| badges.of(&after.name, &it.name))
    });
    let first = changed.next()?;
    changed.all(|other| other == first).then_some(first)
}

/// The engine's own steps are left out: the edits that led to them are there already.
fn of_mark(mark: &Mark, badges: &Badges) -> Option<Entry> {
    let Mark { at_ns, sort, text, server } = mark;
    if *sort == Sort::Step {
        return None;
    }
    let badge = server.as_ref().map(|(pool, server)| badges.of(pool, server));
    let short = match (server, badge) {
        (Some((pool, server)), Some(badge)) => {
            let rest = text.strip_prefix(&format!("{pool}/{server}")).unwrap_or(text);
            format!("{}{}", badge.letter(), rest.split(": ").next().unwrap_or(rest))
        }
        _ => text.clone(),
    };
    Some(Entry { at_ns: *at_ns, sort: *sort, text: short, details: vec![text.clone()], badge })
}

/// Those of one kind that come fast become one.
fn merged(all: Vec<Entry>, apart_ns: u64) -> Vec<Entry> {
    let mut merged: Vec<Entry> = Vec::with_capacity(all.len());
    let mut newest_ns = 0;
    for entry in all {
        let close = entry.at_ns.saturating_sub(newest_ns) < apart_ns;
        newest_ns = entry.at_ns;
        match merged.last_mut() {
            Some(last) if close && last.sort == entry.sort => join(last, entry),
            _ => merged.push(entry),
        }
    }
    merged
}

fn join(into: &mut Entry, entry: Entry) {
    if into.badge != entry.badge {
        into.badge = None;
    }
    into.details.extend(entry.details);
    let n = into.details.len();
    into.text = match into.sort {
        Sort::Yours => format!("{n} of your requests"),
        Sort::Done => in_short(&into.details),
        _ if n == 2 => format!("{}, {}", into.text, entry.text),
        _ => {
            let first = into.text.split(", ").next().unwrap_or_default();
            format!("{} and {} more", first.split(" and ").next().unwrap_or_default(), n - 1)
        }
    };
}

/// What comes closer than this is one step of a hand.
pub(super) const MERGED_NS: u64 = 700_000_000;
/// How near a cue and what it changed are noted.
const CUED_NS: u64 = 150_000_000;
const EDITS_MAX: usize = 500;
const YOURS_MAX: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Event, Kind};
    use crate::ui::desk::Desk;
    use crate::ui::view::View;

    const SECOND: u64 = 1_000_000_000;

    fn told(changes: &[(u64, u32)]) -> (Workbench, Entries) {
        let lab = crate::lab::load(crate::lab::PRESETS[0].text.as_bytes()).expect("presets load");
        let lab = lab.lab.into_lab();
        let mut workbench = Workbench::new(Desk::new(lab.clone(), None), View::default());
        workbench.now_ns = 100 * SECOND;
        workbench.story.lab_changed(0, Arc::new(lab.clone()));
        let mut entries = Entries::default();
        for (at_ns, weight) in changes {
            let mut changed = lab.clone();
            changed.pools[0].servers[1].weight = *weight;
            workbench.story.lab_changed(*at_ns, Arc::new(changed));
            entries.update(&workbench);
        }
        (workbench, entries)
    }

    fn texts(workbench: &Workbench, entries: &Entries) -> Vec<(u64, String)> {
        let span = Span { from_ns: 0, to_ns: 100 * SECOND.cast_signed() };
        let all = entries.between(workbench, span, MERGED_NS);
        all.into_iter().map(|entry| (entry.at_ns / SECOND, entry.text)).collect()
    }

    #[test]
    fn a_dragged_slider_is_one_mark_and_dragged_back_is_none() {
        let fast = SECOND / 10;
        let (workbench, entries) = told(&[
            (10 * SECOND, 2),
            (10 * SECOND + fast, 3),
            (20 * SECOND, 7),
            (20 * SECOND + fast, 3),
        ]);
        assert_eq!(texts(&workbench, &entries), [(10, "B weight 1 → 3".to_owned())]);
    }

    #[test]
    fn what_was_done_without_an_edit_has_its_mark_and_a_step_of_an_edit_has_none() {
        let (mut workbench, mut entries) = told(&[]);
        let kinds = [
            (Kind::Applied { revision: 2 }, "revision 2 is in force"),
            (Kind::Step, "retune mock web/a"),
            (Kind::BegunAnew, "everything begins anew"),
            (Kind::Restarted, "command web/b is told to start again"),
            (Kind::Recovered, "listener front is open"),
        ];
        for (at, (kind, text)) in (0..).zip(kinds) {
            let event = Event { at_ns: at * 2 * SECOND, kind, text: text.to_owned() };
            workbench.story.mark(Mark::from(&event));
        }
        entries.update(&workbench);
        let seen = texts(&workbench, &entries);
        let expected = [
            (4, "everything begins anew"),
            (6, "command web/b is told to start again"),
            (8, "listener front is open"),
        ];
        assert_eq!(seen, expected.map(|(at, text)| (at, text.to_owned())));
    }

    #[test]
    fn marks_of_a_kind_are_merged_and_stepped_through() {
        let (mut workbench, mut entries) = told(&[(50 * SECOND, 2)]);
        for (at_ns, server) in [(10 * SECOND, "a"), (10 * SECOND + 1, "b"), (10 * SECOND + 2, "c")]
        {
            workbench.story.mark(Mark {
                at_ns,
                sort: Sort::Worse,
                text: format!("web/{server} is down: a check failed"),
                server: Some(("web".to_owned(), server.to_owned())),
            });
        }
        entries.update(&workbench);
        let expected = [(10, "A is down and 2 more".to_owned()), (50, "B weight 1 → 2".to_owned())];
        assert_eq!(texts(&workbench, &entries), expected);
        assert_eq!(entries.step(&workbench, false), Some(50 * SECOND));
        workbench.playhead = crate::ui::playhead::Playhead::Paused { at_ns: 30 * SECOND };
        assert_eq!(entries.step(&workbench, true), Some(50 * SECOND));
        assert_eq!(entries.step(&workbench, false), Some(10 * SECOND));
    }
}
