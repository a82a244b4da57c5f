//! What there is to draw of an algorithm, worked out beside the frame from the algorithm's own data.

use std::net::IpAddr;
use std::sync::Arc;

use super::aside::Stop;
use super::past::Stand;
use crate::balance::pool::{Pick, Pool};
use crate::balance::remap::{NOBODY, sample_keys};
use crate::balance::ring::Dialect;
use crate::balance::{
    About, Algorithm, Decision, Health, Notes, Picture, Quantity, Request, Value,
};
use crate::dice::Dice;
use crate::lab::{Client, Requests};

/// How a pool stands, how it stood before the change that is shown, and who asks it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Question {
    pub(super) stand: Arc<Stand>,
    pub(super) before: Option<Arc<Stand>>,
    /// Who is down, by the order of the pool.
    pub(super) down: Vec<bool>,
    pub(super) clients: Vec<Client>,
}

/// Everything that is drawn of one question. Servers are numbers into `names`.
pub(super) struct Drawing {
    /// The pool as the proxy builds it, to be asked about keys.
    pub(super) pool: Pool,
    pub(super) about: &'static About,
    /// Servers now and before the change.
    pub(super) names: Vec<String>,
    pub(super) shape: Shape,
    /// The clients' own keys, or some of them.
    pub(super) spots: Vec<Spot>,
    pub(super) n_keys: usize,
}

pub(super) enum Shape {
    Ring(Ring),
    Grid(Grid),
    /// The order in which servers take turns.
    Turns(Vec<u32>),
    Nothing,
}

pub(super) struct Ring {
    /// Ascending by their ends; the first begins where the last ends.
    pub(super) arcs: Vec<Span>,
    pub(super) points: Vec<(u64, u32)>,
    /// Whether a key goes to whoever owns the arc it falls into.
    pub(super) decides: bool,
}

/// A part of the circle that ends at a position, that one included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) end: u64,
    pub(super) owner: u32,
    /// Who owned it before the change; the same where nothing moved.
    pub(super) was: u32,
}

/// Squares, a slot or a key each.
pub(super) struct Grid {
    pub(super) cells: Vec<Cell>,
    /// All slots, where the squares are keys and the slots few.
    pub(super) slots: Vec<u32>,
    /// What the squares are, in a sentence.
    pub(super) caption: String,
    pub(super) of_slots: Option<usize>,
}

pub(super) struct Cell {
    pub(super) label: String,
    pub(super) owner: u32,
    pub(super) was: u32,
}

/// A key that a client brings.
pub(super) struct Spot {
    pub(super) key: Vec<u8>,
    pub(super) owner: u32,
    pub(super) was: u32,
    /// Where it lies on the circle, if the algorithm has one.
    pub(super) position: Option<u64>,
}

/// Where one key goes, and why.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Asked {
    pub(super) owner: Option<String>,
    pub(super) sentences: Vec<String>,
    pub(super) position: Option<u64>,
    pub(super) slot: Option<u64>,
}

pub(super) fn draw(question: &Question, stop: &Stop, tell: &dyn Fn(Box<Drawing>)) {
    let Question { stand, before, down, clients } = question;
    let algorithm = &stand.algorithm;
    let about = algorithm.about();
    let pool = stand.roster.pool(algorithm);
    for (index, _) in down.iter().enumerate().filter(|(_, down)| **down) {
        if index < pool.members().len() {
            pool.set_health(index, Health::Down, 0);
        }
    }
    let before = before.as_ref().map(|before| before.roster.pool(algorithm));
    let mut names = Names::default();
    let now = Side { owners: names.of(&pool), pool: &pool };
    let then = before.as_ref().map(|pool| Side { owners: names.of(pool), pool });
    let then = then.as_ref().unwrap_or(&now);
    if stop.is_set() {
        return;
    }
    let shape = shape(algorithm, then, &now);
    let (spots, n_keys) =
        if about.keyed { spots(stand, clients, then, &now) } else { (Vec::new(), 0) };
    if stop.is_set() {
        return;
    }
    tell(Box::new(Drawing { about, shape, spots, n_keys, names: names.0, pool }));
}

impl Drawing {
    /// Where a key goes as things stand.
    pub(super) fn ask(&self, key: &[u8]) -> Asked {
        let address = std::str::from_utf8(key).ok().and_then(|key| key.parse().ok());
        let (pick, decision) = decide(&self.pool, key, address);
        let Some(decision) = decision else { return Asked::default() };
        Asked {
            owner: pick.member().map(|member| self.pool.members()[member].name.to_string()),
            sentences: decision.sentences(self.about),
            position: position(&decision),
            slot: slot(&decision),
        }
    }

    pub(super) fn name(&self, owner: u32) -> Option<&str> {
        self.names.get(owner as usize).map(String::as_str)
    }
}

/// The names of servers, each once.
#[derive(Default)]
struct Names(Vec<String>);

