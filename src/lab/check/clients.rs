//! Client groups: a listener that understands them, traffic within bounds.

use super::super::client::{Carrier, Client, HttpVersion, RequestKind};
use super::super::{HttpVersions, Lab, Listener, Protocol, ProxyProtocolIn};
use super::findings::Findings;
use super::written::{is_header_value, is_path, is_token};
use super::{DAY, SHORTEST, pools};

pub(super) fn check(findings: &mut Findings, lab: &Lab) {
    findings.names("clients", "client", lab.clients.iter().map(|client| client.name.as_str()));
    for (index, client) in lab.clients.iter().enumerate() {
        check_one(findings, index, client, lab);
    }
}

pub(super) fn check_one(findings: &mut Findings, index: usize, client: &Client, lab: &Lab) {
    let listeners: Vec<&str> = lab.listeners.iter().map(|one| one.name.as_str()).collect();
    let at = format!("clients[{index}]");
    findings.reference(&format!("{at}.listener"), "listener", &client.listener, &listeners);
    if let Some(listener) = lab.listener(&client.listener) {
        understood(findings, &at, client, listener);
    }
    findings.flaws(&format!("{at}.arrivals"), client.arrivals.flaws());
    findings.flaws(&format!("{at}.keys"), client.keys.flaws());
    findings.range(&format!("{at}.identities.count"), client.identities.count, 1, 1_000_000);
    findings.period(&format!("{at}.timeout"), client.timeout, SHORTEST, DAY);
    if let Some(key) = &client.key_in {
        pools::key_name(findings, &format!("{at}.key_in"), key);
    }
    requests(findings, &at, &client.requests);
}

fn understood(findings: &mut Findings, at: &str, client: &Client, listener: &Listener) {
    let name = &listener.name;
    let carrier = format!("{at}.identities.shown_by");
    if client.identities.shown_by == Carrier::ProxyProtocol
        && listener.proxy_protocol == ProxyProtocolIn::Off
    {
        findings.error(
            &carrier,
            format!("listener `{name}` does not read the PROXY protocol"),
            "write proxy_protocol: accept at the listener, or shown_by: loopback",
        );
    }
    if client.identities.shown_by != Carrier::ProxyProtocol
        && listener.proxy_protocol == ProxyProtocolIn::Require
    {
        findings.error(
            &carrier,
            format!("listener `{name}` closes connections without the PROXY protocol"),
            "write shown_by: proxy_protocol",
        );
    }
    if client.identities.shown_by == Carrier::Forwarded && listener.protocol != Protocol::Http {
        findings.error(
            &carrier,
            format!("listener `{name}` speaks no HTTP, so there is no header to read"),
            "write shown_by: loopback",
        );
    }
    let version_off = match client.http {
        HttpVersion::Http1 => HttpVersions::Http2,
        HttpVersion::Http2 => HttpVersions::Http1,
    };
    if listener.protocol == Protocol::Http && listener.http.versions == version_off {
        findings.error(
            &format!("{at}.http"),
            format!("listener `{name}` does not speak that version of HTTP"),
            "write the other version, or turn it on at the listener",
        );
    }
    if client.enabled && !listener.enabled {
        findings.warn(
            &format!("{at}.listener"),
            format!("listener `{name}` is not enabled, so every request is refused"),
            "enable it, or stop the client",
        );
    }
}

fn requests(findings: &mut Findings, at: &str, requests: &[RequestKind]) {
    findings.count(&format!("{at}.requests"), requests.len(), REQUESTS_MAX);
    for (index, request) in requests.iter().enumerate() {
        let at = format!("{at}.requests[{index}]");
        findings.range(&format!("{at}.weight"), request.weight, 0, 65_535);
        findings.range(&format!("{at}.body_bytes"), request.body_bytes, 0, 64 << 20);
        if !is_token(&request.method) {
            let what = format!("`{}` is no method", request.method);
            findings.error(&format!("{at}.method"), what, "write a method such as GET");
        }
        if !is_path(&request.path) {
            let what = format!("`{}` is no path", request.path);
            findings.error(&format!("{at}.path"), what, "begin it with /, without blanks");
        }
        findings.count(&format!("{at}.headers"), request.headers.len(), 64);
        for (name, value) in &request.headers {
            if !is_token(name) || !is_header_value(value) {
                let what = format!("`{name}: {value}` cannot be a header");
                findings.error(&format!("{at}.headers"), what, "write a plain name and value");
            }
        }
    }
    if !requests.is_empty() && requests.iter().all(|request| request.weight == 0) {
        let what = "every request has the weight 0, so nothing is ever asked";
        findings.error(&format!("{at}.requests"), what, "give one a weight above 0");
    }
}

const REQUESTS_MAX: usize = 64;
