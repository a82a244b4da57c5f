//! NGINX's `hash KEY consistent`: a ring of CRC-32 points, the same as Perl's `Cache::Memcached::Fast`.
//!
//! A server has 160 points for each unit of weight. Its name is split at the last colon if digits alone follow;
//! a point is `crc32(host NUL port point-before)`, the point before in little endian and 0 at first. Of points at
//! one place the first server's is kept. A key belongs to the first point at or after its own CRC-32.
//!
//! If that server is out, the next points are looked at. After 21 misses, and without a key, it is somebody's
//! turn by weight, whatever the key. NGINX counts the misses of all tries of a request together; each try here
//! begins at the key's point again and misses what was missed before, which comes to the same.
//! Source: NGINX, `ngx_http_upstream_hash_module.c`.

use super::super::decision::{Notes, Quantity, Rule, Value};
use super::super::member::Member;
use super::super::view::View;
use super::super::weighted::smooth;
use super::super::{Balancer, Origin, Picture};
use super::circle::Circle;
use super::{Bound, Ring};
use crate::dice::Dice;
use crate::hash::{crc32, crc32_joined};

pub(super) fn build(settings: &Ring, members: &[Member], _origin: &Origin) -> Box<dyn Balancer> {
    let per_weight = settings.points.unwrap_or(POINTS_PER_WEIGHT).max(1);
    let bound = settings.load_bound.map_or(Bound::None, Bound::Walk);
    Box::new(Consistent { circle: Circle::new(points(members, per_weight)), bound })
}

struct Consistent {
    circle: Circle,
    bound: Bound,
}

impl Balancer for Consistent {
    fn pick(&self, view: &View<'_>, _dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        let key = view.request.key;
        if key.is_empty() {
            notes.add(|decision| decision.rule = Some(Rule::NoKey));
            return smooth::turn(view, notes);
        }
        let position = on_circle(crc32(key));
        notes.add(|decision| decision.fact(Quantity::Position, Value::Around(position)));
        self.bound.pick(view, position, notes, |view, notes| self.walk(view, position, notes))
    }

    fn picture(&self) -> Picture<'_> {
        self.circle.picture()
    }
}

impl Consistent {
    fn walk(&self, view: &View<'_>, position: u64, notes: &mut Notes) -> Option<usize> {
        let first = self.circle.at_or_after(position)?;
        // Bounded loads are not NGINX's and promise the next owner on the ring, however far it is.
        let looks_max = if view.room.is_some() { self.circle.len() as u64 } else { LOOKS_MAX };
        let places = (first..self.circle.len()).chain(0..first).cycle();
        let found =
            (0..looks_max).zip(places).find(|&(_, place)| view.usable(self.circle.owner(place)));
        let Some((misses, place)) = found else {
            notes.add(|decision| decision.rule = Some(Rule::MostCredit));
            return smooth::turn(view, notes);
        };
        let owner = self.circle.owner(place);
        // As in NGINX, where the only server at a point takes a turn by itself.
        smooth::give_back(&view.members[owner]);
        notes.add(|decision| {
            decision.rule = Some(if misses == 0 { Rule::NextPoint } else { Rule::NextOwner });
            decision.fact(Quantity::Attempt, Value::Count(misses + 1));
            let point = self.circle.position(place);
            decision.saw(view, owner, Quantity::Position, Value::Around(point));
        });
        Some(owner)
    }
}

fn points(members: &[Member], per_weight: u32) -> Vec<(u64, u32)> {
    let mut points: Vec<(u64, u32)> = (0..)
        .zip(members)
        .flat_map(|(index, member)| {
            let count = member.weight as usize * per_weight as usize;
            chain(&member.name).take(count).map(move |hash| (on_circle(hash), index))
        })
        .collect();
    points.sort_by_key(|&(position, _)| position);
    points.dedup_by_key(|&mut (position, _)| position);
    points
}

