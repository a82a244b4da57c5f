//! The client groups of the lab, each aimed at the address where its listener is open.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::control::Control;
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
        let Some(target) = self.target(&client) else { return };
        if let Some(group) = self.crowds.groups.get(name) {
            return group.retune(client, target);
        }
        let started = self.start_group(client, target);
        match started {
            Ok(group) => {
                group.hold(self.lab.hold);
                let group = Arc::new(group);
                self.instruments.note_client(name, &group);
                self.crowds.groups.insert(name.to_owned(), group);
                self.board.set_instruments(self.instruments.clone());
            }
            Err(trouble) => {
                let what = format!("clients {name}: {trouble}");
                self.trouble(&format!("clients {name}"), Trouble::new(what, ""));
            }
        }
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
            self.instruments.forget_client(name);
            self.board.set_instruments(self.instruments.clone());
        }
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
            until_ns: None,
        };
        let failed = |error: crate::world::WorldError| Trouble::new(error.to_string(), "");
        self.world()?.start_client(settings).map_err(failed)
    }

    fn target(&mut self, client: &Client) -> Option<Target> {
        let listener = self.lab.listener(&client.listener)?.clone();
        let mut address = self.gates.get(&listener.name)?.address()?;
        if address.ip().is_unspecified() {
            address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        let tls = match &listener.tls {
            Some(_) => Some(self.certificates.for_clients().ok()?),
            None => None,
        };
        Some(Target {
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
