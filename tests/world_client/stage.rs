//! A client group on a world of its own, and waiting for what it should do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use evenkeel::lab::{Client, Identities};
use evenkeel::meter::{CounterReading, Outcome, StatusClass};
use evenkeel::model::{Arrivals, Latency};
use evenkeel::period::{Clock, Period};
use evenkeel::world::client::{ClientHandle, ClientSettings, Target, Traffic};
use evenkeel::world::{World, WorldSettings};

pub(crate) const OK: Outcome = Outcome::Answered(StatusClass::Success);
pub(crate) const SEED: u64 = 7;

pub(crate) struct TestClock(Instant);

impl TestClock {
    #[expect(clippy::disallowed_methods, reason = "tests on real sockets run in real time")]
    pub(crate) fn start() -> Arc<dyn Clock> {
        Arc::new(Self(Instant::now()))
    }
}

impl Clock for TestClock {
    fn now_ns(&self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }

    fn unix_ns(&self) -> u64 {
        1_700_000_000_000_000_000 + self.now_ns()
    }
}

/// A client group under way.
pub(crate) struct Stage {
    pub(crate) handle: Option<ClientHandle>,
    pub(crate) client: Client,
    pub(crate) target: Target,
    _world: World,
}

impl Stage {
    pub(crate) fn start(client: Client, address: SocketAddr) -> Self {
        Self::start_until(client, Target::http(address), None)
    }

    /// Sends for a second and then ends.
    pub(crate) fn for_a_second(client: Client, address: SocketAddr) -> Self {
        Self::start_until(client, Target::http(address), Some(1_000_000_000))
    }

    pub(crate) fn start_until(client: Client, target: Target, until_ns: Option<u64>) -> Self {
        let clock = TestClock::start();
        let settings = WorldSettings { threads: 1, ..WorldSettings::new(Arc::clone(&clock)) };
        let world = World::start(settings).unwrap();
        let settings = ClientSettings {
            client: client.clone(),
            target: target.clone(),
            seed: SEED,
            stream: 0,
            traffic: Arc::new(Traffic::new(clock.now_ns(), 10_000)),
            from_ns: 0,
            until_ns,
        };
        let handle = Some(world.start_client(settings).unwrap());
        Self { handle, client, target, _world: world }
    }

    pub(crate) fn handle(&self) -> &ClientHandle {
        self.handle.as_ref().unwrap()
    }

    pub(crate) fn counters(&self) -> CounterReading {
        self.handle().meter().read().counters
    }

    pub(crate) fn retune(&mut self, change: impl FnOnce(&mut Client)) {
        change(&mut self.client);
        self.handle().retune(self.client.clone(), self.target.clone());
    }

    /// Waits until so many requests have ended.
    pub(crate) fn finished(&self, count: u64) -> CounterReading {
        wait(&format!("{count} requests to end"), || self.counters().finished() >= count);
        self.counters()
    }
}

pub(crate) fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let clock = TestClock::start();
    while !is_so() {
        assert!(clock.now_ns() < 20_000_000_000, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub(crate) fn steady(per_second: f64) -> Client {
    Client { arrivals: Arrivals::Steady { per_second }, ..Client::default() }
}

pub(crate) fn users(users: u32) -> Client {
    let think = Latency::Constant(Period::from_millis(1));
    Client { arrivals: Arrivals::Closed { users, think }, ..identities(users) }
}

pub(crate) fn identities(count: u32) -> Client {
    let identities = Identities { count, ..Identities::default() };
    Client { identities, ..steady(200.0) }
}
