//! A client's connection, from accept to what it speaks.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use super::event::{Event, What};
use super::l7;
use super::network::{Network, Wire as _};
use super::plan::ListenerPlan;
use super::tls::{self, Alpn, Secured};
use super::transport::Transport;
use super::worker::{Door, Worker};
use crate::lab::Protocol;

/// A connection that was accepted just now.
pub(super) struct Arrival {
    pub(super) slot: usize,
    pub(super) peer: SocketAddr,
    pub(super) number: u64,
    pub(super) at_ns: u64,
    pub(super) door: watch::Receiver<Door>,
}

/// What is known of a client's connection for as long as it lasts.
pub(super) struct Connection<N: Network> {
    pub(super) worker: Rc<Worker<N>>,
    pub(super) slot: usize,
    pub(super) number: u64,
    /// Who the client is: the peer, or who the PROXY protocol says it is.
    pub(super) client: SocketAddr,
    pub(super) local: Option<SocketAddr>,
    /// The name asked for in the TLS handshake.
    pub(super) sni: Option<Arc<str>>,
    /// What the client and we agreed to speak inside of TLS.
    pub(super) alpn: Option<Alpn>,
    pub(super) encrypted: bool,
    pub(super) accepted_ns: u64,
    pub(super) tls_ns: u64,
    pub(super) door: watch::Receiver<Door>,
}

impl<N: Network> Connection<N> {
    /// The listener as it is in the newest plan, or nothing if it was removed.
    pub(super) fn listener(&self) -> Option<Arc<ListenerPlan>> {
        self.worker.shared.plan.load().listener(self.slot).map(Arc::clone)
    }
}

/// Serves a connection to its end.
pub(super) async fn serve<N: Network>(worker: &Rc<Worker<N>>, arrival: Arrival, stream: N::Stream) {
    let Arrival { slot, peer, number, at_ns, door } = arrival;
    let Some(listener) = worker.shared.plan.load().listener(slot).map(Arc::clone) else { return };
    let mut connection = Connection {
        worker: Rc::clone(worker),
        slot,
        number,
        client: peer,
        local: stream.local_address(),
        sni: None,
        alpn: None,
        encrypted: false,
        accepted_ns: at_ns,
        tls_ns: 0,
        door,
    };
    let mut transport = Transport::plain(stream, Bytes::new());
    if let Some(config) = &listener.tls {
        let Some(secured) = connection.secure(transport, config, &listener).await else { return };
        transport = secured;
    }
    match listener.protocol {
        Protocol::Http => l7::serve(connection, transport).await,
        Protocol::Tcp | Protocol::Udp | Protocol::TlsPassthrough => {}
    }
}

impl<N: Network> Connection<N> {
    /// Does the TLS handshake. What fails is counted and told, and ends the connection.
    async fn secure(
        &mut self,
        transport: Transport<N::Stream>,
        config: &Arc<rustls::ServerConfig>,
        listener: &ListenerPlan,
    ) -> Option<Transport<N::Stream>> {
        let shared = &self.worker.shared;
        let began_ns = shared.clock.now_ns();
        let limit = Duration::from_nanos(shared.plan.load().limits.handshake_timeout.ns());
        match tls::accept(transport, config, limit).await {
            Ok(Secured { stream, agreed }) => {
                self.sni = agreed.sni.as_deref().map(Arc::from);
                self.alpn = agreed.alpn;
                self.encrypted = true;
                self.tls_ns = shared.clock.now_ns().saturating_sub(began_ns);
                Some(Transport::encrypted(stream))
            }
            Err(failure) => {
                shared.tallies.failed_handshakes.fetch_add(1, Relaxed);
                let listener = Arc::clone(&listener.name);
                let what = What::Misbehaved { listener, why: failure.to_string() };
                shared.tell(|at_ns| Event { at_ns, what });
                None
            }
        }
    }
}
