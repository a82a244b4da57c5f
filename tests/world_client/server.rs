//! A raw HTTP/1.1 server that remembers what it heard and answers as it is told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) from: SocketAddr,
    /// Which connection of the server this is, and which request on it, both from 0.
    pub(crate) connection: usize,
    pub(crate) on_connection: usize,
    pub(crate) head: String,
    pub(crate) body: usize,
}

impl Heard {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(field, _)| *field == name).map(|(_, value)| value)
    }

    pub(crate) fn number(&self) -> u64 {
        self.field("x-evenkeel-request").unwrap().parse().unwrap()
    }

    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }
}

/// What the server does with a request.
pub(crate) enum Reply {
    /// These bytes, and the next request.
    Bytes(String),
    After(Duration, String),
    /// These bytes, and the connection is closed.
    BytesThenClose(String),
    Reset,
    Hang,
}

pub(crate) fn ok(fields: &str) -> Reply {
    Reply::Bytes(format!("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n{fields}\r\nok"))
}

#[derive(Default)]
pub(crate) struct Memory {
    heard: Shared<Vec<Heard>>,
    pub(crate) open: AtomicUsize,
    pub(crate) accepted: AtomicUsize,
    pub(crate) at_once: AtomicUsize,
    pub(crate) most_at_once: AtomicUsize,
}

#[expect(clippy::disallowed_types, reason = "what a test server heard, read now and then")]
type Shared<T> = std::sync::Mutex<T>;

/// Ends with its runtime when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) memory: Arc<Memory>,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    pub(crate) fn start(answer: impl Fn(&Heard) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with(ReadsProxyLine::No, answer)
    }

    pub(crate) fn start_with(
        proxy: ReadsProxyLine,
        answer: impl Fn(&Heard) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let runtime = runtime();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let memory = Arc::new(Memory::default());
        let (remembered, answer) = (Arc::clone(&memory), Arc::new(answer));
        runtime.spawn(async move {
            loop {
                let (stream, from) = listener.accept().await.unwrap();
                let connection = remembered.accepted.fetch_add(1, SeqCst);
                remembered.open.fetch_add(1, SeqCst);
                let (memory, answer) = (Arc::clone(&remembered), Arc::clone(&answer));
                tokio::spawn(async move {
                    serve(stream, from, connection, proxy, &memory, answer.as_ref()).await;
                    memory.open.fetch_sub(1, SeqCst);
                });
            }
        });
        Self { address, memory, _runtime: runtime }
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.memory.heard.lock().unwrap().clone()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadsProxyLine {
    No,
    Yes,
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("test-server")
        .enable_all()
        .build()
        .unwrap()
}

async fn serve(
    mut stream: TcpStream,
    mut from: SocketAddr,
    connection: usize,
    proxy: ReadsProxyLine,
    memory: &Memory,
    answer: &(impl Fn(&Heard) -> Reply + Sync),
) {
    let mut unread = Vec::new();
    if proxy == ReadsProxyLine::Yes {
        let Some(line) = read_until(&mut stream, &mut unread, b"\r\n").await else { return };
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(words[..2], ["PROXY", "TCP4"]);
        from.set_ip(words[2].parse().unwrap());
    }
    for on_connection in 0.. {
        let Some(head) = read_until(&mut stream, &mut unread, b"\r\n\r\n").await else { return };
        let mut heard = Heard { from, connection, on_connection, head, body: 0 };
        heard.body = heard.field("content-length").map_or(0, |length| length.parse().unwrap());
        while unread.len() < heard.body {
            if stream.read_buf(&mut unread).await.unwrap_or(0) == 0 {
                return;
            }
        }
        unread.drain(..heard.body);
        let reply = answer(&heard);
        memory.heard.lock().unwrap().push(heard);
        let at_once = memory.at_once.fetch_add(1, SeqCst) + 1;
        memory.most_at_once.fetch_max(at_once, SeqCst);
        let goes_on = act(&mut stream, reply, memory).await;
        if !goes_on {
            return;
        }
    }
}

async fn act(stream: &mut TcpStream, reply: Reply, memory: &Memory) -> bool {
    let done = || memory.at_once.fetch_sub(1, SeqCst);
    match reply {
        Reply::Bytes(bytes) => {
            done();
            stream.write_all(bytes.as_bytes()).await.is_ok()
        }
        Reply::After(delay, bytes) => {
            tokio::time::sleep(delay).await;
            done();
            stream.write_all(bytes.as_bytes()).await.is_ok()
        }
        Reply::BytesThenClose(bytes) => {
            done();
            drop(stream.write_all(bytes.as_bytes()).await);
            false
        }
        Reply::Reset => {
            done();
            socket2::SockRef::from(&*stream).set_linger(Some(Duration::ZERO)).unwrap();
            false
        }
        Reply::Hang => {
            let mut rest = [0; 64];
            while stream.read(&mut rest).await.unwrap_or(0) > 0 {}
            done();
            false
        }
    }
}

async fn read_until(stream: &mut TcpStream, unread: &mut Vec<u8>, end: &[u8]) -> Option<String> {
    loop {
        if let Some(at) = unread.windows(end.len()).position(|window| window == end) {
            let rest = unread.split_off(at + end.len());
            let head = std::mem::replace(unread, rest);
            return Some(String::from_utf8(head).unwrap());
        }
        if stream.read_buf(unread).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}
