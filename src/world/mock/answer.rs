//! The body of an answer, and the ways in which it can go wrong.

use std::fmt::Write as _;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use super::desk::Identity;
use super::http::Cut;
use super::place::Place;
use super::question::Question;
use crate::period::Period;

pub(super) struct Answer {
    content: Content,
    pace: Pace,
    trailers: Option<HeaderMap>,
}

/// What is still to be sent: some text, then filling.
pub(super) struct Content {
    head: Bytes,
    filling: u64,
}

enum Pace {
    AtOnce,
    /// Breaks off with so much left.
    CutShort {
        left: u64,
        is_sent: bool,
    },
    Slow(Box<Slow>),
}

/// Sends a piece now and then.
struct Slow {
    piece: u64,
    pause: Duration,
    until: Pin<Box<Sleep>>,
    /// The server is busy with it to the end.
    place: Option<Place>,
}

impl Answer {
    pub(super) fn whole(content: Content) -> Self {
        Self { content, pace: Pace::AtOnce, trailers: None }
    }

    pub(super) fn text(text: String) -> Self {
        Self::whole(Content { head: text.into(), filling: 0 })
    }

    /// Promises all of it and sends half.
    pub(super) fn cut_short(content: Content) -> Self {
        let pace = Pace::CutShort { left: content.len().div_ceil(2), is_sent: false };
        Self { content, pace, trailers: None }
    }

    pub(super) fn slow(content: Content, lasts: Period, mut place: Option<Place>) -> Self {
        let pieces = content.len().clamp(1, PIECES);
        let pause = Duration::from_nanos(lasts.ns() / pieces);
        if let Some(place) = &mut place {
            place.keep_for(lasts.ns());
        }
        let until = Box::pin(tokio::time::sleep(pause));
        let slow = Slow { piece: content.len().div_ceil(pieces), pause, until, place };
        Self { content, pace: Pace::Slow(Box::new(slow)), trailers: None }
    }

    pub(super) fn with_trailers(mut self, trailers: HeaderMap) -> Self {
        self.trailers = Some(trailers);
        self
    }

    fn piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        let Self { content, pace, .. } = self;
        match pace {
            Pace::AtOnce => Poll::Ready(content.take(u64::MAX).map(Ok)),
            Pace::CutShort { left, is_sent } if content.len() <= *left => {
                if *is_sent {
                    return Poll::Ready(Some(Err(Cut::in_the_middle())));
                }
                // hyper drops what it has not written yet when a body fails; this lets it write first.
                *is_sent = true;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Pace::CutShort { left, .. } => {
                let most = content.len() - *left;
                Poll::Ready(content.take(most).map(Ok))
            }
            Pace::Slow(slow) => {
                ready!(slow.until.as_mut().poll(cx));
                slow.until = Box::pin(tokio::time::sleep(slow.pause));
                let piece = content.take(slow.piece);
                if content.is_empty()
                    && let Some(place) = slow.place.take()
                {
                    place.free();
                }
                Poll::Ready(piece.map(Ok))
            }
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let may_have_more = !self.content.is_empty() || matches!(self.pace, Pace::CutShort { .. });
        if may_have_more && let Some(piece) = ready!(self.piece(cx)) {
            return Poll::Ready(Some(piece.map(Frame::data)));
        }
        Poll::Ready(self.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_empty()
            && self.trailers.is_none()
            && !matches!(self.pace, Pace::CutShort { .. })
    }

    fn size_hint(&self) -> SizeHint {
        // With trailers the size is not announced, as gRPC servers have it.
        match self.trailers {
            Some(_) => SizeHint::default(),
            None => SizeHint::with_exact(self.content.len()),
        }
    }
}

impl Content {
    pub(super) fn new(head: Bytes) -> Self {
        Self { head, filling: 0 }
    }

    fn len(&self) -> u64 {
        self.head.len() as u64 + self.filling
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next piece of it, with so many bytes at most.
    fn take(&mut self, most: u64) -> Option<Bytes> {
        if !self.head.is_empty() {
            let n_taken = self.head.len().min(most as usize);
            return Some(self.head.split_to(n_taken));
        }
        let n_taken = self.filling.min(most).min(FILLING.len() as u64);
        self.filling -= n_taken;
        (n_taken > 0).then(|| Bytes::from_static(&FILLING[..n_taken as usize]))
    }
}

/// What an answer says.
pub(super) struct Text(String);

impl Text {
    pub(super) fn of(identity: &Identity, question: &Question) -> Self {
        let Question { method, uri, version, number, .. } = question;
        let mut text = String::with_capacity(IN_ONE_PIECE);
        let Identity { name, pool, .. } = identity;
        // Writing into a string cannot fail.
        write!(text, "{name}\nrequest {} of {name}", number + 1).ok();
        if !pool.is_empty() {
            write!(text, " in pool {pool}").ok();
        }
        writeln!(text, "\n{method} {uri} {version:?}").ok();
        Self(text)
    }

    /// Exactly so many bytes: filled up, or cut to what fits.
    pub(super) fn sized(self, size: u64) -> Content {
        let mut head = self.0.into_bytes();
        head.truncate(size.min(head.len() as u64) as usize);
        let mut filling = size - head.len() as u64;
        if size <= IN_ONE_PIECE as u64 {
            head.extend_from_slice(&FILLING[..filling as usize]);
            filling = 0;
        }
        Content { head: head.into(), filling }
    }
}

/// A small answer is one piece and costs one write.
const IN_ONE_PIECE: usize = 4_096;
const PIECES: u64 = 10;
const FILLING_BYTES: usize = 16 * 1_024;
/// Lines of dots.
static FILLING: [u8; FILLING_BYTES] = filling();

const fn filling() -> [u8; FILLING_BYTES] {
    let mut filling = [b'.'; FILLING_BYTES];
    let mut at = 63;
    while at < filling.len() {
        filling[at] = b'\n';
        at += 64;
    }
    filling
}
