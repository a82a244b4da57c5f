//! Pingora: a program of its own, made from its crates beside this bench, with the same job as arguments.

use std::path::PathBuf;

use crate::setup::{Choice, Front, Place, Routes, Setup};

pub(super) fn missing() -> Option<String> {
    program().is_none().then(|| {
        "not built: cargo build --release --manifest-path benches/peers/pingora/Cargo.toml"
            .to_owned()
    })
}

pub(super) fn unable(setup: &Setup) -> Option<&'static str> {
    if matches!(setup.front, Front::Tcp | Front::Udp) {
        return Some("its crates bring no proxy for TCP or UDP");
    }
    if setup.n_listeners > 1 {
        return Some("our program around its crates opens one listener");
    }
    (setup.routes != Routes::One).then_some("it leaves routes to its host")
}

pub(super) fn instead(setup: &Setup) -> Option<&'static str> {
    if setup.sticky {
        return Some("ketama ring by the client's own cookie");
    }
    match setup.algorithm {
        Choice::LeastConnections | Choice::PeakEwma => Some("round robin"),
        Choice::Maglev => Some("ketama ring"),
        Choice::RoundRobin => None,
    }
}

pub(super) fn command(setup: &Setup, place: &Place) -> Vec<String> {
    let program = program().unwrap_or_default().display().to_string();
    let mut words = vec![program, place.listen[0].to_string(), setup.workers.to_string()];
    words.extend(match setup.front {
        Front::Https => [place.certificate.display().to_string(), place.key.display().to_string()],
        _ => ["-".to_owned(), "-".to_owned()],
    });
    let by = match setup.algorithm {
        _ if setup.sticky => "cookie",
        Choice::Maglev => "uri",
        _ => "turn",
    };
    words.push(by.to_owned());
    words.push(if setup.health { "check" } else { "trust" }.to_owned());
    words.push(if setup.forwarded { "forwarded" } else { "bare" }.to_owned());
    words.extend(place.servers.iter().map(ToString::to_string));
    words
}

/// In the target folder that is in use, or in that of its own manifest.
fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("PINGORA_PEER") {
        return Some(PathBuf::from(named));
    }
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/peers/pingora/target");
    let shared = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let folders = shared.into_iter().chain([folder]);
    folders.map(|folder| folder.join("release/pingora-peer")).find(|file| file.is_file())
}
