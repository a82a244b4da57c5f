//! Stickiness on real requests: which server a client is bound to.

use std::sync::Arc;
#[expect(
    clippy::disallowed_types,
    reason = "held for one look into the table; only pools with a table have it"
)]
use std::sync::{Mutex, PoisonError};

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
    pub(super) fn find(&self, client: &[u8], now_ns: u64) -> Option<Arc<str>> {
        self.with(|table| table.find(client, now_ns)).flatten()
    }

    pub(super) fn bind(&self, client: &[u8], server: &Arc<str>, now_ns: u64) {
        self.with(|table| table.bind(client, server, now_ns));
    }

    fn with<R>(&self, look: impl FnOnce(&mut StickTable) -> R) -> Option<R> {
        let table = self.table.as_ref()?;
        Some(look(&mut table.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}
