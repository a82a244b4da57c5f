//! HTTP: one request after the other, or many at once, each led to a server and its answer back.

mod download;
mod exchange;
mod http1;
mod journey;
mod refusal;
mod request;
mod rewrite;
mod upload;
mod upstream;
mod way;

pub use upload::Upload;
#[expect(unused_imports, reason = "the door for connections without HTTP")]
pub(super) use upstream::connect;

use super::connection::Connection;
use super::network::Network;
use super::transport::Transport;

/// Serves an HTTP connection to its end.
pub(super) async fn serve<N: Network>(connection: Connection<N>, transport: Transport<N::Stream>) {
    http1::serve(connection, transport).await;
}
