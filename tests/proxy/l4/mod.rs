//! Connections and datagrams that are carried without being understood.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use evenkeel::meter::{CounterReading, Outcome};

use crate::bench::Bench;

mod announced;
mod bulk;
mod encrypted;
mod picks;
mod tcp;
mod udp;

/// A lab with one listener `front` and one pool `web` of these servers; `listener` and `pool` are further settings.
fn lab(listener: &str, pool: &str, servers: &[(&str, SocketAddr)]) -> String {
    let servers: Vec<String> = servers
        .iter()
        .map(|(name, address)| format!("(name: \"{name}\", address: \"{address}\")"))
        .collect();
    let servers = servers.join(", ");
    format!(
        "(version: 1, listeners: [(name: \"front\", address: \"127.0.0.1:0\", pool: \"web\", {listener})], \
         pools: [(name: \"web\", {pool} servers: [{servers}])])"
    )
}

/// A lab whose listener carries TCP.
fn tcp(pool: &str, servers: &[(&str, SocketAddr)]) -> Bench {
    Bench::run(&lab("protocol: tcp", pool, servers))
}

/// A TCP server that serves each connection on a thread of its own.
fn server(serve: impl Fn(TcpStream) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let accept = move || {
        for stream in listener.incoming() {
            let (stream, serve) = (stream.unwrap(), serve.clone());
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
            let serve = move || serve(stream);
            std::thread::Builder::new().name("connection".to_owned()).spawn(serve).unwrap();
        }
    };
    std::thread::Builder::new().name("server".to_owned()).spawn(accept).unwrap();
    address
}

/// Says its name and then all that it hears.
fn echo(name: &'static str) -> SocketAddr {
    server(move |mut stream| {
        stream.write_all(name.as_bytes()).unwrap();
        let mut bytes = [0; 1024];
        while let Ok(n_bytes @ 1..) = stream.read(&mut bytes) {
            if stream.write_all(&bytes[..n_bytes]).is_err() {
                return;
            }
        }
    })
}

/// A server whose connections are handed to the test.
fn handed_over() -> (SocketAddr, Receiver<TcpStream>) {
    let (sender, arrivals) = sync_channel(16);
    (server(move |stream| drop(sender.send(stream))), arrivals)
}

/// Where nobody listens.
fn nowhere() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Closes with a reset.
fn reset(stream: TcpStream) {
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(stream);
}

fn counters(bench: &Bench) -> CounterReading {
    bench.shared().plan().listener(0).unwrap().meter.counters.read()
}

/// Waits until so many connections or sessions have ended like this.
fn wait_for(bench: &Bench, outcome: Outcome, count: u64) {
    wait_until(|| counters(bench).of(outcome) == count, || format!("{:?}", counters(bench)));
}

#[expect(clippy::disallowed_methods, reason = "a deadline for the test itself")]
fn wait_until(holds: impl Fn() -> bool, state: impl Fn() -> String) {
    let deadline = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < deadline, "still not: {}", state());
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// How many connections or sessions a server has.
fn in_flight(bench: &Bench, server: usize) -> u32 {
    bench.shared().plan().pools["web"].in_flight(server)
}

const DEADLINE: Duration = Duration::from_secs(10);
