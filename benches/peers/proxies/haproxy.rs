//! HAProxy: the same job in its configuration.

use std::fmt::Write as _;
use std::fs;
use std::io;

use crate::setup::{Choice, Front, Place, Routes, Setup};

pub(super) fn unable(setup: &Setup) -> Option<&'static str> {
    (setup.front == Front::Udp).then_some("it carries no UDP")
}

pub(super) fn instead(setup: &Setup) -> Option<&'static str> {
    match setup.algorithm {
        Choice::PeakEwma => Some("leastconn"),
        Choice::Maglev => Some("uri, consistent"),
        Choice::RoundRobin | Choice::LeastConnections => None,
    }
}

pub(super) fn command(setup: &Setup, place: &Place) -> io::Result<Vec<String>> {
    let file = super::write(&place.folder, "haproxy.cfg", &text(setup, place)?)?;
    Ok([super::path_of("haproxy").as_str(), "-db", "-q", "-f", &file].map(str::to_owned).into())
}

fn text(setup: &Setup, place: &Place) -> io::Result<String> {
    let is_http = setup.front != Front::Tcp;
    let mut text = format!(
        "global\n nbthread {}\n maxconn 12000\n no strict-limits\n tune.h2.max-concurrent-streams 128\n\
         defaults\n mode {}\n timeout connect 5s\n timeout client 1h\n timeout server 1h\n timeout tunnel 1h\n",
        setup.workers,
        if is_http { "http" } else { "tcp" },
    );
    if is_http {
        text += " option http-keep-alive\n http-reuse always\n";
    }
    text += "frontend front\n";
    let tls = tls(setup, place)?;
    for address in &place.listen {
        let _infallible = writeln!(text, " bind {address}{tls}");
    }
    if is_http && setup.forwarded {
        text += " unique-id-format %{+X}o%ci%cp%Ts%rt\n unique-id-header X-Request-Id\n option forwardfor\n\
                 \x20http-request set-header X-Forwarded-Proto http unless { ssl_fc }\n\
                 \x20http-request set-header X-Forwarded-Proto https if { ssl_fc }\n\
                 \x20http-request set-header X-Forwarded-Host %[req.hdr(host)]\n\
                 \x20http-request set-header X-Forwarded-Port %[dst_port]\n\
                 \x20http-request set-header Via \"1.1 haproxy\"\n\
                 \x20http-response set-header X-Served-By %s\n\
                 \x20http-response set-header Via \"1.1 haproxy\"\n";
    }
    // A map is HAProxy's own way to lead many names to backends.
    if let Some((sample, keys)) = route_keys(setup) {
        let map = keys.join(" pool\n") + " pool\n";
        let map = super::write(&place.folder, "routes.map", &map)?;
        let _infallible = writeln!(text, " use_backend %[{sample},map_str({map},pool)]");
    }
    text += " default_backend pool\nbackend pool\n";
    let balance = match setup.algorithm {
        Choice::RoundRobin => "roundrobin",
        Choice::LeastConnections | Choice::PeakEwma => "leastconn",
        Choice::Maglev => "uri\n hash-type consistent",
    };
    let _infallible = writeln!(text, " balance {balance}");
    if setup.sticky {
        text += " cookie client insert indirect nocache\n";
    }
    for (index, server) in place.servers.iter().enumerate() {
        let check = if setup.health { " check inter 2s" } else { "" };
        let cookie = if setup.sticky { format!(" cookie s{index}") } else { String::new() };
        let _infallible = writeln!(text, " server s{index} {server}{check}{cookie}");
    }
    Ok(text)
}

fn tls(setup: &Setup, place: &Place) -> io::Result<String> {
    if setup.front != Front::Https {
        return Ok(String::new());
    }
    let pem = fs::read_to_string(&place.certificate)? + &fs::read_to_string(&place.key)?;
    let pem = super::write(&place.folder, "both.pem", &pem)?;
    Ok(format!(" ssl crt {pem} alpn h2,http/1.1 ssl-min-ver TLSv1.3"))
}

fn route_keys(setup: &Setup) -> Option<(&'static str, Vec<String>)> {
    match setup.routes {
        Routes::One => None,
        Routes::Hosts(n) => {
            let names = (0..n).map(|index| format!("host{index}.example")).collect();
            Some(("req.hdr(host),lower", names))
        }
        Routes::Paths(n) => Some(("path", (0..n).map(|index| format!("/path{index}")).collect())),
    }
}
