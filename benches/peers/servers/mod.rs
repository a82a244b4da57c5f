//! The servers behind the proxies: as light as they can be, so that the proxy is what is measured.
//!
//! One thread serves all addresses of a workload. HTTP heads are not parsed but searched for the few things that
//! matter, and answers are written from memory.

mod http;
mod udp;

use std::io;
use std::net::SocketAddr;
use std::thread::JoinHandle;

use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::oneshot;
use tokio::task::LocalSet;

use crate::Failure;
use crate::setup::Front;

pub(crate) use http::{HUGE_BYTES, LARGE_BYTES, SMALL_BYTES};

/// Servers at work; they end with this value.
#[derive(Debug)]
pub(crate) struct Servers {
    pub(crate) addresses: Vec<SocketAddr>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Servers {
    pub(crate) fn start(front: Front, n: usize) -> Result<Self, Failure> {
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let thread = std::thread::Builder::new().name("servers".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a thread can have a runtime");
            LocalSet::new().block_on(&runtime, async {
                tell.send(serve(front, n).await).expect("whoever starts servers waits for them");
                // An error means that nobody is left who could stop them: also an end.
                drop(stopped.await);
            });
        })?;
        let addresses = told.recv().map_err(|_gone| io::Error::other("the servers died"))??;
        Ok(Self { addresses, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It panicked, and has said so.
            drop(thread.join());
        }
    }
}

async fn serve(front: Front, n: usize) -> io::Result<Vec<SocketAddr>> {
    let mut addresses = Vec::new();
    for _ in 0..n {
        if front == Front::Udp {
            let socket = UdpSocket::bind(("127.0.0.1", 0)).await?;
            addresses.push(socket.local_addr()?);
            tokio::task::spawn_local(udp::echo(socket));
        } else {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
            addresses.push(listener.local_addr()?);
            tokio::task::spawn_local(http::accept(listener));
        }
    }
    Ok(addresses)
}
