//! One step from a lab to the next, which says of itself what it does.

use std::fmt;

use super::Change;

/// Something to be done. What it needs to know is in the new lab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    ChangeWorkers { from: Option<u32>, to: Option<u32> },
    RenameListener { from: String, to: String },
    LoadCertificates { listener: String },
    LoadTrust { pool: String },
    OpenLog { listener: String },
    CloseLog { listener: String },
    FindServer { pool: String, server: String, address: String },
    StartMock { pool: String, server: String },
    RetuneMock { pool: String, server: String },
    Kill { pool: String, server: String },
    Revive { pool: String, server: String },
    StartCommand { pool: String, server: String, line: String },
    ScaleCommand { pool: String, server: String, from: u32, to: u32 },
    Publish(Vec<Change>),
    OpenListener { listener: String, address: String },
    MoveListener { listener: String, from: String, to: String },
    CloseListener { listener: String, address: String },
    StopClient { client: String },
    Hold,
    StartClient { client: String },
    RetuneClient { client: String },
    Release,
    ForgetServer { pool: String, server: String },
    StopMock { pool: String, server: String },
    StopCommand { pool: String, server: String },
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChangeWorkers { from, to } => {
                write!(out, "workers: {} becomes {}", count(*from), count(*to))
            }
            Self::RenameListener { from, to } => write!(out, "listener {from} is called {to} now"),
            Self::LoadCertificates { listener } => {
                write!(out, "the certificates of listener {listener} are loaded")
            }
            Self::LoadTrust { pool } => write!(out, "the authorities of pool {pool} are loaded"),
            Self::OpenLog { listener } => write!(out, "listener {listener} writes a log"),
            Self::CloseLog { listener } => write!(out, "listener {listener} writes no log"),
            Self::OpenListener { listener, address } => {
                write!(out, "listener {listener} opens {address}")
            }
            Self::MoveListener { listener, from, to } => {
                write!(out, "listener {listener} moves from {from} to {to}")
            }
            Self::CloseListener { listener, address } => {
                write!(out, "listener {listener} closes {address}")
            }
            Self::Publish(changes) => {
                let sentences: Vec<String> = changes.iter().map(ToString::to_string).collect();
                out.write_str(&sentences.join("; "))
            }
            Self::Hold => out.write_str("traffic is held"),
            Self::Release => out.write_str("traffic is released"),
            Self::StartClient { client } => write!(out, "clients {client} start"),
            Self::RetuneClient { client } => write!(out, "clients {client} send differently"),
            Self::StopClient { client } => write!(out, "clients {client} stop"),
            _ => self.say_of_server(out),
        }
    }
}

impl Step {
    fn say_of_server(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FindServer { pool, server, address } => {
                write!(out, "server {pool}/{server} is at {address}")
            }
            Self::StartMock { pool, server } => write!(out, "mock {pool}/{server} starts"),
            Self::RetuneMock { pool, server } => {
                write!(out, "mock {pool}/{server} behaves differently")
            }
            Self::Kill { pool, server } => write!(out, "mock {pool}/{server} is killed"),
            Self::Revive { pool, server } => write!(out, "mock {pool}/{server} is revived"),
            Self::StartCommand { pool, server, line } => {
                write!(out, "command {pool}/{server} starts: {line}")
            }
            Self::ScaleCommand { pool, server, from, to } => {
                let many = if *to == 1 { "copy" } else { "copies" };
                write!(out, "command {pool}/{server}: {to} {many} instead of {from}")
            }
            Self::ForgetServer { pool, server } => {
                write!(out, "server {pool}/{server} is not asked any more")
            }
            Self::StopMock { pool, server } => write!(out, "mock {pool}/{server} stops"),
            Self::StopCommand { pool, server } => write!(out, "command {pool}/{server} stops"),
            _ => Ok(()),
        }
    }
}

fn count(workers: Option<u32>) -> String {
    workers.map_or_else(|| "as many as fit".to_owned(), |workers| workers.to_string())
}
