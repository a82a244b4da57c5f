//! The proxy as one host of the simulation: its network is turmoil's, its clock the simulation's.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use evenkeel::balance::Algorithm;
use evenkeel::dice::Dice;
use evenkeel::lab::{self, Lab};
use evenkeel::period::Clock;
use evenkeel::proxy::{Blueprint, ListenerParts, Network, Shared, Wire, Worker, health};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;
use turmoil::net::{TcpListener, TcpStream};

use crate::server::PORT;

/// Runs the proxy, and changes its lab now and then, until the simulation ends.
#[expect(clippy::infinite_loop, reason = "a host of the simulation ends with it")]
pub(crate) async fn serve(
    seed: u64,
    servers: Vec<String>,
    keep: impl FnOnce(Arc<Shared>),
) -> io::Result<()> {
    let clock = Arc::new(SimulatedClock(Instant::now()));
    let shared = Arc::new(Shared::new(clock, 16, [7; 32]));
    let mut control = Control::new(&shared, servers, seed);
    control.publish();
    keep(Arc::clone(&shared));
    let worker = Worker::new(0, Simulated, Arc::clone(&shared), seed);
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    tokio::task::spawn_local(Rc::clone(&worker).listen(0, listener));
    tokio::task::spawn_local(health::keep(Simulated, Arc::clone(&shared), Dice::stream(seed, 2)));
    loop {
        tokio::time::sleep(Duration::from_millis(20 + control.dice.below(200))).await;
        control.change();
        control.publish();
        worker.sweep();
    }
}

struct Control {
    shared: Arc<Shared>,
    lab: Lab,
    parts: BTreeMap<String, ListenerParts>,
    addresses: BTreeMap<(String, String), Vec<SocketAddr>>,
    all: Vec<lab::Server>,
    dice: Dice,
    seed: u64,
}

impl Control {
    fn new(shared: &Arc<Shared>, servers: Vec<String>, seed: u64) -> Self {
        let listed: Vec<String> = servers
            .iter()
            .map(|name| format!("(name: \"{name}\", address: \"127.0.0.1:80\")"))
            .collect();
        let text = LAB.replace("SERVERS", &listed.join(", "));
        let lab = lab::load(text.as_bytes()).unwrap_or_else(|refused| panic!("{refused:?}"));
        let lab = lab.lab.into_lab();
        let addresses = servers
            .into_iter()
            .map(|name| {
                let address = SocketAddr::new(turmoil::lookup(name.as_str()), PORT);
                (("web".to_owned(), name), vec![address])
            })
            .collect();
        let parts = ListenerParts { slot: 0, tls: None, meter: Arc::default(), log: None };
        Self {
            shared: Arc::clone(shared),
            all: lab.pools[0].servers.clone(),
            lab,
            parts: BTreeMap::from([("front".to_owned(), parts)]),
            addresses,
            dice: Dice::stream(seed, 1),
            seed,
        }
    }

    fn publish(&self) {
        self.shared.publish(&Blueprint {
            lab: &self.lab,
            workers: 1,
            seed: self.seed,
            listeners: self.parts.clone(),
            closing: Vec::new(),
            addresses: self.addresses.clone(),
            upstream_tls: BTreeMap::new(),
        });
    }

    /// One change of those a person makes: never are all servers away at once.
    fn change(&mut self) {
        let Self { lab, all, dice, .. } = self;
        let pool = &mut lab.pools[0];
        let n_servers = pool.servers.len() as u64;
        let at = dice.below(n_servers) as usize;
        match dice.below(5) {
            0 => {
                let all = Algorithm::all();
                pool.algorithm = all[dice.below(all.len() as u64) as usize].clone();
            }
            1 => pool.servers[at].weight = 1 + dice.below(9) as u32,
            2 if n_servers > 1 => drop(pool.servers.remove(at)),
            3 if n_servers > 1 => {
                pool.servers.iter_mut().for_each(|server| server.drain = false);
                pool.servers[at].drain = true;
            }
            _ => {
                let absent =
                    all.iter().find(|it| pool.servers.iter().all(|has| has.name != it.name));
                pool.servers.extend(absent.cloned());
            }
        }
        if pool.servers.iter().all(|server| server.drain) {
            pool.servers[0].drain = false;
        }
    }
}

#[derive(Clone)]
pub(crate) struct Simulated;

pub(crate) struct SimulatedStream(TcpStream);

struct SimulatedClock(Instant);

impl Clock for SimulatedClock {
    fn now_ns(&self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }

    fn unix_ns(&self) -> u64 {
        self.now_ns()
    }
}

impl Network for Simulated {
    type Stream = SimulatedStream;
    type Listener = TcpListener;

    async fn accept(&self, listener: &TcpListener) -> io::Result<(SimulatedStream, SocketAddr)> {
        listener.accept().await.map(|(stream, peer)| (SimulatedStream(stream), peer))
    }

    async fn connect(&self, to: SocketAddr) -> io::Result<SimulatedStream> {
        TcpStream::connect(to).await.map(SimulatedStream)
    }
}

impl Wire for SimulatedStream {}

impl AsyncRead for SimulatedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(ctx, buffer)
    }
}

impl AsyncWrite for SimulatedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(ctx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(ctx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(ctx)
    }
}

const LAB: &str = r#"(version: 1, workers: 1,
    limits: (header_timeout: "1s", idle_timeout: "1s"),
    listeners: [(name: "front", address: "127.0.0.1:80",
        routes: [(to: pool("web"), timeouts: (response: "300ms", idle: "300ms"))])],
    pools: [(name: "web", servers: [SERVERS],
        upstream: (connect_timeout: "200ms", idle_timeout: "400ms"),
        health: (passive: (consecutive_failures: 3), ejection: (base: "50ms", max: "200ms")))])"#;
