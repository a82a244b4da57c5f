//! What stands between two labs, as steps in an order that loses nothing.
//!
//! What serves comes first, then the plan that leads to it, then the listeners and clients that use it. What is not
//! needed any more goes last, when nobody is led to it.

mod change;
mod step;

use std::collections::BTreeMap;

use crate::lab::{Client, Lab, Listener, Pool, Server, Source, UpstreamProtocol};

pub use change::Change;
pub use step::Step;

/// The steps from one lab to another. Nothing to do where they are the same.
pub fn steps(before: &Lab, now: &Lab) -> Vec<Step> {
    let mut steps = Vec::new();
    let renamed = renamed_listeners(before, now, &mut steps);
    let diff = Diff { before: &renamed, now };
    diff.workers(&mut steps);
    diff.certificates(&mut steps);
    diff.logs(&mut steps);
    diff.servers_that_come(&mut steps);
    let changes = change::changes(before, now);
    if !changes.is_empty() {
        steps.push(Step::Publish(changes));
    }
    diff.listeners(&mut steps);
    diff.clients(&mut steps);
    diff.servers_that_go(&mut steps);
    steps
}

/// The lab before, with its listeners under their new names: one that keeps its address keeps its connections.
fn renamed_listeners(before: &Lab, now: &Lab, steps: &mut Vec<Step>) -> Lab {
    let mut renamed = before.clone();
    let mut new: Vec<&Listener> =
        enabled(now).filter(|listener| before.listener(&listener.name).is_none()).collect();
    let is_gone =
        |listener: &&mut Listener| listener.enabled && enabled_one(now, &listener.name).is_none();
    for listener in renamed.listeners.iter_mut().filter(is_gone) {
        let Some(place) = new.iter().position(|it| is_same_socket(listener, it)) else { continue };
        let to = new.remove(place).name.clone();
        let from = std::mem::replace(&mut listener.name, to.clone());
        steps.push(Step::RenameListener { from, to });
    }
    renamed
}

struct Diff<'a> {
    before: &'a Lab,
    now: &'a Lab,
}

/// A server with the pool it is in.
type Place<'a> = (&'a Pool, &'a Server);

