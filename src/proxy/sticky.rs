//! Stickiness on real requests: which server a client is bound to, and how often that could not be kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
#[expect(
    clippy::disallowed_types,
    reason = "held for one look into the table; only pools with a table have it"
)]
use std::sync::{Mutex, PoisonError};

use ring::digest;

use super::pool::PoolState;
use crate::balance::pool::StickTable;
use crate::lab::Stickiness;

/// The bonds that the proxy itself remembers. Inserted cookies are remembered by the clients.
#[expect(
    clippy::disallowed_types,
    reason = "held for one look into the table; only pools with a table have it"
)]
pub(super) struct Sticky {
    table: Option<Mutex<StickTable>>,
}

/// What the table says of a client.
pub(super) enum Found {
    Nothing,
    /// It was bound once.
    Expired,
    Bound(Arc<str>),
}

impl Sticky {
    pub(super) fn new(stickiness: &Stickiness) -> Self {
        let table = match stickiness {
            Stickiness::Off | Stickiness::Inserted(_) => None,
            Stickiness::Application(cookie) => Some((cookie.size, cookie.expiry)),
            Stickiness::Source(table) => Some((table.size, table.expiry)),
        };
        let table =
            table.map(|(size, expiry)| StickTable::new(size.max(1) as usize, expiry.ns()).into());
        Self { table }
    }

    /// The server that a client is bound to.
    pub(super) fn find(&self, client: &[u8], now_ns: u64) -> Found {
        let found = self.with(|table| {
            let gone_before = table.expired;
            match table.find(client, now_ns) {
                Some(server) => Found::Bound(server),
                None if table.expired > gone_before => Found::Expired,
                None => Found::Nothing,
            }
        });
        found.unwrap_or(Found::Nothing)
    }

    pub(super) fn bind(&self, client: &[u8], server: &Arc<str>, now_ns: u64) {
        self.with(|table| table.bind(client, server, now_ns));
    }

    pub(super) fn forget(&self, client: &[u8]) {
        self.with(|table| table.forget(client));
    }

    fn with<R>(&self, look: impl FnOnce(&mut StickTable) -> R) -> Option<R> {
        let table = self.table.as_ref()?;
        Some(look(&mut table.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// What a session is remembered by: a long value by its hash, so that no client makes the table large.
pub(super) fn table_key(value: &[u8]) -> Vec<u8> {
    if value.len() <= digest::SHA256_OUTPUT_LEN {
        return value.to_vec();
    }
    digest::digest(&digest::SHA256, value).as_ref().to_vec()
}

/// Why a client could not stay with its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unstuck {
    /// Its server was down, or set aside for bad answers.
    ServerDown,
    ServerRemoved,
    ServerDrained,
    /// Its server failed this very request, which was tried again elsewhere.
    Failover,
    /// Its cookie or its entry in the table had expired.
    BondExpired,
    /// Its cookie was not made by this proxy for this pool, or was changed.
    BondForged,
    /// For no reason of these: its server was full, say.
    Unbound,
}

impl Unstuck {
    pub const ALL: [Self; 7] = [
        Self::ServerDown,
        Self::ServerRemoved,
        Self::ServerDrained,
        Self::Failover,
        Self::BondExpired,
        Self::BondForged,
        Self::Unbound,
    ];

    /// The name in machine-readable output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ServerDown => "server_down",
            Self::ServerRemoved => "server_removed",
            Self::ServerDrained => "server_drained",
            Self::Failover => "failover",
            Self::BondExpired => "bond_expired",
            Self::BondForged => "bond_forged",
            Self::Unbound => "unbound",
        }
    }
}

impl PoolState {
    /// How often clients could not stay with their servers, by cause, since the pool was made.
    pub fn unstuck(&self) -> [(Unstuck, u64); Unstuck::ALL.len()] {
        Unstuck::ALL.map(|cause| (cause, self.unstuck[cause as usize].load(Relaxed)))
    }
}

/// One counter for each cause.
pub(super) type UnstuckCounts = [AtomicU64; Unstuck::ALL.len()];
