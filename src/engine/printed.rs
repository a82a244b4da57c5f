//! What commands print, line by line, for whoever looks.

use std::sync::Arc;

use super::board::Board;
use crate::world::{Listener, LogLine, LogStream};

/// One line that a copy of a command printed, or that the lab has to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    pub at_ns: u64,
    pub pool: Arc<str>,
    /// The copy: `web-2`.
    pub server: String,
    pub stream: LogStream,
    /// Without the line's end.
    pub text: String,
}

/// Whoever a command's log tells, so that its lines come to the board.
pub(super) fn listener(board: &Arc<Board>, pool: &str) -> Listener {
    let (board, pool): (Arc<Board>, Arc<str>) = (Arc::clone(board), pool.into());
    Arc::new(move |copy: &str, line: &LogLine| {
        board.print(Printed {
            at_ns: board.clock().now_ns(),
            pool: Arc::clone(&pool),
            server: copy.to_owned(),
            stream: line.stream,
            text: line.text.clone(),
        });
    })
}
