//! Gates: the addresses that listeners take, and give back without losing anybody.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::control::Control;
use super::event::Kind;
use super::log::LogWriter;
use super::port_owner;
use super::status::{Cure, ListenerState, Trouble};
use crate::lab::{Lab, Listener, Protocol};
use crate::meter::Meter;
use crate::proxy::tls::Termination;
use crate::proxy::{Bound, Carries, ListenerParts};

/// A listener as it stands.
pub(super) struct Gate {
    /// The same for as long as the listener is there.
    pub(super) slot: usize,
    pub(super) meter: Arc<Meter>,
    pub(super) termination: Option<Termination>,
    pub(super) log: Option<LogWriter>,
    bound: Option<Bound>,
    trouble: Option<Trouble>,
}

impl Gate {
    fn new(slot: usize) -> Self {
        Self {
            slot,
            meter: Arc::default(),
            termination: None,
            log: None,
            bound: None,
            trouble: None,
        }
    }

    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.bound.as_ref().map(Bound::address)
    }

    pub(super) fn has_trouble(&self) -> bool {
        self.trouble.is_some()
    }

    /// Returns whether that is news.
    pub(super) fn set_trouble(&mut self, trouble: Trouble) -> bool {
        let trouble = Some(trouble);
        let is_news = self.trouble != trouble;
        self.trouble = trouble;
        is_news
    }

    pub(super) fn state(&self) -> ListenerState {
        match (&self.trouble, self.address()) {
            (None, Some(address)) => ListenerState::Open { address },
            (Some(trouble), still_at) => {
                ListenerState::Trouble { still_at, trouble: trouble.clone() }
            }
            (None, None) => ListenerState::Off,
        }
    }
}

/// The slots of listeners that were closed and let their last requests finish.
#[derive(Debug, Default)]
pub(super) struct Closing {
    slots: RefCell<BTreeSet<usize>>,
}

impl Closing {
    pub(super) fn slots(&self) -> Vec<usize> {
        self.slots.borrow().iter().copied().collect()
    }

    fn has(&self, slot: usize) -> bool {
        self.slots.borrow().contains(&slot)
    }

    fn add(&self, slot: usize) {
        self.slots.borrow_mut().insert(slot);
    }

    fn end_after(self: &Rc<Self>, slot: usize, pause: Duration) {
        let closing = Rc::clone(self);
        tokio::task::spawn_local(async move {
            tokio::time::sleep(pause).await;
            closing.slots.borrow_mut().remove(&slot);
        });
    }
}

impl Control {
    pub(super) fn gate_mut(&mut self, listener: &str) -> &mut Gate {
        if !self.gates.contains_key(listener) {
            let taken = |slot: &usize| {
                self.gates.values().any(|gate| gate.slot == *slot) || self.closing.has(*slot)
            };
            let slot = (0..=usize::MAX).find(|slot| !taken(slot)).unwrap_or_default();
            self.gates.insert(listener.to_owned(), Gate::new(slot));
        }
        self.gates.get_mut(listener).expect("it was put there if it was missing")
    }

    /// Opens the address that the lab says, or moves there.
    pub(super) fn open_gate(&mut self, name: &str) {
        let Some(listener) = self.lab.listener(name).cloned() else { return };
        if self.lacks_certificates(&listener) {
            return;
        }
        let bound = self.bind(&listener);
        let (grace, opened) = (self.grace(), bound.is_ok());
        let gate = self.gate_mut(name);
        let bound = match bound {
            Ok(bound) => bound,
            Err(trouble) => {
                let text = format!("listener {name}: {trouble}");
                if gate.set_trouble(trouble) {
                    self.board.tell(Kind::Trouble, text);
                }
                return;
            }
        };
        let slot = gate.slot;
        let moved = gate.bound.is_some() && opened;
        let was_shut = gate.trouble.take().is_some();
        // The new address is taken before the old one is given back.
        let ordered = if moved { self.plane.close(slot, grace) } else { Ok(()) };
        let ordered = ordered.and_then(|()| self.plane.open(slot, &bound));
        let gate = self.gate_mut(name);
        let address = bound.address();
        gate.bound = Some(bound);
        match ordered {
            Ok(()) if was_shut => {
                let text = format!("listener {name}: open at {address}");
                self.board.tell(Kind::Recovered, text);
            }
            Ok(()) => {}
            Err(error) => self.has_no_workers(name, &error.to_string()),
        }
    }

    /// Its socket is there, and the workers do not take it.
    fn has_no_workers(&mut self, name: &str, why: &str) {
        let trouble = Trouble::new(why, "restart the program");
        let text = format!("listener {name}: {trouble}");
        if self.gate_mut(name).set_trouble(trouble) {
            self.board.tell(Kind::Trouble, text);
        }
    }

    /// Its sockets, connections and counts stay what they are.
    pub(super) fn rename_gate(&mut self, from: &str, to: &str) {
        if let Some(gate) = self.gates.remove(from) {
            self.gates.insert(to.to_owned(), gate);
        }
    }

