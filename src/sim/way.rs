//! The way of a request from its listener to a pool.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::hash::mix;
use crate::lab::{Action, Facts, Lab, RequestKind, Retries, Route, Timeouts};

use super::crowd::Crowd;

/// All ways that start at one listener.
#[derive(Debug, Clone, Default)]
pub(super) struct Ways {
    routes: Vec<(Route, Way)>,
    open: bool,
}

/// Where a route leads, and on which terms.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) index: u32,
    pub(super) goal: Goal,
    pub(super) retries: Retries,
    pub(super) timeouts: Timeouts,
}

#[derive(Debug, Clone)]
pub(super) enum Goal {
    Front(u32),
    /// Several pools with the running sums of their weights. Sticky: a client stays on its side.
    Split {
        sides: Vec<(u64, u32)>,
        sticky: bool,
    },
    /// Answered by the proxy itself.
    Answer(u16),
}

/// What a listener makes of a request.
pub(super) enum Led<'a> {
    /// The listener is closed.
    Refused,
    /// No route matches.
    Nowhere,
    To(&'a Way),
}

impl Ways {
    pub(super) fn new(lab: &Lab, listener: &str, front_of: &BTreeMap<&str, u32>) -> Self {
        let Some(listener) = lab.listener(listener) else { return Self::default() };
        let routes = listener.routes_in_force().into_iter().map(std::borrow::Cow::into_owned);
        let ways = routes.enumerate().map(|(index, route)| {
            let way = Way {
                index: index as u32,
                goal: Goal::of(&route.to, front_of),
                retries: route.retries.clone(),
                timeouts: route.timeouts.clone(),
            };
            (route, way)
        });
        Self { routes: ways.collect(), open: listener.enabled }
    }

    pub(super) fn get(&self, index: u32) -> Option<&Way> {
        self.routes.get(index as usize).map(|(_, way)| way)
    }

    /// Whether requests can come to a pool from here.
    pub(super) fn lead_to(&self, front: u32) -> bool {
        self.routes.iter().any(|(_, way)| match &way.goal {
            Goal::Front(goal) => *goal == front,
            Goal::Split { sides, .. } => sides.iter().any(|&(_, side)| side == front),
            Goal::Answer(_) => false,
        })
    }

    /// The first way whose conditions hold.
    pub(super) fn lead(&self, crowd: &Crowd, kind: u32, identity: u32, key: u64) -> Led<'_> {
        if !self.open {
            return Led::Refused;
        }
        if let [(route, way), ..] = &self.routes[..]
            && route.when.is_empty()
        {
            return Led::To(way);
        }
        let kind = crowd.kind(kind);
        let mut target = Vec::new();
        crowd.write_path(kind, key, &mut target);
        let target = String::from_utf8_lossy(&target);
        let matches = |route: &Route| matches(route, kind, &target, crowd.address(identity).1);
        let found = self.routes.iter().find(|(route, _)| matches(route));
        found.map_or(Led::Nowhere, |(_, way)| Led::To(way))
    }
}

fn matches(route: &Route, kind: &RequestKind, target: &str, source: IpAddr) -> bool {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let header = |name: &str| {
        let mut headers = kind.headers.iter();
        headers
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    };
    route.when.matches(&Facts {
        host: kind.host.as_deref().unwrap_or_default(),
        path,
        query,
        method: &kind.method,
        source: Some(source),
        sni: kind.host.as_deref(),
        header: &header,
    })
}

impl Goal {
    fn of(action: &Action, front_of: &BTreeMap<&str, u32>) -> Self {
        let front =
            |pool: &str| *front_of.get(pool).expect("a checked lab's routes lead to its pools");
        match action {
            Action::Pool(pool) => Self::Front(front(pool)),
            Action::Split(split) => {
                let mut total = 0;
                let sides = split.parts.iter().map(|part| {
                    total += u64::from(part.weight);
                    (total, front(&part.pool))
                });
                Self::Split { sides: sides.collect(), sticky: split.sticky.is_some() }
            }
            Action::Redirect { status, .. } | Action::Answer { status, .. } => {
                Self::Answer(*status)
            }
        }
    }

    /// The pool for a request, or the status it is answered with at once. `client` and `number` decide the
    /// side of a split, so that it is the same whatever the algorithms do.
    pub(super) fn settle(&self, client: u64, number: u64) -> Result<u32, u16> {
        match self {
            Self::Front(front) => Ok(*front),
            Self::Answer(status) => Err(*status),
            Self::Split { sides, sticky } => {
                let total = sides.last().map_or(0, |&(total, _)| total).max(1);
                let draw =
                    mix(if *sticky { client ^ SIDE_SEED } else { number ^ SIDE_SEED }) % total;
                let side = sides.partition_point(|&(up_to, _)| up_to <= draw);
                sides.get(side).map(|&(_, front)| front).ok_or(NO_SIDE)
            }
        }
    }
}

const SIDE_SEED: u64 = 0x7369_6465;
/// A split whose sides all have weight 0 serves nobody.
const NO_SIDE: u16 = 503;
