//! A data plane on free ports of this machine, made from a few lines of lab.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use evenkeel::lab::{self, Lab, Protocol};
use evenkeel::period::Clock;
use evenkeel::proxy::tls::Origination;
use evenkeel::proxy::{Blueprint, DataPlane, ListenerParts, PoolInForce, Record, Shared};

use crate::vigil::Vigil;

use crate::secrets;

/// A proxy under test.
pub(crate) struct Bench {
    _vigil: Vigil,
    plane: DataPlane,
    pub lab: Lab,
    addresses: BTreeMap<(String, String), Vec<SocketAddr>>,
    parts: BTreeMap<String, ListenerParts>,
    listening: BTreeMap<String, SocketAddr>,
    upstream_tls: BTreeMap<String, Arc<Origination>>,
}

pub(crate) struct RealClock(Instant);

impl RealClock {
    #[expect(clippy::disallowed_methods, reason = "this is the test's clock")]
    pub(crate) fn start() -> Arc<Self> {
        Arc::new(Self(Instant::now()))
    }
}

impl Clock for RealClock {
    fn now_ns(&self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }

    fn unix_ns(&self) -> u64 {
        self.now_ns()
    }
}

impl Bench {
    /// Runs a lab, whose listeners take free ports.
    pub(crate) fn run(text: &str) -> Self {
        Self::run_with(text, BTreeMap::new())
    }

    /// The same with what pools need to speak TLS to their servers.
    pub(crate) fn run_with(text: &str, upstream_tls: BTreeMap<String, Arc<Origination>>) -> Self {
        let loaded = lab::load(text.as_bytes()).unwrap_or_else(|refused| panic!("{refused:?}"));
        let lab = loaded.lab.into_lab();
        let workers = lab.workers.unwrap_or(1) as usize;
        let shared = Arc::new(Shared::new(RealClock::start(), 1000, [7; 32]));
        let plane = DataPlane::start(Arc::clone(&shared), workers, lab.seed).unwrap();
        let mut bench = Self {
            _vigil: Vigil::keep(&shared),
            plane,
            lab,
            addresses: BTreeMap::new(),
            parts: BTreeMap::new(),
            listening: BTreeMap::new(),
            upstream_tls,
        };
        let listeners = bench.lab.listeners.clone();
        for (slot, listener) in listeners.iter().enumerate() {
            let tls = secrets::of_listener(listener);
            let parts = ListenerParts { slot, tls, meter: Arc::default(), log: None };
            bench.parts.insert(listener.name.clone(), parts);
        }
        bench.publish();
        for (slot, listener) in listeners.iter().enumerate() {
            let address = listener.address.parse().unwrap();
            let address = match listener.protocol {
                Protocol::Udp => bench.plane.listen_udp(slot, address).unwrap(),
                _ => bench.plane.listen(slot, address).unwrap(),
            };
            bench.listening.insert(listener.name.clone(), address);
        }
        bench
    }

    /// Puts the lab as it is now into force.
    pub(crate) fn publish(&mut self) {
        for pool in &self.lab.pools {
            for server in &pool.servers {
                let Some(address) = &server.address else { continue };
                let key = (pool.name.clone(), server.name.clone());
                let address = address.replace("localhost", "127.0.0.1");
                self.addresses.insert(key, vec![address.parse().unwrap()]);
            }
        }
        self.plane.shared().publish(&Blueprint {
            lab: &self.lab,
            workers: self.plane.n_workers(),
            seed: self.lab.seed,
            listeners: self.parts.clone(),
            closing: Vec::new(),
            addresses: self.addresses.clone(),
            upstream_tls: secrets::of_pools(&self.lab.pools)
                .into_iter()
                .chain(self.upstream_tls.clone())
                .collect(),
        });
        self.plane.sweep().unwrap();
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        self.plane.shared()
    }

    /// Waits for a request to be recorded.
    #[expect(clippy::disallowed_methods, reason = "a deadline for the test itself")]
    pub(crate) fn next_record(&self) -> Record {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(record) = self.shared().records.drain().next() {
                return record;
            }
            assert!(Instant::now() < deadline, "no request was recorded");
            std::thread::yield_now();
        }
    }

    /// Closes a listener, and what is left on it after `grace`.
    pub(crate) fn close(&self, listener: &str, grace: Duration) {
        self.plane.close(self.parts[listener].slot, grace).unwrap();
    }

    /// A pool as it is now.
    pub(crate) fn pool(&self, name: &str) -> Arc<PoolInForce> {
        Arc::clone(&self.shared().plan().pools[name])
    }

    pub(crate) fn address(&self, listener: &str) -> SocketAddr {
        self.listening[listener]
    }

    /// A connection of a client that speaks bytes.
    pub(crate) fn dial(&self, listener: &str) -> Wire {
        Wire::connect(self.address(listener))
    }
}

/// A raw connection.
pub(crate) struct Wire(pub TcpStream);

impl Wire {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        Self(stream)
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    /// Everything up to a mark.
    pub(crate) fn read_until(&mut self, mark: &str) -> String {
        let mut read = Vec::new();
        let mut byte = [0];
        while !read.ends_with(mark.as_bytes()) {
            assert!(
                self.0.read(&mut byte).unwrap() > 0,
                "ended after {}",
                String::from_utf8_lossy(&read)
            );
            read.push(byte[0]);
        }
        String::from_utf8_lossy(&read).into_owned()
    }

    pub(crate) fn read_to_end(&mut self) -> String {
        let mut read = Vec::new();
        // A reset is an end, too.
        drop(self.0.read_to_end(&mut read));
        String::from_utf8_lossy(&read).into_owned()
    }
}

/// A server that answers every request with its name, over kept connections.
pub(crate) fn named_server(name: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = move || {
        for stream in listener.incoming() {
            let mut wire = Wire(stream.unwrap());
            let serve = move || {
                let mut head = Vec::new();
                let mut byte = [0];
                while wire.0.read(&mut byte).is_ok_and(|n| n > 0) {
                    head.push(byte[0]);
                    if head.ends_with(b"\r\n\r\n") {
                        head.clear();
                        wire.send(&format!(
                            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{name}",
                            name.len()
                        ));
                    }
                }
            };
            std::thread::Builder::new().name(format!("{name}-connection")).spawn(serve).unwrap();
        }
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(serve).unwrap();
    address
}

const DEADLINE: Duration = Duration::from_secs(10);
