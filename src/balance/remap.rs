//! How many keys move between two pools, and how many of them need not.
//!
//! A key has to move if its server has fewer of the shares than before, and it has to move to one that has
//! more: from the removed to the rest, or from everybody to a newcomer. Every other move is needless. With
//! shares by weight, the least that must move is half the sum of all changes of share (the total variation
//! distance): 1/n when one of n equal servers leaves, 1/(n+1) when one joins.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::Balancer;
use super::algorithm::Algorithm;
use super::decision::Notes;
use super::member::Member;
use super::view::{Request, View};
use crate::dice::Dice;
use crate::hash::mix;

/// Keys to count with where nobody brings any: `key-0`, `key-1`, …, or addresses for an algorithm that hashes those.
pub fn sample_keys(algorithm: &Algorithm, count: u64) -> Vec<String> {
    let by_address = matches!(algorithm, Algorithm::IpHash(_));
    let key = |number: u64| {
        if by_address {
            Ipv4Addr::from(mix(number) as u32).to_string()
        } else {
            format!("key-{number}")
        }
    };
    (0..count).map(key).collect()
}

/// A pool and the server that each of the keys went to, as an index into `members`, or [`NOBODY`].
#[derive(Debug, Clone)]
pub struct Assignment<'m> {
    pub members: &'m [Member],
    pub owners: Vec<u32>,
}

/// The owner of a key that no server could take.
pub const NOBODY: u32 = u32::MAX;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moves {
    pub keys: u64,
    pub moved: u64,
    /// Those that went from a server that has no less than before, or to one that has no more.
    pub needless: u64,
    /// The part of all keys that must move, by the weights alone.
    pub unavoidable: f64,
}

impl<'m> Assignment<'m> {
    /// Asks the balancer about every request, one at a time, in an idle pool.
    pub fn new<'k>(
        balancer: &dyn Balancer,
        members: &'m [Member],
        requests: impl Iterator<Item = Request<'k>>,
    ) -> Self {
        let mut dice = Dice::new(0);
        let owners = requests
            .map(|request| {
                let view = View::new(members, &request);
                let owner = balancer.pick(&view, &mut dice, &mut Notes::off());
                owner.map_or(NOBODY, |owner| owner as u32)
            })
            .collect();
        Self { members, owners }
    }

    /// How many keys each member has, in their order.
    pub fn counts(&self) -> Vec<u64> {
        let mut counts = vec![0; self.members.len()];
        for &owner in self.owners.iter().filter(|&&owner| owner != NOBODY) {
            counts[owner as usize] += 1;
        }
        counts
    }

    /// What became of the same keys in another pool. Servers are the same if they have the same name.
    pub fn moves_to(&self, after: &Assignment<'_>) -> Moves {
        let servers = Servers::of(self.members, after.members);
        let mut moves =
            Moves { keys: 0, moved: 0, needless: 0, unavoidable: servers.unavoidable() };
        for (&old, &new) in self.owners.iter().zip(&after.owners) {
            let old = servers.before.get(old as usize).copied();
            let new = servers.after.get(new as usize).copied();
            let gives = old.is_none_or(|server| servers.change(server) < 0.0);
            let takes = new.is_none_or(|server| servers.change(server) > 0.0);
            moves.keys += 1;
            moves.moved += u64::from(old != new);
            moves.needless += u64::from(old != new && !(gives && takes));
        }
        moves
    }
}

/// The servers of both pools under common numbers, with their shares in each.
struct Servers {
    /// The common number of each member before and after.
    before: Vec<usize>,
    after: Vec<usize>,
    shares: Vec<[f64; 2]>,
}

impl Servers {
    fn of<'a>(before: &'a [Member], after: &'a [Member]) -> Self {
        let mut numbers = BTreeMap::new();
        let mut number = |member: &'a Member| {
            let next = numbers.len();
            *numbers.entry(&*member.name).or_insert(next)
        };
        let before_numbers: Vec<usize> = before.iter().map(&mut number).collect();
        let after_numbers: Vec<usize> = after.iter().map(&mut number).collect();
        let mut shares = vec![[0.0; 2]; numbers.len()];
        for (side, members, numbers) in [(0, before, &before_numbers), (1, after, &after_numbers)] {
            let total: f64 = members.iter().map(weight).sum();
            for (member, &number) in members.iter().zip(numbers) {
                shares[number][side] += weight(member) / total.max(1.0);
            }
        }
        Self { before: before_numbers, after: after_numbers, shares }
    }

    fn change(&self, server: usize) -> f64 {
        let [before, after] = self.shares[server];
        after - before
    }

    /// What some gain is what others lose, unless nobody is left.
    fn unavoidable(&self) -> f64 {
        let gained = self.shares.iter().map(|[before, after]| (after - before).max(0.0)).sum();
        let lost: f64 = self.shares.iter().map(|[before, after]| (before - after).max(0.0)).sum();
        lost.max(gained)
    }
}

