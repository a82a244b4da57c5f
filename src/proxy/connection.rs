//! A client's connection, from accept to what it speaks.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncReadExt as _;
use tokio::sync::watch;

use super::boxed::boxed;
use super::event::{Event, What};
use super::l4;
use super::l7;
use super::network::{Network, Wire as _};
use super::plan::ListenerPlan;
use super::proxy_protocol::{self, Parsed};
use super::tls::{self, Alpn, Secured};
use super::transport::Transport;
use super::worker::{Door, Worker};
use crate::lab::{Protocol, ProxyProtocolIn};

/// A connection that was accepted just now.
pub(super) struct Arrival {
    pub(super) slot: usize,
    pub(super) peer: SocketAddr,
    /// Where it arrived, if that is known without asking.
    pub(super) local: Option<SocketAddr>,
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
    /// What the connection has become, if it is no HTTP any more.
    pub(super) tunnel: RefCell<Option<l7::Tunnel<N::Stream>>>,
}

/// All that is still to come of a connection.
pub(super) type Serving = Pin<Box<dyn Future<Output = ()>>>;

/// A client and the address that it came to.
pub(super) type Told = (SocketAddr, SocketAddr);

impl<N: Network> Connection<N> {
    /// The listener as it is in the newest plan, or nothing if it was removed.
    pub(super) fn listener(&self) -> Option<Arc<ListenerPlan>> {
        self.worker.shared.plan.load().listener(self.slot).map(Arc::clone)
    }
}

/// Serves a connection to its end.
pub(super) fn serve<N: Network>(
    worker: Rc<Worker<N>>,
    arrival: Arrival,
    stream: N::Stream,
) -> impl Future<Output = ()> {
    // In boxes, as is every part of a connection's way that it leaves or that few take: a task is as large as its
    // largest part, for as long as it lasts, and most connections are idle most of the time.
    let admitted = boxed(|| admit(worker, arrival, stream));
    async move {
        if let Some(serving) = admitted.await {
            serving.await;
        }
    }
}

/// Finds out who comes and how, and returns what serves it.
async fn admit<N: Network>(
    worker: Rc<Worker<N>>,
    arrival: Arrival,
    stream: N::Stream,
) -> Option<Serving> {
    let Arrival { slot, peer, local, number, at_ns, door } = arrival;
    let listener = worker.shared.plan.load().listener(slot).map(Arc::clone)?;
    let mut connection = Connection {
        worker,
        slot,
        number,
        client: peer,
        local: local.or_else(|| stream.local_address()),
        sni: None,
        alpn: None,
        encrypted: false,
        accepted_ns: at_ns,
        tls_ns: 0,
        door,
        tunnel: RefCell::default(),
    };
    let mut transport = Transport::plain(stream, Bytes::new());
    if listener.proxy_protocol != ProxyProtocolIn::Off {
        transport = Box::pin(connection.be_told(transport, &listener)).await?;
    }
    if let Some(config) = &listener.tls {
        transport = Box::pin(connection.secure(transport, config, &listener)).await?;
    }
    match listener.protocol {
        Protocol::Http => l7::begin(connection, transport).await,
        Protocol::Tcp | Protocol::TlsPassthrough => {
            Some(boxed(|| l4::serve(connection, transport, listener)))
        }
        // Datagrams make no connections.
        Protocol::Udp => None,
    }
}

impl<N: Network> Connection<N> {
    /// Who comes from where, as servers are told by the PROXY protocol.
    pub(super) fn told(&self) -> Told {
        (self.client, self.local.unwrap_or(self.client))
    }

    /// Reads who the client is from the PROXY protocol. A connection without it where it must be, or with a broken
    /// one, ends.
    async fn be_told(
        &mut self,
        mut transport: Transport<N::Stream>,
        listener: &ListenerPlan,
    ) -> Option<Transport<N::Stream>> {
        let patience = self.worker.shared.plan.load().limits.header_timeout.ns();
        let mut read = BytesMut::with_capacity(256);
        let reading = async {
            loop {
                match proxy_protocol::parse(&read) {
                    Parsed::NeedMore if read.len() < proxy_protocol::LENGTH_MAX => {}
                    Parsed::NeedMore => return Parsed::Invalid("the PROXY header is too long"),
                    parsed => return parsed,
                }
                if transport.read_buf(&mut read).await.unwrap_or(0) == 0 {
                    return Parsed::Invalid("the connection ended within the PROXY header");
                }
            }
        };
        let parsed = tokio::time::timeout(Duration::from_nanos(patience), reading).await;
        let why = match parsed {
            Ok(Parsed::Header(header)) => {
                if let Some((client, local)) = header.addresses {
                    (self.client, self.local) = (client, Some(local));
                }
                transport.put_back(read.split_off(header.length).freeze());
                return Some(transport);
            }
            Ok(Parsed::NotThere) if listener.proxy_protocol == ProxyProtocolIn::Accept => {
                transport.put_back(read.freeze());
                return Some(transport);
            }
            Ok(Parsed::Invalid(why)) => why,
            Ok(Parsed::NotThere | Parsed::NeedMore) => "the PROXY header is missing",
            Err(_elapsed) => "the PROXY header did not come in time",
        };
        self.misbehaved(listener, why.to_owned());
        None
    }

    pub(super) fn misbehaved(&self, listener: &ListenerPlan, why: String) {
        let listener = Arc::clone(&listener.name);
        self.worker.shared.tell(|at_ns| Event { at_ns, what: What::Misbehaved { listener, why } });
    }

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
                self.misbehaved(listener, failure.to_string());
                None
            }
        }
    }
}
