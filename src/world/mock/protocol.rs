//! Which protocol a connection is attended to in.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::http;
use super::tcp;
use super::visit::Visit;
use super::wire::Wire;
use crate::lab::MockProtocol;

/// A client's connection, plain or inside TLS.
pub(super) trait Io: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Io for T {}

/// Attends to a connection to its end.
pub(super) async fn attend(wire: Wire, visit: Visit, tls: Option<Arc<rustls::ServerConfig>>) {
    match tls {
        None => speak(wire, visit).await,
        Some(config) => {
            // A client that cannot agree on TLS has been told so by an alert.
            if let Ok(stream) = TlsAcceptor::from(config).accept(wire).await {
                speak(stream, visit).await;
            }
        }
    }
}

async fn speak(io: impl Io, visit: Visit) {
    match visit.desk.identity.protocol {
        MockProtocol::Http | MockProtocol::Grpc | MockProtocol::Websocket => {
            http::serve(io, visit).await;
        }
        MockProtocol::TcpEcho => tcp::echo(io, visit).await,
        MockProtocol::UdpEcho => unreachable!("datagrams come without connections"),
    }
}
