//! A server's side of an exchange: a connection to it, and one request over that connection.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::uri::Scheme;
use tokio::io::AsyncWriteExt as _;

use super::super::connection::{Connection, Told};
use super::super::idle::Counted;
use super::super::lanes::{Lanes, Seat};
use super::super::network::{Network, Wire};
use super::super::proxy_protocol;
use super::super::server::Server;
use super::super::tls::{self, Alpn, Reason, Secured};
use super::super::transport::Transport;
use super::super::worker::Worker;
use super::answer::Answer;
use super::client::Client;
use super::http1_server::{self, Http1};
use super::http2_server;
use super::message::{AnswerHead, RequestHead};
use super::upload::{Source, Upload};
use crate::lab::UpstreamProtocol;
use crate::meter::{LimitKind, Outcome, TimeoutKind};

/// A connection that was found or made for one request.
pub(super) struct Reached<S> {
    pub(super) carrier: Carrier<S>,
    /// It was there already, so the server may be about to close it.
    pub(super) reused: bool,
}

pub(super) enum Carrier<S> {
    /// In a box: it is handed through many hands.
    Http1(Box<Http1<S>>),
    Http2(Seat),
}

/// What became of a request that was sent.
pub(super) enum Sent<S> {
    Answered(AnswerHead, Answer<S>),
    /// The connection was gone before anything of it was written.
    Unsent,
    /// The server says that it did nothing about it.
    Unprocessed,
    Failed(Outcome),
}

/// Who asks, for what comes before the answer.
pub(super) struct Asking<'a> {
    pub(super) client: &'a Client,
    pub(super) source: Option<&'a Rc<Source>>,
    pub(super) scheme: Scheme,
}

impl Asking<'_> {
    /// Takes an interim response: 100 lets the body begin, the others are for the client.
    pub(super) fn interim(&self, interim: AnswerHead) {
        if interim.status != StatusCode::CONTINUE {
            self.client.pass_on(interim);
        } else if let Some(source) = self.source {
            source.let_go();
        }
    }
}

/// Which connections a request may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Any,
    /// One that no request was on before.
    Fresh,
    /// One that can become something else, which HTTP/2 cannot.
    Upgradable,
}

/// Which protocols a TLS handshake offers to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Offer {
    Both,
    Http1,
}

/// Finds a connection at rest, or makes one.
pub(super) async fn reach<N: Network>(
    connection: &Connection<N>,
    server: &Arc<Server>,
    wanted: Wanted,
    now_ns: u64,
) -> Result<Reached<N::Stream>, Outcome> {
    let worker = &connection.worker;
    // A connection that says who its client is cannot be shared.
    let alone = wanted == Wanted::Upgradable && server.upstream.protocol == UpstreamProtocol::Https;
    let own = server.speaks_proxy_protocol() || alone;
    let offer = if alone { Offer::Http1 } else { Offer::Both };
    if !own {
        if wanted != Wanted::Fresh
            && let Some(connection) = worker.idle.take(server, now_ns)
        {
            return Ok(Reached { carrier: Carrier::Http1(connection), reused: true });
        }
        if server.upstream.protocol != UpstreamProtocol::Http1
            && let Some(seat) = Box::pin(share(worker, server)).await?
        {
            let reused = seat.reused;
            return Ok(Reached { carrier: Carrier::Http2(seat), reused });
        }
    }
    let lanes = if own { Rc::default() } else { worker.idle.lanes(server) };
    // In a box, as all that few requests need: what is there for one lies in every connection, also while it rests.
    let opening = Box::pin(open(worker, server, &lanes, offer, Some(connection.told())));
    let connection = match opening.await? {
        Some(connection) => Carrier::Http1(connection),
        None => Carrier::Http2(lanes.seat(0, None, true).ok_or(Outcome::Reset)?),
    };
    Ok(Reached { carrier: connection, reused: false })
}

/// A place on a shared connection, which is opened by the first who asks and awaited by the others. Nothing if the
/// server does not speak HTTP/2.
async fn share<N: Network>(
    worker: &Rc<Worker<N>>,
    server: &Arc<Server>,
) -> Result<Option<Seat>, Outcome> {
    let lanes = worker.idle.lanes(server);
    for round in 0..=ROUNDS_MAX {
        let now_ns = worker.shared.clock.now_ns();
        let requests_max = server.upstream.requests_per_connection;
        if let Some(seat) = lanes.seat(now_ns, requests_max, round == ROUNDS_MAX) {
            return Ok(Some(seat));
        }
        if lanes.are_refused() {
            return Ok(None);
        }
        let opening = lanes.opening(|opening| {
            let (worker, server, lanes) =
                (Rc::clone(worker), Arc::clone(server), Rc::clone(&lanes));
            tokio::task::spawn_local(async move {
                let opened = open(&worker, &server, &lanes, Offer::Both, None).await;
                if let Ok(Some(connection)) = opened {
                    lanes.refuse();
                    worker.idle.put(&server, connection, worker.shared.clock.now_ns());
                    return lanes.opened(&opening, Ok(()));
                }
                lanes.opened(&opening, opened.map(|_shared| ()));
            });
        });
        opening.result().await?;
    }
    Err(Outcome::Reset)
}

