//! HTTP/1.1 as a client speaks it: one request at a time on a connection, written and read without detours.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead as _, AsyncReadExt as _, AsyncWrite as _, ReadBuf};

use super::answer::{self, Head};
use super::body::Body;
use super::connection::{Connection, broken};
use super::notes::Notes;
use crate::meter::Outcome;

/// A connection with what was read from it and not yet understood.
pub(super) struct Http1 {
    connection: Connection,
    /// The head that is being sent. Kept, so that its memory is.
    pub(super) head: Vec<u8>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

/// The end of an exchange that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) bytes: u64,
    pub(super) keeps_alive: bool,
}

/// The end of one that was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) outcome: Outcome,
    /// Not one byte was answered: on a kept connection, the server may have closed it before it saw the request.
    pub(super) unanswered: bool,
}

impl Http1 {
    pub(super) fn new(connection: Connection) -> Self {
        let buffer = vec![0; BUFFER_BYTES].into_boxed_slice();
        Self { connection, head: Vec::new(), buffer, start: 0, end: 0 }
    }

    /// Whether it can take another request.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.start == self.end && self.connection.is_quiet()
    }

    /// Sends the head that was written and a body of filler, and reads the answer to its end.
    pub(super) async fn exchange(
        &mut self,
        body_bytes: usize,
        is_head: bool,
        notes: &mut Notes,
    ) -> Result<Answer, Failure> {
        (self.start, self.end) = (0, 0);
        let sent = self.send(body_bytes).await;
        let mut bytes = 0;
        let head = self.read_head(is_head, notes, &mut bytes).await?;
        self.read_body(head, &mut bytes).await?;
        let keeps_alive = head.keeps_alive && sent == Sent::Whole && self.start == self.end;
        Ok(Answer { status: head.status, bytes, keeps_alive })
    }

    async fn send(&mut self, body_bytes: usize) -> Sent {
        let mut left = body_bytes;
        // A small body goes out with its head: one packet, one system call.
        let together = left.min(FILLER.len());
        self.head.extend_from_slice(&FILLER[..together]);
        left -= together;
        let mut done = 0;
        loop {
            let (connection, head) = (&mut self.connection, &self.head);
            let space = &mut self.buffer[self.end..];
            let (sent, read) =
                poll_fn(|context| poll_send(connection, head, &mut done, space, context)).await;
            self.end += read;
            if sent != Sent::Whole || left == 0 {
                return sent;
            }
            let more = left.min(FILLER.len());
            left -= more;
            self.head.clear();
            self.head.extend_from_slice(&FILLER[..more]);
            done = 0;
        }
    }

    /// The final head; those of 1xx before it are passed over.
    async fn read_head(
        &mut self,
        is_head: bool,
        notes: &mut Notes,
        bytes: &mut u64,
    ) -> Result<Head, Failure> {
        loop {
            let unread = &self.buffer[self.start..self.end];
            let visit = |name: &[u8], value: &[u8]| notes.note(name, value);
            match answer::read_head(unread, is_head, visit) {
                Ok(Some(head)) => {
                    self.start += head.length;
                    *bytes += head.length as u64;
                    if !matches!(head.status, 100 | 102..=199) {
                        return Ok(head);
                    }
                }
                Ok(None) if self.fill(*bytes).await? => {}
                Ok(None) => return Err(self.ended(*bytes)),
                Err(answer::Malformed) => return Err(malformed()),
            }
        }
    }

    async fn read_body(&mut self, head: Head, bytes: &mut u64) -> Result<(), Failure> {
        let mut body = Body::new(head.framing);
        while !body.is_done() {
            let unread = &self.buffer[self.start..self.end];
            let taken = body.take(unread).map_err(|answer::Malformed| malformed())?;
            self.start += taken;
            *bytes += taken as u64;
            if body.is_done() {
                break;
            }
            if !self.fill(*bytes).await? {
                return if body.may_end() { Ok(()) } else { Err(self.ended(*bytes)) };
            }
        }
        Ok(())
    }

    /// Reads some more; false where the connection ended.
    async fn fill(&mut self, bytes: u64) -> Result<bool, Failure> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            self.make_room();
        }
        match self.connection.read(&mut self.buffer[self.end..]).await {
            Ok(read) => {
                self.end += read;
                Ok(read > 0)
            }
            Err(error) => Err(Failure { outcome: broken(&error), ..self.ended(bytes) }),
        }
    }

    /// The connection is over before the answer is. `bytes` of it were understood.
    fn ended(&self, bytes: u64) -> Failure {
        Failure { outcome: Outcome::Reset, unanswered: bytes == 0 && self.end == 0 }
    }

    /// Moves what is unread to the front, or gets more memory if that is all of it. Heads are bounded, and of
    /// bodies nothing stays.
    fn make_room(&mut self) {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
        } else {
            let mut buffer = std::mem::take(&mut self.buffer).into_vec();
            buffer.resize(2 * self.end, 0);
            self.buffer = buffer.into_boxed_slice();
        }
        (self.start, self.end) = (0, self.end - self.start);
    }
}

/// How sending went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Whole,
    /// The answer came first, or the connection broke: what there is to read decides.
    Part,
}

/// Writes from `done` on, and listens meanwhile: whoever answers early may have stopped reading.
fn poll_send(
    connection: &mut Connection,
    bytes: &[u8],
    done: &mut usize,
    space: &mut [u8],
    context: &mut Context<'_>,
) -> Poll<(Sent, usize)> {
    let mut connection = Pin::new(connection);
    while *done < bytes.len() {
        match connection.as_mut().poll_write(context, &bytes[*done..]) {
            Poll::Ready(Ok(written)) if written > 0 => *done += written,
            Poll::Ready(_) => return Poll::Ready((Sent::Part, 0)),
            Poll::Pending => {
                let mut read = ReadBuf::new(space);
                // An end or an error shows again when the answer is read.
                let _came = ready!(connection.as_mut().poll_read(context, &mut read));
                return Poll::Ready((Sent::Part, read.filled().len()));
            }
        }
    }
    match ready!(connection.poll_flush(context)) {
        Ok(()) => Poll::Ready((Sent::Whole, 0)),
        Err(_broken) => Poll::Ready((Sent::Part, 0)),
    }
}

fn malformed() -> Failure {
    Failure { outcome: Outcome::BadResponse, unanswered: false }
}

const BUFFER_BYTES: usize = 4_096;
/// What bodies consist of.
pub(super) static FILLER: [u8; 16_384] = filler();

const fn filler() -> [u8; 16_384] {
    let pattern = b"evenkeel ";
    let mut bytes = [0; 16_384];
    let mut at = 0;
    while at < bytes.len() {
        bytes[at] = pattern[at % pattern.len()];
        at += 1;
    }
    bytes
}
