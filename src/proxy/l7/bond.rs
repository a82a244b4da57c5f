//! What binds a client to its server, or to its side of a split: found in its request, renewed with its answer.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::super::connection::Connection;
use super::super::cookie;
use super::super::fields::{Fields, Name};
use super::super::network::Network;
use super::super::pool::PoolInForce;
use super::super::server::{Server, cookie_hash};
use super::super::shared::Shared;
use super::super::sticky::{Found, Unstuck, table_key};
use super::super::token::{Lifetime, Read, Token};
use super::message::{AnswerHead, RequestHead};
use crate::balance::Health;
use crate::lab::{InsertedCookie, Stickiness};
use crate::period::Period;

/// A client's bond to a server of one pool.
pub(super) struct Bond {
    pool: Arc<PoolInForce>,
    /// The server that the client is bound to. One that is gone has a name that nobody has.
    pub(super) own: Option<Arc<str>>,
    pub(super) strict: bool,
    /// What was wrong with the bond that the client brought.
    spoiled: Option<Unstuck>,
    held: Held,
}

/// Who remembers it.
enum Held {
    Nobody,
    /// The client.
    Cookie(Option<Token>),
    /// The table, under this key, if the client has one.
    Table(Option<Vec<u8>>),
}

impl Bond {
    /// Finds the bond, and takes the proxy's own cookie out of what goes to the server.
    pub(super) fn find<N: Network>(
        pool: &Arc<PoolInForce>,
        connection: &Connection<N>,
        head: &mut RequestHead,
    ) -> Self {
        let none = Self {
            pool: Arc::clone(pool),
            own: None,
            strict: false,
            spoiled: None,
            held: Held::Nobody,
        };
        let shared = &connection.worker.shared;
        match &pool.settings.stickiness {
            Stickiness::Off => none,
            Stickiness::Inserted(settings) => {
                let read = read_cookie(shared, settings, &pool.name, &mut head.fields);
                Self { strict: settings.strict, ..none.by_cookie(read) }
            }
            Stickiness::Application(settings) => {
                let key = cookie::find(&head.fields, &settings.name).map(table_key);
                Self { strict: settings.strict, ..none.by_table(key, shared) }
            }
            Stickiness::Source(settings) => {
                let address = connection.client.ip().to_string();
                let key = Some(address.into_bytes());
                Self { strict: settings.strict, ..none.by_table(key, shared) }
            }
        }
    }

    fn by_cookie(self, read: Option<Read>) -> Self {
        let (token, spoiled) = match read {
            None => (None, None),
            Some(Read::Valid(token)) => (Some(token), None),
            Some(Read::Expired) => (None, Some(Unstuck::BondExpired)),
            Some(Read::Forged) => (None, Some(Unstuck::BondForged)),
        };
        let own = token.map(|token| {
            let mut servers = self.pool.servers.iter();
            let own = servers.find(|server| server.cookie_hash == token.server);
            own.map_or_else(|| Arc::from(GONE), |server| Arc::clone(&server.name))
        });
        Self { own, spoiled, held: Held::Cookie(token), ..self }
    }

    fn by_table(self, key: Option<Vec<u8>>, shared: &Shared) -> Self {
        let found = match &key {
            Some(key) => self.pool.sticky.find(key, shared.clock.now_ns()),
            None => Found::Nothing,
        };
        let (own, spoiled) = match found {
            Found::Nothing => (None, None),
            Found::Expired => (None, Some(Unstuck::BondExpired)),
            Found::Bound(server) => (Some(server), None),
        };
        Self { own, spoiled, held: Held::Table(key), ..self }
    }

    /// A server has answered: from here on the client is bound to it.
    pub(super) fn settle(
        &self,
        server: &Server,
        own_was_tried: bool,
        shared: &Shared,
        answer: &mut AnswerHead,
    ) {
        if self.own.as_deref() != Some(&*server.name) {
            self.note_loss(own_was_tried);
        }
        if answer.status.is_server_error() {
            return;
        }
        match (&self.pool.settings.stickiness, &self.held) {
            (Stickiness::Inserted(settings), Held::Cookie(token)) => {
                let held = token.filter(|token| token.server == server.cookie_hash);
                renew(shared, settings, &self.pool.name, server.cookie_hash, held, answer);
            }
            (Stickiness::Application(settings), Held::Table(key)) => {
                self.learn(&settings.name, key.as_deref(), server, shared, &answer.fields);
            }
            (Stickiness::Source(_), Held::Table(Some(key))) => {
                self.pool.sticky.bind(key, &server.name, shared.clock.now_ns());
            }
            _ => {}
        }
    }