/// Opens a connection. One that speaks HTTP/2 is found on its lanes.
async fn open<N: Network>(
    worker: &Rc<Worker<N>>,
    server: &Arc<Server>,
    lanes: &Lanes,
    offer: Offer,
    told: Option<Told>,
) -> Result<Option<Box<Http1<N::Stream>>>, Outcome> {
    let counted = Counted::take(server).ok_or(Outcome::LimitHit(LimitKind::Connections))?;
    let (transport, alpn) = connect_as(worker, server, offer, told).await?;
    if server.upstream.protocol == UpstreamProtocol::H2c || alpn == Some(Alpn::Http2) {
        let patience = Duration::from_nanos(server.upstream.connect_timeout.ns());
        return tokio::time::timeout(patience, http2_server::open(transport, counted, lanes))
            .await
            .unwrap_or(Err(Outcome::TimedOut(TimeoutKind::Connect)))
            .map(|()| None);
    }
    Ok(Some(Box::new(Http1::new(transport, counted))))
}

/// A connection to a server, encrypted if the pool says so.
pub(in super::super) async fn connect<N: Network>(
    connection: &Connection<N>,
    server: &Server,
) -> Result<(Transport<N::Stream>, Option<Alpn>), Outcome> {
    connect_as(&connection.worker, server, Offer::Both, Some(connection.told())).await
}

async fn connect_as<N: Network>(
    worker: &Rc<Worker<N>>,
    server: &Server,
    offer: Offer,
    told: Option<Told>,
) -> Result<(Transport<N::Stream>, Option<Alpn>), Outcome> {
    let patience = Duration::from_nanos(server.upstream.connect_timeout.ns());
    let attempt = async {
        for &address in &server.addresses {
            if let Ok(stream) = worker.network.connect(address).await {
                return introduce(server, told, stream).await;
            }
        }
        Err(Outcome::Refused)
    };
    let stream = tokio::time::timeout(patience, attempt)
        .await
        .unwrap_or(Err(Outcome::TimedOut(TimeoutKind::Connect)))?;
    let transport = Transport::plain(stream, Bytes::new());
    let Some(tls) = &server.tls else { return Ok((transport, None)) };
    let mut config = Arc::clone(tls.origination.config());
    if offer == Offer::Http1 {
        Arc::make_mut(&mut config).alpn_protocols = vec![b"http/1.1".to_vec()];
    }
    let secured = tls::connect(transport, &config, &tls.name, patience).await;
    match secured {
        Ok(Secured { stream, agreed }) => Ok((Transport::encrypted(stream), agreed.alpn)),
        Err(failure) if failure.reason == Reason::TimedOut => {
            Err(Outcome::TimedOut(TimeoutKind::TlsHandshake))
        }
        Err(_refused) => Err(Outcome::Refused),
    }
}

/// Tells the server who the client is, where the pool says so.
async fn introduce<S: Wire>(
    server: &Server,
    told: Option<Told>,
    mut stream: S,
) -> Result<S, Outcome> {
    if let Some((client, local)) = told.filter(|_| server.speaks_proxy_protocol()) {
        let mut header = Vec::new();
        proxy_protocol::write(&mut header, server.upstream.proxy_protocol, client, local);
        stream.write_all(&header).await.map_err(|_broken| Outcome::Reset)?;
    }
    Ok(stream)
}

/// Sends a request and waits for the head of the answer.
pub(super) async fn send<S: Wire>(
    carrier: Carrier<S>,
    head: &RequestHead,
    upload: Upload,
    asking: &Asking<'_>,
) -> Sent<S> {
    match carrier {
        Carrier::Http1(connection) => {
            match http1_server::send(connection, head, upload, asking).await {
                http1_server::Sent::Answered(head, answer) => {
                    Sent::Answered(head, Answer::Http1(answer))
                }
                http1_server::Sent::Unsent => Sent::Unsent,
                http1_server::Sent::Failed(outcome) => Sent::Failed(outcome),
            }
        }
        Carrier::Http2(seat) => {
            match Box::pin(http2_server::send(seat, head, upload, asking)).await {
                http2_server::Sent::Answered(head, answer) => {
                    Sent::Answered(head, Answer::Http2(answer))
                }
                http2_server::Sent::Unsent => Sent::Unsent,
                http2_server::Sent::Unprocessed => Sent::Unprocessed,
                http2_server::Sent::Failed(outcome) => Sent::Failed(outcome),
            }
        }
    }
}

/// For how many openings a request waits: a connection may be full, or closed, as soon as it is open.
const ROUNDS_MAX: usize = 3;
