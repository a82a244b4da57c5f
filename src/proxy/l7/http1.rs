//! HTTP/1.x towards clients, on hyper's low-level server connection.

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use http::{Request, Version};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use super::super::connection::Connection;
use super::super::guard::{Guard, GuardSettings};
use super::super::network::Network;
use super::super::transport::Transport;
use super::super::worker::Door;
use super::client::Client;
use super::request::{Inbound, handle, refuse};
use super::upload::Received;

/// Serves requests until the connection ends, or until its listener closes.
pub(super) async fn serve<N: Network>(connection: Connection<N>, transport: Transport<N::Stream>) {
    let mut door = connection.door.clone();
    let shared = &connection.worker.shared;
    let settings = GuardSettings::from(&shared.plan.load().limits);
    let (guarded, guard) = Guard::new(transport, settings, Arc::clone(&shared.clock));
    let counts = Arc::clone(&guard);
    let connection = Rc::new(connection);
    let n_requests = Cell::new(0);
    let service = service_fn(|request: Request<Incoming>| {
        let connection = Rc::clone(&connection);
        let number = n_requests.replace(n_requests.get() + 1);
        let guard = Arc::clone(&guard);
        async move {
            let (head, body) = request.into_parts();
            let violation = guard.refusal_of(number).copied();
            let client = Client::Http1 { guard, hints: head.version != Version::HTTP_10 };
            if let Some(violation) = violation {
                return Ok(refuse(&connection, &head, violation, &client));
            }
            let inbound = Inbound { head, body: Received::Http1(body), client, number };
            Ok::<_, Infallible>(handle(&connection, inbound).await)
        }
    });
    let tunnelled = Rc::clone(&connection);
    let mut serving = pin!(
        http1::Builder::new()
            .max_headers(HEADERS_MAX)
            .serve_connection(TokioIo::new(guarded), service)
            .with_upgrades()
    );
    tokio::select! {
        // How it ended is known to the requests that were on it.
        _ended = serving.as_mut() => {}
        _ = door.wait_for(|door| *door != Door::Open) => {
            serving.as_mut().graceful_shutdown();
            drop(serving.await);
        }
    }
    let n_dropped = counts.interims_dropped();
    if n_dropped > 0 {
        tunnelled.worker.shared.tallies.interims_dropped.fetch_add(n_dropped, Relaxed);
    }
    // Run here and not by a task of its own, so that the connection counts as open, and ends when the door is closed.
    let tunnel = tunnelled.tunnel.take();
    if let Some(tunnel) = tunnel {
        tunnel.run().await;
    }
}

/// More than any limit of a lab allows, so that the guard decides and not hyper.
const HEADERS_MAX: usize = 10_000;
