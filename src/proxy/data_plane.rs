//! The data plane on real sockets: worker threads, and the orders they take.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::sync::mpsc;

use super::l4::{Datagrams, serve_datagrams};
use super::network::{Sockets, bind_tcp, bind_udp, is_free};
use super::open_files;
use super::shared::Shared;
use super::worker::Worker;

/// The worker threads. Dropping it stops them at once; [`DataPlane::stop`] lets requests finish.
pub struct DataPlane {
    shared: Arc<Shared>,
    workers: Vec<Hand>,
}

/// What comes to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carries {
    Streams,
    Datagrams,
}

/// An address that was taken: no connection is lost while it is held, whoever serves it.
#[derive(Debug)]
pub struct Bound {
    address: SocketAddr,
    taken: Taken,
}

#[derive(Debug)]
enum Taken {
    Streams(Vec<std::net::TcpListener>),
    /// With the sessions over all workers.
    Datagrams(Vec<std::net::UdpSocket>, Arc<AtomicUsize>),
}

impl Bound {
    /// The address in force: port 0 has taken a free one.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Taken {
    fn len(&self) -> usize {
        match self {
            Self::Streams(listeners) => listeners.len(),
            Self::Datagrams(sockets, _) => sockets.len(),
        }
    }

    fn order(&self, slot: usize, index: usize) -> io::Result<Order> {
        Ok(match self {
            Self::Streams(listeners) => {
                Order::Listen { slot, listener: listeners[index].try_clone()? }
            }
            Self::Datagrams(sockets, n_sessions) => Order::Carry {
                slot,
                socket: sockets[index].try_clone()?,
                n_sessions: Arc::clone(n_sessions),
            },
        })
    }
}

/// A worker thread, and the way to it.
struct Hand {
    orders: mpsc::Sender<Order>,
    thread: Option<JoinHandle<()>>,
}

enum Order {
    Listen {
        slot: usize,
        listener: std::net::TcpListener,
    },
    Carry {
        slot: usize,
        socket: std::net::UdpSocket,
        /// Sessions of the listener over all workers.
        n_sessions: Arc<AtomicUsize>,
    },
    Close {
        slot: usize,
        grace: Duration,
    },
    /// The plan has changed: let go of what it does not know.
    Sweep,
    Stop {
        grace: Duration,
    },
}

impl DataPlane {
    pub fn start(shared: Arc<Shared>, workers: usize, seed: u64) -> io::Result<Self> {
        open_files::raise();
        let workers = (0..workers.max(1)).map(|index| Hand::start(index, &shared, seed));
        Ok(Self { workers: workers.collect::<io::Result<_>>()?, shared })
    }

    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub fn n_workers(&self) -> usize {
        self.workers.len()
    }

    /// Opens an address for TCP connections on every worker. Returns the address in force: port 0 takes a free one.
    pub fn listen(&self, slot: usize, address: SocketAddr) -> io::Result<SocketAddr> {
        let bound = self.bind(address, Carries::Streams)?;
        self.open(slot, &bound)?;
        Ok(bound.address)
    }

    /// The same for datagrams.
    pub fn listen_udp(&self, slot: usize, address: SocketAddr) -> io::Result<SocketAddr> {
        let bound = self.bind(address, Carries::Datagrams)?;
        self.open(slot, &bound)?;
        Ok(bound.address)
    }

    /// Takes an address, so that clients may connect. They are not served before it is opened.
    pub fn bind(&self, address: SocketAddr, carries: Carries) -> io::Result<Bound> {
        is_free(address, carries)?;
        self.bind_beside(address, carries)
    }

    /// The same beside a listener of our own that is about to leave the port.
    pub fn bind_beside(&self, address: SocketAddr, carries: Carries) -> io::Result<Bound> {
        let workers = self.workers.len();
        Ok(match carries {
            Carries::Streams => {
                let listeners = bind_tcp(address, workers)?;
                Bound { address: listeners[0].local_addr()?, taken: Taken::Streams(listeners) }
            }
            Carries::Datagrams => {
                let sockets = bind_udp(address, workers)?;
                let (address, n_sessions) = (sockets[0].local_addr()?, Arc::default());
                Bound { address, taken: Taken::Datagrams(sockets, n_sessions) }
            }
        })
    }