/// Its part of the keys: nothing for a server that takes none.
fn weight(member: &Member) -> f64 {
    if member.drained { 0.0 } else { f64::from(member.weight) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::Origin;
    use crate::balance::jump::Jump;
    use crate::balance::maglev::Maglev;
    use crate::balance::rendezvous::Rendezvous;
    use crate::balance::ring::{Dialect, Ring};

    fn pool(count: usize) -> Vec<Member> {
        (0..count).map(|index| Member::new(&format!("s{index}"), index, 1)).collect()
    }

    fn moves(algorithm: &Algorithm, before: &[Member], after: &[Member]) -> Moves {
        let keys: Vec<[u8; 4]> = (0..50_000_u32).map(u32::to_le_bytes).collect();
        let assign = |members| {
            let balancer = algorithm.build(members, &Origin::default());
            Assignment::new(&*balancer, members, keys.iter().map(|key| Request::keyed(key))).owners
        };
        let before = Assignment { members: before, owners: assign(before) };
        before.moves_to(&Assignment { members: after, owners: assign(after) })
    }

    fn check(moves: &Moves, unavoidable: f64, needless_most: f64) {
        let keys = moves.keys as f64;
        assert!((moves.unavoidable - unavoidable).abs() < 1e-12, "{moves:?}");
        assert!(moves.needless as f64 <= needless_most * keys, "{moves:?}");
        assert!(moves.moved as f64 > 0.5 * unavoidable * keys, "{moves:?}");
    }

    #[test]
    fn rings_and_rendezvous_move_no_key_without_need() {
        let members = pool(10);
        let without: Vec<Member> =
            members.iter().filter(|member| member.index != 4).cloned().collect();
        let ketama: Algorithm = Ring { dialect: Dialect::Ketama, ..Ring::default() }.into();
        for algorithm in [ketama, Rendezvous::default().into()] {
            check(&moves(&algorithm, &members, &without), 0.1, 0.0);
            check(&moves(&algorithm, &without, &members), 0.1, 0.0);
        }
    }

    #[test]
    fn maglev_stays_within_what_is_published() {
        let members = pool(10);
        // 0.23 % of slots change without need when one of ten leaves a table of 65537.
        check(&moves(&Maglev::default().into(), &members, &members[..9]), 0.1, 0.004);
    }

    #[test]
    fn jump_is_minimal_at_the_end_and_wasteful_in_the_middle() {
        let members = pool(10);
        check(&moves(&Jump {}.into(), &members, &members[..9]), 0.1, 0.0);
        let without: Vec<Member> =
            members.iter().filter(|member| member.index != 4).cloned().collect();
        let middle = moves(&Jump {}.into(), &members, &without);
        assert!(middle.needless as f64 > 0.3 * middle.keys as f64, "{middle:?}");
    }

    #[test]
    fn a_changed_weight_moves_the_change_of_shares() {
        let members = pool(4);
        let mut heavier = members.clone();
        heavier[2].weight = 3;
        let rendezvous = Rendezvous::default().into();
        // From a quarter to a half.
        check(&moves(&rendezvous, &members, &heavier), 0.25, 0.0);
        check(&moves(&rendezvous, &heavier, &members), 0.25, 0.0);
        let same = moves(&rendezvous, &members, &members);
        assert_eq!((same.moved, same.needless, same.unavoidable), (0, 0, 0.0));
    }

    #[test]
    fn all_keys_have_to_move_where_nobody_is_left() {
        let members = pool(2);
        let none = moves(&Rendezvous::default().into(), &members, &pool(0));
        assert_eq!((none.moved, none.needless, none.unavoidable), (none.keys, 0, 1.0));
    }

    #[test]
    fn keys_without_a_server_count_as_moved_when_one_appears() {
        let nobody = pool(0);
        let members = pool(2);
        let all = moves(&Rendezvous::default().into(), &nobody, &members);
        assert_eq!((all.moved, all.needless), (all.keys, 0));
    }
}
