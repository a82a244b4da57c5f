//! Sessions that servers keep in their own memory, and the ledger of those that broke.

use std::collections::{BTreeMap, HashMap};

use super::stick::Client;

/// Where each client's session lives, for one pool.
#[derive(Default)]
pub(super) struct Sessions {
    homes: HashMap<Client, Home>,
    pub(super) ledger: BTreeMap<Cause, u64>,
}

struct Home {
    server: u32,
    /// What happened to the client's bond on the way to the answer that is being waited for.
    cause: Option<Cause>,
}

/// Why a client was answered by a server that does not know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    /// Its server was down, or set aside for bad answers.
    ServerDown,
    /// Its server had left the pool.
    ServerRemoved,
    /// Its server takes no new requests, and nothing bound the client to it.
    ServerDrained,
    /// Its server failed this very request, which was tried again elsewhere.
    Failover,
    /// Its cookie or its entry in the table had expired.
    BondExpired,
    /// Nothing bound it, and the algorithm chose another server.
    Unbound,
}

impl Cause {
    /// The name in machine-readable output.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ServerDown => "server_down",
            Self::ServerRemoved => "server_removed",
            Self::ServerDrained => "server_drained",
            Self::Failover => "failover",
            Self::BondExpired => "bond_expired",
            Self::Unbound => "unbound",
        }
    }
}

impl Sessions {
    /// Where the client's session lives, if it has one.
    pub(super) fn home(&self, client: Client) -> Option<u32> {
        self.homes.get(&client).map(|home| home.server)
    }

    /// Keeps the reason for which a client is about to lose its server.
    pub(super) fn suspect(&mut self, client: Client, cause: Cause) {
        if let Some(home) = self.homes.get_mut(&client) {
            home.cause.get_or_insert(cause);
        }
    }

    /// A server has answered. True if the client's session was elsewhere, and so is broken; the session begins
    /// anew here.
    pub(super) fn answered(&mut self, client: Client, server: u32, otherwise: Cause) -> bool {
        let home = self.homes.entry(client).or_insert(Home { server, cause: None });
        let broken = home.server != server;
        let cause = home.cause.take().unwrap_or(otherwise);
        home.server = server;
        if broken {
            *self.ledger.entry(cause).or_insert(0) += 1;
        }
        broken
    }
}
