//! Which of many routes a request takes, without asking all of them.
//!
//! The first route whose condition holds decides. Each route is filed under something that every request has which it
//! takes: the host or the name asked for in TLS, and then the path or the beginning of it. A request looks only where its
//! own host and path lead, and what it finds there is asked as if there were no files; so they can leave out what does
//! not match, and never change the answer. They hold hashes and no texts: two that share a hash share a place, which costs
//! one more question.

use std::collections::HashMap;

use super::matching::{Facts, bare_host};
use super::route::{Condition, PathCondition};

/// The conditions of a listener's routes, in order.
#[derive(Debug, Default)]
pub struct Routing {
    conditions: Vec<Condition>,
    hosts: Names,
    /// Of routes that ask for no host.
    sni: Names,
    others: Paths,
}

/// Routes by the name that they are for.
#[derive(Debug, Default)]
struct Names {
    exact: HashMap<u64, Paths>,
    /// Patterns that begin with `*.`, by what follows.
    below: HashMap<u64, Paths>,
    bytes_max: usize,
}

/// Routes by the path that they are for, each list in order.
#[derive(Debug, Default)]
struct Paths {
    exact: HashMap<u64, Vec<u32>>,
    prefixes: HashMap<u64, Vec<u32>>,
    bytes_max: usize,
    others: Vec<u32>,
}

impl Routing {
    pub fn new(conditions: Vec<Condition>) -> Self {
        let mut routing = Self::default();
        for (index, condition) in conditions.iter().enumerate() {
            routing.file(index as u32, condition);
        }
        Self { conditions, ..routing }
    }

    /// The first whose condition holds.
    pub fn first(&self, facts: &Facts<'_>) -> Option<usize> {
        let mut best = self.conditions.len();
        let mut ask = |list: &[u32]| {
            let mut earlier = list.iter().map(|&index| index as usize).take_while(|&it| it < best);
            if let Some(found) = earlier.find(|&it| self.conditions[it].matches(facts)) {
                best = found;
            }
        };
        self.others.visit(facts.path, &mut ask);
        self.hosts.visit(facts.host, |paths| paths.visit(facts.path, &mut ask));
        if let Some(name) = facts.sni {
            self.sni.visit(name, |paths| paths.visit(facts.path, &mut ask));
        }
        (best < self.conditions.len()).then_some(best)
    }

    fn file(&mut self, index: u32, condition: &Condition) {
        let (names, patterns) = if condition.hosts.is_empty() {
            (&mut self.sni, &condition.sni)
        } else {
            (&mut self.hosts, &condition.hosts)
        };
        if patterns.is_empty() {
            self.others.file(index, condition.path.as_ref());
        }
        for pattern in patterns {
            names.under(pattern).file(index, condition.path.as_ref());
        }
    }
}

impl Names {
    /// Where routes for a pattern are.
    fn under(&mut self, pattern: &str) -> &mut Paths {
        let (map, name) = match pattern.strip_prefix("*.") {
            Some(parent) => (&mut self.below, parent),
            None => (&mut self.exact, pattern),
        };
        self.bytes_max = self.bytes_max.max(name.len());
        let hash =
            name.bytes().rev().fold(START, |hash, byte| step(hash, byte.to_ascii_lowercase()));
        map.entry(hash).or_default()
    }

    /// All places where routes for a name can be. From its end, so that one walk meets all that it can lie below.
    fn visit(&self, name: &str, mut visit: impl FnMut(&Paths)) {
        if self.exact.is_empty() && self.below.is_empty() {
            return;
        }
        let name = bare_host(name).as_bytes();
        let mut hash = START;
        for &byte in name.iter().rev().take(self.bytes_max + 1) {
            if byte == b'.' {
                self.below.get(&hash).into_iter().for_each(&mut visit);
            }
            hash = step(hash, byte.to_ascii_lowercase());
        }
        if name.len() <= self.bytes_max {
            self.exact.get(&hash).into_iter().for_each(visit);
        }
    }
}

impl Paths {
    fn file(&mut self, index: u32, path: Option<&PathCondition>) {
        let (map, text) = match path {
            Some(PathCondition::Exact(exact)) => (&mut self.exact, exact.as_str()),
            Some(PathCondition::Prefix(prefix)) => {
                (&mut self.prefixes, prefix.strip_suffix('/').unwrap_or(prefix))
            }
            Some(PathCondition::Pattern(_)) | None => return self.others.push(index),
        };
        self.bytes_max = self.bytes_max.max(text.len());
        map.entry(text.bytes().fold(START, step)).or_default().push(index);
    }

