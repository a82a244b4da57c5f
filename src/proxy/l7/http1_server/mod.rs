//! HTTP/1.1 towards servers: one request at a time on a connection of its own.
//!
//! Not hyper's, for what it costs. One worker on one core, requests of a kept connection with 64 bytes of answer,
//! processor time of the whole process for each, in one run: with hyper on both sides 20.9 µs, NGINX 13.1, and our own
//! plain TCP relay, which makes the same four system calls, 10.9 (a single round). perf saw 42 % of the first outside of the
//! kernel, and 30 % after hyper was left out. What that went to was not counted one by one: two parsers one after the other,
//! maps of fields built anew, a task for the connection with channels to it and from it. Here a request is written and its
//! answer read by whoever asked, in the memory of the thread.

mod answer;
mod outgoing;

pub(super) use answer::{Cut, Http1Answer};
pub(super) use outgoing::write_trailers;

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use http::{Method, StatusCode, Version};
use tokio::io::{AsyncRead as _, ReadBuf};

use super::super::framing::{AnswerReader, AnswerStart, Body};
use super::super::headers::has_word;
use super::super::idle::Counted;
use super::super::inbox::Inbox;
use super::super::network::Wire;
use super::super::transport::Transport;
use super::super::{fields::Fields, fields::Name};
use super::message::{AnswerHead, RequestHead};
use super::upload::Upload;
use super::upstream::Asking;
use crate::meter::Outcome;
use outgoing::{Fault, Outgoing};

/// A connection that carries one request at a time.
pub(in super::super) struct Http1<S> {
    transport: Transport<S>,
    inbox: Inbox,
    /// Memory for the next head.
    spare: Vec<u8>,
    pub(in super::super) n_requests: u32,
    _counted: Counted,
}

/// What became of a request that was sent.
pub(super) enum Sent<S> {
    Answered(AnswerHead, Box<Http1Answer<S>>),
    /// The connection was gone before anything of it was written.
    Unsent,
    Failed(Outcome),
}

impl<S: Wire> Http1<S> {
    pub(in super::super) fn new(transport: Transport<S>, counted: Counted) -> Self {
        Self {
            transport,
            inbox: Inbox::default(),
            spare: Vec::new(),
            n_requests: 0,
            _counted: counted,
        }
    }

    /// Whether the server has said nothing since its last answer: neither that it closes, nor anything else.
    pub(in super::super) fn is_quiet(&mut self) -> bool {
        let mut room = [0; 1];
        let mut ctx = Context::from_waker(Waker::noop());
        Pin::new(&mut self.transport).poll_read(&mut ctx, &mut ReadBuf::new(&mut room)).is_pending()
    }

    /// The connection as bytes, with what was read of it already.
    fn into_transport(mut self) -> Transport<S> {
        let ahead = self.inbox.take();
        self.transport.put_back(ahead);
        self.transport
    }
}

/// Sends a request and waits for the head of the answer.
pub(super) async fn send<S: Wire>(
    connection: Box<Http1<S>>,
    head: &RequestHead,
    upload: Upload,
    asking: &Asking<'_>,
) -> Sent<S> {
    let mut sending = Sending::new(connection, head, upload);
    let start = match poll_fn(|ctx| sending.poll(ctx, asking)).await {
        Ok(start) => start,
        Err(Lost::Unsent) => return Sent::Unsent,
        Err(Lost::After(outcome)) => return Sent::Failed(outcome),
    };
    sending.answered(start, head)
}

/// A request under way.
struct Sending<S> {
    connection: Box<Http1<S>>,
    /// None once all of it was written.
    outgoing: Option<Outgoing>,
    reader: AnswerReader,
    fields: Fields,
}

enum Lost {
    Unsent,
    After(Outcome),
}

impl<S: Wire> Sending<S> {
    fn new(mut connection: Box<Http1<S>>, head: &RequestHead, upload: Upload) -> Self {
        connection.n_requests += 1;
        let room = std::mem::take(&mut connection.spare);
        let mut fields = Fields::default();
        fields.reserve(FIELDS_BYTES, FIELDS);
        let outgoing = Some(Outgoing::new(room, head, upload));
        Self { connection, outgoing, reader: AnswerReader::default(), fields }
    }

