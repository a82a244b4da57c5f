//! HTTP/2: one connection for each identity, its requests as streams beside each other.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, SizeHint};
use hyper::client::conn::http2;
use hyper_util::rt::TokioIo;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::connection::{Connection, Dial};
use super::http1::{Answer, FILLER, Failure};
use super::idle::Lane;
use super::notes::Notes;
use crate::meter::Outcome;

pub(super) type Sender = http2::SendRequest<Filler>;

/// The connections of a group.
#[derive(Default)]
pub(super) struct Streams {
    lanes: RefCell<BTreeMap<Lane, Slot>>,
    /// What keeps the connections going; ends with the group.
    tasks: Rc<RefCell<JoinSet<()>>>,
    next: Cell<u64>,
}

enum Slot {
    /// Somebody is at it; others wait for the same connection.
    Dialling(Rc<Notify>),
    Ready {
        sender: Sender,
        used: u64,
    },
}

/// A connection to send on.
pub(super) struct Way {
    pub(super) sender: Sender,
    /// It was there before, so it may have been closed meanwhile.
    pub(super) is_old: bool,
}

impl Streams {
    /// The lane's connection, dialled if there is none. One that is not to be kept is always new.
    pub(super) async fn way(
        &self,
        lane: Lane,
        keep: bool,
        dial: &Dial<'_>,
    ) -> Result<Way, Outcome> {
        if !keep {
            return Ok(Way { sender: self.dial(dial).await?, is_old: false });
        }
        loop {
            let wait = match self.lanes.borrow_mut().get_mut(&lane) {
                Some(Slot::Ready { sender, used }) if !sender.is_closed() => {
                    *used = self.stamp();
                    return Ok(Way { sender: sender.clone(), is_old: true });
                }
                Some(Slot::Dialling(done)) => Some(Rc::clone(done)),
                _ => None,
            };
            match wait {
                Some(done) => done.notified().await,
                None => return self.dial_for(lane, dial).await,
            }
        }
    }

    /// No more requests go this way; those on it end in order.
    pub(super) fn forget(&self, lane: Lane) {
        let mut lanes = self.lanes.borrow_mut();
        if matches!(lanes.get(&lane), Some(Slot::Ready { .. })) {
            lanes.remove(&lane);
        }
    }

    pub(super) fn clear(&self) {
        self.lanes.borrow_mut().retain(|_, slot| matches!(slot, Slot::Dialling(_)));
    }

    pub(super) fn tidy(&self) {
        self.lanes
            .borrow_mut()
            .retain(|_, slot| !matches!(slot, Slot::Ready { sender, .. } if sender.is_closed()));
        while self.tasks.borrow_mut().try_join_next().is_some() {}
    }

    async fn dial_for(&self, lane: Lane, dial: &Dial<'_>) -> Result<Way, Outcome> {
        let done = Rc::new(Notify::new());
        self.lanes.borrow_mut().insert(lane, Slot::Dialling(Rc::clone(&done)));
        // Whoever waits goes on whatever happens here, even if this request is given up.
        let _turn = Turn { streams: self, lane, done };
        let sender = self.dial(dial).await?;
        let slot = Slot::Ready { sender: sender.clone(), used: self.stamp() };
        self.lanes.borrow_mut().insert(lane, slot);
        self.make_room();
        Ok(Way { sender, is_old: false })
    }

    async fn dial(&self, dial: &Dial<'_>) -> Result<Sender, Outcome> {
        let io = TokioIo::new(Connection::dial(dial).await?);
        let tasks = LocalTasks(Rc::downgrade(&self.tasks));
        let shaken = http2::Builder::new(tasks).handshake(io).await;
        let (sender, connection) = shaken.map_err(|error| outcome_of(&error))?;
        self.tasks.borrow_mut().spawn_local(async move {
            // Its requests learn by themselves how it ended.
            let _ended = connection.await;
        });
        Ok(sender)
    }

    fn make_room(&self) {
        let mut lanes = self.lanes.borrow_mut();
        if lanes.len() <= CONNECTIONS_MAX {
            return;
        }
        let used = |slot: &Slot| match slot {
            Slot::Ready { used, .. } => *used,
            Slot::Dialling(_) => u64::MAX,
        };
        let oldest = lanes.iter().min_by_key(|(_, slot)| used(slot)).map(|(&lane, _)| lane);
        if let Some(oldest) = oldest {
            lanes.remove(&oldest);
        }
    }

    fn stamp(&self) -> u64 {
        self.next.replace(self.next.get() + 1)
    }
}

/// Sends one request and reads its answer to the end.
pub(super) async fn exchange(
    way: Way,
    request: http::Request<Filler>,
    notes: &mut Notes,
) -> Result<Answer, Failure> {
    let Way { mut sender, is_old } = way;
    let failed = |error: &hyper::Error| Failure {
        outcome: outcome_of(error),
        // What hyper calls cancelled was never sent; a closed connection answered nothing.
        unanswered: is_old && (error.is_canceled() || error.is_closed()),
    };
    sender.ready().await.map_err(|error| failed(&error))?;
    let response = sender.send_request(request).await.map_err(|error| failed(&error))?;
    let mut bytes = 0;
    for (name, value) in response.headers() {
        notes.note(name.as_str().as_bytes(), value.as_bytes());
        bytes += (name.as_str().len() + value.len()) as u64;
    }
    let status = response.status().as_u16();
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|error| Failure { outcome: outcome_of(&error), unanswered: false })?;
        bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
    }
    Ok(Answer { status, bytes, keeps_alive: true })
}

fn outcome_of(error: &hyper::Error) -> Outcome {
    if error.is_parse() || error.is_parse_status() { Outcome::BadResponse } else { Outcome::Reset }
}

/// Ends the wait of others for a connection.
struct Turn<'a> {
    streams: &'a Streams,
    lane: Lane,
    done: Rc<Notify>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut lanes = self.streams.lanes.borrow_mut();
        if matches!(lanes.get(&self.lane), Some(Slot::Dialling(_))) {
            lanes.remove(&self.lane);
        }
        self.done.notify_waiters();
    }
}

/// Runs what hyper spawns on the group's thread, for as long as the group lives.
#[derive(Clone)]
struct LocalTasks(Weak<RefCell<JoinSet<()>>>);

impl<F: Future + 'static> hyper::rt::Executor<F> for LocalTasks {
    fn execute(&self, future: F) {
        if let Some(tasks) = self.0.upgrade() {
            tasks.borrow_mut().spawn_local(async move {
                future.await;
            });
        }
    }
}

/// A body of so many bytes that nobody has to keep in memory.
pub(super) struct Filler {
    left: usize,
}

impl Filler {
    pub(super) fn new(bytes: usize) -> Self {
        Self { left: bytes }
    }
}

impl Body for Filler {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.left.min(FILLER.len());
        self.left -= next;
        let frame = (next > 0).then(|| Ok(Frame::data(Bytes::from_static(&FILLER[..next]))));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left as u64)
    }
}

const CONNECTIONS_MAX: usize = 1_024;
