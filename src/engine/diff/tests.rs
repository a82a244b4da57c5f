//! Steps from small labs to small labs, and a model that performs them.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::lab::{self, Cue};

fn lab(text: &str) -> Lab {
    lab::load(text.as_bytes())
        .unwrap_or_else(|refused| panic!("{:?}", refused.problems))
        .lab
        .into_lab()
}

fn base() -> Lab {
    lab(r#"(
        listeners: [(name: "front", address: "127.0.0.1:8080", pool: "web")],
        pools: [(name: "web", servers: [
            (name: "a", mock: ()),
            (name: "b", address: "127.0.0.1:3000"),
        ])],
        clients: [(name: "all", listener: "front", arrivals: steady(per_second: 5))],
    )"#)
}

fn said(change: impl FnOnce(&mut Lab)) -> Vec<String> {
    let before = base();
    let mut now = before.clone();
    change(&mut now);
    steps(&before, &now).iter().map(ToString::to_string).collect()
}

#[test]
fn the_same_lab_takes_no_step() {
    assert_eq!(said(|_| {}), Vec::<String>::new());
}

#[test]
fn a_lab_from_nothing_starts_servers_then_the_plan_then_listeners_then_clients() {
    let said: Vec<String> =
        steps(&Lab::default(), &base()).iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "mock web/a starts",
            "server web/b is at 127.0.0.1:3000",
            "listener front is added; pool web is added",
            "listener front opens 127.0.0.1:8080",
            "clients all start",
        ]
    );
}

#[test]
fn copies_come_before_the_plan_leads_to_them_and_go_after_it_has_ceased_to() {
    let with_copies = |copies| {
        let mut lab = base();
        let command = lab::Command { line: "run me".to_owned(), copies, ..Default::default() };
        let (name, command) = ("dev".to_owned(), Some(command));
        lab.pools[0].servers.push(Server { name, command, ..Server::default() });
        lab
    };
    let said = |before, now| -> Vec<String> {
        let steps = steps(&with_copies(before), &with_copies(now));
        steps.iter().map(ToString::to_string).collect()
    };
    let published = "web/dev: the number of copies changes";
    assert_eq!(said(1, 3), ["command web/dev: 3 copies instead of 1", published]);
    assert_eq!(said(3, 1), [published, "command web/dev: 1 copy instead of 3"]);
}

#[test]
fn what_goes_is_stopped_when_nobody_is_led_to_it() {
    let removed = said(|lab| lab.pools[0].servers.retain(|server| server.name != "a"));
    assert_eq!(removed, ["a leaves web", "mock web/a stops"]);
}

#[test]
fn a_listener_that_is_only_called_otherwise_keeps_its_sockets() {
    let renamed = said(|lab| {
        lab.listeners[0].name = "door".to_owned();
        lab.clients[0].listener = "door".to_owned();
    });
    let expected = [
        "listener front is called door now",
        "listener door is added; listener front is removed",
        "clients all send differently",
    ];
    assert_eq!(renamed, expected);
}

#[test]
fn a_listener_with_another_name_and_address_is_another_one() {
    let other = said(|lab| {
        lab.listeners[0].name = "door".to_owned();
        lab.listeners[0].address = "127.0.0.1:8081".to_owned();
        lab.clients.clear();
    });
    assert!(other.contains(&"listener front closes 127.0.0.1:8080".to_owned()), "{other:?}");
}

type Edit = fn(&mut Lab);

