//! An answer's body on its way to the client. Its end is the end of the request.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use http_body::{Body, Frame, SizeHint};
use thiserror::Error;
use tokio::time::Sleep;

use super::super::fields::Fields;
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
    },
    Relayed(Box<Relayed<N>>),
}

/// A server's answer.
pub(super) struct Relayed<N: Network> {
    /// Given back with its connection once it has ended.
    pub(super) incoming: Option<Answer<N::Stream>>,
    pub(super) worker: Rc<Worker<N>>,
    pub(super) server: Arc<Server>,
    pub(super) journey: Box<Journey>,
    pub(super) status: StatusClass,
    pub(super) idle: Option<Duration>,
    pub(super) stalled: Option<Pin<Box<Sleep>>>,
    pub(super) trailers: Option<Fields>,
    /// When the request as a whole has to be over.
    pub(super) deadline: Option<Pin<Box<Sleep>>>,
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

impl<N: Network> Relayed<N> {
    /// Lets the connection rest if it can carry another request: an answer can come before the request's body has gone,
    /// and the connection is busy with that for longer.
    fn give_back(&mut self, now_ns: u64) {
        let connection = self.incoming.take().and_then(Answer::into_connection);
        let sent = self.journey.source.as_ref().is_none_or(|source| source.has_ended());
        if let Some(connection) = connection.filter(|_| sent) {
            self.worker.idle.put(&self.server, connection, now_ns);
            self.worker.tidy_later();
        }
    }

    fn finish(&mut self, outcome: Outcome) {
        self.incoming = None;
        self.journey.end(outcome);
    }

    /// Whether there is more, once that is known.
    fn poll_data(&mut self, ctx: &mut Context<'_>) -> Poll<Result<bool, DownloadError>> {
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(ctx).is_ready()
        {
            self.finish(Outcome::TimedOut(TimeoutKind::Total));
            return Poll::Ready(Err(DownloadError::Late));
        }
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(Ok(false)) };
        match incoming.poll_data(ctx) {
            Poll::Ready(Ok(true)) => {
                self.stalled = None;
                Poll::Ready(Ok(true))
            }
            Poll::Ready(Ok(false)) => {
                self.trailers = incoming.trailers();
                self.finish_well();
                Poll::Ready(Ok(false))
            }
            // An answer cut short must not look complete: the error ends the client's connection or stream.
            Poll::Ready(Err(error)) => {
                self.finish(Outcome::Reset);
                Poll::Ready(Err(DownloadError::Broken(error)))
            }
            Poll::Pending => self.poll_stalled(ctx),
        }
    }

    fn consume(&mut self, n_bytes: usize) {
        self.journey.n_bytes_out += n_bytes as u64;
        if let Some(incoming) = &mut self.incoming {
            incoming.consume(n_bytes);
        }
    }

    fn poll_stalled(&mut self, ctx: &mut Context<'_>) -> Poll<Result<bool, DownloadError>> {
        let Some(idle) = self.idle else { return Poll::Pending };
        let timer = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(idle)));
        if timer.as_mut().poll(ctx).is_pending() {
            return Poll::Pending;
        }
        self.finish(Outcome::TimedOut(TimeoutKind::Idle));
        Poll::Ready(Err(DownloadError::Stalled))
    }

    fn finish_well(&mut self) {
        let now_ns = self.worker.shared.clock.now_ns();
        self.give_back(now_ns);
        self.journey.end_at(Outcome::Answered(self.status), now_ns);
    }

    fn has_ended(&self) -> bool {
        self.incoming.as_ref().is_none_or(Answer::is_end_stream)
    }

    fn take_data(&mut self) -> Bytes {
        let data = self.incoming.as_mut().map_or_else(Bytes::new, Answer::take_data);
        self.journey.n_bytes_out += data.len() as u64;
        data
    }
}

impl<N: Network> Download<N> {
    pub(super) fn own(text: Bytes) -> Self {
        Self::Own { text }
    }

    /// Whether there is more of it, once that is known.
    pub(super) fn poll_data(&mut self, ctx: &mut Context<'_>) -> Poll<Result<bool, DownloadError>> {
        match self {
            Self::Own { text } => Poll::Ready(Ok(!text.is_empty())),
            Self::Relayed(relayed) => relayed.poll_data(ctx),
        }
    }

    /// What is there of it.
    pub(super) fn data(&self) -> &[u8] {
        match self {
            Self::Own { text } => text,
            Self::Relayed(relayed) => relayed.incoming.as_ref().map_or(&[], Answer::data),
        }
    }

    /// So much of it was taken.
    pub(super) fn consume(&mut self, n_bytes: usize) {
        match self {
            Self::Own { text } => text.advance(n_bytes),
            Self::Relayed(relayed) => relayed.consume(n_bytes),
        }
    }

    /// The fields behind it, once it has ended.
    pub(super) fn trailers(&mut self) -> Option<Fields> {
        match self {
            Self::Own { .. } => None,
            Self::Relayed(relayed) => relayed.trailers.take(),
        }
    }

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
        if self.incoming.as_ref().is_some_and(Answer::is_end_stream) {
            self.finish_well();
        }
    }
}

/// As HTTP/2 takes it, in pieces of their own.
impl<N: Network> Body for Download<N> {
    type Data = Bytes;
    type Error = DownloadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, DownloadError>>> {
        Poll::Ready(match ready!(self.poll_data(ctx)) {
            Ok(true) => {
                let data = match &mut *self {
                    Self::Own { text } => std::mem::take(text),
                    Self::Relayed(relayed) => relayed.take_data(),
                };
                Some(Ok(Frame::data(data)))
            }
            Ok(false) => self.trailers().map(|trailers| Ok(Frame::trailers(trailers.to_map()))),
            Err(error) => Some(Err(error)),
        })
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own { text } => text.is_empty(),
            Self::Relayed(relayed) => relayed.has_ended() && relayed.trailers.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own { text } => SizeHint::with_exact(text.len() as u64),
            Self::Relayed(relayed) => {
                relayed.incoming.as_ref().map_or_else(SizeHint::default, Answer::size_hint)
            }
        }
    }
}

/// For answers that belong to no route.
const OWN_PATIENCE: Duration = Duration::from_secs(10);
