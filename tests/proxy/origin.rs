//! Servers whose every answer a test decides, and clients that read answers.
#![expect(clippy::disallowed_types, reason = "the servers' threads share what they saw")]

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// A server on a free port, which can die and come back.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    answer: Mutex<Answering>,
    asked: Mutex<Vec<Asked>>,
    alive: AtomicBool,
    connections: Mutex<Vec<TcpStream>>,
    accepted: AtomicUsize,
    open: AtomicUsize,
    changed: Condvar,
}

type Answering = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: String,
    /// Counts the server's connections.
    pub(crate) connection: usize,
    /// Counts the requests of the connection.
    pub(crate) nth: usize,
}

impl Asked {
    pub(crate) fn is_probe(&self) -> bool {
        self.head.contains("x-evenkeel-probe: 1")
    }

    pub(crate) fn is_post(&self) -> bool {
        self.head.starts_with("POST ")
    }
}

/// What a server does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// 200 with the server's name.
    Name,
    /// The whole answer, byte for byte.
    Raw(String),
    Status(u16),
    After(Duration, Box<Self>),
    /// Answers and closes the connection without having said so.
    ThenClose(Box<Self>),
    Close,
    /// Says nothing until the connection ends.
    Hang,
}

impl Origin {
    pub(crate) fn start(name: &str) -> Self {
        Self::answering(name, |_| Reply::Name)
    }

    pub(crate) fn answering(
        name: &str,
        answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Inner {
            name: name.to_owned(),
            answer: Mutex::new(Arc::new(answer)),
            asked: Mutex::default(),
            alive: AtomicBool::new(true),
            connections: Mutex::default(),
            accepted: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            changed: Condvar::new(),
        });
        accept_on(&inner, listener);
        Self { address, inner }
    }

    pub(crate) fn answer_with(&self, answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) {
        *self.inner.answer.lock().unwrap() = Arc::new(answer);
    }

    /// Refuses connections from now on, and resets those that are there.
    pub(crate) fn die(&self) {
        self.inner.alive.store(false, SeqCst);
        // Wakes the thread that accepts, so that the port is closed when this returns.
        drop(TcpStream::connect(self.address));
        wait_until("the port is closed", || TcpStream::connect(self.address).is_err());
        for connection in self.inner.connections.lock().unwrap().drain(..) {
            drop(connection.shutdown(Shutdown::Both));
        }
    }

    pub(crate) fn revive(&self) {
        let bound = std::cell::RefCell::new(None);
        wait_until("the port is free again", || {
            *bound.borrow_mut() = TcpListener::bind(self.address).ok();
            bound.borrow().is_some()
        });
        self.inner.alive.store(true, SeqCst);
        accept_on(&self.inner, bound.into_inner().unwrap());
    }

    /// Requests of clients, without checks.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.inner.asked.lock().unwrap().iter().filter(|asked| !asked.is_probe()).cloned().collect()
    }

    pub(crate) fn n_asked(&self) -> usize {
        self.asked().len()
    }

    pub(crate) fn probes(&self) -> Vec<Asked> {
        self.inner.asked.lock().unwrap().iter().filter(|asked| asked.is_probe()).cloned().collect()
    }

    pub(crate) fn n_accepted(&self) -> usize {
        self.inner.accepted.load(SeqCst)
    }

    /// Connections that are open now.
    pub(crate) fn n_open(&self) -> usize {
        self.inner.open.load(SeqCst)
    }

    /// Waits until so many requests of clients have come.
    pub(crate) fn wait_for_asked(&self, count: usize) {
        let asked = self.inner.asked.lock().unwrap();
        let enough =
            |asked: &mut Vec<Asked>| asked.iter().filter(|it| !it.is_probe()).count() < count;
        let (asked, waited) =
            self.inner.changed.wait_timeout_while(asked, DEADLINE, enough).unwrap();
        assert!(!waited.timed_out(), "{} of {count} requests came", asked.len());
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        if self.inner.alive.swap(false, SeqCst) {
            drop(TcpStream::connect(self.address));
        }
        for connection in self.inner.connections.lock().unwrap().drain(..) {
            drop(connection.shutdown(Shutdown::Both));
        }
    }
}

fn accept_on(inner: &Arc<Inner>, listener: TcpListener) {
    let inner = Arc::clone(inner);
    let name = inner.name.clone();
    let accept = move || {
        for stream in listener.incoming() {
            if !inner.alive.load(SeqCst) {
                return;
            }
            let Ok(stream) = stream else { continue };
            stream.set_nodelay(true).unwrap();
            let connection = inner.accepted.fetch_add(1, SeqCst);
            inner.connections.lock().unwrap().push(stream.try_clone().unwrap());
            let inner = Arc::clone(&inner);
            let serve = move || {
                inner.open.fetch_add(1, SeqCst);
                drop(serve(&inner, stream, connection));
                inner.open.fetch_sub(1, SeqCst);
            };
            std::thread::Builder::new().name("origin-connection".to_owned()).spawn(serve).unwrap();
        }
    };
    std::thread::Builder::new().name(name).spawn(accept).unwrap();
}

