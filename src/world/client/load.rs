//! Load for one address, as `evenkeel load` makes it: the same client group, alone in a world of its own.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use rustls::ClientConfig;

use super::{Answers, ClientHandle, ClientSettings, Gauges, Shown, Speaks, Target, Traffic};
use crate::lab::{Carrier, Client, HttpVersion, Identities, RequestKind};
use crate::meter::{LatencyReading, MeterReading};
use crate::model::{Arrivals, Latency};
use crate::period::{Clock, Period};
use crate::world::{World, WorldError, WorldSettings};

/// What `evenkeel load` was asked for.
#[derive(Debug, Clone)]
pub struct LoadSettings {
    /// `http://host:port/path` or `https://…`.
    pub url: String,
    pub pace: Pace,
    pub duration: Period,
    pub http: HttpVersion,
    pub keep_alive: bool,
    pub identities: u32,
    pub cookies: bool,
    pub method: String,
    pub headers: BTreeMap<String, String>,
    pub body_bytes: u32,
    pub timeout: Period,
    pub seed: u64,
    /// For `https`. Whom it trusts is the caller's choice.
    pub tls: Option<Arc<ClientConfig>>,
}

/// How requests follow each other.
#[derive(Debug, Clone, PartialEq)]
pub enum Pace {
    /// Evenly, whatever the answers do.
    PerSecond(f64),
    /// Each user waits for the answer, thinks, and asks again.
    Users { count: u32, think: Latency },
}

#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("`{0}` is no address to load: write http://host:port/path or https://…")]
    Url(String),
    #[error("`{0}` needs TLS settings, and there are none")]
    NoTls(String),
    #[error("`{text}` is no rate: write requests per second up to 1000000, such as 500/s")]
    Rate { text: String },
    #[error("{what}: {flaw}")]
    Setting { what: &'static str, flaw: String },
    #[error("the host `{host}` is not known: {source}")]
    Host { host: String, source: std::io::Error },
    #[error("nothing answers at {address}: {source}")]
    Unreachable { address: SocketAddr, source: std::io::Error },
    #[error(transparent)]
    World(#[from] WorldError),
}

impl Default for LoadSettings {
    fn default() -> Self {
        Self {
            url: String::new(),
            pace: Pace::Users { count: 10, think: Latency::Constant(Period::ZERO) },
            duration: Period::from_secs(10),
            http: HttpVersion::Http1,
            keep_alive: true,
            identities: 1,
            cookies: false,
            method: "GET".to_owned(),
            headers: BTreeMap::new(),
            body_bytes: 0,
            timeout: Period::from_secs(10),
            seed: 1,
            tls: None,
        }
    }
}

impl Pace {
    /// `500/s`, `500` or `30/m`.
    pub fn rate(text: &str) -> Result<Self, LoadError> {
        let refuse = || LoadError::Rate { text: text.chars().take(40).collect() };
        let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
        let seconds = match unit.trim() {
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            _ => return Err(refuse()),
        };
        let number: f64 = number.trim().replace('_', "").parse().map_err(|_no_number| refuse())?;
        let pace = Self::PerSecond(number / seconds);
        let sound = number > 0.0 && pace.arrivals().flaws().is_empty();
        if sound { Ok(pace) } else { Err(refuse()) }
    }

    fn arrivals(&self) -> Arrivals {
        match self {
            Self::PerSecond(per_second) => Arrivals::Steady { per_second: *per_second },
            Self::Users { count, think } => {
                Arrivals::Closed { users: *count, think: think.clone() }
            }
        }
    }
}

/// Load under way. No call waits for the network but [`Load::start`], which looks whether anybody is there.
pub struct Load {
    client: ClientHandle,
    clock: Arc<dyn Clock>,
    began_ns: u64,
    duration: Period,
    timeout: Period,
    asked_per_second: Option<f64>,
    /// Last: its threads end when nobody needs them any more.
    _world: World,
}

/// How it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadProgress {
    pub elapsed: Period,
    pub reading: MeterReading,
    pub gauges: Gauges,
    pub answers: Answers,
    /// All that was to be sent is sent and has ended.
    pub is_done: bool,
}