impl Diff<'_> {
    fn workers(&self, steps: &mut Vec<Step>) {
        let (from, to) = (self.before.workers, self.now.workers);
        if from != to {
            steps.push(Step::ChangeWorkers { from, to });
        }
    }

    fn certificates(&self, steps: &mut Vec<Step>) {
        let dressed = |listener: &&Listener| listener.tls.is_some();
        for listener in enabled(self.now).filter(dressed) {
            let before = enabled_one(self.before, &listener.name);
            let same = |before: &Listener| {
                before.tls == listener.tls
                    && before.protocol == listener.protocol
                    && before.http.versions == listener.http.versions
            };
            if !before.is_some_and(same) {
                steps.push(Step::LoadCertificates { listener: listener.name.clone() });
            }
        }
        for pool in self.now.pools.iter().filter(|pool| speaks_tls(pool)) {
            let before = self.before.pool(&pool.name).filter(|before| speaks_tls(before));
            let same = |before: &Pool| {
                let inside = |lab: &Lab| carries_bytes(lab, &pool.name);
                before.upstream.tls == pool.upstream.tls && inside(self.before) == inside(self.now)
            };
            if !before.is_some_and(same) {
                steps.push(Step::LoadTrust { pool: pool.name.clone() });
            }
        }
    }

    fn logs(&self, steps: &mut Vec<Step>) {
        for listener in enabled(self.now) {
            let before = enabled_one(self.before, &listener.name);
            let log = before.and_then(|before| before.access_log.as_ref());
            match &listener.access_log {
                now if log == now.as_ref() => {}
                Some(_) => steps.push(Step::OpenLog { listener: listener.name.clone() }),
                None => steps.push(Step::CloseLog { listener: listener.name.clone() }),
            }
        }
    }

    /// Those that start, and those that are there and change.
    fn servers_that_come(&self, steps: &mut Vec<Step>) {
        let known = places(self.before);
        for (name, now) in places(self.now) {
            match known.get(&name).filter(|before| is_kept(before, &now)) {
                None => steps.extend(start(&now)),
                Some(before) => {
                    steps.extend(retune(before, &now));
                    steps.extend(scale(before, &now).filter(adds));
                }
            }
        }
    }

    fn servers_that_go(&self, steps: &mut Vec<Step>) {
        let now = places(self.now);
        for (name, before) in places(self.before) {
            // What starts under the same name has taken its place already.
            let is_there = |now: &&Place<'_>| is_kept(&before, now) || start(now).is_some();
            match now.get(&name).filter(is_there) {
                Some(now) if is_kept(&before, now) => {
                    steps.extend(scale(&before, now).filter(|step| !adds(step)));
                }
                Some(_) => {}
                None => steps.extend(stop(&before)),
            }
        }
    }

    fn listeners(&self, steps: &mut Vec<Step>) {
        for listener in enabled(self.now) {
            let name = || listener.name.clone();
            let to = || listener.address.clone();
            match enabled_one(self.before, &listener.name) {
                None => steps.push(Step::OpenListener { listener: name(), address: to() }),
                Some(before) if !is_same_socket(before, listener) => {
                    let from = before.address.clone();
                    steps.push(Step::MoveListener { listener: name(), from, to: to() });
                }
                Some(_) => {}
            }
        }
        for listener in enabled(self.before) {
            if enabled_one(self.now, &listener.name).is_none() {
                let address = listener.address.clone();
                steps.push(Step::CloseListener { listener: listener.name.clone(), address });
            }
        }
    }

    fn clients(&self, steps: &mut Vec<Step>) {
        for client in self.before.clients.iter().filter(|client| client.enabled) {
            let now = self.now.client(&client.name).filter(|now| now.enabled);
            if now.is_none() {
                steps.push(Step::StopClient { client: client.name.clone() });
            }
        }
        // Before anybody starts, so that nothing slips through.
        if self.now.hold && !self.before.hold {
            steps.push(Step::Hold);
        }
        for client in self.now.clients.iter().filter(|client| client.enabled) {
            let name = client.name.clone();
            match self.before.client(&client.name).filter(|before| before.enabled) {
                None => steps.push(Step::StartClient { client: name }),
                Some(before) if self.sends_otherwise(before, client) => {
                    steps.push(Step::RetuneClient { client: name });
                }
                Some(_) => {}
            }
        }
        if self.before.hold && !self.now.hold {
            steps.push(Step::Release);
        }
    }

    /// A client goes by its own settings and by those of the listener it sends to.
    fn sends_otherwise(&self, before: &Client, now: &Client) -> bool {
        let listener = |lab: &Lab, name: &str| lab.listener(name).map(what_clients_see);
        before != now
            || listener(self.before, &before.listener) != listener(self.now, &now.listener)
    }
}

fn enabled(lab: &Lab) -> impl Iterator<Item = &Listener> {
    lab.listeners.iter().filter(|listener| listener.enabled)
}

fn enabled_one<'a>(lab: &'a Lab, name: &str) -> Option<&'a Listener> {
    lab.listener(name).filter(|listener| listener.enabled)
}

/// Whether the sockets of the one can serve as those of the other.
pub(super) fn is_same_socket(a: &Listener, b: &Listener) -> bool {
    use crate::lab::Protocol::Udp;
    a.address == b.address && (a.protocol == Udp) == (b.protocol == Udp)
}

/// What a client that sends to a listener has to know of it.
fn what_clients_see(listener: &Listener) -> impl PartialEq + use<> {
    let Listener { enabled, address, protocol, tls, proxy_protocol, .. } = listener.clone();
    (enabled, address, protocol, tls.is_some(), proxy_protocol)
}

pub(super) fn speaks_tls(pool: &Pool) -> bool {
    pool.upstream.protocol == UpstreamProtocol::Https
}

