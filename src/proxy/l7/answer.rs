//! The body of a server's answer, whichever protocol it came by.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, RecvStream};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use thiserror::Error;
use tokio::task::JoinHandle;

use super::super::lanes::Seat;

pub(super) enum Answer {
    Http1(Incoming),
    Http2(Box<Http2Answer>),
}

/// An answer on a stream of a shared connection.
pub(super) struct Http2Answer {
    receiving: RecvStream,
    /// What the length says, less what has come.
    remaining: Option<u64>,
    /// Handed on last. The server may send as much again once more is asked for, which says that this was taken.
    unreleased: usize,
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
    Http1(#[from] hyper::Error),
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
        Self { receiving, remaining: length, unreleased: 0, _sending: sending, _seat: seat }
    }

    fn poll_frame(
        &mut self,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, AnswerError>>> {
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
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Some(Err(error)) if self.ended_early(&error) => Poll::Ready(None),
            Some(Err(error)) => Poll::Ready(Some(Err(error.into()))),
            None => {
                let trailers = ready!(self.receiving.poll_trailers(ctx));
                Poll::Ready(
                    trailers
                        .map_err(AnswerError::from)
                        .transpose()
                        .map(|trailers| trailers.map(Frame::trailers)),
                )
            }
        }
    }

    /// `NO_ERROR` after the whole answer only stops the request's body (RFC 9113 section 8.1).
    fn ended_early(&self, error: &h2::Error) -> bool {
        error.is_reset()
            && error.reason() == Some(Reason::NO_ERROR)
            && self.remaining.is_none_or(|left| left == 0)
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = AnswerError;

    fn poll_frame(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, AnswerError>>> {
        match self.get_mut() {
            Self::Http1(incoming) => Pin::new(incoming)
                .poll_frame(ctx)
                .map(|frame| frame.map(|frame| frame.map_err(AnswerError::from))),
            Self::Http2(answer) => answer.poll_frame(ctx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Http1(incoming) => incoming.is_end_stream(),
            Self::Http2(answer) => answer.receiving.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Http1(incoming) => incoming.size_hint(),
            Self::Http2(answer) => {
                answer.remaining.map_or_else(SizeHint::default, SizeHint::with_exact)
            }
        }
    }
}
