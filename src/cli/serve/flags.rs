//! The flags of `serve` that stand for a small lab.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use clap::Args;

use crate::cli::outcome::Failure;
use crate::lab::{
    AccessLog, AccessLogFormat, Action, ActiveCheck, AppCookie, CertificateFiles, Certificates,
    Checked, Health, InsertedCookie, Key, Lab, Listener, Pool, Probe, Problem, Protocol,
    ProxyProtocolIn, Retries, RetryOn, Route, Server, SourceTable, Stickiness, Tls, Upstream,
    UpstreamProtocol, algorithm_text,
};

#[derive(Debug, Args)]
#[command(next_help_heading = "Without a lab file")]
pub(super) struct Flags {
    /// Where to listen: `[HOST:]PORT[,tls[=CERT:KEY]][,proxy-protocol]`; may be repeated
    #[arg(long, value_name = "ADDR", conflicts_with = "lab")]
    listen: Vec<Listen>,
    /// A server: `[http://|https://|h2c://]HOST:PORT[,weight=N][,backup]`; may be repeated
    #[arg(long, value_name = "ADDR", conflicts_with = "lab")]
    to: Vec<To>,
    /// Carry TCP connections as they are
    #[arg(long, conflicts_with_all = ["lab", "udp"])]
    l4: bool,
    /// Carry UDP datagrams
    #[arg(long, conflicts_with = "lab")]
    udp: bool,
    /// How a server is chosen; `evenkeel algorithms` lists all; without one in turn, and by weight if there are weights
    #[arg(long, value_name = "ALGORITHM", conflicts_with = "lab")]
    algorithm: Option<String>,
    /// What algorithms with a key look at: address, header:N, cookie:N, query:N, path, uri, sni
    #[arg(long, value_name = "KEY", default_value = "address", conflicts_with = "lab")]
    key: KeyFlag,
    /// Keep clients on their server: cookie (a cookie of the proxy), cookie:NAME (the application's), source
    #[arg(long, value_name = "HOW", conflicts_with = "lab")]
    sticky: Option<Sticky>,
    /// How servers are checked: off, tcp, `http:/path`
    #[arg(long, value_name = "HOW", default_value = "tcp", conflicts_with = "lab")]
    health: HealthFlag,
    /// How often a request is tried again at another server, where that is safe
    #[arg(long, value_name = "N", conflicts_with = "lab", value_parser = clap::value_parser!(u32).range(0..=16))]
    retries: Option<u32>,
    /// Write a line for every request to a file, or to standard output (-)
    #[arg(long, value_name = "FILE|-", conflicts_with = "lab")]
    log: Option<String>,
    /// The form of those lines: plain, common, combined, json; without one plain, and json between lines of --json
    #[arg(long, value_name = "FORMAT", requires = "log")]
    log_format: Option<LogFormat>,
}

impl Flags {
    /// The lab that the flags stand for.
    pub(super) fn lab(&self, workers: Option<u32>, output: Output) -> Result<Checked, Failure> {
        if self.listen.is_empty() || self.to.is_empty() {
            return Err(self.incomplete());
        }
        let access_log = self.access_log(output)?;
        let servers = self.servers()?;
        // Plain round robin looks at no weight, and whoever writes one means it.
        let weighted = servers.iter().any(|server| server.weight != 1);
        let in_turn = if weighted { "weighted" } else { "round-robin" };
        let algorithm = algorithm_text::parse(self.algorithm.as_deref().unwrap_or(in_turn))
            .map_err(|error| Failure::option("--algorithm", error.to_string()))?;
        let listens = self.listen.iter().enumerate();
        let lab = Lab {
            workers,
            listeners: listens.map(|it| self.listener(it, access_log.clone())).collect(),
            pools: vec![Pool {
                name: POOL.to_owned(),
                algorithm,
                key: self.key.0.clone(),
                servers,
                stickiness: self.sticky.as_ref().map_or(Stickiness::Off, |it| it.0.clone()),
                health: self.health.0.clone(),
                upstream: self.upstream()?,
                ..Pool::default()
            }],
            ..Lab::default()
        };
        Checked::new(lab).map_err(|problems| self.refused(&problems))
    }

