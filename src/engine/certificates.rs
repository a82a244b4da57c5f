//! Certificates of listeners and trust towards servers, loaded again when their files change.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::control::Control;
use super::diff::{carries_bytes, speaks_tls};
use super::event::Kind;
use super::settings::Settings;
use super::status::{Cure, Trouble};
use crate::lab::{Lab, Listener, Protocol, Tls, UpstreamTls, Verify};
use crate::period::Clock;
use crate::proxy::tls::{Fingerprint, Inside, Origination, Surroundings, Termination};

pub(super) struct Certificates {
    surroundings: Surroundings,
    /// By pool.
    originations: BTreeMap<String, Arc<Origination>>,
    /// What mocks show that speak TLS.
    mocks: Option<Termination>,
    clients: Option<Origination>,
}

impl Certificates {
    pub(super) fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Self {
        let Settings { folder, authority_folder, .. } = settings;
        let surroundings = Surroundings::new(folder.clone(), authority_folder.clone(), clock);
        Self { surroundings, originations: BTreeMap::new(), mocks: None, clients: None }
    }

    pub(super) fn move_to(&mut self, lab_folder: PathBuf) {
        self.surroundings.move_to(lab_folder);
    }

    /// For the pools that speak TLS now: others may have done so before.
    pub(super) fn upstream(&mut self, lab: &Lab) -> BTreeMap<String, Arc<Origination>> {
        self.originations.retain(|pool, _| lab.pool(pool).is_some_and(speaks_tls));
        self.originations.clone()
    }

    /// For the lab's own clients, who know whom they send to.
    pub(super) fn for_clients(&mut self) -> Result<Arc<rustls::ClientConfig>, Trouble> {
        if self.clients.is_none() {
            let trusting = UpstreamTls { verify: Verify::Nothing, ..UpstreamTls::default() };
            let inside = Inside::Http(crate::lab::HttpVersions::Both);
            let made = Origination::new(&trusting, inside, &self.surroundings);
            self.clients = Some(made.map_err(|error| Trouble::new(error.to_string(), ""))?);
        }
        let made = self.clients.as_ref().expect("it was made if it was missing");
        Ok(Arc::clone(made.config()))
    }

    /// Made by the local authority for this machine.
    pub(super) fn for_mocks(&mut self) -> Result<Arc<rustls::ServerConfig>, Trouble> {
        if self.mocks.is_none() {
            let inside = Inside::Http(crate::lab::HttpVersions::Both);
            let made = Termination::new(&Tls::default(), inside, &self.surroundings);
            self.mocks = Some(made.map_err(|error| Trouble::new(error.to_string(), ""))?);
        }
        let made = self.mocks.as_ref().expect("it was made if it was missing");
        Ok(Arc::clone(made.config()))
    }
}

impl Control {
    /// Loads a listener's certificates. What was there stays in use if they cannot be loaded.
    pub(super) fn load_certificates(&mut self, name: &str) {
        let Some(listener) = self.lab.listener(name).cloned() else { return };
        let Some(tls) = &listener.tls else { return };
        let loaded = Termination::new(tls, inside(&listener), &self.certificates.surroundings);
        match loaded {
            Ok(termination) => {
                if let Some(warning) = termination.warnings().first() {
                    let trouble = Trouble::new(format!("listener {name}: {warning}"), "");
                    self.trouble(&about(name), trouble);
                } else {
                    let text = format!("listener {name} has loaded its certificates");
                    self.no_trouble(&about(name), &text);
                }
                self.gate_mut(name).termination = Some(termination);
            }
            Err(error) => {
                self.lacks(name, &error.to_string());
            }
        }
    }

    /// Certificates that cannot be loaded are tried again and again, but told once.
    fn lacks(&mut self, name: &str, why: &str) {
        let mut trouble = Trouble::new(why, "");
        if self.lab.listener(name).and_then(|it| it.tls.as_ref()).is_some_and(is_from_files) {
            trouble = trouble.cured_by(Cure::LocalCertificate);
        }
        let gate = self.gate_mut(name);
        if gate.termination.is_none() {
            if gate.set_trouble(trouble) {
                self.board.tell(Kind::Trouble, format!("listener {name}: {why}"));
            }
            return;
        }
        let what = format!("listener {name} keeps its certificates: {why}");
        self.trouble(&about(name), Trouble::new(what, ""));
    }

