//! Asks by HTTP/1.1, on a connection that is kept or on a new one each time.

use std::io;
use std::rc::Rc;

use super::Asker;
use super::connect::{Connector, Wire};
use crate::wire::{self, FILLER, Found};

/// What is asked for, and on which connections.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) request: Request,
    /// A new connection for each request.
    pub(crate) fresh: bool,
    /// How long a right answer is.
    pub(crate) answer_bytes: u64,
}

#[derive(Debug, Clone)]
pub(crate) enum Request {
    Get(&'static str),
    /// A request with a body of so many bytes.
    Post(u64),
    /// One of so many host names.
    OneOfHosts(usize),
    /// One of so many paths.
    OneOfPaths(usize),
}

impl Request {
    fn head(&self, turn: usize, rest: &str) -> String {
        let (line, host) = match *self {
            Self::Get(path) => (format!("GET {path}"), HOST.to_owned()),
            Self::Post(_) => ("POST /upload".to_owned(), HOST.to_owned()),
            Self::OneOfHosts(n) => ("GET /".to_owned(), format!("host{}.example", turn % n)),
            Self::OneOfPaths(n) => (format!("GET /path{}", turn % n), HOST.to_owned()),
        };
        format!("{line} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: peer\r\nAccept: */*\r\n{rest}\r\n")
    }
}

pub(super) struct Session {
    ask: Ask,
    connector: Rc<Connector>,
    wire: Option<Wire>,
    /// Asked for in turn, made beforehand.
    requests: Vec<Vec<u8>>,
    turn: usize,
    buffer: Vec<u8>,
    knows_cookie: bool,
    /// The first answer is read byte by byte; of others the length has to be right.
    checked: bool,
}

impl Session {
    pub(super) fn new(ask: Ask, index: usize, connector: Rc<Connector>) -> Self {
        let room = if ask.answer_bytes > SMALL_ROOM as u64 { LARGE_ROOM } else { SMALL_ROOM };
        let mut session = Self {
            ask,
            connector,
            wire: None,
            requests: Vec::new(),
            turn: index,
            buffer: vec![0; room],
            knows_cookie: false,
            checked: false,
        };
        session.prepare(&format!("client=c{index}"));
        session
    }

    /// Makes the requests, with a cookie that names this client until the proxy names its server.
    fn prepare(&mut self, cookie: &str) {
        let close = if self.ask.fresh { "Connection: close\r\n" } else { "" };
        let length = match self.ask.request {
            Request::Post(bytes) => format!("Content-Length: {bytes}\r\n"),
            _ => String::new(),
        };
        let rest = format!("Cookie: {cookie}\r\n{close}{length}");
        // Each client of many asks for different ones, or making them would take all the memory.
        let n = match self.ask.request {
            Request::OneOfHosts(n) | Request::OneOfPaths(n) => n.min(64),
            Request::Get(_) | Request::Post(_) => 1,
        };
        let turns = (0..n).map(|number| self.turn + number * STRIDE);
        self.requests = turns.map(|turn| self.ask.request.head(turn, &rest).into_bytes()).collect();
    }

    async fn send_body(&mut self, mut bytes: u64) -> io::Result<()> {
        let Some(wire) = &mut self.wire else { return Ok(()) };
        while bytes > 0 {
            let most = bytes.min(BODY.len() as u64);
            wire.write(&BODY[..most as usize]).await?;
            bytes -= most;
        }
        Ok(())
    }

    async fn receive(&mut self) -> io::Result<()> {
        let mut filled = 0;
        let Found { head_bytes, body_bytes } = loop {
            if let Some(found) = wire::find_head(&self.buffer[..filled]) {
                break found;
            }
            filled += self.read(filled).await?;
        };
        if !self.buffer.starts_with(b"HTTP/1.1 200") || body_bytes != self.ask.answer_bytes {
            let answer = String::from_utf8_lossy(&self.buffer[..filled.min(300)]);
            return Err(io::Error::other(format!("not the right answer: {answer}")));
        }
        self.take_cookie(head_bytes);
        let mut missing = (head_bytes as u64 + body_bytes).saturating_sub(filled as u64);
        let mut fresh = head_bytes..filled;
        loop {
            if !self.checked && self.buffer[fresh].iter().any(|&byte| byte != FILLER) {
                return Err(io::Error::other("the body of the answer is another one"));
            }
            if missing == 0 {
                break;
            }
            let n = self.read(0).await?;
            missing = missing.saturating_sub(n as u64);
            fresh = 0..n;
        }
        self.checked = true;
        Ok(())
    }

    async fn read(&mut self, from: usize) -> io::Result<usize> {
        let Some(wire) = &mut self.wire else { return Err(io::ErrorKind::NotConnected.into()) };
        wire.read(&mut self.buffer[from..]).await
    }

    /// Sends back the cookie that it was given, as a browser does.
    fn take_cookie(&mut self, head_bytes: usize) {
        if self.knows_cookie || self.checked {
            return;
        }
        let given = wire::field(&self.buffer[..head_bytes], b"set-cookie");
        let pair = given.and_then(|value| value.split(';').next()).map(str::to_owned);
        if let Some(pair) = pair {
            self.prepare(&pair);
            self.knows_cookie = true;
        }
    }
}

impl Asker for Session {
    async fn ask(&mut self) -> io::Result<()> {
        if self.wire.is_none() {
            self.wire = Some(self.connector.connect().await?);
        }
        self.turn = (self.turn + 1) % self.requests.len();
        if let Some(wire) = &mut self.wire {
            wire.write(&self.requests[self.turn]).await?;
        }
        if let Request::Post(bytes) = self.ask.request {
            self.send_body(bytes).await?;
        }
        self.receive().await?;
        if self.ask.fresh {
            self.wire = None;
        }
        Ok(())
    }

    fn reset(&mut self) {
        self.wire = None;
    }
}

const HOST: &str = "peer.example";
const SMALL_ROOM: usize = 4 * 1024;
const LARGE_ROOM: usize = 256 * 1024;
/// A prime, so that a client's requests spread over all names.
const STRIDE: usize = 7919;
static BODY: [u8; 64 * 1024] = [FILLER; 64 * 1024];
