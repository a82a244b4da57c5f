//! The remainders of a division by the sum of weights, dealt out to the members in one row each.
//!
//! Shared by NGINX's `hash` and `ip_hash`, which look at hash after hash until one leads to a usable member.

use crate::balance::decision::{Notes, Quantity, Rule, Value};
use crate::balance::member::Member;
use crate::balance::picture::Picture;
use crate::balance::view::{Tried, View};
use crate::balance::weighted::smooth;

pub(in crate::balance) struct Intervals {
    /// Where each member's remainders end.
    ends: Vec<u64>,
}

impl Intervals {
    pub(in crate::balance) fn new(members: &[Member]) -> Self {
        let ends = members
            .iter()
            .scan(0, |end, member| {
                *end += u64::from(member.weight);
                Some(*end)
            })
            .collect();
        Self { ends }
    }

    fn total(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Whose remainder this is; it is below the total.
    fn owner(&self, remainder: u64) -> usize {
        self.ends.partition_point(|&end| end <= remainder)
    }

    /// The usable owner of the first of these hashes that leads to one. After 21 misses it is somebody's turn by
    /// weight, whatever the key.
    ///
    /// NGINX counts misses over all tries of a request, and goes on after the hash that led to a failed member.
    /// Here each try begins at the first hash again and comes to the same place: all it meets on the way was
    /// missed before too, except that a member who failed was not a miss when it was met first.
    pub(in crate::balance) fn search(
        &self,
        view: &View<'_>,
        hashes: impl Iterator<Item = u64>,
        notes: &mut Notes,
    ) -> Option<usize> {
        if self.total() == 0 {
            return None;
        }
        let (mut met, mut misses) = (Tried::default(), 0);
        for hash in hashes {
            let remainder = hash % self.total();
            let index = self.owner(remainder);
            if view.usable(index) {
                note(notes, if misses + met.count() == 0 { Rule::Slot } else { Rule::NextOwner });
                note_place(notes, hash, remainder, misses + met.count());
                return Some(index);
            }
            let pool_index = view.members[index].index;
            if view.request.tried.contains(pool_index) && !met.contains(pool_index) {
                met.add(pool_index);
            } else {
                misses += 1;
                if misses > MISSES_MAX {
                    break;
                }
            }
        }
        note(notes, Rule::MostCredit);
        smooth::turn(view, notes)
    }

    pub(in crate::balance) fn picture(&self) -> Picture<'_> {
        if self.total() > PICTURE_SLOTS_MAX {
            return Picture::Nothing;
        }
        let owners: Vec<u32> =
            (0..self.total()).map(|remainder| self.owner(remainder) as u32).collect();
        Picture::Table { owners: owners.into() }
    }
}

fn note(notes: &mut Notes, rule: Rule) {
    notes.add(|decision| decision.rule = Some(rule));
}

fn note_place(notes: &mut Notes, hash: u64, remainder: u64, misses: usize) {
    notes.add(|decision| {
        decision.fact(Quantity::Hash, Value::Count(hash));
        decision.fact(Quantity::Slot, Value::Count(remainder));
        decision.fact(Quantity::Attempt, Value::Count(misses as u64 + 1));
    });
}

/// `ngx_http_upstream_hash_module.c` and `ngx_http_upstream_ip_hash_module.c` give up above it.
const MISSES_MAX: usize = 20;
/// More slots than this are no picture.
const PICTURE_SLOTS_MAX: u64 = 1 << 16;