impl Names {
    /// The number of each member of a pool.
    fn of(&mut self, pool: &Pool) -> Vec<u32> {
        let number = |member: &crate::balance::Member| {
            let known = self.0.iter().position(|name| **name == *member.name);
            known.unwrap_or_else(|| {
                self.0.push(member.name.to_string());
                self.0.len() - 1
            }) as u32
        };
        pool.members().iter().map(number).collect()
    }
}

/// A pool before or after the change, with the numbers of its members.
struct Side<'a> {
    pool: &'a Pool,
    owners: Vec<u32>,
}

impl Side<'_> {
    fn owner_of(&self, key: &[u8], address: Option<IpAddr>) -> u32 {
        let request = Request { key, address, ..Request::default() };
        let pick = self.pool.pick(&request, None, &mut Dice::new(0), &mut Notes::off());
        pick.member().map_or(NOBODY, |member| self.owners[member])
    }

    /// Whose each entry of a picture is, with those who cannot be used as nobody.
    fn owner_of_entry(&self, member: &crate::balance::Member) -> u32 {
        let usable = !member.is_draining() && member.standing.health() != Health::Down;
        if usable { self.owners[member.index as usize] } else { NOBODY }
    }

    /// The points of its ring, each with whoever a key that falls before it goes to.
    fn circle(&self, rule: Rule) -> Option<Vec<(u64, u32)>> {
        let (members, Picture::Ring { positions, owners }) = self.pool.picture() else {
            return None;
        };
        let owner = |&owner: &u32| self.owner_of_entry(&members[owner as usize]);
        let mut owners: Vec<u32> = owners.iter().map(owner).collect();
        if rule == Rule::Nearest {
            let points = positions.iter().copied().zip(owners);
            return Some(points.filter(|(_, owner)| *owner != NOBODY).collect());
        }
        // Points of those who cannot be used are walked past: twice round, because the last leads to the first.
        let mut next = NOBODY;
        for place in (0..owners.len()).rev().chain((0..owners.len()).rev()) {
            if owners[place] == NOBODY {
                owners[place] = next;
            }
            next = owners[place];
        }
        Some(positions.iter().copied().zip(owners).collect())
    }

    fn table(&self) -> Option<Vec<u32>> {
        let (members, Picture::Table { owners }) = self.pool.picture() else { return None };
        Some(owners.iter().map(|&owner| self.owner_of_entry(&members[owner as usize])).collect())
    }
}

/// Which point a key goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Next,
    /// HAProxy's, the one before on a tie.
    Nearest,
}

impl Rule {
    fn of(algorithm: &Algorithm) -> Self {
        match algorithm {
            Algorithm::Ring(ring) if ring.dialect == Dialect::Haproxy => Self::Nearest,
            _ => Self::Next,
        }
    }

    /// Where the part of the circle ends that leads to each point, ascending.
    fn ends(self, points: &[(u64, u32)]) -> Vec<(u64, u32)> {
        if self == Self::Next {
            return points.to_vec();
        }
        let following = points.iter().cycle().skip(1);
        let mut ends: Vec<(u64, u32)> = points
            .iter()
            .zip(following)
            .map(|(&(at, owner), &(next, _))| {
                // Keys and points of that circle lie on its 2^32 places.
                let (at, next) = ((at >> 32) as u32, (next >> 32) as u32);
                let middle = at.wrapping_add(next.wrapping_sub(at) / 2);
                (u64::from(middle) << 32, owner)
            })
            .collect();
        ends.sort_by_key(|&(end, _)| end);
        ends
    }
}

fn shape(algorithm: &Algorithm, then: &Side<'_>, now: &Side<'_>) -> Shape {
    if !algorithm.about().keyed {
        return match now.pool.picture() {
            (members, Picture::Schedule { order, .. }) => {
                let number = |&place: &u32| now.owners[members[place as usize].index as usize];
                Shape::Turns(order.iter().map(number).collect())
            }
            _ => Shape::Nothing,
        };
    }
    let rule = Rule::of(algorithm);
    if let (Some(before), Some(after)) = (then.circle(rule), now.circle(rule)) {
        let decides = !matches!(algorithm, Algorithm::MultiProbe(_));
        let arcs = arcs(&rule.ends(&before), &rule.ends(&after));
        return Shape::Ring(Ring { arcs, points: after, decides });
    }
    match (then.table(), now.table()) {
        (Some(before), Some(after)) if before.len() == after.len() && after.len() > SLOTS_FEW => {
            Shape::Grid(slots_grid(&before, &after))
        }
        (_, table) => {
            let slots = table.filter(|table| table.len() <= SLOTS_FEW).unwrap_or_default();
            Shape::Grid(keys_grid(algorithm, then, now, slots))
        }
    }
}