    /// The application's own words count for more than what the client brought.
    fn learn(
        &self,
        name: &str,
        key: Option<&[u8]>,
        server: &Server,
        shared: &Shared,
        fields: &Fields,
    ) {
        let (sticky, now_ns) = (&self.pool.sticky, shared.clock.now_ns());
        match (cookie::change(fields, name), key) {
            (Some(cookie::Change::Set(value)), _) => {
                sticky.bind(&table_key(value), &server.name, now_ns);
            }
            (Some(cookie::Change::Deleted), Some(key)) => sticky.forget(key),
            (None, Some(key)) => sticky.bind(key, &server.name, now_ns),
            (_, None) => {}
        }
    }

    /// Counts why the client could not stay with its server, if it had one.
    pub(super) fn note_loss(&self, own_was_tried: bool) {
        let cause = match &self.own {
            Some(own) => Some(self.cause(own, own_was_tried)),
            None => self.spoiled,
        };
        if let Some(cause) = cause {
            self.pool.state.unstuck[cause as usize].fetch_add(1, Relaxed);
        }
    }

    fn cause(&self, own: &str, own_was_tried: bool) -> Unstuck {
        let newest = self.pool.newest();
        let members = newest.balancing().members();
        match newest.balancing().index_of(own) {
            None => Unstuck::ServerRemoved,
            Some(_) if own_was_tried => Unstuck::Failover,
            Some(index) if members[index].standing.health() != Health::Up => Unstuck::ServerDown,
            Some(index) if members[index].is_draining() => Unstuck::ServerDrained,
            Some(_) => Unstuck::Unbound,
        }
    }
}

/// A client's bond to one side of a split.
pub(super) struct SideBond<'a> {
    settings: &'a InsertedCookie,
    domain: String,
    side: u64,
    held: Option<Token>,
}

impl<'a> SideBond<'a> {
    /// The side that the client is bound to, or the one that is drawn for it.
    pub(super) fn find(
        shared: &Shared,
        settings: &'a InsertedCookie,
        route: &str,
        sides: &[(u64, Arc<PoolInForce>)],
        fields: &mut Fields,
        draw: impl FnOnce() -> Option<Arc<PoolInForce>>,
    ) -> Option<(Self, Arc<PoolInForce>)> {
        // No pool is called so, and a cookie of the one is none of the other.
        let domain = format!("\0split\0{route}");
        let held = match read_cookie(shared, settings, &domain, fields) {
            Some(Read::Valid(token)) => Some(token),
            _ => None,
        };
        let pools = || sides.iter().map(|(_, pool)| pool);
        let own = held.and_then(|held| pools().find(|it| cookie_hash(&it.name) == held.server));
        let pool = own.cloned().or_else(draw)?;
        let side = cookie_hash(&pool.name);
        let held = held.filter(|held| held.server == side);
        Some((Self { settings, domain, side, held }, pool))
    }

    pub(super) fn settle(&self, shared: &Shared, answer: &mut AnswerHead) {
        renew(shared, self.settings, &self.domain, self.side, self.held, answer);
    }
}

fn read_cookie(
    shared: &Shared,
    settings: &InsertedCookie,
    domain: &str,
    fields: &mut Fields,
) -> Option<Read> {
    let value = cookie::find(fields, &settings.name)?;
    let secs = |period: Option<Period>| period.map(|it| it.ns().div_ceil(SECOND_NS));
    let lifetime = Lifetime { max_age: secs(settings.max_age), idle: secs(settings.idle) };
    let read = shared.cookie_key.read(domain, value, now_secs(shared), lifetime);
    cookie::remove(fields, &settings.name);
    Some(read)
}

/// Gives the client a cookie where it has none that says this, or one whose idle time should begin anew.
fn renew(
    shared: &Shared,
    settings: &InsertedCookie,
    domain: &str,
    server: u64,
    held: Option<Token>,
    answer: &mut AnswerHead,
) {
    let now_secs = now_secs(shared);
    let issued_secs = match held {
        None => now_secs,
        Some(held) => {
            let Some(idle) = settings.idle else { return };
            // Not with every answer: a tenth of the idle time is close enough.
            let unnoted_ns = now_secs.saturating_sub(held.used_secs).saturating_mul(SECOND_NS);
            if unnoted_ns == 0 || unnoted_ns < idle.ns() / 10 {
                return;
            }
            held.issued_secs
        }
    };
    let token = Token { server, issued_secs, used_secs: now_secs };
    let value = shared.cookie_key.issue(domain, token);
    if let Some(field) = cookie::set_cookie(settings, &value) {
        answer.fields.add(Name::SetCookie, field.as_bytes());
    }
}

fn now_secs(shared: &Shared) -> u64 {
    shared.clock.unix_ns() / SECOND_NS
}

/// The name of a server that is not there any more: no server may have it.
const GONE: &str = "";
const SECOND_NS: u64 = 1_000_000_000;
