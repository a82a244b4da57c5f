//! A server: one element of a pool, and where it comes from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::pending::Behaviour;

/// Exactly one of `address`, `mock` and `command` is set in a checked lab.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Its identity: load, estimates and keys belong to the name, so a new address moves nothing.
    pub name: String,
    /// What cookies call it; without one, a short hash of the name.
    pub id: Option<String>,
    /// A server that is not enabled is dead: it refuses connections.
    pub enabled: bool,
    /// 0 drains.
    pub weight: u32,
    /// Takes no new clients; those that stick to it may finish.
    pub drain: bool,
    /// 0 serves first; 1 is what other programs call a backup.
    pub priority: u8,
    pub zone: Option<String>,
    /// Requests at once that the proxy sends to it; none sets no limit.
    pub concurrency: Option<u32>,
    /// A server that is there already: `127.0.0.1:3000`, `localhost:3000`.
    pub address: Option<String>,
    /// A server that the lab starts and whose behaviour it sets.
    pub mock: Option<Behaviour>,
    /// A dev server that the lab starts from a command line.
    pub command: Option<Command>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            name: String::new(),
            id: None,
            enabled: true,
            weight: 1,
            drain: false,
            priority: 0,
            zone: None,
            concurrency: None,
            address: None,
            mock: None,
            command: None,
        }
    }
}

impl Server {
    /// Where it comes from; `None` in a lab that was not checked and names none or several.
    pub fn source(&self) -> Option<Source<'_>> {
        match (&self.address, &self.mock, &self.command) {
            (Some(address), None, None) => Some(Source::Address(address)),
            (None, Some(behaviour), None) => Some(Source::Mock(behaviour)),
            (None, None, Some(command)) => Some(Source::Command(command)),
            _ => None,
        }
    }

    pub fn draining(&self) -> bool {
        self.drain || self.weight == 0
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Source<'a> {
    Address(&'a str),
    Mock(&'a Behaviour),
    Command(&'a Command),
}

/// A program that is told its port and started in one or more copies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Command {
    /// Program and arguments, without a shell; `{port}` stands for the port.
    pub line: String,
    /// Copies become servers `name`, `name-2`, `name-3`, …
    pub copies: u16,
    pub env: BTreeMap<String, String>,
    /// The environment variable that tells the program its port.
    pub port_variable: String,
    /// Where it runs; without one, in the folder of the lab file.
    pub directory: Option<String>,
}

impl Default for Command {
    fn default() -> Self {
        Self {
            line: String::new(),
            copies: 1,
            env: BTreeMap::new(),
            port_variable: "PORT".to_owned(),
            directory: None,
        }
    }
}