/// The circle cut wherever it has a point before or after the change, so that each part had one owner and has one.
pub(super) fn arcs(before: &[(u64, u32)], after: &[(u64, u32)]) -> Vec<Span> {
    let mut ends: Vec<u64> = before.iter().chain(after).map(|&(position, _)| position).collect();
    ends.sort_unstable();
    ends.dedup();
    if ends.len() > ARCS_MAX {
        // More than can be told apart: each of many equal parts is whoever's its middle is.
        let width = u64::MAX / ARCS_MAX as u64;
        let part = |part: u64| {
            let end = if part + 1 == ARCS_MAX as u64 { u64::MAX } else { (part + 1) * width };
            let middle = part * width + width / 2;
            Span { end, owner: owner_at(after, middle), was: owner_at(before, middle) }
        };
        return merged((0..ARCS_MAX as u64).map(part));
    }
    let arc = |end| Span { end, owner: owner_at(after, end), was: owner_at(before, end) };
    merged(ends.into_iter().map(arc))
}

fn merged(arcs: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut merged: Vec<Span> = Vec::new();
    for arc in arcs {
        match merged.last_mut() {
            Some(last) if (last.owner, last.was) == (arc.owner, arc.was) => last.end = arc.end,
            _ => merged.push(arc),
        }
    }
    merged
}

/// The owner of the first point at or after a position.
pub(super) fn owner_at(circle: &[(u64, u32)], position: u64) -> u32 {
    let place = circle.partition_point(|&(point, _)| point < position);
    circle.get(place).or_else(|| circle.first()).map_or(NOBODY, |&(_, owner)| owner)
}

fn slots_grid(before: &[u32], after: &[u32]) -> Grid {
    let step = after.len().div_ceil(CELLS);
    let cell =
        |slot: usize| Cell { label: format!("slot {slot}"), owner: after[slot], was: before[slot] };
    let total = crate::ui::widgets::grouped(after.len() as u64);
    let caption = match step {
        1 => format!("All {total} slots of the table. A key's hash leads to one of them"),
        step => format!("Every {step}th of {total} slots. A key's hash leads to one of them"),
    };
    Grid {
        cells: (0..after.len()).step_by(step).map(cell).collect(),
        slots: Vec::new(),
        caption,
        of_slots: Some(step),
    }
}

/// Some keys, sorted by the server they had, so that what moved from whom lies together.
fn keys_grid(algorithm: &Algorithm, then: &Side<'_>, now: &Side<'_>, slots: Vec<u32>) -> Grid {
    let cell = |key: String| {
        let address = key.parse().ok();
        Cell {
            owner: now.owner_of(key.as_bytes(), address),
            was: then.owner_of(key.as_bytes(), address),
            label: key,
        }
    };
    let mut cells: Vec<Cell> = sample_keys(algorithm, CELLS as u64).into_iter().map(cell).collect();
    cells.sort_by_key(|cell| (cell.was, cell.owner != cell.was, cell.owner));
    let total = crate::ui::widgets::grouped(CELLS as u64);
    let caption = format!("{total} keys, by the server they had");
    Grid { cells, slots, caption, of_slots: None }
}

/// The keys that the pool's clients bring, at most as many as can be told apart, and how many there are.
fn spots(stand: &Stand, clients: &[Client], then: &Side<'_>, now: &Side<'_>) -> (Vec<Spot>, usize) {
    let mut keys: Vec<(Vec<u8>, IpAddr)> = clients
        .iter()
        .flat_map(|client| Requests::new(client, 0, 0).all_keys(&stand.key))
        .filter(|(key, _)| !key.is_empty())
        .collect();
    keys.sort();
    keys.dedup_by(|a, b| a.0 == b.0);
    let n_keys = keys.len();
    let spot = |(key, address): (Vec<u8>, IpAddr)| {
        let (pick, decision) = decide(now.pool, &key, Some(address));
        Spot {
            owner: pick.member().map_or(NOBODY, |member| now.owners[member]),
            was: then.owner_of(&key, Some(address)),
            position: decision.as_ref().and_then(position),
            key,
        }
    };
    let step = n_keys.div_ceil(SPOTS_MAX).max(1);
    (keys.into_iter().step_by(step).map(spot).collect(), n_keys)
}

fn decide(pool: &Pool, key: &[u8], address: Option<IpAddr>) -> (Pick, Option<Decision>) {
    let request = Request { key, address, ..Request::default() };
    let mut notes = Notes::on();
    let pick = pool.pick(&request, None, &mut Dice::new(0), &mut notes);
    (pick, notes.take())
}

fn position(decision: &Decision) -> Option<u64> {
    decision.facts.iter().find_map(|fact| match (fact.what, fact.value) {
        (Quantity::Position, Value::Around(position)) => Some(position),
        _ => None,
    })
}

fn slot(decision: &Decision) -> Option<u64> {
    decision.facts.iter().find_map(|fact| match (fact.what, fact.value) {
        (Quantity::Slot, Value::Count(slot)) => Some(slot),
        _ => None,
    })
}

/// Squares that can still be told apart.
pub(super) const CELLS: usize = 1_000;
/// A table with so few slots is drawn slot by slot, with the keys beside it.
const SLOTS_FEW: usize = 64;
/// A circle of 300 points across has about three parts for each of them.
const ARCS_MAX: usize = 4_096;
const SPOTS_MAX: usize = 240;

#[cfg(test)]
mod tests;
