//! The clients: one thread with as many connections as a workload wants, each of them one small task.
//!
//! It has to be lighter than the lightest proxy, or it would measure itself. So requests are bytes made beforehand,
//! answers are searched for their length, and nothing is allocated for a request.

mod connect;
mod http1;
mod http2;
mod schedule;
mod udp;
mod websocket;

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use evenkeel::meter::Histogram;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::LocalSet;

use crate::Failure;
use schedule::Schedule;

pub(crate) use connect::Security;
pub(crate) use http1::{Ask, Request};

/// What is sent, and how.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) kind: Kind,
    pub(crate) security: Security,
    pub(crate) connections: usize,
    /// Connections that make one request and then do nothing.
    pub(crate) idle: usize,
    pub(crate) pace: Pace,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Http1(Ask),
    /// So many streams at once on each connection.
    Http2 {
        streams: usize,
    },
    WebSocket,
    Udp,
}

/// When requests are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pace {
    /// As soon as the one before it is answered.
    Closed,
    /// At random moments, so many a second on average; times count from when a request was due.
    Open { per_second: f64 },
}

/// What the clients have counted. Read by difference.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) answers: Histogram,
    pub(crate) failures: AtomicU64,
    /// Idle connections that have made their request.
    pub(crate) idle: AtomicU64,
    pub(crate) last_failure: std::sync::OnceLock<String>,
}

impl Tally {
    fn answered(&self, since: Instant) {
        self.answers.record(since.elapsed().as_nanos() as u64);
    }

    fn failed(&self, error: &io::Error) {
        self.failures.fetch_add(1, Relaxed);
        self.last_failure.get_or_init(|| error.to_string());
    }
}

/// Clients at work; they end with this value.
#[derive(Debug)]
pub(crate) struct Clients {
    pub(crate) tally: Arc<Tally>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Clients {
    /// Connections are spread over the proxy's addresses.
    pub(crate) fn start(load: Load, proxy: &[SocketAddr]) -> Result<Self, Failure> {
        let tally = Arc::new(Tally::default());
        let (counted, proxy) = (Arc::clone(&tally), proxy.to_owned());
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("clients".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a thread can have a runtime");
            LocalSet::new().block_on(&runtime, async {
                spawn(&load, &proxy, &counted);
                // An error means that nobody is left who could stop them: also an end.
                drop(stopped.await);
            });
        })?;
        Ok(Self { tally, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It panicked, and has said so.
            drop(thread.join());
        }
    }
}

fn spawn(load: &Load, proxy: &[SocketAddr], tally: &Arc<Tally>) {
    let schedule = Rc::new(Schedule::new(load.pace));
    if let Pace::Open { per_second } = load.pace {
        let schedule = Rc::clone(&schedule);
        tokio::task::spawn_local(async move { schedule.run(per_second).await });
    }
    let turnstile = Rc::new(Semaphore::new(IDLE_AT_ONCE));
    let connect =
        |address: &SocketAddr| connect::Connector::new(load.security, *address, &load.kind);
    let connectors: Vec<Rc<_>> = proxy.iter().map(connect).map(Rc::new).collect();
    for index in 0..load.connections + load.idle {
        let proxy = proxy[index % proxy.len()];
        let connector = &connectors[index % connectors.len()];
        let (tally, schedule) = (Arc::clone(tally), Rc::clone(&schedule));
        let (kind, connector) = (load.kind.clone(), Rc::clone(connector));
        let turnstile = Rc::clone(&turnstile);
        let is_idle = index >= load.connections;
        tokio::task::spawn_local(async move {
            match kind {
                Kind::Http1(ask) if is_idle => {
                    idle(http1::Session::new(ask, index, connector), &turnstile, &tally).await;
                }
                Kind::Http1(ask) => {
                    drive(http1::Session::new(ask, index, connector), &schedule, &tally).await;
                }
                Kind::Http2 { streams } => http2::drive(&connector, streams, &tally).await,
                Kind::WebSocket => {
                    drive(websocket::Session::new(connector), &schedule, &tally).await;
                }
                Kind::Udp => drive(udp::Session::new(proxy), &schedule, &tally).await,
            }
        });
    }
}

/// One who asks and waits for the answer, and connects when he has no connection.
trait Asker {
    async fn ask(&mut self) -> io::Result<()>;
    /// Forgets the connection after a failure.
    fn reset(&mut self);
}

async fn drive(mut asker: impl Asker, schedule: &Schedule, tally: &Tally) -> ! {
    loop {
        let since = schedule.next().await;
        match asker.ask().await {
            Ok(()) => tally.answered(since),
            Err(error) => {
                tally.failed(&error);
                asker.reset();
                tokio::time::sleep(FAILURE_PAUSE).await;
            }
        }
    }
}

/// Asks once, so that the proxy has done everything that it does for a connection, and stays. Only few ask at the same
/// time, or it would be measured what a crowd takes.
async fn idle(mut asker: impl Asker, turnstile: &Semaphore, tally: &Tally) {
    let turn = turnstile.acquire().await;
    while let Err(error) = asker.ask().await {
        tally.failed(&error);
        asker.reset();
        tokio::time::sleep(FAILURE_PAUSE).await;
    }
    tally.idle.fetch_add(1, Relaxed);
    drop(turn);
    std::future::pending::<()>().await;
}

const FAILURE_PAUSE: Duration = Duration::from_millis(20);
const IDLE_AT_ONCE: usize = 64;
