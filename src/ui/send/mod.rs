//! Sending a request by hand: on a thread of its own, so that the window never waits for a socket.

mod answer;
mod letter;

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

pub(super) use answer::Answer;
pub(super) use letter::Letter;

use crate::engine::RealClock;
use crate::period::Clock as _;

/// Where a letter goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum To {
    /// The balancer chooses, as for everybody.
    Proxy,
    Server(String),
}

/// What came of one.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    /// Which of all that were sent.
    pub(super) number: u64,
    pub(super) to: To,
    pub(super) took_ns: u64,
    /// The address that the other side saw, by which the proxy's record of it is found.
    pub(super) from: Option<SocketAddr>,
    pub(super) answer: Result<Answer, String>,
}

/// Letters under way, and the door through which replies come.
#[derive(Debug)]
pub(super) struct Post {
    tell: SyncSender<Reply>,
    replies: Receiver<Reply>,
    n_under_way: usize,
    n_sent: u64,
}

impl Default for Post {
    fn default() -> Self {
        let (tell, replies) = sync_channel(UNDER_WAY_MAX);
        Self { tell, replies, n_under_way: 0, n_sent: 0 }
    }
}

impl Post {
    /// Sends it, and says by which number its reply will be known. `wake` is called when that has come.
    pub(super) fn send(
        &mut self,
        letter: &Letter,
        to: To,
        address: SocketAddr,
        wake: impl FnOnce() + Send + 'static,
    ) -> Result<u64, String> {
        if self.n_under_way == UNDER_WAY_MAX {
            return Err(format!("{UNDER_WAY_MAX} requests are under way: wait for one to end"));
        }
        let (tell, number, letter) = (self.tell.clone(), self.n_sent, letter.clone());
        let errand = move || {
            let clock = RealClock::start();
            let is_late = || clock.now_ns() > WHOLE_NS;
            let (from, answer) = deliver(&letter, reachable(address), is_late);
            let reply = Reply { number, to, took_ns: clock.now_ns(), from, answer };
            // A window that is gone does not read it.
            drop(tell.send(reply));
            wake();
        };
        let thread = std::thread::Builder::new().name("send".to_owned()).spawn(errand);
        thread.map_err(|error| format!("no thread could be started: {error}"))?;
        self.n_under_way += 1;
        self.n_sent += 1;
        Ok(number)
    }

    pub(super) fn fetch(&mut self) -> Vec<Reply> {
        let replies: Vec<Reply> = self.replies.try_iter().collect();
        self.n_under_way -= replies.len();
        replies
    }
}

fn deliver(
    letter: &Letter,
    to: SocketAddr,
    is_late: impl Fn() -> bool,
) -> (Option<SocketAddr>, Result<Answer, String>) {
    let mut stream = match TcpStream::connect_timeout(&to, CONNECT) {
        Ok(stream) => stream,
        Err(error) => return (None, Err(answer::words_of(&error))),
    };
    let from = stream.local_addr().ok();
    let ready = stream
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
        .and_then(|()| stream.write_all(&letter.bytes(to)));
    let answer = match ready {
        Ok(()) => Answer::read(&mut stream, letter.method == "HEAD", is_late),
        Err(error) => Err(answer::words_of(&error)),
    };
    (from, answer)
}

/// An address that stands for all of this machine's is reached by loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// As many as a pool that is asked whole may have.
const UNDER_WAY_MAX: usize = 64;
const CONNECT: Duration = Duration::from_secs(2);
/// Between two pieces of an answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// An answer that trickles in ends here.
const WHOLE_NS: u64 = 60_000_000_000;
