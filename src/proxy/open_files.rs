//! How many files, and with them connections, the process may have open.

/// Takes what the system grants. Shells start programs with 1024 or fewer, which is 500 connections to a proxy.
#[cfg(unix)]
pub(super) fn raise() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    for wanted in WANTED {
        let wanted = limit.maximum.map_or(wanted, |most| most.min(wanted));
        let has_less = limit.current.is_some_and(|current| current < wanted);
        if !has_less
            || setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit }).is_ok()
        {
            return;
        }
    }
}

/// There is no such limit.
#[cfg(not(unix))]
pub(super) fn raise() {}

/// More than a lab may have connections on both sides; and what macOS grants, whatever it says.
#[cfg(unix)]
const WANTED: [u64; 2] = [262_144, 10_240];
