//! A world with one mock in it, and patience with a limit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use evenkeel::model::{Behaviour, Failures, Latency};
use evenkeel::period::{Clock, Period};
use evenkeel::world::{Mock, MockSettings, World, WorldSettings};

/// The mock goes first, the world after it.
pub(crate) struct Stage {
    pub(crate) mock: Mock,
    pub(crate) world: World,
}

pub(crate) fn world() -> World {
    World::start(WorldSettings::new(Arc::new(Watch::start()))).unwrap()
}

/// A mock that answers at once, with changes.
pub(crate) fn stage(change: impl FnOnce(&mut MockSettings)) -> Stage {
    let world = world();
    let mock = add(&world, "a", change);
    Stage { mock, world }
}

pub(crate) fn add(world: &World, name: &str, change: impl FnOnce(&mut MockSettings)) -> Mock {
    let mut settings = MockSettings::new(name);
    settings.behaviour = quick();
    change(&mut settings);
    world.start_mock(settings).unwrap()
}

pub(crate) fn quick() -> Behaviour {
    Behaviour { latency: Latency::Constant(Period::ZERO), ..Behaviour::default() }
}

pub(crate) fn lasting(millis: u64) -> Behaviour {
    Behaviour { latency: Latency::Constant(Period::from_millis(millis)), ..quick() }
}

/// A mock that always fails in one way.
pub(crate) fn failing(kind: &str) -> Behaviour {
    let mut failures = Failures::default();
    failures.set(format!("{kind}:100%").parse().unwrap());
    Behaviour { failures, ..quick() }
}

/// Waits for something that comes to pass soon.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

pub(crate) struct Watch(Instant);

impl Watch {
    pub(crate) fn start() -> Self {
        Self(now())
    }

    pub(crate) fn millis(&self) -> u64 {
        self.0.elapsed().as_millis() as u64
    }
}

impl Clock for Watch {
    fn now_ns(&self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }

    fn unix_ns(&self) -> u64 {
        self.now_ns()
    }
}

#[expect(clippy::disallowed_methods, reason = "tests on real sockets live in real time")]
fn now() -> Instant {
    Instant::now()
}

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
