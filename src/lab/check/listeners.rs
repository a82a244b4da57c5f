//! Listeners: addresses that can be bound, safe by default, and a way for every request.

use std::net::SocketAddr;

use super::super::listener::{HttpSettings, TcpSettings, UdpSettings};
use super::super::tls::{Certificates, Tls};
use super::super::{Lab, Listener, Protocol, ProxyProtocolIn};
use super::findings::Findings;
use super::written::{is_host_pattern, listen_address};
use super::{DAY, SHORTEST, routes};

pub(super) fn check(findings: &mut Findings, lab: &Lab) {
    findings.names("listeners", "listener", lab.listeners.iter().map(|one| one.name.as_str()));
    for (index, listener) in lab.listeners.iter().enumerate() {
        let at = format!("listeners[{index}]");
        address(findings, &at, listener);
        protocol(findings, &at, listener);
        settings(findings, &at, listener);
        if let Some(tls) = &listener.tls {
            certificates(findings, &format!("{at}.tls"), tls);
        }
        way(findings, &at, listener, lab);
        routes::check(findings, &at, listener, lab);
    }
    same_address(findings, lab);
}

fn address(findings: &mut Findings, at: &str, listener: &Listener) {
    let path = format!("{at}.address");
    let Some(address) = listen_address(&listener.address) else {
        let what = format!("`{}` is no address to listen on", listener.address);
        return findings.error(&path, what, "write an address and a port: \"127.0.0.1:8080\"");
    };
    if !address.ip().is_loopback() && !listener.exposed {
        findings.error(
            &path,
            format!("other machines can reach `{}`", listener.address),
            "write 127.0.0.1, or set exposed: true if you mean it",
        );
    }
    if address.ip().is_loopback() && listener.exposed {
        findings.warn(
            &format!("{at}.exposed"),
            format!("no other machine can reach `{}`", listener.address),
            "leave exposed out, or write a wider address",
        );
    }
}

/// Two sockets cannot have one address, unless one is TCP and the other UDP. A wide address, such as 0.0.0.0,
/// takes its port on every other one of its kind.
fn same_address(findings: &mut Findings, lab: &Lab) {
    let mut taken: Vec<(SocketAddr, bool, &str)> = Vec::new();
    for (index, listener) in lab.listeners.iter().enumerate().filter(|(_, one)| one.enabled) {
        let address = listen_address(&listener.address).filter(|address| address.port() != 0);
        let Some(address) = address else { continue };
        let is_udp = listener.protocol == Protocol::Udp;
        let first = taken.iter().find(|(other, udp, _)| *udp == is_udp && overlap(*other, address));
        if let Some((other, _, name)) = first {
            findings.error(
                &format!("listeners[{index}].address"),
                format!("listener `{name}` has the address {other} already"),
                "write another port",
            );
        }
        taken.push((address, is_udp, &listener.name));
    }
}

fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let wide = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port()
        && one.is_ipv4() == other.is_ipv4()
        && (wide || one.ip() == other.ip())
}

fn protocol(findings: &mut Findings, at: &str, listener: &Listener) {
    let Listener { protocol, tls, proxy_protocol, .. } = listener;
    if tls.is_some() && matches!(protocol, Protocol::Udp | Protocol::TlsPassthrough) {
        findings.error(
            &format!("{at}.tls"),
            "this protocol is not decrypted here",
            "leave tls out, or write protocol: http or tcp",
        );
    }
    if *protocol == Protocol::Udp && *proxy_protocol != ProxyProtocolIn::Off {
        findings.error(
            &format!("{at}.proxy_protocol"),
            "the PROXY protocol does not come over UDP here",
            "leave proxy_protocol out",
        );
    }
}

fn settings(findings: &mut Findings, at: &str, listener: &Listener) {
    let Listener { protocol, http, tcp, udp, .. } = listener;
    let mut unused = |name: &str, differs: bool| {
        if differs {
            findings.warn(
                &format!("{at}.{name}"),
                format!("{name} settings do nothing at this listener"),
                format!("leave {name} out, or change protocol"),
            );
        }
    };
    unused("http", *protocol != Protocol::Http && *http != HttpSettings::default());
    unused(
        "tcp",
        matches!(protocol, Protocol::Http | Protocol::Udp) && *tcp != TcpSettings::default(),
    );
    unused("udp", *protocol != Protocol::Udp && *udp != UdpSettings::default());
    if let Some(requests) = http.keep_alive_requests {
        findings.range(&format!("{at}.http.keep_alive_requests"), requests, 1, 1_000_000_000);
    }
    findings.period(&format!("{at}.tcp.idle_timeout"), tcp.idle_timeout, SHORTEST, DAY);
    findings.period(&format!("{at}.udp.session_timeout"), udp.session_timeout, SHORTEST, DAY);
    findings.range(&format!("{at}.udp.sessions"), udp.sessions, 1, 1_000_000);
}

fn certificates(findings: &mut Findings, at: &str, tls: &Tls) {
    let path = format!("{at}.certificates");
    let hosts = |findings: &mut Findings, hosts: &[String]| {
        for host in hosts.iter().filter(|host| !is_host_pattern(host)) {
            findings.error(
                &path,
                format!("`{host}` is no host name"),
                "write a name such as shop.example or *.shop.example",
            );
        }
    };
    match &tls.certificates {
        Certificates::Local { hosts: names } if names.is_empty() => {
            findings.error(&path, "the certificate is for no host", "write hosts: [\"localhost\"]");
        }
        Certificates::Local { hosts: names } => hosts(findings, names),
        Certificates::Files(files) if files.is_empty() => {
            findings.error(
                &path,
                "no certificate is named",
                "name files, or write local(hosts: …)",
            );
        }
        Certificates::Files(files) => {
            findings.count(&path, files.len(), 256);
            for (index, file) in files.iter().enumerate() {
                findings.text(&format!("{path}[{index}].certificate"), &file.certificate, 1, 4_096);
                findings.text(&format!("{path}[{index}].key"), &file.key, 1, 4_096);
                hosts(findings, &file.hosts);
            }
        }
    }
    findings.count(&format!("{at}.alpn"), tls.alpn.len(), 16);
    if tls.alpn.iter().any(|name| name.is_empty() || name.len() > 255) {
        let what = "a protocol name of ALPN has 1 to 255 bytes";
        findings.error(&format!("{at}.alpn"), what, "write names such as \"h2\" and \"http/1.1\"");
    }
}

/// That what is accepted goes somewhere.
fn way(findings: &mut Findings, at: &str, listener: &Listener, lab: &Lab) {
    if listener.pool.is_none() && listener.routes.is_empty() {
        findings.error(
            at,
            format!("listener `{}` leads nowhere", listener.name),
            "add pool: \"…\" or routes",
        );
    }
    if let Some(pool) = &listener.pool {
        let pools: Vec<&str> = lab.pools.iter().map(|pool| pool.name.as_str()).collect();
        findings.reference(&format!("{at}.pool"), "pool", pool, &pools);
    }
}
