//! HTTP/2 towards clients, on h2's server: hyper's can neither send interim responses nor give up a stream whose
//! reader has stopped.
//!
//! **Floods.** What h2 0.4.20 bounds itself: a PING or SETTINGS is answered before the next frame is read, so that a
//! client which does not read the answers is not read either; CONTINUATION frames to 25 % more than a head needs
//! (then `ENHANCE_YOUR_CALM`); heads four times too long; streams reset before they were accepted
//! (`max_pending_accept_reset_streams`) and streams it had to reset itself (1024); DATA frames with little in them. What
//! remains is counted here: streams reset after they were accepted, see [`Ledger`].

use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use h2::server::{Builder, Connection as Http2};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep};

use super::super::boxed::boxed;
use super::super::connection::Connection;
use super::super::network::Network;
use super::super::transport::Transport;
use super::super::worker::Door;
use super::super::{Event, What};
use super::http2_stream;
use super::ledger::Ledger;
use crate::lab::Limits;
use crate::meter::{LimitKind, Outcome};

/// Serves streams until the connection ends, or until its listener closes.
pub(super) async fn serve<N: Network>(connection: Connection<N>, transport: Transport<N::Stream>) {
    let limits = connection.worker.shared.plan.load().limits.clone();
    let preface = builder(&limits).handshake(transport);
    let patience = Duration::from_nanos(limits.header_timeout.ns());
    let Ok(Ok(http2)) = tokio::time::timeout(patience, preface).await else { return };
    let ledger = Ledger::new(limits.resets);
    let serving = Serving {
        http2,
        idle: Duration::from_nanos(limits.idle_timeout.ns()),
        ledger,
        requests_max: connection.listener().and_then(|it| it.http.keep_alive_requests),
        n_requests: 0,
        leaving: false,
    };
    serving.run(Rc::new(connection)).await;
}

fn builder(limits: &Limits) -> Builder {
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(limits.header_bytes)
        .max_pending_accept_reset_streams(limits.resets as usize)
        .max_concurrent_reset_streams(limits.resets as usize)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buffer_size(SEND_BUFFER);
    builder
}

/// A connection that is being served.
struct Serving<S> {
    http2: Http2<S, Bytes>,
    idle: Duration,
    ledger: Rc<Ledger>,
    requests_max: Option<u32>,
    n_requests: u32,
    /// The client was told that no further stream is taken.
    leaving: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Serving<S> {
    async fn run<N: Network>(mut self, connection: Rc<Connection<N>>) {
        let mut door = connection.door.clone();
        let mut closing = pin!(door.wait_for(|door| *door != Door::Open));
        let mut alarm = pin!(tokio::time::sleep(self.idle));
        let mut closes = false;
        loop {
            tokio::select! {
                biased;
                accepted = self.http2.accept() => match accepted {
                    Some(Ok((request, respond))) => {
                        // In a box, which is 0.98 of the time of a request: what a task holds is copied four
                        // times until it runs, and when it ends.
                        tokio::task::spawn_local(boxed(|| http2_stream::serve(
                            Rc::clone(&connection), request, respond, self.ledger.enter(),
                        )));
                        self.count_request();
                    }
                    Some(Err(error)) => return blame(&connection, &error),
                    None => return,
                },
                () = self.ledger.flooded() => {
                    self.http2.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
                    hit(&connection, LimitKind::Resets, "too many streams were reset");
                    return self.flush().await;
                }
                _ = closing.as_mut(), if !closes => {
                    closes = true;
                    self.leave();
                }
                () = alarm.as_mut() => if self.is_over(alarm.as_mut()) { return },
            }
        }
    }

    fn count_request(&mut self) {
        self.n_requests += 1;
        if self.requests_max.is_some_and(|most| self.n_requests >= most) {
            self.leave();
        }
    }

    fn leave(&mut self) {
        if !std::mem::replace(&mut self.leaving, true) {
            self.http2.graceful_shutdown();
        }
    }

    /// Whether the connection has rested too long and has been given time to say goodbye. A client that reads nothing
    /// would otherwise never let it end.
    fn is_over(&mut self, alarm: Pin<&mut Sleep>) -> bool {
        let rest = self.ledger.rest();
        let (over, next) = match rest {
            None => (false, self.idle),
            Some(rest) if rest < self.idle => (false, self.idle.saturating_sub(rest)),
            Some(rest) => (self.leaving && rest >= self.idle + GOODBYE, GOODBYE),
        };
        if rest.is_some_and(|rest| rest >= self.idle) {
            self.leave();
        }
        alarm.reset(Instant::now() + next);
        over
    }

    /// Gives the last frame a moment to go out.
    async fn flush(&mut self) {
        let closed = std::future::poll_fn(|ctx| self.http2.poll_closed(ctx));
        drop(tokio::time::timeout(GOODBYE, closed).await);
    }
}

/// Counts what h2 ended a connection for. Which of its bounds was met it does not say; most are about resets.
fn blame<N: Network>(connection: &Connection<N>, error: &h2::Error) {
    if error.is_library() && error.reason() == Some(Reason::ENHANCE_YOUR_CALM) {
        hit(connection, LimitKind::Resets, "flooded the connection with frames");
    }
}

fn hit<N: Network>(connection: &Connection<N>, limit: LimitKind, why: &str) {
    let Some(listener) = connection.listener() else { return };
    listener.meter.counters.start();
    listener.meter.counters.finish(Outcome::LimitHit(limit));
    let what = What::Misbehaved {
        listener: Arc::clone(&listener.name),
        why: format!("{}: {why}", connection.client),
    };
    connection.worker.shared.tell(|at_ns| Event { at_ns, what });
}

/// What a client may send ahead of the server that takes it: for one stream, and for all of them, which is what one
/// connection can make us hold.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// How much of one answer lies between the server and the connection: two frames.
const SEND_BUFFER: usize = 32 * 1024;
const GOODBYE: Duration = Duration::from_secs(1);
