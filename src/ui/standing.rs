//! Whether a server gets requests, and if not, why: in one word, which is the same everywhere.

use super::story::ServerFrame;
use crate::balance::Health;
use crate::engine::{ServerState, Status};
use crate::lab::Server;

/// From the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    Well,
    Trial,
    Drained,
    Starting,
    AwaitsConsent,
    Ejected,
    Down,
    Killed,
}

impl Standing {
    /// Of a server, or of a copy of a command: what the engine says of it goes before what was measured.
    pub(super) fn of(
        server: &Server,
        state: Option<&ServerState>,
        gauges: Option<&ServerFrame>,
    ) -> Self {
        match state {
            Some(ServerState::Dead) => return Self::Killed,
            Some(ServerState::Starting) => return Self::Starting,
            Some(ServerState::AwaitsConsent(_)) => return Self::AwaitsConsent,
            Some(ServerState::Trouble(_)) => return Self::Down,
            None if !server.enabled => return Self::Killed,
            Some(ServerState::Known) | None => {}
        }
        match gauges.map(|it| it.health) {
            Some(Health::Down) => Self::Down,
            Some(Health::Ejected) => Self::Ejected,
            _ if gauges.map_or_else(|| server.draining(), |it| it.draining) => Self::Drained,
            Some(Health::Trial) => Self::Trial,
            _ => Self::Well,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Well => "up",
            Self::Trial => "on trial",
            Self::Drained => "drained",
            Self::Starting => "starting",
            Self::AwaitsConsent => "needs a yes",
            Self::Ejected => "ejected",
            Self::Down => "down",
            Self::Killed => "killed",
        }
    }

    pub(super) fn is_bad(self) -> bool {
        self >= Self::Ejected
    }

    pub(super) fn takes_new(self) -> bool {
        self <= Self::Trial
    }
}

/// What the engine says of a server.
pub(super) fn state_of<'a>(status: &'a Status, pool: &str, name: &str) -> Option<&'a ServerState> {
    status.servers.iter().find(|it| it.pool == pool && it.name == name).map(|it| &it.state)
}
