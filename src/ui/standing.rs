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
    /// Of a server, or of a copy of a command: what a person wants of it goes before what the engine says of it,
    /// and that before what was measured.
    pub(super) fn of(
        server: &Server,
        state: Option<&ServerState>,
        gauges: Option<&ServerFrame>,
    ) -> Self {
        if !server.enabled {
            return Self::Killed;
        }
        match state {
            Some(ServerState::Dead) => return Self::Killed,
            Some(ServerState::Starting) => return Self::Starting,
            Some(ServerState::AwaitsConsent(_)) => return Self::AwaitsConsent,
            Some(ServerState::Trouble(_)) => return Self::Down,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Trouble;
    use crate::lab::Command;

    fn states() -> [ServerState; 5] {
        let trouble = Trouble { what: "it ended".into(), remedy: "start it".into(), cure: None };
        [
            ServerState::Known,
            ServerState::Dead,
            ServerState::Starting,
            ServerState::AwaitsConsent(Command::default()),
            ServerState::Trouble(trouble),
        ]
    }

    #[test]
    fn a_killed_server_is_called_killed_whatever_was_wrong_with_it_before() {
        let killed = Server { enabled: false, ..Server::default() };
        for state in states() {
            assert_eq!(Standing::of(&killed, Some(&state), None), Standing::Killed, "{state:?}");
        }
        assert_eq!(Standing::of(&killed, None, None), Standing::Killed);
    }

    #[test]
    fn what_the_engine_says_is_one_standing_each() {
        let server = Server::default();
        let of = |state: &ServerState| Standing::of(&server, Some(state), None);
        let expected = [
            Standing::Well,
            Standing::Killed,
            Standing::Starting,
            Standing::AwaitsConsent,
            Standing::Down,
        ];
        assert_eq!(states().each_ref().map(of), expected);
    }
}
