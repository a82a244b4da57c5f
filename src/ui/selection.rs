//! The one thing that is selected in the whole window.

use std::sync::Arc;

use crate::engine::Record;

/// What Why is about, echoed in stage, table and charts.
#[derive(Debug, Clone, Default)]
pub enum Selection {
    #[default]
    Nothing,
    Request(Arc<Record>),
    Server {
        pool: String,
        server: String,
    },
    /// A key, as a person typed it or pointed at it, and the pool that was asked.
    Key {
        pool: String,
        key: Vec<u8>,
    },
}

impl Selection {
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    pub fn is_request(&self, record: &Record) -> bool {
        matches!(self, Self::Request(selected) if is_same(selected, record))
    }

    pub fn is_server(&self, pool: &str, server: &str) -> bool {
        matches!(self, Self::Server { pool: p, server: s } if p == pool && s == server)
    }
}

/// A worker numbers its requests, so the two together name one.
pub fn is_same(one: &Record, other: &Record) -> bool {
    (one.worker, one.number, one.at_ns) == (other.worker, other.number, other.at_ns)
}
