//! IP hash: a client's network stays on one server, as in NGINX's `ip_hash`.
//!
//! Of an IPv4 address only the first three octets count, of IPv6 all sixteen. From 89 on, each octet makes
//! `hash = (113 * hash + octet) mod 6271`; `hash mod (sum of weights)` is a remainder and the members own rows of
//! remainders. If the owner is out, the same octets are run through again from the hash so far; after 21 misses
//! it is somebody's turn by weight. Source: NGINX, `ngx_http_upstream_ip_hash_module.c`.
//!
//! So a /24 network is one client, and all of the loopback network 127.0.0.0/24 goes to one server. Only 6271
//! hashes exist, so weights that add up to more leave the last servers without clients.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::decision::Notes;
use super::member::Member;
use super::modulo::Intervals;
use super::picture::Picture;
use super::view::{Request, View};
use super::{About, Balancer, Origin, Recipe};
use crate::dice::Dice;

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IpHash {}

impl Recipe for IpHash {
    const ABOUT: About = About {
        name: "ip-hash",
        title: "IP hash",
        summary: "a client's network (/24 of IPv4) stays on one server",
        weights: "a server owns as many remainders as its weight, out of 6271 hashes",
        text: "The client's address decides, as in NGINX: the first three numbers of an IPv4 address, all of an \
               IPv6 one. Everybody in a network of 256 addresses shares a server, and so does everybody \
               behind one router. All clients of this machine count as one. When servers change, nearly all \
               clients move.",
        keyed: true,
        settings: &[],
    };

    fn build(&self, members: &[Member], _origin: &Origin) -> Box<dyn Balancer> {
        Box::new(Networks { intervals: Intervals::new(members) })
    }
}

struct Networks {
    intervals: Intervals,
}

impl Balancer for Networks {
    fn pick(&self, view: &View<'_>, _dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        match address(view.request) {
            Some(IpAddr::V4(address)) => {
                self.intervals.search(view, hashes(&address.octets()[..3]), notes)
            }
            Some(IpAddr::V6(address)) => {
                self.intervals.search(view, hashes(&address.octets()), notes)
            }
            None => self.intervals.search(view, hashes(&NO_ADDRESS), notes),
        }
    }

    fn picture(&self) -> Picture<'_> {
        self.intervals.picture()
    }
}

/// The key if it is an address in writing, so that a header can carry the client's; else the client's own.
fn address(request: &Request<'_>) -> Option<IpAddr> {
    let written = std::str::from_utf8(request.key).ok().and_then(|key| key.parse().ok());
    written.or(request.address)
}

fn hashes(octets: &[u8]) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(run_through(START, octets)), move |&hash| {
        Some(run_through(hash, octets))
    })
}

fn run_through(hash: u64, octets: &[u8]) -> u64 {
    octets.iter().fold(hash, |hash, &octet| (hash * 113 + u64::from(octet)) % 6271)
}

const START: u64 = 89;
/// What NGINX takes for a client without an IP address.
const NO_ADDRESS: [u8; 3] = [0; 3];

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(members: &[Member], key: &str, address: Option<&str>) -> Option<usize> {
        let request = Request {
            key: key.as_bytes(),
            address: address.map(|address| address.parse().unwrap()),
            ..Request::default()
        };
        let balancer = IpHash {}.build(members, &Origin::default());
        balancer.pick(&View::new(members, &request), &mut Dice::new(0), &mut Notes::off())
    }

    fn members(weights: &[u32]) -> Vec<Member> {
        weights.iter().enumerate().map(|(index, &weight)| Member::new("m", index, weight)).collect()
    }

    #[test]
    fn three_octets_count() {
        // By hand for 10.1.2: 89*113+10 = 10067, -6271 = 3796; *113+1 = 428949, -68*6271 = 2521;
        // *113+2 = 284875, -45*6271 = 2680.
        assert_eq!(hashes(&[10, 1, 2]).next(), Some(2680));
        let members = members(&[1; 7]);
        assert_eq!(picked(&members, "", Some("10.1.2.3")), Some(2680 % 7));
        assert_eq!(picked(&members, "", Some("10.1.2.254")), Some(2680 % 7));
    }

    #[test]
    fn an_address_in_the_key_goes_before_the_clients_own() {
        let members = members(&[1; 7]);
        assert_eq!(picked(&members, "10.1.2.3", None), Some(2680 % 7));
        assert_eq!(picked(&members, "10.1.2.3", Some("10.9.9.9")), Some(2680 % 7));
        assert_eq!(picked(&members, "shop", Some("10.1.2.3")), Some(2680 % 7));
    }

    #[test]
    fn all_of_an_ipv6_address_counts() {
        let members = members(&[1; 64]);
        let picks: Vec<_> = (1..40)
            .map(|last| picked(&members, "", Some(&format!("2001:db8::{last:x}"))))
            .collect();
        assert!(picks.iter().any(|pick| *pick != picks[0]));
    }

    #[test]
    fn without_any_address_there_is_still_a_server() {
        assert!(picked(&members(&[1, 1]), "", None).is_some());
        assert_eq!(picked(&members(&[0]), "", None), None);
    }
}
