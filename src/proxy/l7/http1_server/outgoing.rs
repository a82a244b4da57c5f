//! A request on its way to a server: its head, and its body as it comes.

use std::io::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use http::HeaderMap;
use http_body::{Body as _, Frame};
use tokio::io::AsyncWrite as _;

use super::super::super::fields::{Fields, Name};
use super::super::super::headers::has_word;
use super::super::super::network::Wire;
use super::super::super::transport::Transport;
use super::super::message::RequestHead;
use super::super::upload::Upload;

pub(super) struct Outgoing {
    /// To be written first: the head, what frames a chunk, small pieces.
    out: Vec<u8>,
    n_written: usize,
    /// To be written then, without being copied.
    piece: Bytes,
    /// None once it has ended.
    body: Option<Upload>,
    coding: Coding,
    /// Something was read of the body.
    begun: bool,
    /// Something went to the server.
    touched: bool,
}

enum Coding {
    /// The head says how long it is.
    Plain,
    /// With the names of the trailers that the head announces.
    Chunked { announced: Fields },
}

/// Why it did not get through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The connection was gone, and nothing is lost with it.
    Untouched,
    Connection,
    /// What the client sends.
    Body,
}

impl Outgoing {
    pub(super) fn new(mut room: Vec<u8>, head: &RequestHead, upload: Upload) -> Self {
        room.clear();
        let out = &mut room;
        out.reserve(HEAD_BYTES);
        out.extend_from_slice(head.method.as_str().as_bytes());
        out.push(b' ');
        match head.uri.path_and_query() {
            Some(target) => out.extend_from_slice(target.as_str().as_bytes()),
            // The authority form, of CONNECT.
            None => drop(write!(out, "{}", head.uri)),
        }
        out.extend_from_slice(b" HTTP/1.1\r\n");
        head.fields.write(out);
        let body = (!upload.is_end_stream()).then_some(upload);
        let mut coding = Coding::Plain;
        if body.is_some() && !head.fields.has(Name::ContentLength) {
            out.extend_from_slice(b"transfer-encoding: chunked\r\n");
            let mut announced = Fields::default();
            head.fields.all(Name::Trailer).for_each(|value| announced.add(Name::Trailer, value));
            coding = Coding::Chunked { announced };
        }
        out.extend_from_slice(b"\r\n");
        let piece = Bytes::new();
        Self { out: room, n_written: 0, piece, body, coding, begun: false, touched: false }
    }

    /// Writes as much as is there. Ready once all is written, the end of the body included.
    pub(super) fn poll<S: Wire>(
        &mut self,
        ctx: &mut Context<'_>,
        stream: &mut Transport<S>,
    ) -> Poll<Result<(), Fault>> {
        loop {
            // A small body comes with its head and goes with it.
            let more = self.poll_body(ctx)?;
            ready!(self.poll_write(ctx, stream))?;
            if more.is_pending() {
                ready!(Pin::new(&mut *stream).poll_flush(ctx)).map_err(|_lost| self.fault())?;
                return if self.body.is_some() { Poll::Pending } else { Poll::Ready(Ok(())) };
            }
        }
    }

    /// Gives up what is not yet written.
    pub(super) fn stop(&mut self) {
        self.body = None;
        self.n_written = self.out.len();
        self.piece = Bytes::new();
    }

    /// The memory, for the next head.
    pub(super) fn into_room(self) -> Vec<u8> {
        if self.out.capacity() <= ROOM_BYTES_MAX { self.out } else { Vec::new() }
    }

    /// Takes the next piece of the body, where there is place for it. Pending where there is none to be had now.
    fn poll_body(&mut self, ctx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        if !self.piece.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let Some(body) = &mut self.body else { return Poll::Pending };
        match ready!(Pin::new(body).poll_frame(ctx)) {
            None => self.end(None),
            Some(Err(_broken)) => return Poll::Ready(Err(Fault::Body)),
            Some(Ok(frame)) => {
                self.begun = true;
                self.take(frame);
            }
        }
        Poll::Ready(Ok(()))
    }

    fn take(&mut self, frame: Frame<Bytes>) {
        let data = match frame.into_data() {
            Ok(data) if data.is_empty() => return,
            Ok(data) => data,
            Err(frame) => return self.end(frame.into_trailers().ok().as_ref()),
        };
        if let Coding::Chunked { .. } = self.coding {
            // Room for any size.
            drop(write!(self.out, "{:x}\r\n", data.len()));
            self.out.extend_from_slice(&data);
            self.out.extend_from_slice(b"\r\n");
        } else if data.len() <= JOINED_BYTES_MAX {
            self.out.extend_from_slice(&data);
        } else {
            self.piece = data;
        }
    }

    fn end(&mut self, trailers: Option<&HeaderMap>) {
        self.body = None;
        let Coding::Chunked { announced } = &self.coding else { return };
        self.out.extend_from_slice(b"0\r\n");
        if let Some(trailers) = trailers {
            write_trailers(&Fields::from_map(trailers), announced, &mut self.out);
        }
        self.out.extend_from_slice(b"\r\n");
    }

    fn poll_write<S: Wire>(
        &mut self,
        ctx: &mut Context<'_>,
        stream: &mut Transport<S>,
    ) -> Poll<Result<(), Fault>> {
        loop {
            let in_front = self.n_written < self.out.len();
            let bytes = if in_front { &self.out[self.n_written..] } else { &self.piece[..] };
            if bytes.is_empty() {
                self.out.clear();
                self.n_written = 0;
                return Poll::Ready(Ok(()));
            }
            match ready!(Pin::new(&mut *stream).poll_write(ctx, bytes)) {
                Ok(0) | Err(_) => return Poll::Ready(Err(self.fault())),
                Ok(n_bytes) if in_front => self.n_written += n_bytes,
                Ok(n_bytes) => self.piece.advance(n_bytes),
            }
            self.touched = true;
        }
    }

    fn fault(&self) -> Fault {
        if self.touched || self.begun { Fault::Connection } else { Fault::Untouched }
    }
}

/// Writes those trailers that were announced and may stand there (RFC 9110 section 6.5.1).
pub(in super::super) fn write_trailers(trailers: &Fields, announced: &Fields, out: &mut Vec<u8>) {
    for (name, value) in trailers.iter() {
        if has_word(announced, Name::Trailer, name.as_bytes()) && may_trail(name) {
            for part in [name.as_bytes(), b": ", value, b"\r\n"] {
                out.extend_from_slice(part);
            }
        }
    }
}

/// Nothing that frames, routes, authorises, or says how to read what came before.
fn may_trail(name: &str) -> bool {
    ![
        "authorization",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "host",
        "max-forwards",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
    .contains(&name)
}

/// An ordinary head.
const HEAD_BYTES: usize = 512;
/// Up to here a piece is copied to go with what stands before it, in one write. The size was chosen, not measured.
const JOINED_BYTES_MAX: usize = 16 * 1024;
/// A connection at rest keeps no more.
const ROOM_BYTES_MAX: usize = 1024;
