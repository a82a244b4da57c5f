//! What this process holds of the system, where the system tells.

use std::fs;
use std::time::Duration;

/// Open files and threads; nothing where the system does not list them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Resources {
    files: usize,
    threads: usize,
}

impl Resources {
    pub(crate) fn now() -> Self {
        let count = |folder: &str| fs::read_dir(folder).map_or(0, Iterator::count);
        Self { files: count("/proc/self/fd"), threads: count("/proc/self/task") }
    }

    /// Waits until no more is held than was.
    pub(crate) fn assert_back(&self, seed: u64) {
        for _ in 0..1000 {
            let now = Self::now();
            if now.files <= self.files && now.threads <= self.threads {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("seed {seed}: {self:?} before, {:?} after", Self::now());
    }
}