    fn poll(
        &mut self,
        ctx: &mut Context<'_>,
        asking: &Asking<'_>,
    ) -> Poll<Result<(AnswerStart, Head), Lost>> {
        if let Err(lost) = self.poll_outgoing(ctx) {
            return Poll::Ready(Err(lost));
        }
        let Http1 { inbox, transport, .. } = &mut *self.connection;
        loop {
            match self.reader.read(inbox.bytes(), &mut self.fields) {
                Ok(Some((start, length))) if (100..200).contains(&start.status) => {
                    if start.status == SWITCHING {
                        return Poll::Ready(Ok((start, Head { length })));
                    }
                    asking.interim(head_of(start, inbox.bytes(), &mut self.fields));
                    inbox.used(length);
                    self.reader = AnswerReader::default();
                }
                Ok(Some((start, length))) => return Poll::Ready(Ok((start, Head { length }))),
                Ok(None) => match ready!(inbox.poll_fill(ctx, transport)) {
                    Ok(0) | Err(_) => return Poll::Ready(Err(Lost::After(Outcome::Reset))),
                    Ok(_) => {}
                },
                Err(_malformed) => {
                    return Poll::Ready(Err(Lost::After(Outcome::BadResponse)));
                }
            }
        }
    }

    /// Writes on. A server that does not take the rest may still have answered.
    fn poll_outgoing(&mut self, ctx: &mut Context<'_>) -> Result<(), Lost> {
        let Some(outgoing) = &mut self.outgoing else { return Ok(()) };
        match outgoing.poll(ctx, &mut self.connection.transport) {
            Poll::Pending => {}
            Poll::Ready(Ok(())) => {
                if let Some(outgoing) = self.outgoing.take() {
                    self.connection.spare = outgoing.into_room();
                }
            }
            Poll::Ready(Err(Fault::Untouched)) => return Err(Lost::Unsent),
            Poll::Ready(Err(Fault::Body)) => return Err(Lost::After(Outcome::Reset)),
            Poll::Ready(Err(Fault::Connection)) => outgoing.stop(),
        }
        Ok(())
    }

    fn answered(
        mut self,
        (start, Head { length }): (AnswerStart, Head),
        asked: &RequestHead,
    ) -> Sent<S> {
        let bytes = self.connection.inbox.bytes();
        let mut head = head_of(start, bytes, &mut self.fields);
        let switches = start.status == SWITCHING
            || asked.method == Method::CONNECT && head.status.is_success();
        let Ok(body) = start.body(asked.method == Method::HEAD, &head.fields) else {
            return Sent::Failed(Outcome::BadResponse);
        };
        if let Some(Body::Sized(length)) = body {
            say_once(&mut head.fields, length);
        }
        let goes_on = if start.is_http10 {
            has_word(&head.fields, Name::Connection, b"keep-alive")
        } else {
            !has_word(&head.fields, Name::Connection, b"close")
        };
        let doubtful =
            head.fields.has(Name::TransferEncoding) && head.fields.has(Name::ContentLength);
        let reusable = goes_on && !doubtful && !switches;
        self.connection.inbox.used(length);
        let body = if switches { Some(Body::None) } else { body };
        let answer = Http1Answer::new(self.connection, self.outgoing, body, reusable);
        Sent::Answered(head, Box::new(answer))
    }
}

/// A head that lies whole in the inbox.
struct Head {
    length: usize,
}

fn head_of(start: AnswerStart, bytes: &[u8], fields: &mut Fields) -> AnswerHead {
    let status = StatusCode::from_u16(start.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let reason = &bytes[start.reason.0..start.reason.1];
    let is_usual = status.canonical_reason().is_some_and(|usual| usual.as_bytes() == reason);
    AnswerHead {
        status,
        version: if start.is_http10 { Version::HTTP_10 } else { Version::HTTP_11 },
        reason: (!is_usual).then(|| reason.into()),
        fields: std::mem::take(fields),
    }
}

/// A length that was said twice must not go on so: others read the first, or the last, or refuse it.
fn say_once(fields: &mut Fields, length: u64) {
    let n_said = fields.all(Name::ContentLength).flat_map(|it| it.split(|&byte| byte == b','));
    if n_said.count() > 1 {
        fields.set(Name::ContentLength, length.to_string().as_bytes());
    }
}

const SWITCHING: u16 = 101;
/// Room for the head of an ordinary answer, and for what is added to it.
const FIELDS_BYTES: usize = 480;
const FIELDS: usize = 16;