fn serve(inner: &Inner, mut stream: TcpStream, connection: usize) -> std::io::Result<()> {
    for nth in 0.. {
        let Some((head, body)) = read_message(&mut stream)? else { break };
        let asked = Asked { head, body, connection, nth };
        inner.asked.lock().unwrap().push(asked.clone());
        inner.changed.notify_all();
        let answer = Arc::clone(&*inner.answer.lock().unwrap());
        if !reply(inner, &mut stream, &asked, answer(&asked))? {
            break;
        }
    }
    stream.shutdown(Shutdown::Both)
}

/// Whether the connection stays.
fn reply(
    inner: &Inner,
    stream: &mut TcpStream,
    asked: &Asked,
    reply_with: Reply,
) -> std::io::Result<bool> {
    let name = &inner.name;
    let text = match reply_with {
        Reply::Name => {
            let body = if asked.head.starts_with("HEAD ") { "" } else { name };
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", name.len())
        }
        Reply::Raw(text) => text,
        Reply::Status(status) => {
            let body = format!("{status} of {name}");
            format!("HTTP/1.1 {status} So\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        }
        Reply::After(pause, then) => {
            std::thread::sleep(pause);
            return reply(inner, stream, asked, *then);
        }
        Reply::ThenClose(then) => {
            reply(inner, stream, asked, *then)?;
            return Ok(false);
        }
        Reply::Close => return Ok(false),
        Reply::Hang => {
            drop(stream.read(&mut [0]));
            return Ok(false);
        }
    };
    stream.write_all(text.as_bytes())?;
    Ok(true)
}

/// Head and body of a message; nothing at an end between two messages.
fn read_message(stream: &mut TcpStream) -> std::io::Result<Option<(String, String)>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let body = if field(&head, "transfer-encoding").is_some() {
        read_chunks(stream)?
    } else {
        let length = field(&head, "content-length").map_or(0, |it| it.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        body
    };
    Ok(Some((head, String::from_utf8_lossy(&body).into_owned())))
}

fn read_chunks(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = Vec::new();
        let mut byte = [0];
        while !line.ends_with(b"\r\n") {
            stream.read_exact(&mut byte)?;
            line.push(byte[0]);
        }
        let length = usize::from_str_radix(String::from_utf8_lossy(&line).trim(), 16).unwrap();
        let mut chunk = vec![0; length + 2];
        stream.read_exact(&mut chunk)?;
        if length == 0 {
            return Ok(body);
        }
        body.extend_from_slice(&chunk[..length]);
    }
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (known, value) = line.split_once(':')?;
        known.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// A client that asks one question after the other over one connection.
pub(crate) struct Client(TcpStream);

/// An answer as a client reads it.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        field(&self.head, name)
    }

    /// `name=value` of the cookie that it sets.
    pub(crate) fn cookie(&self) -> Option<&str> {
        self.header("set-cookie").map(|it| it.split(';').next().unwrap())
    }
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    pub(crate) fn get(&mut self, fields: &str) -> Answer {
        self.ask(&format!("GET / HTTP/1.1\r\nhost: x\r\n{fields}\r\n"))
    }

    pub(crate) fn post(&mut self, body: &str) -> Answer {
        let length = body.len();
        self.ask(&format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}"))
    }

    pub(crate) fn ask(&mut self, request: &str) -> Answer {
        self.send(request);
        self.answer().expect("the connection ended without an answer")
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    pub(crate) fn answer(&mut self) -> Option<Answer> {
        let (head, body) = read_message(&mut self.0).unwrap()?;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Some(Answer { status, head, body })
    }
}

/// One question over a connection of its own.
pub(crate) fn get(address: SocketAddr) -> Answer {
    Client::connect(address).get("")
}

/// Waits for something to become true, which it must.
#[expect(clippy::disallowed_methods, reason = "a deadline on real sockets")]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < DEADLINE, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A lab with one listener and one pool; what stands in `pool` and `rest` is added to them.
pub(crate) fn lab(servers: &[(&str, &Origin, &str)], pool: &str, rest: &str) -> String {
    let servers: Vec<String> = servers
        .iter()
        .map(|(name, origin, more)| {
            format!("(name: \"{name}\", address: \"{}\", {more})", origin.address)
        })
        .collect();
    format!(
        "(version: 1, pools: [(name: \"web\", servers: [{}], {pool})], {rest} \
         listeners: [(name: \"front\", address: \"127.0.0.1:0\", pool: \"web\")])",
        servers.join(", ")
    )
}

/// The same with a route that is written out.
pub(crate) fn lab_with_route(servers: &[(&str, &Origin, &str)], pool: &str, route: &str) -> String {
    let routed = format!("routes: [(to: pool(\"web\"), {route})]");
    lab(servers, pool, "").replacen("pool: \"web\")]", &format!("{routed})]"), 1)
}

const DEADLINE: Duration = Duration::from_secs(20);
