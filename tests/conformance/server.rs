//! A server that does what its script says and keeps what it saw.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
#[expect(clippy::disallowed_types, reason = "what was seen is looked at by the test's thread")]
use std::sync::{Mutex, PoisonError};

use socket2::SockRef;

use crate::case::Do;
use crate::message::{Message, Wire};

pub(crate) struct ScriptedServer {
    pub(crate) address: SocketAddr,
    inner: Arc<Inner>,
}

#[expect(clippy::disallowed_types, reason = "what was seen is looked at by the test's thread")]
struct Inner {
    scripts: Vec<Vec<Do>>,
    n_requests: AtomicUsize,
    stopped: AtomicBool,
    seen: Mutex<Seen>,
}

/// What reached the server, but for the sentinels.
#[derive(Default, Clone)]
pub(crate) struct Seen {
    pub(crate) requests: Vec<Message>,
    /// Bytes that were not a request's head.
    pub(crate) stray: Vec<u8>,
}

impl ScriptedServer {
    pub(crate) fn start(scripts: Vec<Vec<Do>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Inner {
            scripts,
            n_requests: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            seen: Default::default(),
        });
        let accepting = Arc::clone(&inner);
        let accept = move || {
            for stream in listener.incoming() {
                if accepting.stopped.load(SeqCst) {
                    return;
                }
                let inner = Arc::clone(&accepting);
                let serve = move || inner.serve(Wire::new(stream.unwrap()));
                spawn("scripted connection", serve);
            }
        };
        spawn("scripted server", accept);
        Self { address, inner }
    }

    pub(crate) fn seen(&self) -> Seen {
        self.inner.seen(|seen| seen.clone())
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.inner.stopped.store(true, SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

impl Inner {
    fn seen<R>(&self, look: impl FnOnce(&mut Seen) -> R) -> R {
        look(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn serve(&self, mut wire: Wire) {
        loop {
            let Ok(mut request) = wire.head() else {
                let stray = wire.read.split_off(wire.taken);
                self.seen(|seen| seen.stray.extend(stray));
                return;
            };
            if request.line.starts_with("GET /sentinel ") {
                wire.send(SENTINEL_ANSWER.as_bytes());
                continue;
            }
            let number = self.n_requests.fetch_add(1, SeqCst);
            let script = self.scripts.get(number).or_else(|| self.scripts.last()).unwrap();
            let place = self.seen(|seen| {
                seen.requests.push(request.clone());
                seen.requests.len() - 1
            });
            for step in script {
                let goes_on = self.step(step, &mut wire, &mut request);
                self.seen(|seen| seen.requests[place] = request.clone());
                if !goes_on {
                    return;
                }
            }
        }
    }

    /// Whether the connection goes on.
    fn step(&self, step: &Do, wire: &mut Wire, request: &mut Message) -> bool {
        match step {
            Do::ReadBody => {
                let framing = request.request_framing();
                wire.body(request, framing);
                // The answer must not overtake what was seen.
                let whole = request.clone();
                self.seen(|seen| *seen.requests.last_mut().unwrap() = whole);
                request.complete
            }
            Do::Write(bytes) => {
                wire.send(bytes);
                true
            }
            Do::Echo => {
                let mut sent = wire.taken;
                while wire.fill().is_ok() {
                    let fresh = wire.read[sent..].to_vec();
                    sent = wire.read.len();
                    wire.send(&fresh);
                }
                false
            }
            Do::Close => {
                wire.close();
                false
            }
            Do::Reset => {
                drop(SockRef::from(&wire.stream).set_linger(Some(std::time::Duration::ZERO)));
                false
            }
            Do::Hang => {
                wire.drain();
                false
            }
        }
    }
}

pub(crate) fn spawn(name: &str, run: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().name(name.to_owned()).spawn(run).unwrap();
}

/// A request that must always be answered, and is not part of what a case looks at.
pub(crate) const SENTINEL: &str = "GET /sentinel HTTP/1.1\r\nhost: sentinel\r\n\r\n";
pub(crate) const SENTINEL_ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nsentinel";
