//! A server's side of an exchange: a connection to it, and one request over that connection.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;

use super::super::connection::Connection;
use super::super::idle::{Counted, Http1};
use super::super::network::Network;
use super::super::proxy_protocol;
use super::super::server::Server;
use super::super::tls::{self, Alpn, Reason, Secured};
use super::super::transport::Transport;
use super::super::worker::Worker;
use super::upload::Upload;
use crate::lab::UpstreamProtocol;
use crate::meter::{LimitKind, Outcome, TimeoutKind};

/// A connection that was found or made for one request.
pub(super) struct Reached {
    pub(super) carrier: Carrier,
    /// It was there already, so the server may be about to close it.
    pub(super) reused: bool,
}

pub(super) enum Carrier {
    Http1(Http1),
    Http2(http2::SendRequest<Upload>),
}

/// What became of a request that was sent.
pub(super) enum Sent {
    Answered(Response<Incoming>, Option<Http1>),
    /// The connection was gone before anything of it was written.
    Unsent,
    Failed(Outcome),
}

/// Finds a connection at rest, or makes one. `fresh` wants a new one.
pub(super) async fn reach<N: Network>(
    connection: &Connection<N>,
    server: &Arc<Server>,
    fresh: bool,
) -> Result<Reached, Outcome> {
    let worker = &connection.worker;
    if !fresh && !server.speaks_proxy_protocol() {
        let now_ns = worker.shared.clock.now_ns();
        if let Some(connection) = worker.idle.take(server, now_ns) {
            return Ok(Reached { carrier: Carrier::Http1(connection), reused: true });
        }
        if let Some(sender) = worker.idle.http2(server) {
            return Ok(Reached { carrier: Carrier::Http2(sender), reused: true });
        }
    }
    let counted = Counted::take(server).ok_or(Outcome::LimitHit(LimitKind::Connections))?;
    let (transport, alpn) = connect(connection, server).await?;
    let http2 = server.upstream.protocol == UpstreamProtocol::H2c || alpn == Some(Alpn::Http2);
    let carrier = shake_hands(worker, server, transport, http2, counted).await?;
    Ok(Reached { carrier, reused: false })
}

/// A connection to a server, encrypted if the pool says so.
pub(in super::super) async fn connect<N: Network>(
    connection: &Connection<N>,
    server: &Server,
) -> Result<(Transport<N::Stream>, Option<Alpn>), Outcome> {
    let patience = Duration::from_nanos(server.upstream.connect_timeout.ns());
    let attempt = async {
        for &address in &server.addresses {
            if let Ok(stream) = connection.worker.network.connect(address).await {
                return introduce(connection, server, stream).await;
            }
        }
        Err(Outcome::Refused)
    };
    let stream = tokio::time::timeout(patience, attempt)
        .await
        .unwrap_or(Err(Outcome::TimedOut(TimeoutKind::Connect)))?;
    let transport = Transport::plain(stream, Bytes::new());
    let Some(tls) = &server.tls else { return Ok((transport, None)) };
    let secured = tls::connect(transport, tls.origination.config(), &tls.name, patience).await;
    match secured {
        Ok(Secured { stream, agreed }) => Ok((Transport::encrypted(stream), agreed.alpn)),
        Err(failure) if failure.reason == Reason::TimedOut => {
            Err(Outcome::TimedOut(TimeoutKind::TlsHandshake))
        }
        Err(_refused) => Err(Outcome::Refused),
    }
}

/// Tells the server who the client is, where the pool says so.
async fn introduce<N: Network>(
    connection: &Connection<N>,
    server: &Server,
    mut stream: N::Stream,
) -> Result<N::Stream, Outcome> {
    if server.speaks_proxy_protocol() {
        let version = server.upstream.proxy_protocol;
        let (client, local) = (connection.client, connection.local.unwrap_or(connection.client));
        let mut header = Vec::new();
        proxy_protocol::write(&mut header, version, client, local);
        stream.write_all(&header).await.map_err(|_broken| Outcome::Reset)?;
    }
    Ok(stream)
}

async fn shake_hands<N: Network>(
    worker: &Rc<Worker<N>>,
    server: &Arc<Server>,
    transport: Transport<N::Stream>,
    http2: bool,
    counted: Counted,
) -> Result<Carrier, Outcome> {
    let stream = TokioIo::new(transport);
    if http2 {
        let (sender, connection) = http2::Builder::new(Local)
            .handshake(stream)
            .await
            .map_err(|_broken| Outcome::BadResponse)?;
        tokio::task::spawn_local(async move {
            let _counted = counted;
            // How it ended is known to the requests that were on it.
            drop(connection.await);
        });
        worker.idle.share_http2(server, sender.clone());
        return Ok(Carrier::Http2(sender));
    }
    let (sender, connection) =
        http1::Builder::new().handshake(stream).await.map_err(|_broken| Outcome::Reset)?;
    tokio::task::spawn_local(async move {
        // How it ended is known to the request that was on it.
        drop(connection.with_upgrades().await);
    });
    Ok(Carrier::Http1(Http1::new(sender, counted)))
}

/// Sends a request and waits for the head of the answer.
pub(super) async fn send(carrier: Carrier, request: Request<Upload>) -> Sent {
    match carrier {
        Carrier::Http1(mut connection) => {
            if connection.sender.ready().await.is_err() {
                return Sent::Unsent;
            }
            connection.n_requests += 1;
            match connection.sender.try_send_request(request).await {
                Ok(response) => Sent::Answered(response, Some(connection)),
                Err(mut error) => match error.take_message() {
                    Some(_request) => Sent::Unsent,
                    None => Sent::Failed(outcome_of(error.error())),
                },
            }
        }
        Carrier::Http2(mut sender) => {
            if sender.ready().await.is_err() {
                return Sent::Unsent;
            }
            match sender.try_send_request(request).await {
                Ok(response) => Sent::Answered(response, None),
                Err(mut error) => match error.take_message() {
                    Some(_request) => Sent::Unsent,
                    None => Sent::Failed(outcome_of(error.error())),
                },
            }
        }
    }
}

fn outcome_of(error: &hyper::Error) -> Outcome {
    if error.is_parse() { Outcome::BadResponse } else { Outcome::Reset }
}

/// Runs hyper's helper tasks on the worker's own thread.
#[derive(Debug, Clone, Copy)]
pub(super) struct Local;

impl<F> hyper::rt::Executor<F> for Local
where
    F: Future<Output: 'static> + 'static,
{
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}
