//! HTTP/1.x towards clients, on hyper's low-level server connection.

use std::convert::Infallible;
use std::pin::pin;
use std::rc::Rc;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use super::super::connection::Connection;
use super::super::network::Network;
use super::super::transport::Transport;
use super::super::worker::Door;
use super::request::handle;
use super::upload::Received;

/// Serves requests until the connection ends, or until its listener closes.
pub(super) async fn serve<N: Network>(connection: Connection<N>, transport: Transport<N::Stream>) {
    let mut door = connection.door.clone();
    let connection = Rc::new(connection);
    let service = service_fn(|request: Request<Incoming>| {
        let connection = Rc::clone(&connection);
        async move {
            let (head, body) = request.into_parts();
            Ok::<_, Infallible>(handle(&connection, head, Received::Http1(body)).await)
        }
    });
    let mut serving = pin!(
        http1::Builder::new().serve_connection(TokioIo::new(transport), service).with_upgrades()
    );
    let closing = tokio::select! {
        // How it ended is known to the requests that were on it.
        _ended = serving.as_mut() => return,
        closing = door.wait_for(|door| *door != Door::Open) => closing.is_ok(),
    };
    if closing {
        serving.as_mut().graceful_shutdown();
    }
    drop(serving.await);
}
