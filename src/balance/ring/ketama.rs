//! The first widely used ring: libketama, written at Last.fm in 2007.
//!
//! `ketama.c`. A server with the average weight has 40 MD5 digests of `name-k`, and each digest gives four
//! points of 32 bits. The number is rounded down in single precision, so weights that do not divide well lose
//! a few points, and a server forty times lighter than the average has none.

use super::super::Balancer;
use super::super::bounded::Bound;
use super::super::member::Member;
use super::{Circle, Ring, Successor};
use crate::hash::md5;

pub(super) fn build(settings: &Ring, members: &[Member]) -> Box<dyn Balancer> {
    let digests = settings.points.map_or(DIGESTS, |points| points.div_ceil(4).max(1));
    Box::new(Successor {
        circle: Circle::new(points(members, digests)),
        locate,
        bound: settings.load_bound.map_or(Bound::None, Bound::Walk),
    })
}

fn points(members: &[Member], digests: u32) -> Vec<(u64, u32)> {
    let total: u64 = members.iter().map(|member| u64::from(member.weight)).sum();
    let on_ring = || members.iter().enumerate().filter(|(_, member)| member.weight > 0);
    let count = on_ring().count() as f32;
    on_ring()
        .flat_map(|(index, member)| {
            let share = member.weight as f32 / total as f32;
            // The C program multiplies in double precision what it divided in single, then floors as single.
            let exact = f64::from(share) * f64::from(digests) * f64::from(count);
            let own = (exact as f32).floor() as u32;
            (0..own).flat_map(move |k| {
                let digest = md5(format!("{}-{k}", member.name).as_bytes());
                [0, 4, 8, 12].map(|start| (word(&digest, start), index as u32))
            })
        })
        .collect()
}

fn locate(key: &[u8]) -> u64 {
    word(&md5(key), 0)
}

/// Four bytes of a digest, lowest first, scaled to the circle.
fn word(digest: &[u8; 16], start: usize) -> u64 {
    let bytes = [digest[start], digest[start + 1], digest[start + 2], digest[start + 3]];
    u64::from(u32::from_le_bytes(bytes)) << 32
}

const DIGESTS: u32 = 40;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::Notes;
    use crate::balance::view::{Request, View};
    use std::fmt::Write as _;

    #[test]
    fn a_million_keys_fall_as_in_libketamas_own_test() {
        let weights = [600, 300, 200, 350, 1_000, 800, 950, 100];
        let members: Vec<Member> = (1..)
            .zip(weights)
            .map(|(host, weight)| Member::new(&format!("10.0.1.{host}:11211"), host - 1, weight))
            .collect();
        let bound = Bound::None;
        let ring = Successor { circle: Circle::new(points(&members, DIGESTS)), locate, bound };
        let request = Request::default();
        let view = View::new(&members, &request);

        // What `ketama_test` prints: an empty line, then for each key its hash, the point and the server.
        let mut printed = String::from("\n");
        for key in 0..1_000_000 {
            let position = locate(key.to_string().as_bytes());
            let place = ring.circle.at_or_after(position).unwrap();
            let point = ring.circle.position(place) >> 32;
            let owner = ring.walk(&view, position, &mut Notes::off()).unwrap();
            writeln!(printed, "{} {point} {}", position >> 32, members[owner].name).unwrap();
        }
        let digest = md5(printed.as_bytes()).map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(digest, "5672b131391f5aa2b280936aec1eea74");
    }
}
