//! Connections that become something else: WebSocket and other upgrades, and CONNECT where it is allowed.

use std::cell::Cell;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version, header};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};

use super::journey::Journey;
use super::refusal::Refusal;
use crate::lab::HttpSettings;
use crate::meter::{Outcome, TimeoutKind};

/// What a client wants its connection to become.
pub(super) struct Wish {
    client: OnUpgrade,
    /// What it is to become; nothing for CONNECT.
    upgrade: Option<HeaderValue>,
    /// Where CONNECT wants to go.
    target: Option<Uri>,
}

/// A connection that is no HTTP any more, between a client and a server.
pub(in super::super) struct Tunnel {
    client: OnUpgrade,
    server: OnUpgrade,
    idle: Option<Duration>,
    carried: Carried,
}

/// What went through a tunnel so far; the request ends with it.
struct Carried {
    journey: Box<Journey>,
    up: Cell<u64>,
    down: Cell<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

impl Wish {
    /// Takes the wish out of a request, if the listener hears it. One that it does not hear is ignored, as RFC 9110
    /// section 7.8 allows; CONNECT is refused, because there is no other way to answer it.
    pub(super) fn of(head: &mut Parts, http: &HttpSettings) -> Result<Option<Self>, Refusal> {
        let client = head.extensions.remove::<OnUpgrade>();
        if head.method == Method::CONNECT {
            if !http.connect {
                let why = "CONNECT is not allowed on this listener";
                let refusal =
                    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, Outcome::BadRequest, why);
                return Err(refusal.closing());
            }
            return Ok(client.map(|client| Self {
                client,
                upgrade: None,
                target: Some(head.uri.clone()),
            }));
        }
        let upgrade = upgrade_of(head).filter(|_| http.upgrade);
        Ok(client.zip(upgrade).map(|(client, upgrade)| Self {
            client,
            upgrade: Some(upgrade),
            target: None,
        }))
    }

    /// Says it again to the server.
    pub(super) fn ask(&self, head: &mut Parts) {
        if let Some(upgrade) = &self.upgrade {
            head.headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            head.headers.insert(header::UPGRADE, upgrade.clone());
        }
        if let Some(target) = &self.target {
            head.uri.clone_from(target);
        }
    }

    pub(super) fn is_granted_by(&self, status: StatusCode) -> bool {
        match self.upgrade {
            Some(_) => status == StatusCode::SWITCHING_PROTOCOLS,
            None => status.is_success(),
        }
    }

    pub(super) fn into_client(self) -> OnUpgrade {
        self.client
    }
}

/// What an HTTP/1.1 request wants to upgrade to. `h2c` was taken out of HTTP/2 (RFC 9113 section 3.1), and a way
/// around the routes: requests inside of it would not be seen.
fn upgrade_of(head: &Parts) -> Option<HeaderValue> {
    if head.version != Version::HTTP_11 || !names_upgrade(&head.headers) {
        return None;
    }
    let mut values = head.headers.get_all(header::UPGRADE).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    let mut names = value.to_str().ok()?.split(',').map(str::trim);
    let h2c = names.any(|name| name.eq_ignore_ascii_case("h2c"));
    (!h2c).then(|| value.clone())
}

fn names_upgrade(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::CONNECTION).into_iter();
    let mut names = values.filter_map(|value| value.to_str().ok()).flat_map(|it| it.split(','));
    names.any(|name| name.trim().eq_ignore_ascii_case("upgrade"))
}

impl Tunnel {
    pub(super) fn new(
        client: OnUpgrade,
        server: OnUpgrade,
        journey: Box<Journey>,
        idle: Option<Duration>,
    ) -> Self {
        let carried = Carried { journey, up: Cell::new(0), down: Cell::new(0) };
        Self { client, server, idle, carried }
    }

    /// Carries both directions until both have ended. Dropped earlier, it counts as left by its client.
    pub(in super::super) async fn run(self) {
        let Self { client, server, idle, mut carried } = self;
        let Ok((client, server)) = tokio::try_join!(client, server) else {
            return carried.journey.end(Outcome::Reset);
        };
        let (from_client, to_client) = tokio::io::split(TokioIo::new(client));
        let (from_server, to_server) = tokio::io::split(TokioIo::new(server));
        let outcome = {
            let up = Direction { from: from_client, to: to_server, source: Side::Client };
            let down = Direction { from: from_server, to: to_client, source: Side::Server };
            let both = async { tokio::try_join!(up.carry(&carried.up), down.carry(&carried.down)) };
            tokio::select! {
                ended = both => match ended {
                    Ok(_) => Outcome::Carried,
                    Err(Side::Client) => Outcome::ClientLeft,
                    Err(Side::Server) => Outcome::Reset,
                },
                () = carried.silence(idle) => Outcome::TimedOut(TimeoutKind::Idle),
            }
        };
        carried.end(outcome);
    }
}

impl Carried {
    /// Waits until nothing has moved for so long, give or take a quarter of it.
    async fn silence(&self, idle: Option<Duration>) {
        let Some(idle) = idle else { return std::future::pending().await };
        let (mut quarters, mut before) = (0, 0);
        while quarters < 4 {
            tokio::time::sleep(idle / 4).await;
            let now = self.up.get() + self.down.get();
            quarters = if now == before { quarters + 1 } else { 0 };
            before = now;
        }
    }

    fn end(&mut self, outcome: Outcome) {
        self.journey.n_bytes_up = self.up.get();
        self.journey.n_bytes_out = self.down.get();
        self.journey.end(outcome);
    }
}

impl Drop for Carried {
    fn drop(&mut self) {
        self.end(Outcome::ClientLeft);
    }
}

/// One way through a tunnel.
struct Direction {
    from: ReadHalf<TokioIo<Upgraded>>,
    to: WriteHalf<TokioIo<Upgraded>>,
    source: Side,
}

impl Direction {
    /// Until the source has ended, which the other side is told. Or says who failed.
    async fn carry(mut self, n_bytes: &Cell<u64>) -> Result<(), Side> {
        let other = match self.source {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        };
        let mut room = vec![0; ROOM];
        loop {
            let n = self.from.read(&mut room).await.map_err(|_broken| self.source)?;
            if n == 0 {
                return self.to.shutdown().await.map_err(|_broken| other);
            }
            self.to.write_all(&room[..n]).await.map_err(|_broken| other)?;
            self.to.flush().await.map_err(|_broken| other)?;
            n_bytes.set(n_bytes.get() + n as u64);
        }
    }
}

const ROOM: usize = 16 * 1024;
