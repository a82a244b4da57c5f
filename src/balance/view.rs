//! What an algorithm may know about one pick: the members, the request, and who is out of the question.

use std::net::IpAddr;

use super::decision::Exclusion;
use super::member::{Health, Member};

/// What is asked for: everything about a request that may decide where it goes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// The bytes to hash: an address, a header, a cookie … Empty if the request has no such thing.
    pub key: &'a [u8],
    pub address: Option<IpAddr>,
    pub now_ns: u64,
    /// Who had this request already and failed it.
    pub tried: Tried,
}

impl<'a> Request<'a> {
    pub fn keyed(key: &'a [u8]) -> Self {
        Self { key, ..Self::default() }
    }
}

/// The members that failed a request already, by their index in the pool. Attempts are bounded, so this is too.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tried {
    indexes: [u16; Self::MAX],
    count: u8,
}

impl Tried {
    pub const MAX: usize = 16;

    /// Remembers one more member; beyond the bound the oldest is forgotten.
    pub fn add(&mut self, index: u32) {
        if self.count() == Self::MAX {
            self.indexes.rotate_left(1);
            self.count -= 1;
        }
        self.indexes[self.count()] = index as u16;
        self.count += 1;
    }

    pub fn contains(&self, index: u32) -> bool {
        self.indexes[..self.count()].contains(&(index as u16))
    }

    pub fn count(&self) -> usize {
        usize::from(self.count)
    }
}

/// The members as one pick sees them. The algorithm asks it who is usable and decides among those.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub members: &'a [Member],
    pub request: &'a Request<'a>,
    /// In a panic health is ignored: better a doubtful server than none.
    pub panic: bool,
    /// Members in slow start whose turn this is not: a bit for each index in the pool, or nothing.
    pub held: &'a [u64],
    /// The bound on each member's load, where an algorithm was asked to keep one.
    pub room: Option<Room>,
}

impl<'a> View<'a> {
    pub fn new(members: &'a [Member], request: &'a Request<'a>) -> Self {
        Self { members, request, panic: false, held: &[], room: None }
    }

    #[inline]
    pub fn usable(&self, index: usize) -> bool {
        self.is_plain() && self.members[index].is_ready() || self.exclusion(index).is_none()
    }

    /// Whether the usual case holds, in which a member that is ready is also usable. Every algorithm asks for
    /// every pick, so it is worth a short way.
    #[inline]
    fn is_plain(&self) -> bool {
        self.request.tried.count() == 0 && self.held.is_empty() && self.room.is_none()
    }

    /// Why a member cannot be picked, or nothing if it can.
    #[cold]
    #[inline(never)]
    pub fn exclusion(&self, index: usize) -> Option<Exclusion> {
        let member = &self.members[index];
        if member.is_draining() {
            return Some(Exclusion::Drained);
        }
        if self.request.tried.contains(member.index) {
            return Some(Exclusion::Tried);
        }
        if !self.panic {
            match member.standing.health() {
                Health::Down => return Some(Exclusion::Down),
                Health::Ejected => return Some(Exclusion::Ejected),
                Health::Trial if member.in_flight() > 0 => return Some(Exclusion::OnTrial),
                Health::Up | Health::Trial => {}
            }
        }
        if member.is_full() {
            return Some(Exclusion::Full);
        }
        if self.is_held(member.index) {
            return Some(Exclusion::WarmingUp);
        }
        match self.room {
            Some(room) if member.in_flight() >= room.of(member) => Some(Exclusion::OverBound),
            _ => None,
        }
    }

    fn is_held(&self, index: u32) -> bool {
        let word = self.held.get(index as usize / 64).copied().unwrap_or(0);
        word >> (index % 64) & 1 == 1
    }

    #[inline]
    pub fn usable_indexes(self) -> impl Iterator<Item = usize> + 'a {
        // Asked once here and not for each member.
        let plain = self.is_plain();
        let members = self.members.iter().enumerate();
        members
            .filter(move |(index, member)| {
                plain && member.is_ready() || self.exclusion(*index).is_none()
            })
            .map(|(index, _)| index)
    }
}

/// How much a member may carry while loads are bounded: its weight's part of `slots`, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    pub slots: u64,
    pub weight_total: u64,
}

impl Room {
    pub fn of(self, member: &Member) -> u32 {
        let share = (self.slots * u64::from(member.weight)).div_ceil(self.weight_total.max(1));
        share.clamp(1, u64::from(u32::MAX)) as u32
    }
}
