//! The body of a server's answer, whichever protocol it came by.

use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use h2::{Reason, RecvStream};
use http_body::SizeHint;
use thiserror::Error;
use tokio::task::JoinHandle;

use super::super::fields::Fields;
use super::super::lanes::Seat;
use super::super::network::Wire;
use super::http1_server::{Cut, Http1, Http1Answer};

pub(super) enum Answer<S> {
    Http1(Box<Http1Answer<S>>),
    Http2(Box<Http2Answer>),
}

/// An answer on a stream of a shared connection.
pub(super) struct Http2Answer {
    receiving: RecvStream,
    /// What the length says, less what has come.
    remaining: Option<u64>,
    /// Handed on last. The server may send as much again once more is asked for, which says that this was taken.
    unreleased: usize,
    /// Came and was not yet taken.
    piece: Bytes,
    trailers: Option<Fields>,
    _sending: Option<Sending>,
    _seat: Seat,
}

/// The request's body on its way to the server; it stops with the exchange, which resets the stream.
pub(super) struct Sending(pub(super) JoinHandle<()>);

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[derive(Debug, Error)]
pub(super) enum AnswerError {
    #[error(transparent)]
    Http1(#[from] Cut),
    #[error(transparent)]
    Http2(#[from] h2::Error),
}

impl Http2Answer {
    pub(super) fn new(
        receiving: RecvStream,
        length: Option<u64>,
        sending: Option<Sending>,
        seat: Seat,
    ) -> Self {
        Self {
            receiving,
            remaining: length,
            unreleased: 0,
            piece: Bytes::new(),
            trailers: None,
            _sending: sending,
            _seat: seat,
        }
    }

    fn poll_data(&mut self, ctx: &mut Context<'_>) -> Poll<Result<bool, AnswerError>> {
        while self.piece.is_empty() {
            let taken = std::mem::take(&mut self.unreleased);
            if taken > 0 {
                // Fails only where the stream has ended and nobody waits for room.
                drop(self.receiving.flow_control().release_capacity(taken));
            }
            match ready!(self.receiving.poll_data(ctx)) {
                Some(Ok(data)) => {
                    self.unreleased = data.len();
                    let left = self.remaining.map(|left| left.saturating_sub(data.len() as u64));
                    self.remaining = left;
                    self.piece = data;
                }
                Some(Err(error)) if self.ended_early(&error) => return Poll::Ready(Ok(false)),
                Some(Err(error)) => return Poll::Ready(Err(error.into())),
                None => {
                    let trailers = ready!(self.receiving.poll_trailers(ctx))?;
                    self.trailers = trailers.as_ref().map(Fields::from_map);
                    return Poll::Ready(Ok(false));
                }
            }
        }
        Poll::Ready(Ok(true))
    }

    /// `NO_ERROR` after the whole answer only stops the request's body (RFC 9113 section 8.1).
    fn ended_early(&self, error: &h2::Error) -> bool {
        error.is_reset()
            && error.reason() == Some(Reason::NO_ERROR)
            && self.remaining.is_none_or(|left| left == 0)
    }
}

impl<S: Wire> Answer<S> {
    /// Whether there is more of it, once that is known.
    pub(super) fn poll_data(&mut self, ctx: &mut Context<'_>) -> Poll<Result<bool, AnswerError>> {
        match self {
            Self::Http1(answer) => answer.poll_data(ctx).map_err(AnswerError::from),
            Self::Http2(answer) => answer.poll_data(ctx),
        }
    }

    /// What is there of it.
    pub(super) fn data(&self) -> &[u8] {
        match self {
            Self::Http1(answer) => answer.data(),
            Self::Http2(answer) => &answer.piece,
        }
    }

    /// So much of it was taken.
    pub(super) fn consume(&mut self, n_bytes: usize) {
        match self {
            Self::Http1(answer) => answer.consume(n_bytes),
            Self::Http2(answer) => answer.piece.advance(n_bytes),
        }
    }

    /// All that is there of it, for keeps.
    pub(super) fn take_data(&mut self) -> Bytes {
        match self {
            Self::Http1(answer) => {
                let data = Bytes::copy_from_slice(answer.data());
                answer.consume(data.len());
                data
            }
            Self::Http2(answer) => std::mem::take(&mut answer.piece),
        }
    }

    /// The fields behind it, once it has ended.
    pub(super) fn trailers(&mut self) -> Option<Fields> {
        match self {
            Self::Http1(answer) => answer.trailers(),
            Self::Http2(answer) => answer.trailers.take(),
        }
    }

    pub(super) fn is_end_stream(&self) -> bool {
        match self {
            Self::Http1(answer) => answer.is_end_stream(),
            Self::Http2(answer) => answer.piece.is_empty() && answer.receiving.is_end_stream(),
        }
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        match self {
            Self::Http1(answer) => answer.size_hint(),
            Self::Http2(answer) => answer.remaining.map_or_else(SizeHint::default, |left| {
                SizeHint::with_exact(left + answer.piece.len() as u64)
            }),
        }
    }

    /// The connection it came by, if it is whole and the connection can carry another request.
    pub(super) fn into_connection(self) -> Option<Box<Http1<S>>> {
        match self {
            Self::Http1(answer) => answer.into_connection(),
            Self::Http2(_) => None,
        }
    }
}