/// A server's points, each made from the one before.
fn chain(name: &str) -> impl Iterator<Item = u32> {
    let (host, port) = host_and_port(name);
    let next = move |before: u32| {
        crc32_joined([host.as_bytes(), b"\0", port.as_bytes(), &before.to_le_bytes()])
    };
    std::iter::successors(Some(next(0)), move |&before| Some(next(before)))
}

fn host_and_port(name: &str) -> (&str, &str) {
    let is_unix = name.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("unix:"));
    if is_unix {
        return (&name[5..], "");
    }
    match name.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port),
        _ => (name, ""),
    }
}

/// Hashes of 32 bits stand in the upper half of a position.
fn on_circle(hash: u32) -> u64 {
    u64::from(hash) << 32
}

const POINTS_PER_WEIGHT: u32 = 160;
/// The first, and twenty more.
const LOOKS_MAX: u64 = 21;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::view::Request;

    fn members(count: usize) -> Vec<Member> {
        (0..count).map(|index| Member::new(&format!("10.0.0.{index}:80"), index, 1)).collect()
    }

    fn picked(settings: &Ring, members: &[Member], key: &str) -> Option<usize> {
        let request = Request::keyed(key.as_bytes());
        let view = View::new(members, &request);
        let balancer = build(settings, members, &Origin::default());
        balancer.pick(&view, &mut Dice::new(0), &mut Notes::off())
    }

    #[test]
    fn names_are_split_as_nginx_splits_them() {
        for (name, expected) in [
            ("10.0.0.1:80", ("10.0.0.1", "80")),
            ("10.0.0.1", ("10.0.0.1", "")),
            ("[::1]:8080", ("[::1]", "8080")),
            ("[::1]", ("[::1]", "")),
            ("unix:/run/app.sock", ("/run/app.sock", "")),
            ("app:", ("app", "")),
            ("app", ("app", "")),
            ("ünix", ("ünix", "")),
        ] {
            assert_eq!(host_and_port(name), expected, "{name}");
        }
    }

    #[test]
    fn a_point_is_made_from_the_one_before() {
        let first = crc32(b"10.0.0.1\080\0\0\0\0");
        let second = crc32(&[&b"10.0.0.1\080"[..], &first.to_le_bytes()].concat());
        assert_eq!(chain("10.0.0.1:80").take(2).collect::<Vec<_>>(), [first, second]);
    }

    #[test]
    fn there_are_160_points_for_each_unit_of_weight() {
        let mut members = members(2);
        members[1].weight = 3;
        let points = points(&members, POINTS_PER_WEIGHT);
        let of = |index| points.iter().filter(|&&(_, owner)| owner == index).count();
        assert_eq!([of(0), of(1)], [160, 480]);
    }

    #[test]
    fn only_the_keys_of_a_server_that_left_move() {
        let all = members(8);
        let fewer: Vec<Member> = all.iter().filter(|member| member.index != 3).cloned().collect();
        for number in 0..500 {
            let key = format!("key-{number}");
            let before = picked(&Ring::default(), &all, &key).map(|index| all[index].index);
            let after = picked(&Ring::default(), &fewer, &key).map(|index| fewer[index].index);
            assert!(
                before == after || before == Some(3),
                "{key} moved from {before:?} to {after:?}"
            );
        }
    }

    #[test]
    fn a_lone_usable_server_among_many_is_found() {
        let mut members = members(100);
        for member in &mut members {
            member.drained = member.index != 42;
        }
        for bound in [None, Some(1.25)] {
            let settings = Ring { load_bound: bound, ..Ring::default() };
            for number in 0..100 {
                assert_eq!(picked(&settings, &members, &format!("k{number}")), Some(42));
            }
        }
    }

    #[test]
    fn without_anybody_there_is_no_pick() {
        assert_eq!(picked(&Ring::default(), &[], "k"), None);
        assert_eq!(picked(&Ring::default(), &[], ""), None);
        let mut members = members(2);
        for member in &mut members {
            member.weight = 0;
        }
        assert_eq!(picked(&Ring::default(), &members, "k"), None);
    }
}
