//! Which HTTP a client speaks, by ALPN or by how it begins.

use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::super::connection::Connection;
use super::super::network::Network;
use super::super::tls::Alpn;
use super::super::transport::Transport;
use crate::lab::HttpVersions;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoken {
    Http1,
    Http2,
}

/// Nothing if the client left or stayed silent, or speaks what the listener does not.
pub(super) async fn version<N: Network>(
    connection: &Connection<N>,
    transport: &mut Transport<N::Stream>,
) -> Option<Spoken> {
    let versions = connection.listener()?.http.versions;
    if versions == HttpVersions::Http1 {
        return Some(Spoken::Http1);
    }
    match connection.alpn {
        Some(Alpn::Http2) => return Some(Spoken::Http2),
        Some(Alpn::Http1) if versions != HttpVersions::Http2 => return Some(Spoken::Http1),
        _ => {}
    }
    let patience = connection.worker.shared.plan.load().limits.header_timeout;
    let patience = Duration::from_nanos(patience.ns());
    let spoken = tokio::time::timeout(patience, by_preface(transport)).await.ok()??;
    if spoken == Spoken::Http1 && versions == HttpVersions::Http2 {
        // Whatever becomes of the words, the connection is closed now.
        drop(tokio::time::timeout(patience, transport.write_all(ONLY_HTTP2)).await);
        return None;
    }
    Some(spoken)
}

/// Reads as much as is needed to tell, and puts it back.
async fn by_preface<S>(transport: &mut Transport<S>) -> Option<Spoken>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // With room for a whole head, so that looking does not cost another read.
    let mut read = BytesMut::with_capacity(ROOM);
    loop {
        if transport.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
        let n_bytes = read.len().min(PREFACE.len());
        let fits = read[..n_bytes] == PREFACE[..n_bytes];
        if !fits || n_bytes == PREFACE.len() {
            transport.put_back(read.freeze());
            return Some(if fits { Spoken::Http2 } else { Spoken::Http1 });
        }
    }
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const ROOM: usize = 4096;
const ONLY_HTTP2: &[u8] = b"HTTP/1.1 505 HTTP Version Not Supported\r\nconnection: close\r\n\
    content-type: text/plain; charset=utf-8\r\ncontent-length: 34\r\n\r\n505 this listener speaks HTTP/2 \r\n";