    pub(super) fn load_trust(&mut self, name: &str) {
        let Some(pool) = self.lab.pool(name) else { return };
        // A mock that the lab itself started needs no proof of who it is.
        let own = pool.servers.iter().all(|server| server.mock.is_some());
        let verify = if own { Verify::Nothing } else { pool.upstream.tls.verify };
        let tls = UpstreamTls { verify, ..pool.upstream.tls.clone() };
        let inside = if carries_bytes(&self.lab, name) {
            Inside::Bytes
        } else {
            Inside::Http(crate::lab::HttpVersions::Both)
        };
        match Origination::new(&tls, inside, &self.certificates.surroundings) {
            Ok(origination) => {
                let text = format!("pool {name} knows whom to trust");
                self.no_trouble(&format!("trust {name}"), &text);
                self.certificates.originations.insert(name.to_owned(), Arc::new(origination));
            }
            Err(error) => {
                let trouble = Trouble::new(format!("pool {name}: {error}"), "");
                self.trouble(&format!("trust {name}"), trouble);
            }
        }
    }

    /// Loads again what has changed on disk.
    fn reload_certificates(&mut self) {
        let lab = self.lab.clone();
        let surroundings = &self.certificates.surroundings;
        let stale = |listener: &&Listener| {
            let (Some(tls), Some(gate)) = (&listener.tls, self.gates.get(&listener.name)) else {
                return false;
            };
            let now = Fingerprint::of_listener(tls, surroundings);
            gate.termination.as_ref().is_none_or(|it| *it.fingerprint() != now)
        };
        let listeners: Vec<&Listener> = lab.listeners.iter().filter(stale).collect();
        let pools = lab.pools.iter().filter(|pool| {
            let now = Fingerprint::of_upstream(&pool.upstream.tls, surroundings);
            let known = self.certificates.originations.get(&pool.name);
            speaks_tls(pool) && known.is_none_or(|known| *known.fingerprint() != now)
        });
        let pools: Vec<&str> = pools.map(|pool| pool.name.as_str()).collect();
        if listeners.is_empty() && pools.is_empty() {
            return;
        }
        for listener in listeners {
            let gate = self.gates.get(&listener.name);
            if gate.is_some_and(|gate| gate.termination.is_some()) {
                let text = format!("the certificate files of listener {} changed", listener.name);
                self.board.tell(Kind::Step, text);
            }
            self.load_certificates(&listener.name);
        }
        for pool in pools {
            self.load_trust(pool);
        }
        self.publish();
    }

    /// How long until something has to be looked at again, if anything has. Where nothing changes by itself,
    /// nothing is asked.
    pub(super) fn tends_in(&self) -> Option<Duration> {
        let names = self.servers.values().any(|running| running.name().is_some());
        let troubled = self.gates.values().any(super::listeners::Gate::has_trouble);
        let unknown =
            self.servers.values().any(|it| it.name().is_some() && it.addresses().is_empty());
        let periods = [
            troubled.then_some(TROUBLE),
            unknown.then_some(TROUBLE),
            has_files(&self.lab).then_some(FILES),
            names.then_some(NAMES),
        ];
        let period = periods.into_iter().flatten().min()?;
        // Counted from the last time and not from now: orders that come more often must not put it off for ever.
        let due_ns = self.tended_ns.saturating_add(period.as_nanos() as u64);
        Some(Duration::from_nanos(due_ns.saturating_sub(self.board.clock().now_ns())))
    }

    pub(super) fn tend(&mut self) {
        self.tended_ns = self.board.clock().now_ns();
        if has_files(&self.lab) || self.gates.values().any(super::listeners::Gate::has_trouble) {
            self.reload_certificates();
        }
        self.retry_gates();
        self.look_up_names();
        self.show();
    }
}

fn about(listener: &str) -> String {
    format!("certificates {listener}")
}

fn inside(listener: &Listener) -> Inside {
    match listener.protocol {
        Protocol::Http => Inside::Http(listener.http.versions),
        Protocol::Tcp | Protocol::Udp | Protocol::TlsPassthrough => Inside::Bytes,
    }
}

fn is_from_files(tls: &Tls) -> bool {
    matches!(tls.certificates, crate::lab::Certificates::Files(_))
}

/// Whether anything in the lab comes from a certificate file.
fn has_files(lab: &Lab) -> bool {
    lab.listeners.iter().filter_map(|listener| listener.tls.as_ref()).any(is_from_files)
        || lab.pools.iter().any(|pool| pool.upstream.tls.authority_file.is_some())
}

const TROUBLE: Duration = Duration::from_secs(2);
const FILES: Duration = Duration::from_secs(3);
const NAMES: Duration = Duration::from_secs(30);