    /// Which of the two ways to serve was meant may be open, so that both are told.
    fn incomplete(&self) -> Failure {
        let (option, what) = match (self.listen.is_empty(), self.to.is_empty()) {
            (false, true) => ("--to", "it is missing"),
            (true, false) => ("--listen", "it is missing"),
            _ => ("serve", "nothing is named to serve"),
        };
        let remedy = "name either a lab file, as in `evenkeel serve shop.ron`, or where to listen and whom to lead to, \
                      as in `evenkeel serve --listen 8080 --to 127.0.0.1:3000`";
        Failure::option(option, format!("{what}: {remedy}"))
    }

    fn access_log(&self, output: Output) -> Result<Option<AccessLog>, Failure> {
        let Some(file) = &self.log else { return Ok(None) };
        let file = (file != "-").then(|| file.clone());
        let between_json = file.is_none() && output == Output::Json;
        let format = match self.log_format {
            None if between_json => AccessLogFormat::Json,
            None => AccessLogFormat::default(),
            Some(LogFormat(format)) if between_json && format != AccessLogFormat::Json => {
                let remedy = "leave it out, or write the log to a file: --log FILE";
                let problem = format!("with --json a log on standard output is JSON: {remedy}");
                return Err(Failure::option("--log-format", problem));
            }
            Some(LogFormat(format)) => format,
        };
        Ok(Some(AccessLog { file, format }))
    }

    fn listener(
        &self,
        (index, listen): (usize, &Listen),
        access_log: Option<AccessLog>,
    ) -> Listener {
        let protocol = match (self.l4, self.udp) {
            (true, _) => Protocol::Tcp,
            (false, true) => Protocol::Udp,
            (false, false) => Protocol::Http,
        };
        let mut listener = Listener {
            name: if index == 0 { "front".to_owned() } else { format!("front-{}", index + 1) },
            address: listen.address.to_string(),
            // Whoever types a wide address means it.
            exposed: !listen.address.ip().is_loopback(),
            protocol,
            tls: listen.tls.clone(),
            proxy_protocol: listen.proxy_protocol,
            access_log: access_log.filter(|_| protocol == Protocol::Http),
            ..Listener::default()
        };
        match self.retries.filter(|_| protocol == Protocol::Http) {
            None => listener.pool = Some(POOL.to_owned()),
            Some(again) => {
                let retries = Retries {
                    attempts: again + 1,
                    on: vec![RetryOn::Connect, RetryOn::Reset],
                    ..Retries::default()
                };
                let to = Action::Pool(POOL.to_owned());
                listener.routes = vec![Route { to, retries, ..Route::default() }];
            }
        }
        listener
    }

    /// Each is called as it was typed, so that one knows it in logs and headers.
    fn servers(&self) -> Result<Vec<Server>, Failure> {
        let mut servers: Vec<Server> = Vec::new();
        for to in &self.to {
            if servers.iter().any(|server| server.name == to.address) {
                return Err(Failure::option("--to", format!("{} is there twice", to.address)));
            }
            servers.push(Server {
                name: to.address.clone(),
                weight: to.weight,
                priority: u32::from(to.backup),
                address: Some(to.address.clone()),
                ..Server::default()
            });
        }
        Ok(servers)
    }

    fn upstream(&self) -> Result<Upstream, Failure> {
        let mut protocols = self.to.iter().map(|to| to.protocol);
        let protocol = protocols.next().unwrap_or_default();
        if protocols.any(|other| other != protocol) {
            let problem = "all servers are spoken to alike: write the same scheme before each";
            return Err(Failure::option("--to", problem));
        }
        Ok(Upstream { protocol, ..Upstream::default() })
    }

    /// What is wrong, by the flag that it comes from.
    fn refused(&self, problems: &[Problem]) -> Failure {
        let Some(first) = problems.iter().find(|problem| problem.is_error()) else {
            return Failure::option("--listen", "it cannot be served");
        };
        let flags = [
            ("algorithm", "--algorithm"),
            ("stickiness", "--sticky"),
            ("health", "--health"),
            ("key", "--key"),
            ("retries", "--retries"),
            ("servers", "--to"),
            ("listeners", "--listen"),
        ];
        let named = flags.iter().find(|(part, _)| first.path.contains(part));
        let flag = named.map_or("--listen", |(_, flag)| flag);
        Failure::option(flag, format!("{}: {}", first.what, self.remedy(flag, first)))
    }

