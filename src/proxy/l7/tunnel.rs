//! Connections that become something else: WebSocket and other upgrades, and CONNECT where it is allowed.

use std::time::Duration;

use http::{Method, StatusCode, Version};

use super::super::fields::Name;
use super::super::headers::has_word;
use super::super::l4::{Ended, Tally, Unfinished, relay};
use super::super::network::Wire;
use super::super::transport::Transport;
use super::journey::Journey;
use super::message::RequestHead;
use super::refusal::Refusal;
use crate::lab::HttpSettings;
use crate::meter::{Outcome, TimeoutKind};

/// What a client wants its connection to become.
pub(super) struct Wish {
    /// Nothing for CONNECT.
    upgrade: Option<Vec<u8>>,
}

/// A connection that is no HTTP any more, between a client and a server.
pub(in super::super) struct Tunnel<S> {
    server: Transport<S>,
    idle: Option<Duration>,
    carried: Carried,
}

/// What went through a tunnel so far; the request ends with it.
struct Carried {
    journey: Box<Journey>,
}

impl Wish {
    /// The wish of a request, if the listener hears it. One that it does not hear is ignored, as RFC 9110 section 7.8
    /// allows; CONNECT is refused, because there is no other way to answer it.
    pub(super) fn of(
        head: &RequestHead,
        may_switch: bool,
        http: &HttpSettings,
    ) -> Result<Option<Self>, Refusal> {
        if head.method == Method::CONNECT {
            if !http.connect {
                let why = "CONNECT is not allowed on this listener";
                let refusal =
                    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, Outcome::BadRequest, why);
                return Err(refusal.closing());
            }
            return Ok(may_switch.then_some(Self { upgrade: None }));
        }
        let upgrade = upgrade_of(head).filter(|_| http.upgrade && may_switch);
        Ok(upgrade.map(|upgrade| Self { upgrade: Some(upgrade) }))
    }

    /// Says it again to the server.
    pub(super) fn ask(&self, head: &mut RequestHead) {
        if let Some(upgrade) = &self.upgrade {
            head.fields.set(Name::Connection, b"upgrade");
            head.fields.set(Name::Upgrade, upgrade);
        }
    }

    pub(super) fn is_granted_by(&self, status: StatusCode) -> bool {
        match self.upgrade {
            Some(_) => status == StatusCode::SWITCHING_PROTOCOLS,
            None => status.is_success(),
        }
    }
}

/// What an HTTP/1.1 request wants to upgrade to. `h2c` was taken out of HTTP/2 (RFC 9113 section 3.1), and a way
/// around the routes: requests inside of it would not be seen.
fn upgrade_of(head: &RequestHead) -> Option<Vec<u8>> {
    let fields = &head.fields;
    if head.version != Version::HTTP_11 || !has_word(fields, Name::Connection, b"upgrade") {
        return None;
    }
    let mut values = fields.all(Name::Upgrade);
    let value = values.next().filter(|value| value.is_ascii())?;
    let is_fit = values.next().is_none() && !has_word(fields, Name::Upgrade, b"h2c");
    is_fit.then(|| value.to_vec())
}

impl<S: Wire> Tunnel<S> {
    pub(super) fn new(server: Transport<S>, journey: Box<Journey>, idle: Option<Duration>) -> Self {
        Self { server, idle, carried: Carried { journey } }
    }

    /// Carries both directions until both have ended. Dropped earlier, it counts as left by its client.
    pub(in super::super) async fn run(self, client: Transport<S>) {
        let Self { server, idle, mut carried } = self;
        let (client, server) = (Unfinished::new(client), Unfinished::new(server));
        let ended = relay(client, server, idle.unwrap_or(FOREVER), &mut carried).await;
        carried.journey.end(match ended {
            Ended::InOrder => Outcome::Carried,
            Ended::Idle => Outcome::TimedOut(TimeoutKind::Idle),
            Ended::ClientBroke => Outcome::ClientLeft,
            Ended::ServerBroke => Outcome::Reset,
        });
    }
}

impl Tally for Carried {
    fn carried(&mut self, to_server: u64, to_client: u64) {
        self.journey.n_bytes_up += to_server;
        self.journey.n_bytes_out += to_client;
    }
}

/// Where nothing says when silence is too long.
const FOREVER: Duration = Duration::from_hours(365 * 24);