/// How it went.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadReport {
    /// From the beginning to the last answer, at least as long as was asked for.
    pub elapsed: Period,
    /// Requests, outcomes, bytes, and latency from when each request should have been sent.
    pub reading: MeterReading,
    /// Latency from when it was sent.
    pub from_send: LatencyReading,
    pub gauges: Gauges,
    pub answers: Answers,
    /// Requests started per second of the time asked for.
    pub sent_per_second: f64,
    /// Requests finished per second of `elapsed`.
    pub finished_per_second: f64,
    /// Of an open loop.
    pub asked_per_second: Option<f64>,
    pub shown: Shown,
}

impl Load {
    pub fn start(settings: &LoadSettings, clock: Arc<dyn Clock>) -> Result<Self, LoadError> {
        let (target, path) = settings.target()?;
        let client = settings.client(path)?;
        let world =
            World::start(WorldSettings { threads: 1, ..WorldSettings::new(Arc::clone(&clock)) })?;
        let began_ns = clock.now_ns();
        let asked_per_second = client.arrivals.rate_at(0);
        let client = world.start_client(ClientSettings {
            client,
            target,
            seed: settings.seed,
            stream: 0,
            traffic: Arc::new(Traffic::new(began_ns, u32::MAX)),
            from_ns: 0,
            until_ns: Some(settings.duration.ns()),
        })?;
        let LoadSettings { duration, timeout, .. } = *settings;
        Ok(Self { client, clock, began_ns, duration, timeout, asked_per_second, _world: world })
    }

    pub fn progress(&self) -> LoadProgress {
        let elapsed = Period::from_ns(self.clock.now_ns().saturating_sub(self.began_ns));
        let gauges = self.client.gauges();
        let reading = self.client.meter().read();
        let all_ended =
            gauges.in_flight == 0 && reading.counters.started == reading.counters.finished();
        // Whoever was asked last has given up by then; a little more for the telling.
        let latest_ns = self.duration.ns() + self.timeout.ns() + GRACE_NS;
        let is_over = elapsed.ns() >= self.duration.ns() + SETTLE_NS && all_ended;
        let is_done = is_over || elapsed.ns() >= latest_ns;
        LoadProgress { elapsed, reading, gauges, answers: self.client.answers(), is_done }
    }

    /// Ends it and says how it went, at any time.
    pub fn finish(self) -> LoadReport {
        let now_ns = self.clock.now_ns().saturating_sub(self.began_ns);
        let reading = self.client.meter().read();
        let gauges = self.client.gauges();
        let sending = Period::from_ns(self.duration.ns().min(now_ns));
        let until_ns = if gauges.in_flight > 0 { now_ns } else { self.client.last_answer_ns() };
        let elapsed = Period::from_ns(until_ns.max(sending.ns()));
        let rate = |count: u64, over: Period| count as f64 / over.secs().max(1e-9);
        LoadReport {
            elapsed,
            sent_per_second: rate(reading.counters.started, sending),
            finished_per_second: rate(reading.counters.finished(), elapsed),
            from_send: self.client.latency_from_send(),
            answers: self.client.answers(),
            asked_per_second: self.asked_per_second,
            shown: self.client.shown(),
            gauges,
            reading,
        }
    }
}

