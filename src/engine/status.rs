//! What is open and what runs now, and what is wrong with it.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::lab::{Command, Lab, Protocol};
use crate::world::CopyStatus;

/// How things stand. A new one is made with every change.
#[derive(Debug, Clone)]
pub struct Status {
    /// Of the labs that were applied, the one in force.
    pub revision: u64,
    /// It, with what its cues have changed.
    pub lab: Arc<Lab>,
    pub workers: usize,
    /// Where metrics and the lab can be asked for.
    pub admin: Option<SocketAddr>,
    /// In the order of the document.
    pub listeners: Vec<ListenerStatus>,
    /// In the order of the document; a command once for each copy.
    pub servers: Vec<ServerStatus>,
    /// What is wrong beside listeners and servers: certificates, logs.
    pub troubles: Vec<Trouble>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerStatus {
    pub name: String,
    pub protocol: Protocol,
    pub encrypted: bool,
    pub state: ListenerState,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenerState {
    /// Switched off in the lab.
    Off,
    Open {
        address: SocketAddr,
    },
    /// Open at another address than the lab says, or not at all.
    Trouble {
        still_at: Option<SocketAddr>,
        trouble: Trouble,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerStatus {
    pub pool: String,
    pub name: String,
    pub addresses: Vec<SocketAddr>,
    pub state: ServerState,
    /// What its program is doing, if it is a copy of a command that may run.
    pub copy: Option<CopyStatus>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerState {
    /// Its address is known; whether it is well is its health.
    Known,
    /// Killed, or switched off in the lab.
    Dead,
    /// Its name is being looked up, or its program starts.
    Starting,
    /// A command that waits for a yes.
    AwaitsConsent(Command),
    Trouble(Trouble),
}

/// What is wrong and what to do, as two sentences without a full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub what: String,
    pub remedy: String,
    pub cure: Option<Cure>,
}

/// What takes the trouble away without looking any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cure {
    /// The listener takes any free port.
    FreePort,
    /// The listener takes the address that every machine has for itself.
    OwnAddress,
    /// The local authority makes the listener's certificate.
    LocalCertificate,
    /// The server's program starts anew.
    Restart,
}

impl Trouble {
    pub(super) fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: remedy.into(), cure: None }
    }

    pub(super) fn cured_by(self, cure: Cure) -> Self {
        Self { cure: Some(cure), ..self }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { what, remedy, cure: _ } = self;
        if remedy.is_empty() { write!(out, "{what}") } else { write!(out, "{what}: {remedy}") }
    }
}

impl Status {
    pub fn listener(&self, name: &str) -> Option<&ListenerStatus> {
        self.listeners.iter().find(|listener| listener.name == name)
    }

    /// Where a listener is open, whatever the lab says.
    pub fn address_of(&self, listener: &str) -> Option<SocketAddr> {
        self.listener(listener)?.address()
    }

    /// The commands that wait for a yes, each once.
    pub fn commands_waiting(&self) -> Vec<&Command> {
        let mut commands: Vec<&Command> = Vec::new();
        for server in &self.servers {
            if let ServerState::AwaitsConsent(command) = &server.state
                && !commands.iter().any(|known| known.does_the_same(command))
            {
                commands.push(command);
            }
        }
        commands
    }

    /// Everything that is wrong, in one list.
    pub fn all_troubles(&self) -> Vec<String> {
        let of_listeners = self.listeners.iter().filter_map(|listener| match &listener.state {
            ListenerState::Trouble { trouble, .. } => {
                Some(format!("listener {}: {trouble}", listener.name))
            }
            _ => None,
        });
        let of_servers = self.servers.iter().filter_map(|server| match &server.state {
            ServerState::Trouble(trouble) => {
                Some(format!("server {}/{}: {trouble}", server.pool, server.name))
            }
            _ => None,
        });
        let others = self.troubles.iter().map(ToString::to_string);
        of_listeners.chain(of_servers).chain(others).collect()
    }
}

impl ListenerStatus {
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.state {
            ListenerState::Open { address } => Some(*address),
            ListenerState::Trouble { still_at, .. } => *still_at,
            ListenerState::Off => None,
        }
    }
}
