//! An answer's body on its way to the client. Its end is the end of the request.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use thiserror::Error;
use tokio::time::Sleep;

use super::super::idle::Http1;
use super::super::network::Network;
use super::super::server::Server;
use super::super::worker::Worker;
use super::answer::{Answer, AnswerError};
use super::journey::Journey;
use crate::meter::{Outcome, StatusClass, TimeoutKind};

/// The body of an answer.
pub(super) enum Download<N: Network> {
    /// Written by the proxy itself; the request is over when it is handed out.
    Own {
        text: Bytes,
        _journey: Option<Box<Journey>>,
    },
    Relayed(Box<Relayed<N>>),
}

/// A server's answer.
pub(super) struct Relayed<N: Network> {
    pub(super) incoming: Answer,
    pub(super) journey: Box<Journey>,
    pub(super) status: StatusClass,
    pub(super) idle: Option<Duration>,
    pub(super) lease: Option<Lease<N>>,
    pub(super) stalled: Option<Pin<Box<Sleep>>>,
    /// When the request as a whole has to be over.
    pub(super) deadline: Option<Pin<Box<Sleep>>>,
}

/// A connection that goes back to rest when the answer it brings was read to its end.
pub(super) struct Lease<N: Network> {
    pub(super) worker: Rc<Worker<N>>,
    pub(super) server: Arc<Server>,
    pub(super) connection: Http1,
}

#[derive(Debug, Error)]
pub(super) enum DownloadError {
    #[error("the server's connection broke within the answer")]
    Broken(#[source] AnswerError),
    #[error("the server stopped sending")]
    Stalled,
    #[error("the request took longer than allowed")]
    Late,
}

impl<N: Network> Lease<N> {
    fn give_back(self) {
        let Self { worker, server, connection } = self;
        let now_ns = worker.shared.clock.now_ns();
        worker.idle.put(&server, connection, now_ns);
        worker.tidy_later();
    }
}

impl<N: Network> Relayed<N> {
    fn finish(&mut self, outcome: Outcome) {
        if let Some(lease) = self.lease.take()
            && !outcome.is_error()
        {
            lease.give_back();
        }
        self.journey.end(outcome);
    }

    fn poll_frame(
        &mut self,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, DownloadError>>> {
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(ctx).is_ready()
        {
            self.finish(Outcome::TimedOut(TimeoutKind::Total));
            return Poll::Ready(Some(Err(DownloadError::Late)));
        }
        match Pin::new(&mut self.incoming).poll_frame(ctx) {
            Poll::Ready(None) => {
                self.finish_well();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Ok(frame))) => {
                self.stalled = None;
                if let Some(data) = frame.data_ref() {
                    self.journey.n_bytes_out += data.len() as u64;
                }
                Poll::Ready(Some(Ok(frame)))
            }
            // An answer cut short must not look complete: the error ends the client's connection or stream.
            Poll::Ready(Some(Err(error))) => {
                self.finish(Outcome::Reset);
                Poll::Ready(Some(Err(DownloadError::Broken(error))))
            }
            Poll::Pending => self.poll_stalled(ctx),
        }
    }

    fn poll_stalled(
        &mut self,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, DownloadError>>> {
        let Some(idle) = self.idle else { return Poll::Pending };
        let timer = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(idle)));
        if timer.as_mut().poll(ctx).is_pending() {
            return Poll::Pending;
        }
        self.finish(Outcome::TimedOut(TimeoutKind::Idle));
        Poll::Ready(Some(Err(DownloadError::Stalled)))
    }

    fn finish_well(&mut self) {
        let outcome = Outcome::Answered(self.status);
        // An answer can come before the request's body has gone; the connection is busy with that for longer.
        let sent = self.journey.source.as_ref().is_none_or(|source| source.has_ended());
        if let Some(lease) = self.lease.take()
            && sent
        {
            lease.give_back();
        }
        self.journey.end(outcome);
    }
}

impl<N: Network> Download<N> {
    /// How long the client may take nothing of it.
    pub(super) fn patience(&self) -> Option<Duration> {
        match self {
            Self::Own { .. } => Some(OWN_PATIENCE),
            Self::Relayed(relayed) => relayed.idle,
        }
    }
}

impl<N: Network> Drop for Relayed<N> {
    /// Whoever reads a sized body stops when it has all of it.
    fn drop(&mut self) {
        if self.incoming.is_end_stream() {
            self.finish_well();
        }
    }
}

impl<N: Network> Body for Download<N> {
    type Data = Bytes;
    type Error = DownloadError;

    fn poll_frame(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, DownloadError>>> {
        match self.get_mut() {
            Self::Own { text, .. } if text.is_empty() => Poll::Ready(None),
            Self::Own { text, .. } => Poll::Ready(Some(Ok(Frame::data(std::mem::take(text))))),
            Self::Relayed(relayed) => relayed.poll_frame(ctx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own { text, .. } => text.is_empty(),
            Self::Relayed(relayed) => relayed.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own { text, .. } => SizeHint::with_exact(text.len() as u64),
            Self::Relayed(relayed) => relayed.incoming.size_hint(),
        }
    }
}

/// For answers that belong to no route.
const OWN_PATIENCE: Duration = Duration::from_secs(10);
