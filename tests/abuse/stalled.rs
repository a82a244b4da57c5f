//! One side that takes nothing: what the other sends must wait outside, not in memory.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::message::Wire;
use crate::support::{MEGABYTE, bench_before, dial, open_connections, resident_bytes, until};

/// How much one side could send, and whether it had to stop.
#[derive(Default)]
struct Flow {
    bytes: AtomicU64,
    ended: AtomicBool,
}

impl Flow {
    fn pour(&self, mut stream: TcpStream) {
        let piece = [b'x'; 16 * 1024];
        while let Ok(length) = stream.write(&piece) {
            self.bytes.fetch_add(length as u64, Relaxed);
        }
        self.ended.store(true, Relaxed);
    }

    /// Waits until nothing flowed for a while.
    fn await_standstill(&self) -> u64 {
        for _ in 0..100 {
            let before = self.bytes.load(Relaxed);
            std::thread::sleep(Duration::from_millis(300));
            if before > 0 && self.bytes.load(Relaxed) == before {
                return before;
            }
        }
        panic!("it never stopped flowing");
    }
}

/// A server whose `/small` is small and whose other answers do not end; it reads no more than heads.
fn endless_server(flow: &Arc<Flow>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let flow = Arc::clone(flow);
    let accept = move || {
        for stream in listener.incoming() {
            let flow = Arc::clone(&flow);
            spawn(move || converse(stream.unwrap(), &flow));
        }
    };
    spawn(accept);
    address
}

fn converse(mut stream: TcpStream, flow: &Flow) {
    let mut head = Vec::new();
    let mut byte = [0];
    while stream.read(&mut byte).is_ok_and(|n| n > 0) {
        head.push(byte[0]);
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        if head.starts_with(b"GET /small") {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na").unwrap();
            head.clear();
        } else if head.starts_with(b"POST") {
            // Holds the connection and takes nothing of the body.
            while !flow.ended.load(Relaxed) {
                std::thread::sleep(Duration::from_millis(20));
            }
            return;
        } else {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n").unwrap();
            return flow.pour(stream);
        }
    }
}

fn spawn(run: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().name("stalled".to_owned()).spawn(run).unwrap();
}

fn assert_small_is_served(wire: &mut Wire) {
    wire.send(b"GET /small HTTP/1.1\r\nhost: a\r\n\r\n");
    let message = crate::support::answer(wire).unwrap();
    assert_eq!((message.status(), message.body.as_slice()), (200, &b"a"[..]));
}

#[test]
fn an_answer_that_nobody_reads_waits_at_its_server() {
    let flow = Arc::new(Flow::default());
    let bench = bench_before(endless_server(&flow), "idle_timeout: \"4s\"", "");
    assert_small_is_served(&mut dial(&bench));
    let before = resident_bytes();
    let mut deaf = dial(&bench);
    deaf.send(b"GET /endless HTTP/1.1\r\nhost: a\r\n\r\n");
    let sent = flow.await_standstill();
    // What the sockets of both connections may hold, doubled; the proxy itself adds next to nothing.
    assert!(sent < 24 * MEGABYTE, "the server could send {sent} bytes");
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 48 * MEGABYTE, "grew by {grown} bytes");
    assert_small_is_served(&mut dial(&bench));
    until("the deaf client is given up", || open_connections(&bench) == 0);
    until("its server is let go", || flow.ended.load(Relaxed));
}

#[test]
fn a_body_that_nobody_reads_waits_at_its_client() {
    let flow = Arc::new(Flow::default());
    let bench =
        bench_before(endless_server(&flow), "", "timeouts: (response: \"3s\", idle: \"2s\")");
    let before = resident_bytes();
    let mut wire = dial(&bench);
    wire.send(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 999999999\r\n\r\n");
    let (stream, pouring) = (wire.stream.try_clone().unwrap(), Arc::clone(&flow));
    stream.set_write_timeout(Some(Duration::from_secs(30))).unwrap();
    spawn(move || pouring.pour(stream));
    let sent = flow.await_standstill();
    assert!(sent < 24 * MEGABYTE, "the client could send {sent} bytes");
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 48 * MEGABYTE, "grew by {grown} bytes");
    assert_small_is_served(&mut dial(&bench));
    wire.close();
    until("everybody has gone", || flow.ended.load(Relaxed) && open_connections(&bench) == 0);
}