    fn bind(&self, listener: &Listener) -> Result<Bound, Trouble> {
        let address: SocketAddr = listener.address.parse().map_err(|_not_an_address| {
            let what = format!("`{}` is no address to listen on", listener.address);
            Trouble::new(what, "write an address and a port")
        })?;
        let carries = match listener.protocol {
            Protocol::Udp => Carries::Datagrams,
            Protocol::Http | Protocol::Tcp | Protocol::TlsPassthrough => Carries::Streams,
        };
        let own = self.gates.values().filter_map(Gate::address);
        let ours = own.into_iter().any(|own| own.port() == address.port());
        let bound = if ours {
            self.plane.bind_beside(address, carries)
        } else {
            self.plane.bind(address, carries)
        };
        bound.map_err(|error| why_not(address, &error))
    }

    /// Gives an address back: nobody new comes in, and who is there may finish.
    pub(super) fn close_gate(&mut self, name: &str, _before: &Lab) {
        let Some(gate) = self.gates.remove(name) else { return };
        let grace = self.grace();
        // A worker that takes no orders any more accepts nothing either.
        drop(self.plane.close(gate.slot, grace));
        self.closing.add(gate.slot);
        self.closing.end_after(gate.slot, grace + AFTER_GRACE);
    }

    /// Lets listeners that are about to close keep their place in the plan.
    pub(super) fn keep_closing_gates(&self) {
        let gone = |name: &String| self.lab.listener(name).is_none_or(|listener| !listener.enabled);
        for (_, gate) in self.gates.iter().filter(|(name, _)| gone(name)) {
            self.closing.add(gate.slot);
        }
    }

    /// What each listener brings to the plan.
    pub(super) fn listener_parts(&mut self) -> BTreeMap<String, ListenerParts> {
        let enabled: Vec<Listener> =
            self.lab.listeners.iter().filter(|listener| listener.enabled).cloned().collect();
        let mut parts = BTreeMap::new();
        for listener in enabled {
            let gate = self.gate_mut(&listener.name);
            let tls = gate.termination.as_ref().map(|it| Arc::clone(it.config()));
            // Without its certificates it must not answer: it would do so in the clear.
            if listener.tls.is_some() != tls.is_some() && listener.tls.is_some() {
                continue;
            }
            let tls = tls.filter(|_| listener.tls.is_some());
            let part = ListenerParts {
                slot: gate.slot,
                tls,
                meter: Arc::clone(&gate.meter),
                log: gate.log.as_ref().map(|log| Arc::clone(log.end())),
            };
            parts.insert(listener.name, part);
        }
        parts
    }

    /// Gives the sockets to the workers there are now.
    pub(super) fn reopen_gates(&mut self) {
        let mut refused = Vec::new();
        for (name, gate) in &self.gates {
            let Some(bound) = &gate.bound else { continue };
            if let Err(error) = self.plane.open(gate.slot, bound) {
                refused.push((name.clone(), error.to_string()));
            }
        }
        for (name, why) in refused {
            self.has_no_workers(&name, &why);
        }
    }

    /// Tries again what could not be opened.
    pub(super) fn retry_gates(&mut self) {
        let troubled = self.gates.iter().filter(|(_, gate)| gate.has_trouble());
        let names: Vec<String> = troubled.map(|(name, _)| name.clone()).collect();
        if names.is_empty() {
            return;
        }
        for name in names {
            if self.lab.listener(&name).is_some_and(|listener| listener.enabled) {
                self.open_gate(&name);
            }
        }
        self.aim_all();
    }

    fn lacks_certificates(&self, listener: &Listener) -> bool {
        let gate = self.gates.get(&listener.name);
        listener.tls.is_some() && gate.is_none_or(|gate| gate.termination.is_none())
    }
}

/// Why an address cannot be taken, and what to do.
pub(super) fn why_not(address: SocketAddr, error: &io::Error) -> Trouble {
    let port = address.port();
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            let owner = port_owner::of(address);
            let by = owner.as_ref().map_or_else(String::new, |owner| format!(" by {owner}"));
            let stop = if owner.is_some() { "stop it" } else { "stop who uses it" };
            Trouble::new(
                format!("port {port} is in use{by}"),
                format!("{stop}, or choose another port (0 takes a free one)"),
            )
            .cured_by(Cure::FreePort)
        }
        io::ErrorKind::PermissionDenied => Trouble::new(
            format!("port {port} needs more rights than this program has"),
            "choose a port from 1024 on",
        )
        .cured_by(Cure::FreePort),
        io::ErrorKind::AddrNotAvailable => Trouble::new(
            format!("{} is no address of this machine", address.ip()),
            "write 127.0.0.1, or an address that this machine has",
        )
        .cured_by(Cure::OwnAddress),
        _ => Trouble::new(format!("{address} cannot be opened: {error}"), ""),
    }
}

/// Connections are dropped when their time is over; the plan keeps them a moment longer.
const AFTER_GRACE: Duration = Duration::from_millis(500);
