//! The one real clock. Everything else takes time as an argument.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::period::Clock;

/// Counts from its own start, and knows the time of day.
#[derive(Debug)]
pub struct RealClock {
    started: Instant,
}

impl RealClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that all others are given")]
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }
}

/// How far the clocks of this place are ahead of UTC at a time. Where the system does not say, they are not.
pub(super) fn ahead_of_utc_ns(unix_ns: u64) -> i64 {
    let at = jiff::Timestamp::from_nanosecond(unix_ns.into()).unwrap_or_default();
    i64::from(jiff::tz::TimeZone::system().to_offset(at).seconds()) * 1_000_000_000
}

impl Clock for RealClock {
    fn now_ns(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock that all others are given")]
    fn unix_ns(&self) -> u64 {
        // A machine whose date lies before 1970 has no time of day.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }
}
