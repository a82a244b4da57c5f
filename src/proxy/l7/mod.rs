//! HTTP: one request after the other, or many at once, each led to a server and its answer back.

mod answer;
mod attempt;
mod bond;
mod client;
mod detect;
mod download;
mod exchange;
mod head;
mod hedge;
mod http1;
mod http1_server;
mod http2;
mod http2_body;
mod http2_head;
mod http2_server;
mod http2_stream;
mod journey;
mod ledger;
mod message;
mod own;
mod pipe;
mod refusal;
mod relay;
mod request;
mod retry;
mod rewrite;
mod tunnel;
mod upload;
mod upstream;
mod way;

pub(super) use http1_server::Http1;
pub(super) use tunnel::Tunnel;
pub(super) use upstream::connect;

use super::boxed::boxed;
use super::connection::{Connection, Serving};
use super::network::Network;
use super::transport::Transport;
use detect::Spoken;

/// Finds out what the client speaks, and returns what serves the connection to its end.
pub(super) async fn begin<N: Network>(
    connection: Connection<N>,
    mut transport: Transport<N::Stream>,
) -> Option<Serving> {
    Some(match detect::version(&connection, &mut transport).await? {
        Spoken::Http1 => boxed(|| http1::serve(connection, transport)),
        Spoken::Http2 => boxed(|| http2::serve(connection, transport)),
    })
}
