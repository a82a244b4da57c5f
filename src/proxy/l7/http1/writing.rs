//! An answer on its way to a client.

use std::cell::RefCell;
use std::io::Write as _;
use std::task::{Context, Poll, ready};

use http::{Method, StatusCode, Version};
use http_body::Body as _;

use super::super::super::fields::{Fields, Name};
use super::super::super::headers::has_word;
use super::super::super::network::Network;
use super::super::super::worker::Worker;
use super::super::download::Download;
use super::super::http1_server::write_trailers;
use super::super::message::AnswerHead;
use super::Asked;
use super::line::Line;

pub(super) struct Writing {
    coding: Coding,
    /// So much of the body stands behind what waits to be written, and is written from where it lies.
    in_place: usize,
    ended: bool,
    /// The answer did not come to its end.
    cut: bool,
    goes_on: bool,
}

/// How the client finds the end of the body.
enum Coding {
    /// There is none.
    Bodiless,
    Sized,
    /// With the names of the fields that may follow it.
    Chunked {
        announced: Fields,
    },
    /// By the end of the connection.
    Endless,
}

/// The client cannot be told more, and must not take what it has for the whole.
pub(super) struct Broken;

impl Writing {
    /// Writes the head.
    pub(super) fn begin<N: Network>(
        out: &mut Vec<u8>,
        mut head: AnswerHead,
        body: &Download<N>,
        asked: &Asked,
        leaves: bool,
        worker: &Worker<N>,
    ) -> Self {
        let coding = Coding::of(&mut head, body, asked);
        let fields = &mut head.fields;
        let switches = head.status == StatusCode::SWITCHING_PROTOCOLS;
        let says_close = !switches && has_word(fields, Name::Connection, b"close");
        let endless = matches!(coding, Coding::Endless);
        let goes_on = asked.goes_on && !leaves && !says_close && !endless;
        if !switches {
            if !goes_on && !says_close {
                fields.set(Name::Connection, b"close");
            } else if goes_on && asked.version == Version::HTTP_10 {
                fields.set(Name::Connection, b"keep-alive");
            }
        }
        if !fields.has(Name::Date) {
            worker.date(|date| fields.add(Name::Date, date));
        }
        head.write_as(asked.version, out);
        out.extend_from_slice(b"\r\n");
        let ended = matches!(coding, Coding::Bodiless);
        Self { coding, in_place: 0, ended, cut: false, goes_on }
    }

    /// Whether another request may follow.
    pub(super) fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// Writes head and body. Ready once all is written.
    pub(super) fn poll<N: Network>(
        &mut self,
        ctx: &mut Context<'_>,
        line: &RefCell<Line<N::Stream>>,
        body: &mut Download<N>,
    ) -> Poll<Result<(), Broken>> {
        loop {
            // A small body goes with its head. The line is not held meanwhile: the rest of the request may be read.
            let gathered = self.poll_gather(ctx, line, body);
            let mut line = line.borrow_mut();
            if self.in_place > 0 {
                let piece = &body.data()[..self.in_place];
                let n_bytes = ready!(line.poll_write(ctx, piece)).map_err(|_lost| Broken)?;
                self.in_place -= n_bytes;
                body.consume(n_bytes);
                if self.in_place == 0 && matches!(self.coding, Coding::Chunked { .. }) {
                    line.out.extend_from_slice(b"\r\n");
                }
                continue;
            }
            ready!(line.poll_out(ctx)).map_err(|_lost| Broken)?;
            if self.ended || gathered.is_pending() {
                ready!(line.poll_flush(ctx)).map_err(|_lost| Broken)?;
            }
            if self.ended {
                return Poll::Ready(if self.cut { Err(Broken) } else { Ok(()) });
            }
            // Nobody waits for a server whose client has left.
            if gathered.is_pending() && line.poll_gone(ctx).is_ready() {
                return Poll::Ready(Err(Broken));
            }
            ready!(gathered);
        }
    }

    /// Takes what there is of the body: small pieces to where they are written from, a large one where it lies.
    fn poll_gather<N: Network>(
        &mut self,
        ctx: &mut Context<'_>,
        line: &RefCell<Line<N::Stream>>,
        body: &mut Download<N>,
    ) -> Poll<()> {
        while !self.ended && self.in_place == 0 && line.borrow().out.len() < JOINED_BYTES_MAX {
            let polled = ready!(body.poll_data(ctx));
            let out = &mut line.borrow_mut().out;
            match polled {
                Ok(true) => self.take(out, body),
                Ok(false) => self.end(out, body.trailers().as_ref()),
                Err(_broken) => (self.ended, self.cut) = (true, true),
            }
        }
        Poll::Ready(())
    }

    fn take<N: Network>(&mut self, out: &mut Vec<u8>, body: &mut Download<N>) {
        let n_bytes = body.data().len();
        let is_chunked = matches!(self.coding, Coding::Chunked { .. });
        if is_chunked {
            // There is always room for it.
            drop(write!(out, "{n_bytes:x}\r\n"));
        }
        if n_bytes > JOINED_BYTES_MAX {
            self.in_place = n_bytes;
            return;
        }
        out.extend_from_slice(body.data());
        body.consume(n_bytes);
        if is_chunked {
            out.extend_from_slice(b"\r\n");
        } else if matches!(self.coding, Coding::Sized) && body.is_end_stream() {
            self.ended = true;
        }
    }

    fn end(&mut self, out: &mut Vec<u8>, trailers: Option<&Fields>) {
        self.ended = true;
        let Coding::Chunked { announced } = &self.coding else { return };
        out.extend_from_slice(b"0\r\n");
        if let Some(trailers) = trailers {
            write_trailers(trailers, announced, out);
        }
        out.extend_from_slice(b"\r\n");
    }
}

impl Coding {
    /// RFC 9112 section 6.3, and what the head has to say about it.
    fn of<N: Network>(head: &mut AnswerHead, body: &Download<N>, asked: &Asked) -> Self {
        let fields = &mut head.fields;
        let tunnel = asked.method == Method::CONNECT && head.status.is_success();
        if head.status == StatusCode::NO_CONTENT || head.status.is_informational() || tunnel {
            fields.remove(Name::ContentLength);
            return Self::Bodiless;
        }
        if head.status == StatusCode::NOT_MODIFIED {
            return Self::Bodiless;
        }
        let length = body.size_hint().exact();
        if asked.method == Method::HEAD {
            if let Some(length) = length.filter(|&length| length > 0) {
                fields.set(Name::ContentLength, length.to_string().as_bytes());
            }
            return Self::Bodiless;
        }
        if let Some(length) = length {
            if !fields.has(Name::ContentLength) {
                fields.add(Name::ContentLength, length.to_string().as_bytes());
            }
            return if length == 0 { Self::Bodiless } else { Self::Sized };
        }
        fields.remove(Name::ContentLength);
        if asked.version == Version::HTTP_10 {
            return Self::Endless;
        }
        fields.add(Name::TransferEncoding, b"chunked");
        let mut announced = Fields::default();
        if asked.trailers {
            for value in fields.all(Name::Trailer) {
                announced.add(Name::Trailer, value);
            }
        }
        Self::Chunked { announced }
    }
}

/// Up to here a piece is copied to go with what stands before it, in one write. The size was chosen, not measured.
const JOINED_BYTES_MAX: usize = 16 * 1024;
