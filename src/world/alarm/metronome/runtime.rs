//! Any system, whatever else fails: the runtime's own timer.

use std::sync::Arc;
use std::time::Duration;

use crate::period::Clock;

pub(in crate::world) struct Late {
    clock: Arc<dyn Clock>,
    due_ns: Option<u64>,
}

impl Late {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, due_ns: None }
    }

    pub(super) fn set(&mut self, due_ns: Option<u64>) {
        self.due_ns = due_ns;
    }

    pub(super) async fn beat(&self) {
        let Some(due_ns) = self.due_ns else { return std::future::pending().await };
        let left_ns = due_ns.saturating_sub(self.clock.now_ns());
        tokio::time::sleep(Duration::from_nanos(left_ns)).await;
    }
}
