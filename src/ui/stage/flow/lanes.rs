//! The rows at the left: clients one by one while they are few, in bunches when they are many, and you.

use std::ops::Range;

use egui::Color32;

use crate::lab::address_of;
use crate::ui::senders::{Crowd, Sender, Senders};
use crate::ui::theme::Theme;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lane {
    /// The crowd, where there are more than one.
    pub(super) name: String,
    /// Which clients of it.
    pub(super) part: String,
    /// The built-in clients in it; nobody in the row of what people send.
    pub(super) who: Option<Who>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) crowd: usize,
    pub(super) identities: Range<u32>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lanes(Vec<Lane>);

impl Lanes {
    pub(super) fn of(senders: &Senders) -> Self {
        let crowds = &senders.crowds()[..senders.crowds().len().min(ROWS_MAX)];
        let mut lanes = Vec::new();
        for (crowd, (group, n_rows)) in crowds.iter().zip(rows(crowds)).enumerate() {
            let each = group.n_identities.div_ceil(n_rows);
            for row in 0..n_rows {
                let from = row * each;
                let identities = from..(from + each).min(group.n_identities);
                if identities.is_empty() {
                    continue;
                }
                let (name, part) = match crowds.len() {
                    1 => (String::new(), range_text(&identities)),
                    _ if n_rows == 1 => (group.name.clone(), String::new()),
                    _ => (group.name.clone(), short_text(&identities)),
                };
                lanes.push(Lane { name, part, who: Some(Who { crowd, identities }) });
            }
        }
        lanes.push(Lane { name: "you".to_owned(), part: String::new(), who: None });
        Self(lanes)
    }

    /// The row of a sender. Who has none, because there are too many groups, is in the last one of clients.
    pub(super) fn place_of(&self, sender: Option<Sender>) -> usize {
        let yours = self.0.len().saturating_sub(1);
        let Some(sender) = sender else { return yours };
        let has = |lane: &Lane| {
            let who = lane.who.as_ref();
            who.is_some_and(|it| {
                it.crowd == sender.crowd && it.identities.contains(&sender.identity)
            })
        };
        self.0.iter().position(has).unwrap_or_else(|| yours.saturating_sub(1))
    }

    pub(super) fn all(&self) -> &[Lane] {
        &self.0
    }
}

impl Lane {
    pub(super) fn is_yours(&self) -> bool {
        self.who.is_none()
    }

    pub(super) fn label(&self) -> String {
        format!("{} {}", self.name, self.part).trim().to_owned()
    }

    /// How many clients it stands for.
    pub(super) fn count(&self) -> u32 {
        self.who.as_ref().map_or(1, |who| who.identities.len() as u32)
    }
}

/// A row's colour: those of servers, begun from the other end, so that neighbours differ.
pub(super) fn colour(theme: &Theme, lane: usize, is_yours: bool) -> Color32 {
    if is_yours { theme.text } else { theme.server(HUES[lane % HUES.len()]) }
}

const HUES: [usize; 8] = [7, 6, 3, 5, 4, 2, 1, 0];

/// How many rows each crowd gets: one, and then another for whoever has most clients in a row.
fn rows(crowds: &[Crowd]) -> Vec<u32> {
    let mut rows = vec![1; crowds.len()];
    for _ in crowds.len()..ROWS_MAX {
        let crowded =
            |&(number, crowd): &(usize, &Crowd)| crowd.n_identities.div_ceil(rows[number]);
        let most =
            crowds.iter().enumerate().max_by_key(|it| (crowded(it), std::cmp::Reverse(it.0)));
        match most {
            Some((number, crowd)) if crowd.n_identities > rows[number] => rows[number] += 1,
            _ => break,
        }
    }
    rows
}

fn range_text(identities: &Range<u32>) -> String {
    let first = address_of(identities.start).to_string();
    match identities.len() {
        0 | 1 => first,
        _ => format!("{first}–{}", last_part(identities, identities.end - 1)),
    }
}

fn short_text(identities: &Range<u32>) -> String {
    match identities.len() {
        0 | 1 => format!(".{}", last_part(identities, identities.start)),
        _ => {
            let ends = [identities.start, identities.end - 1];
            let [from, to] = ends.map(|identity| last_part(identities, identity));
            format!(".{from}–{to}")
        }
    }
}

/// The part of an address in which a range differs.
fn last_part(range: &Range<u32>, identity: u32) -> String {
    let (third, last) = ((identity + 1) / 256, (identity + 1) % 256);
    let is_one_net = (range.start + 1) / 256 == range.end / 256;
    if is_one_net { last.to_string() } else { format!("{third}.{last}") }
}

/// Beside the row of what people send.
const ROWS_MAX: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Client, Identities, Lab};

    fn lanes(groups: &[(&str, u32)]) -> Lanes {
        let group = |&(listener, count): &(&str, u32)| Client {
            name: format!("of {listener}"),
            listener: listener.to_owned(),
            identities: Identities { count, ..Identities::default() },
            ..Client::default()
        };
        let clients = groups.iter().map(group).collect();
        Lanes::of(&Senders::of(&Lab { clients, ..Lab::default() }))
    }

    fn labels(lanes: &Lanes) -> Vec<String> {
        lanes.all().iter().map(Lane::label).collect()
    }

    #[test]
    fn few_clients_have_a_row_each_and_many_share() {
        assert_eq!(labels(&lanes(&[("front", 2)])), ["127.0.0.1", "127.0.0.2", "you"]);
        let many = lanes(&[("front", 100)]);
        assert_eq!(many.all().len(), 8);
        assert_eq!(labels(&many)[..2], ["127.0.0.1–15", "127.0.0.16–30"]);
        assert_eq!(many.all().iter().map(Lane::count).sum::<u32>(), 101);
        assert_eq!(labels(&lanes(&[("front", 1_000)]))[1], "127.0.0.144–1.30");
        assert_eq!(many.place_of(Some(Sender { crowd: 0, identity: 99 })), 6);
    }

    #[test]
    fn groups_share_the_rows() {
        assert_eq!(labels(&lanes(&[("x", 1), ("y", 1)])), ["of x", "of y", "you"]);
        let lanes = lanes(&[("x", 100), ("y", 2)]);
        assert_eq!((lanes.all().len(), &*labels(&lanes)[6]), (8, "of y"));
    }

    #[test]
    fn a_foreign_address_is_in_your_row() {
        let senders = Senders::default();
        let person = senders.sender("front", "192.168.1.7".parse().unwrap(), false);
        let lanes = lanes(&[("front", 3)]);
        let row = lanes.place_of(person);
        assert!(lanes.all()[row].is_yours());
    }
}
