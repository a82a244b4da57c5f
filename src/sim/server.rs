//! A server in virtual time: a station with a behaviour.

use crate::dice::Dice;
use crate::lab::{self, Probe};
use crate::meter::Meter;
use crate::model::{Behaviour, FailureKind, Station};

use super::flight::{Fate, FlightId};

/// Servers keep their number for a whole run, also across removal and return.
pub(super) struct Server {
    pub(super) pool: String,
    pub(super) name: String,
    /// False: it refuses connections.
    pub(super) enabled: bool,
    pub(super) behaviour: Behaviour,
    pub(super) station: Station<FlightId>,
    /// Raised when it is killed: what was planned before will not happen.
    pub(super) life: u32,
    /// Raised when it joins its pool: checks of an earlier stay there end.
    pub(super) stay: u32,
    pub(super) meter: Meter,
    started_ns: u64,
}

impl Server {
    /// `name` differs from the server's own for a further copy of a command.
    pub(super) fn new(pool: &str, name: &str, server: &lab::Server, now_ns: u64) -> Self {
        let behaviour = behaviour_of(server);
        Self {
            pool: pool.to_owned(),
            name: name.to_owned(),
            enabled: server.enabled,
            station: behaviour.station(),
            behaviour,
            life: 0,
            stay: 0,
            meter: Meter::default(),
            started_ns: now_ns,
        }
    }

    /// Takes over new settings. Starting it again starts its warm-up again.
    pub(super) fn retune(&mut self, server: &lab::Server, now_ns: u64) {
        if server.enabled && !self.enabled {
            self.started_ns = now_ns;
        }
        self.enabled = server.enabled;
        self.behaviour = behaviour_of(server);
        self.station.set_limits(self.behaviour.concurrency_limit, self.behaviour.queue_limit);
    }

    /// Loses all that it had.
    pub(super) fn die(&mut self) {
        self.station = self.behaviour.station();
        self.life += 1;
    }

    /// Draws how a request will end here. The dice are the request's own, so the same request meets the same
    /// fate whichever algorithm sends it.
    pub(super) fn fate(&self, dice: &mut Dice) -> Fate {
        let failure = self.behaviour.failures.draw(dice);
        match failure {
            _ if !self.enabled => Fate::Refused,
            Some(FailureKind::Refuse) => Fate::Refused,
            Some(FailureKind::Status(status)) => Fate::Answer(status),
            Some(FailureKind::Reset) => Fate::Reset,
            Some(FailureKind::CloseMidBody) => Fate::CutOff,
            Some(FailureKind::Hang) => Fate::Hang,
            Some(FailureKind::SlowBody) => Fate::SlowAnswer,
            Some(FailureKind::WrongHealth) | None => Fate::Answer(200),
        }
    }

    /// How long a request that starts now is in service; `None` for ever.
    pub(super) fn service_ns(&self, now_ns: u64, fate: Fate, dice: &mut Dice) -> Option<u64> {
        let service_ns = self.behaviour.service_ns(now_ns - self.started_ns, dice);
        match fate {
            Fate::Hang => None,
            Fate::SlowAnswer => Some(service_ns + self.behaviour.failures.slow_body_lasts.ns()),
            Fate::Answer(_) | Fate::Reset | Fate::CutOff | Fate::Refused => Some(service_ns),
        }
    }

    /// How an active check of it comes out. A check takes no time, so it fails by no timeout but a hang.
    pub(super) fn passes_check(&self, probe: &Probe, dice: &mut Dice) -> bool {
        let failure = self.behaviour.failures.draw_for_probe(dice);
        let passes = match (probe, failure) {
            (_, Some(FailureKind::Refuse)) => false,
            (_, None) | (Probe::Tcp, Some(_)) => true,
            (Probe::Http { status, .. }, Some(FailureKind::Status(code))) => {
                (status.0..=status.1).contains(&code)
            }
            (Probe::Http { .. } | Probe::Grpc { .. }, Some(_)) => false,
        };
        self.enabled && passes
    }
}

/// Only mocks say how they behave. Anybody else's server is taken for a mock with default settings.
fn behaviour_of(server: &lab::Server) -> Behaviour {
    server.mock.clone().unwrap_or_default()
}