impl LoadSettings {
    /// The client group that does what was asked.
    fn client(&self, path: String) -> Result<Client, LoadError> {
        let arrivals = self.pace.arrivals();
        if let Some(flaw) = arrivals.flaws().first() {
            return Err(LoadError::Setting {
                what: "the rate or the users",
                flaw: flaw.to_string(),
            });
        }
        let kind = RequestKind {
            method: self.method.clone(),
            path,
            headers: self.headers.clone(),
            body_bytes: self.body_bytes,
            ..RequestKind::default()
        };
        let sound = |name: &str, value: &str| {
            http::HeaderName::from_bytes(name.as_bytes()).is_ok()
                && http::HeaderValue::from_str(value).is_ok()
        };
        if let Some((name, value)) = self.headers.iter().find(|(name, value)| !sound(name, value)) {
            let flaw = format!("`{name}: {value}` cannot be one");
            return Err(LoadError::Setting { what: "the headers", flaw });
        }
        if http::Method::from_bytes(self.method.as_bytes()).is_err() {
            let flaw = format!("`{}` cannot be one", self.method);
            return Err(LoadError::Setting { what: "the method", flaw });
        }
        Ok(Client {
            name: "load".to_owned(),
            arrivals,
            http: self.http,
            keep_alive: self.keep_alive,
            identities: Identities {
                count: self.identities.clamp(1, IDENTITIES_MAX),
                shown_by: Carrier::Loopback,
            },
            cookies: self.cookies,
            requests: vec![kind],
            timeout: self.timeout,
            ..Client::default()
        })
    }

    /// Where that is, and the path there.
    fn target(&self) -> Result<(Target, String), LoadError> {
        let shown = || LoadError::Url(self.url.chars().take(200).collect());
        let url: Uri = self.url.parse().map_err(|_no_url| shown())?;
        let (default_port, is_secure) = match url.scheme_str() {
            Some("http") => (80, false),
            Some("https") => (443, true),
            _ => return Err(shown()),
        };
        let authority = url.authority().filter(|authority| !authority.as_str().contains('@'));
        let authority = authority.ok_or_else(shown)?;
        let port = authority.port_u16().unwrap_or(default_port);
        let name = Target::name_of(authority.as_str()).to_owned();
        let tls = match (&self.tls, is_secure) {
            (_, false) => None,
            (Some(tls), true) => Some(Arc::clone(tls)),
            (None, true) => return Err(LoadError::NoTls(self.url.clone())),
        };
        let path = url.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let target = Target {
            address: reachable(&name, port)?,
            host: authority.to_string(),
            tls,
            speaks: Speaks::Http,
            takes_proxy_protocol: false,
            // A stranger's server is told no invented senders.
            takes_forwarded: false,
        };
        Ok((target, path))
    }
}

/// The first of the host's addresses where somebody listens.
fn reachable(host: &str, port: u16) -> Result<SocketAddr, LoadError> {
    let unknown = |source| LoadError::Host { host: host.to_owned(), source };
    let addresses = (host, port).to_socket_addrs().map_err(unknown)?;
    let mut failure = unknown(std::io::ErrorKind::NotFound.into());
    for address in addresses.take(ADDRESSES_MAX) {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(_somebody) => return Ok(address),
            Err(source) => failure = LoadError::Unreachable { address, source },
        }
    }
    Err(failure)
}

const IDENTITIES_MAX: u32 = 1_000_000;
const ADDRESSES_MAX: usize = 8;
const CONNECT: Duration = Duration::from_secs(3);
/// What was due in the last moment has been sent by then.
const SETTLE_NS: u64 = 20_000_000;
const GRACE_NS: u64 = 500_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_as_people_write_it() {
        for (text, per_second) in
            [("500/s", 500.0), ("500", 500.0), ("30/m", 0.5), ("1_000 / s", 1_000.0)]
        {
            assert_eq!(Pace::rate(text).unwrap(), Pace::PerSecond(per_second), "{text}");
        }
        for text in ["", "0/s", "-1/s", "fast", "5/week", "2000000/s", "NaN", "inf"] {
            assert!(Pace::rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_loaded_is_refused_with_a_remedy() {
        let refused = |url: &str| {
            let settings = LoadSettings { url: url.to_owned(), ..LoadSettings::default() };
            settings.target().unwrap_err().to_string()
        };
        for url in ["", "127.0.0.1:80", "ftp://a/", "http://", "http://user@127.0.0.1/"] {
            assert!(refused(url).contains("write http://"), "{url}: {}", refused(url));
        }
        assert!(refused("https://127.0.0.1:1/").contains("TLS"));
        assert!(refused("http://127.0.0.1:1/").starts_with("nothing answers at 127.0.0.1:1"));
    }
}