#[test]
fn every_change_says_what_it_is() {
    let table: [(Edit, &[&str]); 9] = [
        (|lab| lab.pools[0].servers[1].weight = 3, &["web/b: weight 1 becomes 3"]),
        (
            |lab| lab.pools[0].algorithm = lab::algorithm_text::parse("maglev").unwrap(),
            &["web: round-robin becomes maglev"],
        ),
        (|lab| lab.pools[0].servers[0].drain = true, &["web/a drains"]),
        (
            |lab| lab.pools[0].servers[0].enabled = false,
            &["mock web/a is killed", "web/a: the life (killed) changes"],
        ),
        (
            |lab| lab.listeners[0].address = "127.0.0.1:9090".to_owned(),
            &[
                "listener front: the address change",
                "listener front moves from 127.0.0.1:8080 to 127.0.0.1:9090",
                "clients all send differently",
            ],
        ),
        (
            |lab| lab.listeners[0].tls = Some(lab::Tls::default()),
            &[
                "the certificates of listener front are loaded",
                "listener front: the certificates change",
                "clients all send differently",
            ],
        ),
        (|lab| lab.hold = true, &["traffic is held"]),
        (|lab| lab.clients[0].enabled = false, &["clients all stop"]),
        (|lab| lab.workers = Some(2), &["workers: as many as fit becomes 2", "the workers change"]),
    ];
    for (change, wanted) in table {
        assert_eq!(said(change), wanted);
    }
}

#[test]
fn a_dragged_behaviour_restarts_nothing_and_makes_no_plan() {
    let said = said(|lab| {
        let mock = lab.pools[0].servers[0].mock.as_mut().unwrap();
        mock.latency = crate::model::Latency::Constant(crate::period::Period::from_millis(7));
    });
    assert_eq!(said, ["mock web/a behaves differently"]);
}

/// What runs, as far as steps can tell.
#[derive(Debug, Clone, PartialEq, Default)]
struct World {
    workers: Option<u32>,
    hold: bool,
    listeners: BTreeMap<String, (String, bool)>,
    certificates: BTreeMap<String, Option<lab::Tls>>,
    logs: BTreeMap<String, Option<lab::AccessLog>>,
    servers: BTreeMap<(String, String), Ran>,
    clients: BTreeMap<String, Client>,
    plan: Option<(Vec<Pool>, Vec<Listener>)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Ran {
    At(String),
    Mock(lab::Mocks, crate::model::Behaviour, bool),
    Command(lab::Command),
}

impl World {
    /// What should run.
    fn of(lab: &Lab) -> Self {
        let mut world = Self { workers: lab.workers, hold: lab.hold, ..Self::default() };
        for listener in enabled(lab) {
            let name = listener.name.clone();
            let udp = listener.protocol == lab::Protocol::Udp;
            world.listeners.insert(name.clone(), (listener.address.clone(), udp));
            if listener.tls.is_some() {
                world.certificates.insert(name.clone(), listener.tls.clone());
            }
            if listener.access_log.is_some() {
                world.logs.insert(name, listener.access_log.clone());
            }
        }
        for (pool, server) in places(lab).into_values() {
            if let Some(ran) = ran(pool, server) {
                world.servers.insert((pool.name.clone(), server.name.clone()), ran);
            }
        }
        let clients = lab.clients.iter().filter(|client| client.enabled);
        world.clients = clients.map(|client| (client.name.clone(), client.clone())).collect();
        world.plan = planned(lab);
        world
    }

