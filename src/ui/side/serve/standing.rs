//! How a server stands, in a word.

use egui::Color32;

use crate::balance::Health;
use crate::engine::{CopyStatus, ServerState, ServerStatus};
use crate::lab::Server;
use crate::ui::story::ServerFrame;
use crate::ui::theme::Theme;

/// A word, how it is meant, and what there is to know beyond it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) word: String,
    pub(super) tone: Tone,
    pub(super) why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Well,
    /// It will pass, or waits for somebody.
    Waits,
    Bad,
    /// As somebody wished it.
    Quiet,
}

impl Tone {
    pub(super) fn colour(self, theme: &Theme) -> Color32 {
        match self {
            Self::Well => theme.ok,
            Self::Waits => theme.warn,
            Self::Bad => theme.err,
            Self::Quiet => theme.mute,
        }
    }
}

/// What is known about a server.
pub(super) struct Known<'a> {
    pub(super) server: &'a Server,
    pub(super) status: Option<&'a ServerStatus>,
    pub(super) frame: Option<&'a ServerFrame>,
    /// Whether a program listens at its address, where that is known.
    pub(super) listens: Option<bool>,
}

impl Standing {
    fn new(word: impl Into<String>, tone: Tone, why: impl Into<String>) -> Self {
        Self { word: word.into(), tone, why: why.into() }
    }

    pub(super) fn of(known: &Known<'_>) -> Self {
        let Known { server, status, frame, listens } = known;
        if !server.enabled {
            return Self::new("stopped", Tone::Quiet, "It gets no requests until it is started");
        }
        let Some(status) = status else { return Self::new("–", Tone::Quiet, "Not in force yet") };
        if let Some(standing) = of_copy(status).or_else(|| of_state(&status.state)) {
            return standing;
        }
        if *listens == Some(false) {
            return Self::new("not there", Tone::Bad, "No program listens at its address");
        }
        let health = frame.map_or(Health::Up, |frame| frame.health);
        match health {
            Health::Down => Self::new("down", Tone::Bad, "Its health checks fail"),
            Health::Ejected => Self::new("ejected", Tone::Bad, "Its answers were bad"),
            Health::Trial => Self::new("on trial", Tone::Waits, "One request at a time"),
            Health::Up if server.draining() => {
                Self::new("drained", Tone::Quiet, "It takes no new clients")
            }
            Health::Up => Self::new("healthy", Tone::Well, "It takes requests"),
        }
    }
}

/// What stands out about a copy of a command.
fn of_copy(status: &ServerStatus) -> Option<Standing> {
    let why = match &status.state {
        ServerState::Trouble(trouble) => trouble.to_string(),
        _ => String::new(),
    };
    Some(match status.copy.as_ref()? {
        CopyStatus::Starting => {
            Standing::new("starting", Tone::Waits, "Nobody answers on its port yet")
        }
        CopyStatus::Restarting => {
            Standing::new("restarting", Tone::Waits, "Nobody answers on its port yet")
        }
        CopyStatus::Exited(Some(code)) => {
            Standing::new(format!("ended, code {code}"), Tone::Bad, why)
        }
        CopyStatus::Exited(None) => Standing::new("ended by a signal", Tone::Bad, why),
        CopyStatus::Failed(_) => Standing::new("cannot start", Tone::Bad, why),
        CopyStatus::Running => return None,
    })
}

fn of_state(state: &ServerState) -> Option<Standing> {
    Some(match state {
        ServerState::Known => return None,
        ServerState::Dead => Standing::new("stopped", Tone::Quiet, "It is switched off"),
        ServerState::Starting => Standing::new("looked up", Tone::Waits, "Its name is looked up"),
        ServerState::AwaitsConsent(command) => {
            Standing::new("waits for a yes", Tone::Waits, format!("It would run {command}"))
        }
        ServerState::Trouble(trouble) => Standing::new("trouble", Tone::Bad, trouble.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(copy: Option<CopyStatus>, listens: Option<bool>, server: &Server) -> String {
        let status = ServerStatus {
            pool: "web".to_owned(),
            name: "a".to_owned(),
            addresses: Vec::new(),
            state: ServerState::Known,
            copy,
        };
        let known = Known { server, status: Some(&status), frame: None, listens };
        Standing::of(&known).word
    }

    #[test]
    fn every_standing_has_a_word_of_its_own() {
        let server = Server::default();
        let copies = [
            (CopyStatus::Starting, "starting"),
            (CopyStatus::Restarting, "restarting"),
            (CopyStatus::Running, "healthy"),
            (CopyStatus::Exited(Some(3)), "ended, code 3"),
            (CopyStatus::Exited(None), "ended by a signal"),
            (CopyStatus::Failed(String::new()), "cannot start"),
        ];
        for (copy, expected) in copies {
            assert_eq!(word(Some(copy), None, &server), expected);
        }
        assert_eq!(word(None, Some(false), &server), "not there");
        assert_eq!(word(None, None, &Server { weight: 0, ..Server::default() }), "drained");
        assert_eq!(word(None, None, &Server { enabled: false, ..Server::default() }), "stopped");
    }
}
