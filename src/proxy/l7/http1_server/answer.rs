//! The body of an answer as it comes from its connection.

use std::io;
use std::task::{Context, Poll, ready};

use http_body::SizeHint;
use thiserror::Error;

use super::super::super::fields::Fields;
use super::super::super::framing::{Body, Bounds, Framing, Piece};
use super::super::super::network::Wire;
use super::super::super::transport::Transport;
use super::Http1;
use super::outgoing::Outgoing;

/// An answer whose head was read.
pub(in super::super) struct Http1Answer<S> {
    connection: Box<Http1<S>>,
    /// The rest of the request: an answer can come before all of it has gone.
    outgoing: Option<Outgoing>,
    rest: Rest,
    /// So much of what was read is the answer's, and not yet taken.
    ready: usize,
    trailers: Fields,
    reusable: bool,
}

/// What is still to come.
enum Rest {
    Nothing,
    Sized(u64),
    Chunked(Framing),
    /// All until the connection ends.
    Endless,
}

/// The answer did not come to its end.
#[derive(Debug, Error)]
pub(in super::super) enum Cut {
    #[error("the server's connection ended within its answer")]
    Ended,
    #[error("the chunks of the server's answer are not valid")]
    Malformed,
    #[error(transparent)]
    Lost(#[from] io::Error),
}

impl<S: Wire> Http1Answer<S> {
    pub(super) fn new(
        connection: Box<Http1<S>>,
        outgoing: Option<Outgoing>,
        body: Option<Body>,
        reusable: bool,
    ) -> Self {
        let (rest, reusable) = match body {
            Some(Body::None) => (Rest::Nothing, reusable),
            Some(Body::Sized(length)) => (Rest::Sized(length), reusable),
            Some(Body::Chunked) => {
                (Rest::Chunked(Framing::of_answer(Body::Chunked, TRAILERS)), reusable)
            }
            None => (Rest::Endless, false),
        };
        Self { connection, outgoing, rest, ready: 0, trailers: Fields::default(), reusable }
    }

    pub(in super::super) fn is_end_stream(&self) -> bool {
        matches!(self.rest, Rest::Nothing)
    }

    pub(in super::super) fn size_hint(&self) -> SizeHint {
        match self.rest {
            Rest::Nothing => SizeHint::with_exact(0),
            Rest::Sized(left) => SizeHint::with_exact(left),
            Rest::Chunked(_) | Rest::Endless => SizeHint::default(),
        }
    }

    /// The connection, if it can carry another request.
    pub(in super::super) fn into_connection(self) -> Option<Box<Http1<S>>> {
        let clean = self.is_end_stream() && self.connection.inbox.is_empty();
        if !clean || !self.reusable || self.outgoing.is_some() {
            return None;
        }
        Some(self.connection)
    }

    /// The connection as bytes, once it is no HTTP any more.
    pub(in super::super) fn into_transport(self) -> Transport<S> {
        self.connection.into_transport()
    }

    /// Whether there is more of it, once that is known.
    pub(in super::super) fn poll_data(&mut self, ctx: &mut Context<'_>) -> Poll<Result<bool, Cut>> {
        self.poll_outgoing(ctx);
        while self.ready == 0 {
            let inbox = &mut self.connection.inbox;
            let held = inbox.bytes();
            match &mut self.rest {
                Rest::Nothing => return Poll::Ready(Ok(false)),
                Rest::Sized(left) => {
                    self.ready = held.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                }
                Rest::Endless => self.ready = held.len(),
                Rest::Chunked(framing) => match framing.piece(held, &mut self.trailers) {
                    Ok(Some((Piece::Data, length))) => self.ready = length,
                    Ok(Some((piece, length))) => {
                        inbox.used(length);
                        if piece == Piece::Trailers {
                            self.rest = Rest::Nothing;
                        }
                        continue;
                    }
                    Ok(None) => {}
                    Err(_violation) => return Poll::Ready(Err(Cut::Malformed)),
                },
            }
            if self.ready > 0 {
                break;
            }
            match ready!(inbox.poll_fill(ctx, &mut self.connection.transport)) {
                Ok(0) if matches!(self.rest, Rest::Endless) => self.rest = Rest::Nothing,
                Ok(0) => return Poll::Ready(Err(Cut::Ended)),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
        Poll::Ready(Ok(true))
    }

    /// What is there of it.
    pub(in super::super) fn data(&self) -> &[u8] {
        &self.connection.inbox.bytes()[..self.ready]
    }

    /// So much of it was taken.
    pub(in super::super) fn consume(&mut self, n_bytes: usize) {
        self.ready -= n_bytes;
        self.connection.inbox.used(n_bytes);
        if let Rest::Sized(left) = &mut self.rest {
            *left -= n_bytes as u64;
            if *left == 0 {
                self.rest = Rest::Nothing;
            }
        }
    }

    /// The fields behind it, once it has ended.
    pub(in super::super) fn trailers(&mut self) -> Option<Fields> {
        let trailers = std::mem::take(&mut self.trailers);
        (!trailers.is_empty()).then_some(trailers)
    }

    /// Lets the rest of the request go on. Where it cannot, the connection is of no further use.
    fn poll_outgoing(&mut self, ctx: &mut Context<'_>) {
        let Some(outgoing) = &mut self.outgoing else { return };
        match outgoing.poll(ctx, &mut self.connection.transport) {
            Poll::Pending => {}
            Poll::Ready(Ok(())) => self.outgoing = None,
            Poll::Ready(Err(_fault)) => {
                self.outgoing = None;
                self.reusable = false;
            }
        }
    }
}

/// What a server may send behind its last chunk.
const TRAILERS: Bounds = Bounds { header_bytes: 64 * 1024, header_count: 1_000 };
