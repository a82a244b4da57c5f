//! Certificates for labs under test, by the lab's own authority in a folder of the build's.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use evenkeel::lab::{self, Http2Offer, Listener, Protocol, Tls, UpstreamProtocol, UpstreamTls};
use evenkeel::period::Clock;
use evenkeel::proxy::tls::{Inside, Origination, Surroundings, Termination};

/// What a listener answers handshakes with, if it does.
pub(crate) fn of_listener(listener: &Listener) -> Option<Arc<rustls::ServerConfig>> {
    let inside = match listener.protocol {
        Protocol::Http => Inside::Http(listener.http.versions),
        _ => Inside::Bytes,
    };
    listener.tls.as_ref().map(|tls| termination(tls, inside))
}

/// What pools that encrypt greet their servers with.
pub(crate) fn of_pools(pools: &[lab::Pool]) -> BTreeMap<String, Arc<Origination>> {
    let encrypted = pools.iter().filter(|pool| pool.upstream.protocol == UpstreamProtocol::Https);
    encrypted
        .map(|pool| {
            let inside = match pool.upstream.tls.http2 {
                Http2Offer::Offer => Inside::Http(lab::HttpVersions::Both),
                Http2Offer::Never => Inside::Bytes,
            };
            let origination = Origination::new(&pool.upstream.tls, inside, &surroundings());
            (pool.name.clone(), Arc::new(origination.unwrap()))
        })
        .collect()
}

/// A server's side of TLS, with a certificate for these hosts.
pub(crate) fn server(hosts: &[&str]) -> rustls::ServerConnection {
    let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
    let certificates = lab::Certificates::Local { hosts };
    let tls = Tls { certificates, ..Tls::default() };
    rustls::ServerConnection::new(termination(&tls, Inside::Bytes)).unwrap()
}

/// A client's side of TLS that asks for this name and trusts the authority.
pub(crate) fn client(name: &str) -> rustls::ClientConnection {
    let tls = UpstreamTls { authority_file: Some(authority_file()), ..UpstreamTls::default() };
    let origination = Origination::new(&tls, Inside::Bytes, &surroundings()).unwrap();
    let name = origination.server_name(name).unwrap();
    rustls::ClientConnection::new(Arc::clone(origination.config()), name).unwrap()
}

/// The authority to trust.
pub(crate) fn authority_file() -> String {
    let tls = Tls::default();
    let termination = Termination::new(&tls, Inside::Bytes, &surroundings()).unwrap();
    termination.authority_path().unwrap().to_str().unwrap().to_owned()
}

fn termination(tls: &Tls, inside: Inside) -> Arc<rustls::ServerConfig> {
    Arc::clone(Termination::new(tls, inside, &surroundings()).unwrap().config())
}

fn surroundings() -> Surroundings {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("authority");
    Surroundings::new(PathBuf::new(), folder, Arc::new(TimeOfDay))
}

struct TimeOfDay;

impl Clock for TimeOfDay {
    fn now_ns(&self) -> u64 {
        0
    }

    #[expect(clippy::disallowed_methods, reason = "this is the test's clock")]
    fn unix_ns(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64
    }
}
