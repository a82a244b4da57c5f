//! What the admin address shows, beside metrics. Names in it are a contract: some are added, none renamed.

use serde_json::{Value, json};

use super::super::board::Board;
use super::super::event::state;
use super::super::log;
use super::super::observation::{PoolGauges, gauges};
use super::super::status::{ListenerState, ServerState, Status, Trouble};
use crate::lab::{Lab, Problem, Server};

pub(super) fn status(board: &Board) -> String {
    let status = board.status();
    let pools: Vec<Value> = gauges(&board.shared.plan(), &status.lab, &board.instruments())
        .iter()
        .map(|pool| self::pool(pool, &status.lab))
        .collect();
    let commands = status.commands_waiting().into_iter().map(|command| &command.line);
    let commands: Vec<&String> = commands.collect();
    let page = json!({
        "revision": status.revision,
        "lab": status.lab.name,
        "workers": status.workers,
        "listeners": listeners(&status),
        "servers": servers(&status),
        "pools": pools,
        "commands_waiting": commands,
        "troubles": status.all_troubles(),
        "events": events(board),
    });
    format!("{page}\n")
}

fn pool(pool: &PoolGauges, lab: &Lab) -> Value {
    let servers = pool.servers.iter().map(|server| {
        json!({
            "name": server.name,
            "health": state(server.shown_health()),
            "in_flight": server.in_flight,
            "weight": server.weight,
            "draining": server.draining && is_drained(lab, &pool.name, &server.name),
            "connections": server.connections,
        })
    });
    let servers: Vec<Value> = servers.collect();
    json!({ "name": pool.name, "waiting": pool.waiting, "servers": servers })
}

/// Whether somebody wants it to drain: the plan keeps everybody away from a server that is nowhere, too.
fn is_drained(lab: &Lab, pool: &str, server: &str) -> bool {
    lab.pool(pool).and_then(|pool| pool.server_of(server)).is_some_and(Server::draining)
}

fn listeners(status: &Status) -> Vec<Value> {
    let listeners = status.listeners.iter().map(|listener| {
        let (word, trouble) = match &listener.state {
            ListenerState::Off => ("off", None),
            ListenerState::Open { .. } => ("open", None),
            ListenerState::Trouble { trouble, .. } => ("trouble", Some(trouble)),
        };
        json!({
            "name": listener.name,
            "state": word,
            "address": listener.address().map(|address| address.to_string()),
            "trouble": trouble.map(Trouble::to_string),
        })
    });
    listeners.collect()
}

fn servers(status: &Status) -> Vec<Value> {
    let servers = status.servers.iter().map(|server| {
        let (word, trouble) = match &server.state {
            ServerState::Known => ("known", None),
            ServerState::Dead => ("dead", None),
            ServerState::Starting => ("starting", None),
            ServerState::AwaitsConsent(_) => ("awaits_consent", None),
            ServerState::Trouble(trouble) => ("trouble", Some(trouble)),
        };
        let addresses: Vec<String> = server.addresses.iter().map(ToString::to_string).collect();
        json!({
            "pool": server.pool,
            "name": server.name,
            "state": word,
            "addresses": addresses,
            "trouble": trouble.map(Trouble::to_string),
        })
    });
    servers.collect()
}

fn events(board: &Board) -> Vec<Value> {
    let (now_ns, unix_ns) = (board.clock().now_ns(), board.clock().unix_ns());
    let events = board.latest_events(EVENTS);
    let value = |at_ns: u64, text: &str| {
        let unix_ns = unix_ns.saturating_sub(now_ns.saturating_sub(at_ns));
        json!({ "unix_ms": unix_ns / 1_000_000, "text": text })
    };
    events.iter().map(|event| value(event.at_ns, &event.text)).collect()
}

/// The newest requests, oldest first, one on each line.
pub(super) fn requests(board: &Board) -> String {
    let (now_ns, unix_ns) = (board.clock().now_ns(), board.clock().unix_ns());
    let mut lines = String::new();
    for record in board.latest_requests(REQUESTS) {
        let unix_ns = unix_ns.saturating_sub(now_ns.saturating_sub(record.at_ns));
        lines.push_str(&log::json(&record, unix_ns).to_string());
        lines.push('\n');
    }
    lines
}

pub(super) fn problems(problems: &[Problem]) -> String {
    format!("{}\n", json!({ "problems": problems }))
}

pub(super) fn applied(board: &Board, revision: u64, warnings: &[Problem]) -> String {
    let status = board.status();
    let page = json!({
        "revision": revision,
        "in_force": status.revision >= revision,
        "warnings": warnings,
        "troubles": status.all_troubles(),
    });
    format!("{page}\n")
}

const EVENTS: usize = 100;
const REQUESTS: usize = 1_000;
