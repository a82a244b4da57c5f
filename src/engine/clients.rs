//! The client groups of the lab, each aimed at the address where its listener is open.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::control::Control;
use super::listeners::Gate;
use super::status::Trouble;
use crate::lab::{Client, Protocol, ProxyProtocolIn};
use crate::world::client::{ClientHandle, ClientSettings, Speaks, Target, Traffic};

/// Every group that was started, and what they have in common.
#[derive(Default)]
pub(super) struct Crowds {
    groups: BTreeMap<String, Arc<ClientHandle>>,
    traffic: Option<Arc<Traffic>>,
}

impl Control {
    /// Starts a group or gives it its new settings. Where its listener is not open, it waits for that.
    pub(super) fn aim(&mut self, name: &str) {
        let Some(client) = self.lab.client(name).cloned() else { return };
        let (about, enabled) = (about(name), client.enabled);
        let aimed = self.target(&client).and_then(|target| self.aim_at(client, target));
        match aimed {
            Err(trouble) if enabled => self.trouble(&about, trouble),
            Ok(()) | Err(_) => drop(self.troubles.remove(&about)),
        }
    }

    fn aim_at(&mut self, client: Client, target: Target) -> Result<(), Trouble> {
        if let Some(group) = self.crowds.groups.get(&client.name) {
            group.retune(client, target);
            return Ok(());
        }
        let name = client.name.clone();
        let group = self.start_group(client, target).map_err(|trouble| {
            Trouble::new(format!("clients {name} cannot start: {}", trouble.what), trouble.remedy)
        })?;
        group.hold(self.lab.hold);
        let group = Arc::new(group);
        self.instruments.note_client(&name, &group);
        self.crowds.groups.insert(name, group);
        self.board.set_instruments(self.instruments.clone());
        Ok(())
    }

    /// Aims all groups that are to send, because a listener is where it was not before.
    pub(super) fn aim_all(&mut self) {
        let enabled = self.lab.clients.iter().filter(|client| client.enabled);
        let names: Vec<String> = enabled.map(|client| client.name.clone()).collect();
        for name in &names {
            self.aim(name);
        }
    }

    /// A group that is only switched off keeps its cookies and connections.
    pub(super) fn stop_group(&mut self, name: &str) {
        if self.lab.client(name).is_some() {
            self.aim(name);
        } else {
            self.crowds.groups.remove(name);
            self.troubles.remove(&about(name));
            self.instruments.forget_client(name);
            self.board.set_instruments(self.instruments.clone());
        }
    }

    pub(super) fn begin_clients_anew(&self) {
        self.crowds.groups.values().for_each(|group| group.begin_anew());
    }

    pub(super) fn hold_traffic(&self, hold: bool) {
        self.crowds.groups.values().for_each(|group| group.hold(hold));
    }

    fn start_group(&mut self, client: Client, target: Target) -> Result<ClientHandle, Trouble> {
        let stream = self.lab.clients.iter().position(|it| it.name == client.name).unwrap_or(0);
        let (seed, limit) = (self.seed, self.lab.limits.connections);
        let now_ns = self.board.clock().now_ns();
        let traffic =
            self.crowds.traffic.get_or_insert_with(|| Arc::new(Traffic::new(now_ns, limit)));
        let settings = ClientSettings {
            client,
            target,
            seed,
            stream: stream as u64,
            traffic: Arc::clone(traffic),
            from_ns: traffic.age_ns(now_ns),
            until_ns: None,
        };
        let failed = |error: crate::world::WorldError| Trouble::new(error.to_string(), "");
        self.world()?.start_client(settings).map_err(failed)
    }

    /// Where a group sends, or what it waits for.
    fn target(&mut self, client: &Client) -> Result<Target, Trouble> {
        let waits = |for_what: &str| {
            let Client { name, listener, .. } = client;
            Trouble::new(format!("clients {name} wait for listener {listener}"), for_what)
        };
        let listener = self.lab.listener(&client.listener).cloned();
        let listener = listener.ok_or_else(|| waits("it is not in the lab"))?;
        let gate = self.gates.get(&listener.name);
        let address = gate.and_then(Gate::address);
        let not_open = if listener.enabled { "it is not open" } else { "it is switched off" };
        let mut address = address.ok_or_else(|| waits(not_open))?;
        if address.ip().is_unspecified() {
            address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        let tls = match &listener.tls {
            Some(_) => Some(self.certificates.for_clients()?),
            None => None,
        };
        Ok(Target {
            tls,
            speaks: match listener.protocol {
                Protocol::Http => Speaks::Http,
                Protocol::Udp => Speaks::Udp,
                Protocol::Tcp | Protocol::TlsPassthrough => Speaks::Tcp,
            },
            takes_proxy_protocol: listener.proxy_protocol != ProxyProtocolIn::Off,
            ..Target::http(address)
        })
    }
}

/// Under which troubles of a group are kept.
fn about(client: &str) -> String {
    format!("clients {client}")
}