    fn perform(&mut self, step: &Step, now: &Lab) {
        let place = |pool: &str, server: &str| (pool.to_owned(), server.to_owned());
        let ran_now = |pool: &str, server: &str| {
            let pool = now.pool(pool).unwrap();
            ran(pool, pool.server(server).unwrap()).unwrap()
        };
        match step {
            Step::ChangeWorkers { to, .. } => self.workers = *to,
            Step::RenameListener { from, to } => self.rename_listener(from, to),
            Step::LoadCertificates { listener } => {
                let tls = now.listener(listener).unwrap().tls.clone();
                self.certificates.insert(listener.clone(), tls);
            }
            Step::OpenLog { listener } => {
                let log = now.listener(listener).unwrap().access_log.clone();
                self.logs.insert(listener.clone(), log);
            }
            Step::CloseLog { listener } => drop(self.logs.remove(listener)),
            Step::LoadTrust { .. } => {}
            Step::StartMock { pool, server }
            | Step::FindServer { pool, server, .. }
            | Step::RetuneMock { pool, server }
            | Step::StartCommand { pool, server, .. }
            | Step::ScaleCommand { pool, server, .. }
            | Step::Kill { pool, server }
            | Step::Revive { pool, server } => {
                self.servers.insert(place(pool, server), ran_now(pool, server));
            }
            Step::StopMock { pool, server }
            | Step::ForgetServer { pool, server }
            | Step::StopCommand { pool, server } => {
                self.servers.remove(&place(pool, server)).unwrap();
            }
            Step::Publish(_) => self.plan = planned(now),
            Step::OpenListener { listener, address }
            | Step::MoveListener { listener, to: address, .. } => {
                let udp = now.listener(listener).unwrap().protocol == lab::Protocol::Udp;
                self.listeners.insert(listener.clone(), (address.clone(), udp));
            }
            Step::CloseListener { listener, .. } => drop(self.listeners.remove(listener).unwrap()),
            Step::StartClient { client } | Step::RetuneClient { client } => {
                self.clients.insert(client.clone(), now.client(client).unwrap().clone());
            }
            Step::StopClient { client } => drop(self.clients.remove(client).unwrap()),
            Step::Hold => self.hold = true,
            Step::Release => self.hold = false,
        }
        // Whoever has no listener any more needs no certificate and no log: both go with it.
        let dressed =
            |name: &String, what: fn(&Listener) -> bool| enabled_one(now, name).is_some_and(what);
        self.certificates.retain(|name, _| dressed(name, |listener| listener.tls.is_some()));
        self.logs.retain(|name, _| dressed(name, |listener| listener.access_log.is_some()));
    }