    /// All lists that can hold a route for a path.
    fn visit(&self, path: &str, mut visit: impl FnMut(&[u32])) {
        visit(&self.others);
        if self.exact.is_empty() && self.prefixes.is_empty() {
            return;
        }
        let mut hash = START;
        for byte in path.bytes().take(self.bytes_max + 1) {
            if byte == b'/' {
                self.prefixes.get(&hash).into_iter().for_each(|list| visit(list));
            }
            hash = step(hash, byte);
        }
        if path.len() <= self.bytes_max {
            self.prefixes.get(&hash).into_iter().for_each(|list| visit(list));
            self.exact.get(&hash).into_iter().for_each(|list| visit(list));
        }
    }
}

/// FNV-1a, one byte on: it gives the hash of every beginning on the way to the whole.
fn step(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
}

const START: u64 = 0xcbf2_9ce4_8422_2325;

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::prelude::*;
    use proptest::{collection, option, sample};

    use super::*;

    /// Few names and segments, so that routes and requests meet, in every way that could go wrong.
    fn hosts() -> impl Strategy<Value = Vec<String>> {
        const PATTERNS: [&str; 11] =
            ["a.b", "A.b", "*.b", "*.a.B", "b", "", "*.", "c.a.b", "::1", "a.b:80", "ä.b"];
        collection::vec(sample::select(&PATTERNS[..]).prop_map(str::to_owned), 0..3)
    }

    fn path() -> impl Strategy<Value = String> {
        const PARTS: [&str; 7] = ["/", "/a", "/b", "a", "//", "/A", ""];
        collection::vec(sample::select(&PARTS[..]), 0..4).prop_map(|parts| parts.concat())
    }

    fn condition() -> impl Strategy<Value = Condition> {
        let path = option::of((0..3, path()).prop_map(|(kind, text)| match kind {
            0 => PathCondition::Exact(text),
            1 => PathCondition::Prefix(text),
            _ => PathCondition::Pattern(text.replace('b', "*").replace('A', "**")),
        }));
        let methods = sample::subsequence(vec!["GET".to_owned(), "PUT".to_owned()], 0..=1);
        (hosts(), path, methods, hosts()).prop_map(|(hosts, path, methods, sni)| Condition {
            hosts,
            path,
            methods,
            sni,
            ..Condition::default()
        })
    }

    fn name() -> impl Strategy<Value = String> {
        const NAMES: [&str; 12] = [
            "a.b",
            "A.B:80",
            "x.a.b",
            "b",
            "",
            ".b",
            "b.",
            "[::1]:1",
            "[::1]",
            "ä.b",
            "c.a.b",
            "b.b:80:80",
        ];
        sample::select(&NAMES[..]).prop_map(str::to_owned)
    }

    proptest! {
        #[test]
        fn the_first_route_is_the_one_that_asking_all_of_them_finds(
            conditions in collection::vec(condition(), 0..12),
            requests in collection::vec((name(), path(), option::of(name()), any::<bool>()), 8),
        ) {
            let routing = Routing::new(conditions.clone());
            for (host, path, sni, puts) in &requests {
                let facts = Facts {
                    host,
                    path,
                    query: "",
                    method: if *puts { "PUT" } else { "GET" },
                    source: Some(IpAddr::from([127, 0, 0, 1])),
                    sni: sni.as_deref(),
                    header: &|_| None,
                };
                let plainly = conditions.iter().position(|condition| condition.matches(&facts));
                prop_assert_eq!(routing.first(&facts), plainly, "{} {} {:?}", host, path, sni);
            }
        }
    }

    #[test]
    fn a_route_for_another_host_or_path_is_not_asked() {
        let condition = |index: usize| Condition {
            hosts: vec![format!("host{index}.example")],
            path: Some(PathCondition::Prefix(format!("/path{index}/"))),
            ..Condition::default()
        };
        let routing = Routing::new((0..1000).map(condition).collect());
        let mut asked = Vec::new();
        routing.hosts.visit("host700.example:80", |paths| {
            paths.visit("/path700/x", |list| asked.extend_from_slice(list));
        });
        assert_eq!(asked, [700]);
    }
}