    /// Serves those who connect to an address that was taken. Every socket of it gets a worker, however many of
    /// both there are, because a client that waits at a socket without one would wait forever.
    pub fn open(&self, slot: usize, bound: &Bound) -> io::Result<()> {
        let (n_workers, n_sockets) = (self.workers.len(), bound.taken.len());
        for index in 0..n_sockets.max(n_workers) {
            let order = bound.taken.order(slot, index % n_sockets)?;
            self.workers[index % n_workers].order(order)?;
        }
        Ok(())
    }

    /// Closes a listener: nothing new comes in, what is under way gets `grace` to finish.
    pub fn close(&self, slot: usize, grace: Duration) -> io::Result<()> {
        self.workers.iter().try_for_each(|worker| worker.order(Order::Close { slot, grace }))
    }

    /// To be called when a plan was published.
    pub fn sweep(&self) -> io::Result<()> {
        self.workers.iter().try_for_each(|worker| worker.order(Order::Sweep))
    }

    /// Stops all workers: what is under way gets `grace` to finish. Blocks until they have stopped.
    pub fn stop(mut self, grace: Duration) {
        for worker in &self.workers {
            // A worker that does not listen any more has stopped already.
            drop(worker.order(Order::Stop { grace }));
        }
        for worker in &mut self.workers {
            worker.join();
        }
    }
}

impl Hand {
    fn start(index: usize, shared: &Arc<Shared>, seed: u64) -> io::Result<Self> {
        let (orders, inbox) = mpsc::channel(ORDERS);
        let shared = Arc::clone(shared);
        let mut builder = Builder::new_current_thread();
        let thread =
            std::thread::Builder::new().name(format!("proxy-{index}")).spawn(move || {
                let runtime = match builder.enable_all().build_local(LocalOptions::default()) {
                    Ok(runtime) => runtime,
                    Err(error) => return drop(error),
                };
                run(&runtime, &Worker::new(index, Sockets, shared, seed), inbox);
            })?;
        Ok(Self { orders, thread: Some(thread) })
    }

    fn order(&self, order: Order) -> io::Result<()> {
        let stuck = |_refused| io::Error::other("a worker does not take orders any more");
        self.orders.try_send(order).map_err(stuck)
    }

    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic of a worker was reported by the panic itself.
            drop(thread.join());
        }
    }
}

impl Drop for DataPlane {
    fn drop(&mut self) {
        for worker in &self.workers {
            drop(worker.order(Order::Stop { grace: Duration::ZERO }));
        }
        self.workers.iter_mut().for_each(Hand::join);
    }
}

fn run(runtime: &LocalRuntime, worker: &Rc<Worker<Sockets>>, mut inbox: mpsc::Receiver<Order>) {
    runtime.block_on(async {
        while let Some(order) = inbox.recv().await {
            match order {
                Order::Listen { slot, listener } => {
                    match tokio::net::TcpListener::from_std(listener) {
                        Ok(listener) => {
                            tokio::task::spawn_local(Rc::clone(worker).listen(slot, listener));
                        }
                        Err(error) => worker.trouble(slot, &error.to_string()),
                    }
                }
                Order::Carry { slot, socket, n_sessions } => {
                    match tokio::net::UdpSocket::from_std(socket) {
                        Ok(socket) => {
                            let datagrams = Datagrams { slot, socket, n_sessions };
                            let worker = Rc::clone(worker);
                            tokio::task::spawn_local(serve_datagrams(worker, datagrams));
                        }
                        Err(error) => worker.trouble(slot, &error.to_string()),
                    }
                }
                Order::Close { slot, grace } => worker.close(slot, grace),
                Order::Sweep => worker.sweep(),
                Order::Stop { grace } => {
                    worker.close_all(grace);
                    worker.finished(grace).await;
                    return;
                }
            }
        }
    });
}

/// Orders that wait for a worker: an order takes microseconds, so this many never wait.
const ORDERS: usize = 1024;
