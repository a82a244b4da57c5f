//! Who is bound to which server, for stickiness without a cookie: bounded, forgetting the longest unused.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A table from a client's key to the name of its server.
///
/// Entries end when they were not used for `idle_ns`; when the table is full the one unused for longest makes
/// room. Both are counted, so that a broken session has a cause.
#[derive(Debug)]
pub struct StickTable {
    entries: HashMap<Box<[u8]>, Entry>,
    /// Use number to key: the order in which entries were last used.
    uses: BTreeMap<u64, Box<[u8]>>,
    next_use: u64,
    limit: usize,
    idle_ns: u64,
    pub expired: u64,
    pub evicted: u64,
}

#[derive(Debug)]
struct Entry {
    server: Arc<str>,
    used_ns: u64,
    use_number: u64,
}

impl StickTable {
    pub fn new(limit: usize, idle_ns: u64) -> Self {
        assert!(limit > 0, "a table without room binds nobody");
        Self {
            entries: HashMap::new(),
            uses: BTreeMap::new(),
            next_use: 0,
            limit,
            idle_ns,
            expired: 0,
            evicted: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The server this client is bound to, which counts as a use.
    pub fn find(&mut self, key: &[u8], now_ns: u64) -> Option<Arc<str>> {
        let entry = self.entries.get(key)?;
        let server = Arc::clone(&entry.server);
        if now_ns.saturating_sub(entry.used_ns) >= self.idle_ns {
            self.forget(key);
            self.expired += 1;
            return None;
        }
        self.bind(key, &server, now_ns);
        Some(server)
    }

    /// Binds a client, or binds it anew.
    pub fn bind(&mut self, key: &[u8], server: &Arc<str>, now_ns: u64) {
        self.forget(key);
        if self.entries.len() >= self.limit {
            self.make_room(now_ns);
        }
        let use_number = self.next_use;
        self.next_use += 1;
        self.uses.insert(use_number, key.into());
        let entry = Entry { server: Arc::clone(server), used_ns: now_ns, use_number };
        self.entries.insert(key.into(), entry);
    }

    pub fn forget(&mut self, key: &[u8]) {
        if let Some(entry) = self.entries.remove(key) {
            self.uses.remove(&entry.use_number);
        }
    }

    fn make_room(&mut self, now_ns: u64) {
        let Some((_, oldest)) = self.uses.pop_first() else { return };
        let entry = self.entries.remove(&oldest).expect("every use has its entry");
        if now_ns.saturating_sub(entry.used_ns) >= self.idle_ns {
            self.expired += 1;
        } else {
            self.evicted += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> StickTable {
        let mut table = StickTable::new(2, 100);
        table.bind(b"ann", &"a".into(), 0);
        table.bind(b"bob", &"b".into(), 10);
        table
    }

    #[test]
    fn a_client_keeps_its_server_while_it_keeps_coming() {
        let mut table = table();
        for now_ns in [50, 140, 239] {
            assert_eq!(table.find(b"ann", now_ns).as_deref(), Some("a"));
        }
        assert_eq!(table.find(b"ann", 339), None);
        assert_eq!((table.expired, table.evicted), (1, 0));
    }

    #[test]
    fn a_full_table_forgets_the_longest_unused_and_counts_it() {
        let mut table = table();
        table.find(b"ann", 20);
        table.bind(b"eve", &"c".into(), 30);
        assert_eq!(table.find(b"bob", 31), None);
        assert_eq!(table.find(b"ann", 32).as_deref(), Some("a"));
        assert_eq!((table.len(), table.expired, table.evicted), (2, 0, 1));
    }
}
