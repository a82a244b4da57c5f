//! TLS by rustls: certificates for listeners, trust towards servers, handshakes with both.
//!
//! A [`Termination`] is made for a listener, an [`Origination`] for a pool. Both are immutable: a changed certificate
//! (its [`Fingerprint`] differs) makes a new one, which new handshakes use while old connections go on undisturbed.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;

use crate::lab::HttpVersions;
use crate::period::Clock;

mod authority;
mod choice;
mod error;
mod files;
mod fingerprint;
mod handshake;
mod origination;
mod termination;
#[cfg(test)]
mod tests;
mod verifiers;

pub use error::{TlsError, TlsWarning};
pub use fingerprint::Fingerprint;
pub use handshake::{Agreed, Alpn, HandshakeFailure, Reason, Secured, accept, connect};
pub use origination::Origination;
pub use termination::Termination;

/// What TLS finds outside of the lab: folders, the time, the system's authorities.
pub struct Surroundings {
    /// Where relative paths in the lab begin.
    lab_folder: PathBuf,
    /// Where the local authority lives, the same for all labs of a person, so that it is trusted once.
    authority_folder: PathBuf,
    clock: Arc<dyn Clock>,
    /// Reading them costs milliseconds and is only needed where a server's certificate is verified.
    system_roots: OnceLock<SystemRoots>,
}

struct SystemRoots {
    store: RootCertStore,
    problems: Vec<String>,
}

impl Surroundings {
    pub fn new(lab_folder: PathBuf, authority_folder: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self { lab_folder, authority_folder, clock, system_roots: OnceLock::new() }
    }

    pub fn move_to(&mut self, lab_folder: PathBuf) {
        self.lab_folder = lab_folder;
    }

    fn path(&self, written: &str) -> PathBuf {
        self.lab_folder.join(written)
    }

    fn authority_folder(&self) -> &Path {
        &self.authority_folder
    }

    fn now(&self) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_nanos(self.clock.unix_ns()))
    }

    fn time_provider(&self) -> Arc<dyn TimeProvider> {
        Arc::new(ClockTime(Arc::clone(&self.clock)))
    }

    fn system_roots(&self) -> &SystemRoots {
        self.system_roots.get_or_init(|| {
            let loaded = rustls_native_certs::load_native_certs();
            let mut store = RootCertStore::empty();
            store.add_parsable_certificates(loaded.certs);
            SystemRoots { store, problems: loaded.errors.iter().map(ToString::to_string).collect() }
        })
    }
}

/// What is spoken inside of the TLS, which decides what is offered by ALPN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inside {
    Http(HttpVersions),
    /// L4 carries what it does not know, so it promises nothing.
    Bytes,
}

/// Always given by hand, so that the process has no default that a library could set first.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The proxy's clock for rustls, so that certificates expire in simulated time too.
struct ClockTime(Arc<dyn Clock>);

impl TimeProvider for ClockTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_nanos(self.0.unix_ns())))
    }
}

impl fmt::Debug for ClockTime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ClockTime")
    }
}