    /// Problems tell what to write into a lab; whoever gave flags has none.
    fn remedy(&self, flag: &str, problem: &Problem) -> String {
        let carried = match (self.l4, self.udp) {
            (_, true) => "--udp",
            (true, _) => "--l4",
            _ => return problem.remedy.clone(),
        };
        match flag {
            "--sticky" => format!("use --sticky source, or leave {carried} out"),
            "--key" => format!("use --key address, or leave {carried} out"),
            _ => problem.remedy.clone(),
        }
    }
}

/// For whom standard output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    People,
    Json,
}

/// `[HOST:]PORT[,tls[=CERT:KEY]][,proxy-protocol]`
#[derive(Debug, Clone, PartialEq)]
struct Listen {
    address: SocketAddr,
    tls: Option<Tls>,
    proxy_protocol: ProxyProtocolIn,
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(',');
        let address = listen_address(parts.next().unwrap_or_default())?;
        let mut listen = Self { address, tls: None, proxy_protocol: ProxyProtocolIn::Off };
        for part in parts {
            match part.split_once('=') {
                Some(("tls", pair)) => listen.tls = Some(certificate(pair)?),
                None if part == "tls" => listen.tls = Some(Tls::default()),
                None if part == "proxy-protocol" => {
                    listen.proxy_protocol = ProxyProtocolIn::Require;
                }
                _ => {
                    let remedy = "write tls, tls=CERT:KEY or proxy-protocol";
                    return Err(format!("`{part}` is no setting of a listener: {remedy}"));
                }
            }
        }
        Ok(listen)
    }
}

/// A port alone is one of this machine's own.
pub(in crate::cli) fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    if let Ok(port) = text.trim_start_matches(':').parse() {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    if let Some(port) = text.strip_prefix("localhost:").and_then(|port| port.parse().ok()) {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    text.parse().map_err(|_not_an_address| {
        format!("`{text}` is no address to listen on: write 8080 or 127.0.0.1:8080")
    })
}

/// Two paths with a colon between them; the colon after a drive's letter is none of those.
fn certificate(pair: &str) -> Result<Tls, String> {
    let is_between = |&(at, _): &(usize, &str)| {
        let is_drive = at == 1
            || pair[..at].ends_with(|c: char| c.is_ascii_alphabetic()) && {
                pair[..at].chars().rev().nth(1) == Some(':')
            };
        !(is_drive && pair[at + 1..].starts_with(['\\', '/']) && cfg!(windows))
    };
    let colon = pair.match_indices(':').find(is_between);
    let Some((at, _)) = colon.filter(|(at, _)| *at > 0 && at + 1 < pair.len()) else {
        return Err(format!("`{pair}` is no pair of files: write CERT:KEY"));
    };
    let files = CertificateFiles {
        certificate: pair[..at].to_owned(),
        key: pair[at + 1..].to_owned(),
        hosts: Vec::new(),
    };
    Ok(Tls { certificates: Certificates::Files(vec![files]), ..Tls::default() })
}

/// `[http://|https://|h2c://]HOST:PORT[,weight=N][,backup]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct To {
    protocol: UpstreamProtocol,
    address: String,
    weight: u32,
    backup: bool,
}

impl FromStr for To {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(',');
        let written = parts.next().unwrap_or_default().trim();
        let (protocol, rest, usual) = match written.split_once("://") {
            None => (UpstreamProtocol::Http1, written, None),
            Some(("http", rest)) => (UpstreamProtocol::Http1, rest, Some(80)),
            Some(("https", rest)) => (UpstreamProtocol::Https, rest, Some(443)),
            Some(("h2c", rest)) => (UpstreamProtocol::H2c, rest, Some(80)),
            Some((scheme, _)) => {
                let remedy = "write http://, https:// or h2c://";
                return Err(format!("`{scheme}` is no scheme for a server: {remedy}"));
            }
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let mut to = Self { protocol, address: address(rest, usual)?, weight: 1, backup: false };
        for part in parts {
            match part.split_once('=') {
                Some(("weight", weight)) => {
                    to.weight = weight.parse().map_err(|_not_a_number| {
                        format!("`{weight}` is no weight: write a whole number")
                    })?;
                }
                None if part == "backup" => to.backup = true,
                _ => {
                    return Err(format!(
                        "`{part}` is no setting of a server: write weight=N or backup"
                    ));
                }
            }
        }
        Ok(to)
    }
}

