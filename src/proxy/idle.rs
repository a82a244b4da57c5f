//! Connections to servers that wait for their next request, one store for each worker.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::l7::Http1;
use super::lanes::Lanes;
use super::network::Wire;
use super::server::Server;

/// By the servers' slots. The last one used is the first one taken, so that the others can age and go.
pub(super) struct Idle<S> {
    shelves: RefCell<Vec<Shelf<S>>>,
}

struct Shelf<S> {
    /// Whose connections these are: a slot is given again.
    serial: u64,
    server: Option<Arc<Server>>,
    http1: Vec<Resting<S>>,
    lanes: Rc<Lanes>,
}

struct Resting<S> {
    connection: Box<Http1<S>>,
    since_ns: u64,
}

/// Counts a connection at its server for as long as it is there.
pub(super) struct Counted(Arc<Server>);

impl Counted {
    /// Unless there are too many already.
    pub(super) fn take(server: &Arc<Server>) -> Option<Self> {
        let before = server.connections.fetch_add(1, Relaxed);
        let counted = Self(Arc::clone(server));
        server.upstream.connections.is_none_or(|most| before < most).then_some(counted)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Relaxed);
    }
}

impl<S> Default for Idle<S> {
    fn default() -> Self {
        Self { shelves: RefCell::default() }
    }
}

impl<S> Default for Shelf<S> {
    fn default() -> Self {
        Self { serial: 0, server: None, http1: Vec::new(), lanes: Rc::default() }
    }
}

impl<S: Wire> Idle<S> {
    /// The connection that was used last and is still good.
    pub(super) fn take(&self, server: &Arc<Server>, now_ns: u64) -> Option<Box<Http1<S>>> {
        let mut shelves = self.shelves.borrow_mut();
        let shelf = shelf_of(&mut shelves, server)?;
        let oldest_ns = now_ns.saturating_sub(server.upstream.idle_timeout.ns());
        while let Some(Resting { mut connection, since_ns }) = shelf.http1.pop() {
            if since_ns < oldest_ns {
                // All below have rested even longer.
                shelf.http1.clear();
                return None;
            }
            if connection.is_quiet() {
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection for later, if there is room for it.
    pub(super) fn put(&self, server: &Arc<Server>, connection: Box<Http1<S>>, now_ns: u64) {
        let used_up = server
            .upstream
            .requests_per_connection
            .is_some_and(|most| connection.n_requests >= most);
        if server.is_retired() || used_up {
            return;
        }
        let mut shelves = self.shelves.borrow_mut();
        let shelf = shelf_for(&mut shelves, server);
        if shelf.http1.len() < server.upstream.idle_connections as usize {
            shelf.http1.push(Resting { connection, since_ns: now_ns });
        }
    }

    /// The HTTP/2 connections to a server that requests share.
    pub(super) fn lanes(&self, server: &Arc<Server>) -> Rc<Lanes> {
        let mut shelves = self.shelves.borrow_mut();
        Rc::clone(&shelf_for(&mut shelves, server).lanes)
    }

    /// Lets go of the connections to servers that no plan knows any more.
    pub(super) fn sweep(&self) {
        for shelf in self.shelves.borrow_mut().iter_mut() {
            if shelf.server.as_ref().is_some_and(|server| server.is_retired()) {
                *shelf = Shelf::default();
            }
        }
    }

    /// Lets go of connections that rested too long or were closed. Returns when the next has rested too long, if any
    /// are left.
    pub(super) fn tidy(&self, now_ns: u64) -> Option<u64> {
        let mut until_ns: Option<u64> = None;
        for shelf in self.shelves.borrow_mut().iter_mut() {
            let Some(server) = &shelf.server else { continue };
            let timeout_ns = server.upstream.idle_timeout.ns();
            let oldest_ns = now_ns.saturating_sub(timeout_ns);
            shelf.http1.retain_mut(|it| it.since_ns >= oldest_ns && it.connection.is_quiet());
            // The last one used lies on top.
            let bottom_ns = shelf.http1.first().map(|it| it.since_ns);
            let shared_ns = shelf.lanes.tidy(oldest_ns).then_some(now_ns);
            let since_ns = bottom_ns.into_iter().chain(shared_ns).min();
            let ends_ns = since_ns.map(|since_ns| since_ns.saturating_add(timeout_ns));
            until_ns = until_ns.into_iter().chain(ends_ns).min();
        }
        until_ns
    }
}

impl<S> Shelf<S> {
    fn belong_to(&mut self, server: &Arc<Server>) {
        if self.serial != server.serial {
            *self =
                Self { serial: server.serial, server: Some(Arc::clone(server)), ..Self::default() };
        }
    }
}

/// The shelf of a server, made where there is none.
fn shelf_for<'a, S>(shelves: &'a mut Vec<Shelf<S>>, server: &Arc<Server>) -> &'a mut Shelf<S> {
    if shelves.len() <= server.slot {
        shelves.resize_with(server.slot + 1, Shelf::default);
    }
    let shelf = &mut shelves[server.slot];
    shelf.belong_to(server);
    shelf
}

fn shelf_of<'a, S>(shelves: &'a mut [Shelf<S>], server: &Server) -> Option<&'a mut Shelf<S>> {
    shelves.get_mut(server.slot).filter(|shelf| shelf.serial == server.serial)
}
