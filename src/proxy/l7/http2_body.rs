//! The body of a request that came over HTTP/2.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::HeaderValue;
use http_body::{Frame, SizeHint};

use super::client::Client;
use super::upload::UploadError;

/// Read by whoever sends it on; closed by whoever answers, because nobody needs the rest of a body whose request was
/// answered.
pub(super) struct Http2Body {
    receiving: RefCell<Option<RecvStream>>,
    reader: RefCell<Option<Waker>>,
    length: Option<u64>,
    /// Handed on last. The client may send as much again once more is asked for, which says that this was taken.
    unreleased: Cell<usize>,
    /// Where a client waits for `100 Continue`.
    expecting: Cell<Option<Rc<RefCell<SendResponse<Bytes>>>>>,
}

impl Http2Body {
    pub(super) fn new(
        receiving: RecvStream,
        length: Option<&HeaderValue>,
        expecting: Option<Rc<RefCell<SendResponse<Bytes>>>>,
    ) -> Rc<Self> {
        Rc::new(Self {
            length: length.and_then(|length| length.to_str().ok()?.parse().ok()),
            receiving: Some(receiving).into(),
            reader: RefCell::default(),
            unreleased: Cell::new(0),
            expecting: Cell::new(expecting),
        })
    }

    /// Lets nobody read any more.
    pub(super) fn close(&self) {
        drop(self.receiving.take());
        drop(self.expecting.take());
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    pub(super) fn is_end_stream(&self) -> bool {
        self.receiving.borrow().as_ref().is_none_or(RecvStream::is_end_stream)
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }

    pub(super) fn poll_frame(
        &self,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UploadError>>> {
        let mut receiving = self.receiving.borrow_mut();
        let Some(receiving) = &mut *receiving else {
            return Poll::Ready(Some(Err(UploadError::Broken)));
        };
        if let Some(respond) = self.expecting.take() {
            Client::continues(&respond);
        }
        let taken = self.unreleased.take();
        if taken > 0 {
            // Fails only where the stream has ended and nobody waits for room.
            drop(receiving.flow_control().release_capacity(taken));
        }
        let polled = Self::poll_stream(receiving, ctx);
        match &polled {
            Poll::Pending => *self.reader.borrow_mut() = Some(ctx.waker().clone()),
            Poll::Ready(Some(Ok(frame))) => {
                self.unreleased.set(frame.data_ref().map_or(0, Bytes::len));
            }
            Poll::Ready(_) => {}
        }
        polled
    }

    fn poll_stream(
        receiving: &mut RecvStream,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UploadError>>> {
        match ready!(receiving.poll_data(ctx)) {
            Some(Ok(data)) => Poll::Ready(Some(Ok(Frame::data(data)))),
            Some(Err(_broken)) => Poll::Ready(Some(Err(UploadError::Broken))),
            None => {
                let trailers = ready!(receiving.poll_trailers(ctx));
                let trailers = trailers.map_err(|_broken| UploadError::Broken).transpose();
                Poll::Ready(trailers.map(|trailers| trailers.map(Frame::trailers)))
            }
        }
    }
}
