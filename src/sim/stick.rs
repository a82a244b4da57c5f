//! Which server a client is bound to, in virtual time: cookie jars of the clients, tables of the proxy.

use std::collections::HashMap;
use std::sync::Arc;

use crate::balance::pool::StickTable;
use crate::lab::{InsertedCookie, Stickiness};

/// The bonds of all clients to the servers of one pool.
pub(super) enum Bonds {
    Off,
    /// Each client keeps the cookie itself, if it keeps cookies.
    Cookies {
        settings: InsertedCookie,
        jars: HashMap<Client, Cookie>,
    },
    /// The proxy remembers, for clients that keep the application's cookie or for source addresses.
    Table {
        table: StickTable,
        by_cookie: bool,
        strict: bool,
    },
}

/// A client: the group and the identity in it.
pub(super) type Client = (u32, u32);

#[derive(Debug, Clone)]
pub(super) struct Cookie {
    server: Arc<str>,
    since_ns: u64,
    used_ns: u64,
}

/// What the proxy knows of a client when a request comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bond {
    None,
    /// There was one, and its time has run out.
    Expired,
    To(Arc<str>),
}

impl Bonds {
    pub(super) fn new(stickiness: &Stickiness) -> Self {
        match stickiness {
            Stickiness::Off => Self::Off,
            Stickiness::Inserted(settings) => {
                Self::Cookies { settings: settings.clone(), jars: HashMap::new() }
            }
            Stickiness::Application(cookie) => Self::Table {
                table: StickTable::new(cookie.size.max(1) as usize, cookie.expiry.ns()),
                by_cookie: true,
                strict: cookie.strict,
            },
            Stickiness::Source(table) => Self::Table {
                table: StickTable::new(table.size.max(1) as usize, table.expiry.ns()),
                by_cookie: false,
                strict: table.strict,
            },
        }
    }

    /// Whether a client whose server is gone is refused instead of getting another.
    pub(super) fn is_strict(&self) -> bool {
        match self {
            Self::Off => false,
            Self::Cookies { settings, .. } => settings.strict,
            Self::Table { strict, .. } => *strict,
        }
    }

    pub(super) fn find(
        &mut self,
        client: Client,
        keeps_cookies: bool,
        address: &str,
        now_ns: u64,
    ) -> Bond {
        match self {
            Self::Off => Bond::None,
            Self::Cookies { settings, jars } => {
                let Some(cookie) = jars.get_mut(&client) else { return Bond::None };
                let outlived = |since_ns: u64, limit: Option<crate::period::Period>| {
                    limit.is_some_and(|limit| now_ns - since_ns >= limit.ns())
                };
                if outlived(cookie.since_ns, settings.max_age)
                    || outlived(cookie.used_ns, settings.idle)
                {
                    jars.remove(&client);
                    return Bond::Expired;
                }
                cookie.used_ns = now_ns;
                Bond::To(Arc::clone(&cookie.server))
            }
            Self::Table { by_cookie: true, .. } if !keeps_cookies => Bond::None,
            Self::Table { table, by_cookie, .. } => {
                let gone_before = table.expired + table.evicted;
                let found = match by_cookie {
                    true => table.find(&session_of(client), now_ns),
                    false => table.find(address.as_bytes(), now_ns),
                };
                match found {
                    Some(server) => Bond::To(server),
                    None if table.expired + table.evicted > gone_before => Bond::Expired,
                    None => Bond::None,
                }
            }
        }
    }

    /// A server has answered a client: from here on the client is bound to it.
    pub(super) fn bind(
        &mut self,
        client: Client,
        keeps_cookies: bool,
        address: &str,
        server: &Arc<str>,
        now_ns: u64,
    ) {
        match self {
            Self::Off => {}
            Self::Cookies { jars, .. } => {
                if keeps_cookies && jars.get(&client).is_none_or(|cookie| cookie.server != *server)
                {
                    let server = Arc::clone(server);
                    jars.insert(client, Cookie { server, since_ns: now_ns, used_ns: now_ns });
                }
            }
            Self::Table { by_cookie: true, .. } if !keeps_cookies => {}
            Self::Table { table, by_cookie: true, .. } => {
                table.bind(&session_of(client), server, now_ns);
            }
            Self::Table { table, by_cookie: false, .. } => {
                table.bind(address.as_bytes(), server, now_ns);
            }
        }
    }
}

/// The application's session cookie of a client.
fn session_of((crowd, identity): Client) -> [u8; 8] {
    (u64::from(crowd) << 32 | u64::from(identity)).to_be_bytes()
}