/// Whether connections are led to a pool whose bytes are not looked at, so that no protocol may be promised for them.
pub(super) fn carries_bytes(lab: &Lab, pool: &str) -> bool {
    use crate::lab::Protocol::{Tcp, TlsPassthrough};
    let blind = |listener: &&Listener| matches!(listener.protocol, Tcp | TlsPassthrough);
    lab.listeners.iter().filter(blind).any(|listener| {
        listener.routes_in_force().iter().any(|route| route.to.pools().contains(&pool))
    })
}

fn places(lab: &Lab) -> BTreeMap<(&str, &str), Place<'_>> {
    let places = lab.pools.iter().flat_map(|pool| {
        pool.servers
            .iter()
            .map(move |server| ((pool.name.as_str(), server.name.as_str()), (pool, server)))
    });
    places.collect()
}

/// Whether it goes on running, or goes on being somewhere else, whatever else changes.
fn is_kept((pool, server): &Place<'_>, (pool_now, server_now): &Place<'_>) -> bool {
    match (server.source(), server_now.source()) {
        (Some(Source::Address(a)), Some(Source::Address(b))) => a == b,
        (Some(Source::Mock(_)), Some(Source::Mock(_))) => {
            pool.mocks.protocol == pool_now.mocks.protocol
                && speaks_tls(pool) == speaks_tls(pool_now)
        }
        (Some(Source::Command(a)), Some(Source::Command(b))) => {
            a.does_the_same(b) && server.enabled == server_now.enabled
        }
        _ => false,
    }
}

fn start((pool, server): &Place<'_>) -> Option<Step> {
    let (pool, name) = (pool.name.clone(), server.name.clone());
    match server.source()? {
        Source::Address(address) => {
            Some(Step::FindServer { pool, server: name, address: address.to_owned() })
        }
        Source::Mock(_) => Some(Step::StartMock { pool, server: name }),
        Source::Command(command) if server.enabled => {
            Some(Step::StartCommand { pool, server: name, line: command.line.clone() })
        }
        Source::Command(_) => None,
    }
}

fn stop((pool, server): &Place<'_>) -> Option<Step> {
    let (pool, name) = (pool.name.clone(), server.name.clone());
    match server.source()? {
        Source::Address(_) => Some(Step::ForgetServer { pool, server: name }),
        Source::Mock(_) => Some(Step::StopMock { pool, server: name }),
        Source::Command(_) if server.enabled => Some(Step::StopCommand { pool, server: name }),
        Source::Command(_) => None,
    }
}

/// What changes about a mock that goes on running.
fn retune((pool, before): &Place<'_>, (pool_now, now): &Place<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    let (Some(Source::Mock(was)), Some(Source::Mock(is))) = (before.source(), now.source()) else {
        return steps;
    };
    let (pool_name, server) = (|| pool.name.clone(), || now.name.clone());
    if was != is || pool.mocks.sessions != pool_now.mocks.sessions {
        steps.push(Step::RetuneMock { pool: pool_name(), server: server() });
    }
    match (before.enabled, now.enabled) {
        (true, false) => steps.push(Step::Kill { pool: pool_name(), server: server() }),
        (false, true) => steps.push(Step::Revive { pool: pool_name(), server: server() }),
        _ => {}
    }
    steps
}

/// Another number of copies of a command that goes on running.
fn scale((pool, before): &Place<'_>, (_, now): &Place<'_>) -> Option<Step> {
    let (from, to) = (before.n_copies(), now.n_copies());
    let runs = now.command.is_some() && now.enabled;
    (runs && from != to).then(|| Step::ScaleCommand {
        pool: pool.name.clone(),
        server: now.name.clone(),
        from,
        to,
    })
}

/// Copies come before the plan leads to them, and go after it has ceased to.
fn adds(step: &Step) -> bool {
    matches!(step, Step::ScaleCommand { from, to, .. } if to > from)
}

#[cfg(test)]
mod tests;