    fn rename_listener(&mut self, from: &str, to: &str) {
        let sockets = self.listeners.remove(from).unwrap();
        self.listeners.insert(to.to_owned(), sockets);
        if let Some(certificates) = self.certificates.remove(from) {
            self.certificates.insert(to.to_owned(), certificates);
        }
        if let Some(log) = self.logs.remove(from) {
            self.logs.insert(to.to_owned(), log);
        }
    }
}

fn ran(pool: &Pool, server: &Server) -> Option<Ran> {
    Some(match server.source()? {
        Source::Address(address) => Ran::At(address.to_owned()),
        Source::Mock(mock) => Ran::Mock(pool.mocks.clone(), mock.clone(), server.enabled),
        Source::Command(command) if server.enabled => Ran::Command(command.clone()),
        Source::Command(_) => return None,
    })
}

/// The parts of a lab that a plan is made of. Behaviours of mocks are none of them.
fn planned(lab: &Lab) -> Option<(Vec<Pool>, Vec<Listener>)> {
    let mut pools = lab.pools.clone();
    for server in pools.iter_mut().flat_map(|pool| &mut pool.servers) {
        server.mock = server.mock.as_ref().map(|_| crate::model::Behaviour::default());
    }
    let listeners: Vec<Listener> =
        enabled(lab).map(|listener| Listener { exposed: false, ..listener.clone() }).collect();
    // Pools are found by name, so their order is no part of it.
    pools.sort_by(|a, b| a.name.cmp(&b.name));
    let mut listeners = listeners;
    listeners.sort_by(|a, b| a.name.cmp(&b.name));
    (!pools.is_empty() || !listeners.is_empty()).then_some((pools, listeners))
}

fn some_server() -> impl Strategy<Value = Server> {
    let source = (0..5_u8, any::<bool>(), 0..4_u32, any::<bool>());
    source.prop_map(|(source, enabled, weight, drain)| {
        let command = |line: &str| lab::Command {
            line: line.to_owned(),
            copies: weight.max(1),
            ..Default::default()
        };
        let slow = crate::model::Behaviour {
            latency: crate::model::Latency::Constant(crate::period::Period::from_millis(9)),
            ..Default::default()
        };
        let server = Server { enabled, weight, drain, ..Server::default() };
        match source {
            0 => Server { address: Some("127.0.0.1:1".to_owned()), ..server },
            1 => Server { address: Some("127.0.0.1:2".to_owned()), ..server },
            2 => Server { mock: Some(Default::default()), ..server },
            3 => Server { mock: Some(slow), ..server },
            _ => Server { command: Some(command("run me")), ..server },
        }
    })
}

fn some_lab() -> impl Strategy<Value = Lab> {
    let pool = (proptest::collection::vec(proptest::option::of(some_server()), 3), 0..3_u8);
    let listener = (any::<bool>(), 1..3_u8, any::<bool>(), any::<bool>(), any::<bool>());
    let client = (any::<bool>(), 1..3_u32);
    (
        proptest::collection::vec(proptest::option::of(pool), 2),
        proptest::collection::vec(proptest::option::of(listener), 2),
        proptest::collection::vec(proptest::option::of(client), 2),
        (proptest::option::of(1..3_u32), any::<bool>()),
    )
        .prop_map(|(pools, listeners, clients, (workers, hold))| Lab {
            workers,
            hold,
            pools: named(pools)
                .map(|(name, (servers, kind))| some_pool(name, servers, kind))
                .collect(),
            listeners: named(listeners).map(|(name, it)| some_listener(name, it)).collect(),
            clients: named(clients)
                .map(|(name, (enabled, per_second))| Client {
                    name,
                    enabled,
                    listener: "0".to_owned(),
                    arrivals: crate::model::Arrivals::Steady { per_second: per_second.into() },
                    ..Client::default()
                })
                .collect(),
            ..Lab::default()
        })
}

fn named<T>(parts: Vec<Option<T>>) -> impl Iterator<Item = (String, T)> {
    let parts = parts.into_iter().enumerate();
    parts.filter_map(|(index, part)| Some((index.to_string(), part?)))
}

fn some_pool(name: String, servers: Vec<Option<Server>>, kind: u8) -> Pool {
    let servers = named(servers).map(|(name, server)| Server { name, ..server });
    let mut pool = Pool { name, servers: servers.collect(), ..Pool::default() };
    match kind {
        1 => pool.mocks.sessions = lab::Sessions::Memory,
        2 => pool.mocks.protocol = lab::MockProtocol::Grpc,
        _ => {}
    }
    pool
}

fn some_listener(name: String, it: (bool, u8, bool, bool, bool)) -> Listener {
    let (enabled, port, udp, tls, log) = it;
    Listener {
        name,
        enabled,
        address: format!("127.0.0.1:{port}"),
        protocol: if udp { lab::Protocol::Udp } else { lab::Protocol::Http },
        tls: tls.then(lab::Tls::default),
        access_log: log.then(lab::AccessLog::default),
        ..Listener::default()
    }
}

proptest! {
    #[test]
    fn performing_the_steps_on_the_old_gives_the_new(before in some_lab(), now in some_lab()) {
        let mut world = World::of(&before);
        for step in steps(&before, &now) {
            world.perform(&step, &now);
        }
        prop_assert_eq!(world, World::of(&now));
    }

    #[test]
    fn a_lab_differs_from_itself_in_nothing(lab in some_lab()) {
        prop_assert_eq!(steps(&lab, &lab), Vec::new());
    }
}

#[test]
fn every_cue_of_every_preset_is_a_step() {
    for preset in lab::PRESETS {
        let mut before = lab(preset.text);
        for cue in before.cues.clone().iter().filter(|cue: &&Cue| !cue.edits.is_empty()) {
            let now = cue.apply(&before).unwrap();
            assert!(!steps(&before, &now).is_empty(), "{}: {}", preset.name, cue.name);
            before = now;
        }
    }
}