fn address(text: &str, usual_port: Option<u16>) -> Result<String, String> {
    if text.contains('/') || text.is_empty() {
        return Err(format!("`{text}` is no server: write HOST:PORT, without a path"));
    }
    if let Ok(port) = text.trim_start_matches(':').parse::<u16>() {
        return Ok(format!("127.0.0.1:{port}"));
    }
    let parts =
        text.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']'));
    let number = parts.map_or("", |(_, port)| port);
    if number.len() > 1
        && number.bytes().all(|it| it.is_ascii_digit())
        && number.parse::<u16>().is_err()
    {
        return Err(format!("`{text}`: there is no port {number}: write one up to 65535"));
    }
    let has_port = number.parse::<u16>().is_ok();
    match (has_port, usual_port) {
        (true, _) => Ok(text.to_owned()),
        (false, Some(port)) => Ok(format!("{text}:{port}")),
        (false, None) => Err(format!("`{text}` has no port: write HOST:PORT")),
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct KeyFlag(Key);

impl FromStr for KeyFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let key = match text.split_once(':') {
            None => match text {
                "address" => Key::Address,
                "path" => Key::Path,
                "uri" => Key::Uri,
                "sni" => Key::Sni,
                _ => return Err(unknown_key(text)),
            },
            Some((_, "")) => return Err(format!("`{text}` names nothing: write {text}NAME")),
            Some(("header", name)) => Key::Header(name.to_owned()),
            Some(("cookie", name)) => Key::Cookie(name.to_owned()),
            Some(("query", name)) => Key::Query(name.to_owned()),
            Some(_) => return Err(unknown_key(text)),
        };
        Ok(Self(key))
    }
}

fn unknown_key(text: &str) -> String {
    let keys = "address, header:NAME, cookie:NAME, query:NAME, path, uri or sni";
    format!("`{text}` is no key: write {keys}")
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Sticky(Stickiness);

impl FromStr for Sticky {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let stickiness = match text.split_once(':') {
            None if text == "cookie" => Stickiness::Inserted(InsertedCookie::default()),
            None if text == "source" => Stickiness::Source(SourceTable::default()),
            Some(("cookie", name)) if !name.is_empty() => {
                Stickiness::Application(AppCookie { name: name.to_owned(), ..AppCookie::default() })
            }
            _ => {
                let remedy = "write cookie, cookie:NAME or source";
                return Err(format!("`{text}` keeps nobody at a server: {remedy}"));
            }
        };
        Ok(Self(stickiness))
    }
}

#[derive(Debug, Clone, PartialEq)]
struct HealthFlag(Health);

impl FromStr for HealthFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let probe = match text.split_once(':') {
            None if text == "off" => None,
            None if text == "tcp" => Some(Probe::Tcp),
            Some(("http", path)) if path.starts_with('/') => Some(Probe::Http {
                path: path.to_owned(),
                status: (200, 399),
                body: None,
                host: None,
            }),
            _ => return Err(format!("`{text}` is no check: write off, tcp or http:/path")),
        };
        let active = probe.map(|probe| ActiveCheck { probe, ..ActiveCheck::default() });
        Ok(Self(Health { active, ..Health::default() }))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LogFormat(AccessLogFormat);

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self(match text {
            "plain" => AccessLogFormat::Plain,
            "common" => AccessLogFormat::Common,
            "combined" => AccessLogFormat::Combined,
            "json" => AccessLogFormat::Json,
            _ => return Err(format!("`{text}` is no form: write plain, common, combined or json")),
        }))
    }
}

const POOL: &str = "web";
