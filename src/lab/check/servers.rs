//! Servers: one source each, names that can be told apart with all copies, numbers in range.

use std::collections::BTreeMap;

use super::super::server::{Command, Server};
use super::super::{Pool, Source};
use super::findings::Findings;
use super::written::is_server_address;

pub(super) fn check(findings: &mut Findings, at: &str, pool: &Pool) {
    let list = format!("{at}.servers");
    findings.names(&list, "server", pool.servers.iter().map(|server| server.name.as_str()));
    for (index, server) in pool.servers.iter().enumerate() {
        check_one(findings, &format!("{list}[{index}]"), server);
    }
    copies(findings, &list, pool);
    ids(findings, &list, pool);
    if pool.servers.is_empty() {
        findings.warn(
            at,
            format!("pool `{}` has no servers, so every request is refused", pool.name),
            "add servers: […]",
        );
    } else if pool.servers.iter().all(Server::draining) {
        findings.warn(
            &list,
            format!("every server of pool `{}` drains, so every request is refused", pool.name),
            "give one a weight above 0, without drain",
        );
    }
}

pub(super) fn check_one(findings: &mut Findings, at: &str, server: &Server) {
    findings.range(&format!("{at}.weight"), server.weight, 0, 65_535);
    findings.range(&format!("{at}.priority"), server.priority, 0, 127);
    if let Some(limit) = server.concurrency {
        findings.range(&format!("{at}.concurrency"), limit, 1, 1_000_000);
    }
    if let Some(id) = server.id {
        findings.range(&format!("{at}.id"), id, 1, i32::MAX as u32);
    }
    if let Some(zone) = &server.zone {
        findings.text(&format!("{at}.zone"), zone, 1, 64);
    }
    if let Some(cookie) = &server.cookie
        && !super::written::is_token(cookie)
    {
        let what = format!("`{cookie}` cannot stand in a cookie");
        findings.error(&format!("{at}.cookie"), what, "write letters, digits, - and _");
    }
    source(findings, at, server);
}

fn source(findings: &mut Findings, at: &str, server: &Server) {
    match server.source() {
        Some(Source::Address(address)) if !is_server_address(address) => {
            findings.error(
                &format!("{at}.address"),
                format!("`{address}` is no address of a server"),
                "write a host and a port: \"127.0.0.1:3000\"",
            );
        }
        Some(Source::Address(_)) => {}
        Some(Source::Mock(behaviour)) => findings.flaws(&format!("{at}.mock"), behaviour.flaws()),
        Some(Source::Command(command)) => {
            check_command(findings, &format!("{at}.command"), command);
        }
        None => {
            let sources = [
                ("address", server.address.is_some()),
                ("mock", server.mock.is_some()),
                ("command", server.command.is_some()),
            ];
            let named: Vec<&str> =
                sources.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| *name).collect();
            let (what, remedy) = match named.as_slice() {
                [] => (
                    format!("server `{}` comes from nowhere", server.name),
                    "add address: \"…\", mock: () or command: (…)".to_owned(),
                ),
                named => (
                    format!("server `{}` is {} at once", server.name, named.join(" and ")),
                    format!("keep one of {}", named.join(", ")),
                ),
            };
            findings.error(at, what, remedy);
        }
    }
}

fn check_command(findings: &mut Findings, at: &str, command: &Command) {
    findings.text(&format!("{at}.line"), &command.line, 1, 8_192);
    if command.words().is_none() {
        findings.error(
            &format!("{at}.line"),
            "a quote in the command line is never closed",
            "write the other one",
        );
    }
    findings.range(&format!("{at}.copies"), command.copies, 1, Command::COPIES_MAX);
    findings.count(&format!("{at}.env"), command.env.len(), 256);
    for name in command.env.keys().filter(|name| !is_variable(name)) {
        let what = format!("`{name}` is no name for an environment variable");
        findings.error(&format!("{at}.env[\"{name}\"]"), what, "write letters, digits and _");
    }
    if !is_variable(&command.port_variable) {
        let what = format!("`{}` is no name for an environment variable", command.port_variable);
        findings.error(&format!("{at}.port_variable"), what, "write letters, digits and _");
    }
}

/// The second copy of `a` is `a-2`, so no other server may be.
fn copies(findings: &mut Findings, list: &str, pool: &Pool) {
    for (index, server) in pool.servers.iter().enumerate() {
        for copy in server.copy_names().iter().skip(1) {
            if pool.server(copy).is_some() {
                findings.error(
                    &format!("{list}[{index}].command.copies"),
                    format!(
                        "a copy of `{}` would be called `{copy}`, as another server is",
                        server.name
                    ),
                    "give that server another name",
                );
            }
        }
    }
}

fn ids(findings: &mut Findings, list: &str, pool: &Pool) {
    let mut taken: BTreeMap<u32, &str> = BTreeMap::new();
    for (index, server) in pool.servers.iter().enumerate() {
        let Some(id) = server.id else { continue };
        if let Some(first) = taken.insert(id, &server.name) {
            findings.error(
                &format!("{list}[{index}].id"),
                format!("server `{first}` has the id {id} already"),
                "write another number, or leave it out",
            );
        }
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 256
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
