//! Evenkeel: the same job as a lab. Metrics and the sampling of decisions are on, as people run it.

use std::io;
use std::net::SocketAddr;

use evenkeel::lab::{
    Action, ActiveCheck, CertificateFiles, Certificates, Condition, Forwarded, ForwardedMode,
    Health, HttpSettings, InsertedCookie, Key, Lab, Limits, Listener, PathCondition, Pool,
    Protocol, Route, Server, Stickiness, Tls, TlsVersion, Upstream, algorithm_text, save,
};
use evenkeel::period::Period;

use crate::setup::{Choice, Front, Place, Routes, Setup};

/// The program of another build, if one is named.
pub(super) fn before() -> Option<String> {
    std::env::var(BEFORE).ok()
}

pub(super) fn command(program: &str, setup: &Setup, place: &Place) -> io::Result<Vec<String>> {
    let file = write_lab(setup, place)?;
    let admin = super::free_addresses(1)?[0].to_string();
    let words = [program, "serve", &file, "--json", "--admin", &admin];
    Ok(words.map(str::to_owned).into())
}

pub(super) fn write_lab(setup: &Setup, place: &Place) -> io::Result<String> {
    super::write(&place.folder, "lab.ron", &save(&lab(setup, place)))
}

fn lab(setup: &Setup, place: &Place) -> Lab {
    Lab {
        workers: Some(setup.workers),
        limits: Limits {
            connections: 20_000,
            idle_timeout: Period::from_secs(3_600),
            ..Limits::default()
        },
        listeners: place.listen.iter().map(|at| listener(setup, place, *at)).collect(),
        pools: vec![pool(setup, place)],
        ..Lab::default()
    }
}

fn listener(setup: &Setup, place: &Place, address: SocketAddr) -> Listener {
    let protocol = match setup.front {
        Front::Http | Front::Https => Protocol::Http,
        Front::Tcp => Protocol::Tcp,
        Front::Udp => Protocol::Udp,
    };
    let tls = (setup.front == Front::Https).then(|| Tls {
        certificates: Certificates::Files(vec![CertificateFiles {
            certificate: place.certificate.display().to_string(),
            key: place.key.display().to_string(),
            hosts: Vec::new(),
        }]),
        min_version: TlsVersion::Tls13,
        ..Tls::default()
    });
    let forwarded = if setup.forwarded {
        Forwarded::default()
    } else {
        let mode = ForwardedMode::Off;
        Forwarded { mode, via: false, request_id: false, served_by: false, ..Forwarded::default() }
    };
    Listener {
        name: format!("front{}", address.port()),
        address: address.to_string(),
        protocol,
        tls,
        pool: Some(POOL.to_owned()),
        routes: routes(setup),
        http: HttpSettings::default(),
        forwarded,
        ..Listener::default()
    }
}

fn routes(setup: &Setup) -> Vec<Route> {
    let conditions: Vec<Condition> = match setup.routes {
        Routes::One => Vec::new(),
        Routes::Hosts(n) => (0..n)
            .map(|index| Condition {
                hosts: vec![format!("host{index}.example")],
                ..Condition::default()
            })
            .collect(),
        Routes::Paths(n) => (0..n)
            .map(|index| Condition {
                path: Some(PathCondition::Exact(format!("/path{index}"))),
                ..Condition::default()
            })
            .collect(),
    };
    let to = Action::Pool(POOL.to_owned());
    conditions.into_iter().map(|when| Route { when, to: to.clone(), ..Route::default() }).collect()
}

fn pool(setup: &Setup, place: &Place) -> Pool {
    let algorithm = match setup.algorithm {
        Choice::RoundRobin => "round-robin",
        Choice::LeastConnections => "least-connections",
        Choice::PeakEwma => "peak-ewma",
        Choice::Maglev => "maglev",
    };
    let cookie = InsertedCookie { name: "client".to_owned(), ..InsertedCookie::default() };
    let stickiness = if setup.sticky { Stickiness::Inserted(cookie) } else { Stickiness::Off };
    let servers = place.servers.iter().enumerate().map(|(index, address)| Server {
        name: format!("s{index}"),
        address: Some(address.to_string()),
        ..Server::default()
    });
    Pool {
        name: POOL.to_owned(),
        algorithm: algorithm_text::parse(algorithm).expect("these names are our own"),
        key: if setup.algorithm == Choice::Maglev { Key::Uri } else { Key::Address },
        servers: servers.collect(),
        stickiness,
        health: Health { active: setup.health.then(ActiveCheck::default), ..Health::default() },
        upstream: Upstream { idle_connections: 1024, ..Upstream::default() },
        ..Pool::default()
    }
}

/// The environment variable that names it.
pub(super) const BEFORE: &str = "EVENKEEL_BEFORE";
const POOL: &str = "pool";
