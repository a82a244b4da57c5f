//! Performing steps, and putting plans into force.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::control::{Control, n_workers};
use super::diff::Step;
use super::event::Kind;
use super::servers::Running;
use super::status::{ListenerState, ListenerStatus, ServerState, ServerStatus, Status, Trouble};
use crate::lab::Lab;
use crate::proxy::{Blueprint, DataPlane, Plan, Shared};

impl Control {
    pub(super) fn perform(&mut self, step: &Step, before: &Lab, plan_before: &Arc<Plan>) {
        match step {
            Step::ChangeWorkers { .. } => self.change_workers(),
            Step::RenameListener { from, to } => self.rename_gate(from, to),
            Step::LoadCertificates { listener } => self.load_certificates(listener),
            Step::LoadTrust { pool } => self.load_trust(pool),
            Step::Publish(_) => self.publish(),
            Step::OpenListener { listener, .. } | Step::MoveListener { listener, .. } => {
                self.open_gate(listener);
            }
            Step::CloseListener { listener, .. } => self.close_gate(listener, before),
            Step::FindServer { pool, server, address } => {
                self.find_server(pool, server, address, plan_before);
            }
            Step::ForgetServer { pool, server } => self.forget_server(pool, server, before),
            Step::StartMock { pool, server } => self.start_mock(pool, server, plan_before),
            Step::RetuneMock { pool, server } => self.retune_mock(pool, server),
            Step::Kill { pool, server } => self.set_mock_enabled(pool, server, false),
            Step::Revive { pool, server } => self.set_mock_enabled(pool, server, true),
            Step::StopMock { pool, server } => self.stop_mock(pool, server, plan_before),
            Step::StartCommand { pool, server, .. } => {
                self.start_command(pool, server, plan_before);
            }
            Step::ScaleCommand { pool, server, from, to } => {
                self.scale_command((pool, server), *from, *to, plan_before);
            }
            Step::StopCommand { pool, server } => {
                self.stop_command(pool, server, before, plan_before);
            }
            Step::OpenLog { listener } => self.open_log(listener),
            Step::CloseLog { listener } => self.gate_mut(listener).log = None,
            Step::StartClient { client } | Step::RetuneClient { client } => self.aim(client),
            Step::StopClient { client } => self.stop_group(client),
            Step::Hold => self.hold_traffic(true),
            Step::Release => self.hold_traffic(false),
        }
    }

    /// Puts the lab, and what is known of its surroundings, into force.
    pub(super) fn publish(&mut self) {
        self.publish_with(Shared::publish);
    }

    /// Forgets what balancer and clients have learned from the traffic so far, so that the same acts have the same
    /// consequences again.
    pub(super) fn begin_anew(&mut self) {
        self.board.tell(Kind::BegunAnew, "everything begins anew");
        self.publish_with(Shared::publish_anew);
        self.begin_clients_anew();
    }

    fn publish_with(&mut self, publish: fn(&Shared, &Blueprint<'_>) -> Arc<Plan>) {
        self.retiring.retain(|(_, thread)| !thread.is_finished());
        self.keep_closing_gates();
        let listeners = self.listener_parts();
        let addresses: BTreeMap<_, _> = self
            .servers
            .iter()
            .map(|(name, running)| (name.clone(), self.addresses_in_force(name, running)))
            .collect();
        // Workers that finish what they have still look for their own part.
        let retiring = self.retiring.iter().map(|(workers, _)| *workers);
        let workers = retiring.fold(self.plane.n_workers(), usize::max);
        let blueprint = Blueprint {
            lab: &self.lab,
            workers,
            seed: self.seed,
            listeners,
            closing: self.closing.slots(),
            addresses,
            upstream_tls: self.certificates.upstream(&self.lab),
        };
        let plan = publish(&self.board.shared, &blueprint);
        self.note_instruments(&plan);
        if let Err(error) = self.plane.sweep() {
            let trouble = Trouble::new(error.to_string(), "restart the program");
            self.trouble("workers", trouble);
        }
    }

    fn note_instruments(&mut self, plan: &Plan) {
        let pools = self.lab.pools.iter().filter_map(|pool| plan.pools.get(pool.name.as_str()));
        for pool in pools {
            for server in &pool.servers {
                self.instruments.note_server(&pool.name, &server.name, &server.meter);
            }
        }
        let mocks = self.servers.iter().filter_map(|(name, running)| match running {
            Running::Mock(mock) => Some((name.clone(), mock.meter())),
            _ => None,
        });
        self.instruments.mocks = mocks.collect();
        let enabled = self.lab.listeners.iter().filter(|listener| listener.enabled);
        self.instruments.listeners = enabled
            .filter_map(|listener| {
                let gate = self.gates.get(&listener.name)?;
                Some((listener.name.clone(), Arc::clone(&gate.meter)))
            })
            .collect();
        self.board.set_instruments(self.instruments.clone());
    }

    /// Other workers take over the sockets, so that no client that waits at one is lost; the old ones finish
    /// what they have.
    fn change_workers(&mut self) {
        let wanted = n_workers(&self.lab);
        if wanted == self.plane.n_workers() {
            return;
        }
        let shared = Arc::clone(&self.board.shared);
        let plane = match DataPlane::start(shared, wanted, self.seed) {
            Ok(plane) => plane,
            Err(error) => {
                let what = format!("{wanted} workers cannot be started: {error}");
                return self.trouble("workers", Trouble::new(what, "restart the program"));
            }
        };
        self.troubles.remove("workers");
        let old = std::mem::replace(&mut self.plane, plane);
        let (old_workers, grace) = (old.n_workers(), self.grace());
        // In this order: a plan that has room for both, then the new ones, then the end of the old ones.
        let retire = |pause: Duration| {
            std::thread::Builder::new().name("retiring".to_owned()).spawn(move || {
                std::thread::sleep(pause);
                old.stop(grace);
            })
        };
        match retire(HANDOVER) {
            Ok(thread) => self.retiring.push((old_workers, thread)),
            Err(error) => {
                let what = format!("the old workers were stopped at once: {error}");
                self.trouble("workers", Trouble::new(what, "free some memory"));
            }
        }
        self.publish();
        self.reopen_gates();
    }

    /// Shows how things stand.
    pub(super) fn show(&self) {
        let Self { lab, revision, plane, troubles, .. } = self;
        let listeners = lab.listeners.iter().map(|listener| ListenerStatus {
            name: listener.name.clone(),
            protocol: listener.protocol,
            encrypted: listener.tls.is_some(),
            state: match self.gates.get(&listener.name) {
                Some(gate) if listener.enabled => gate.state(),
                _ => ListenerState::Off,
            },
        });
        let servers = lab.pools.iter().flat_map(|pool| {
            let copies = pool
                .servers
                .iter()
                .flat_map(|server| server.copy_names().into_iter().map(move |name| (server, name)));
            copies.map(|(server, name)| {
                let running = self.servers.get(&(pool.name.clone(), name.clone()));
                ServerStatus {
                    pool: pool.name.clone(),
                    addresses: running.map_or_else(Vec::new, Running::addresses),
                    copy: running.and_then(Running::copy_status),
                    state: running.map_or(ServerState::Dead, |running| running.state(server)),
                    name,
                }
            })
        });
        self.board.set_status(Status {
            revision: *revision,
            lab: Arc::new(lab.clone()),
            workers: plane.n_workers(),
            admin: self.admin,
            listeners: listeners.collect(),
            servers: servers.collect(),
            troubles: troubles.values().cloned().collect(),
        });
    }
}

/// The new workers listen before the old ones stop to.
const HANDOVER: Duration = Duration::from_millis(50);
