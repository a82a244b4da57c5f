//! A listener: an address where the proxy accepts, and what it speaks there.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::route::{Action, Route};
use super::tls::Tls;
use crate::period::Period;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listener {
    pub name: String,
    pub enabled: bool,
    /// `127.0.0.1:8080`, `[::1]:8080`; port 0 takes a free one.
    pub address: String,
    /// Allows an address that other machines can reach.
    pub exposed: bool,
    pub protocol: Protocol,
    pub tls: Option<Tls>,
    pub proxy_protocol: ProxyProtocolIn,
    /// Where everything goes when there are no routes.
    pub pool: Option<String>,
    /// The first route that matches decides.
    pub routes: Vec<Route>,
    pub http: HttpSettings,
    pub tcp: TcpSettings,
    pub udp: UdpSettings,
    pub forwarded: Forwarded,
    pub access_log: Option<AccessLog>,
}

impl Default for Listener {
    fn default() -> Self {
        Self {
            name: String::new(),
            enabled: true,
            address: String::new(),
            exposed: false,
            protocol: Protocol::Http,
            tls: None,
            proxy_protocol: ProxyProtocolIn::Off,
            pool: None,
            routes: Vec::new(),
            http: HttpSettings::default(),
            tcp: TcpSettings::default(),
            udp: UdpSettings::default(),
            forwarded: Forwarded::default(),
            access_log: None,
        }
    }
}

impl Listener {
    /// The enabled routes in order, with the `pool` shorthand as the last one, which matches everything.
    pub fn routes_in_force(&self) -> Vec<Cow<'_, Route>> {
        let written = self.routes.iter().filter(|route| route.enabled).map(Cow::Borrowed);
        let shorthand = self
            .pool
            .as_ref()
            .map(|pool| Cow::Owned(Route { to: Action::Pool(pool.clone()), ..Route::default() }));
        written.chain(shorthand).collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// HTTP/1.1 and HTTP/2, decrypted here when `tls` is set.
    #[default]
    Http,
    Tcp,
    Udp,
    /// TLS led on unopened; routes may look at the SNI name only.
    TlsPassthrough,
}

/// Whether a listener reads who the client was from the PROXY protocol, versions 1 and 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProxyProtocolIn {
    #[default]
    Off,
    /// Read when it is there. Safe only where every client may say who it is.
    Accept,
    /// A connection without it is closed.
    Require,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSettings {
    pub versions: HttpVersions,
    /// Lets `CONNECT` through. Off, because an open tunnel reaches more than was meant.
    pub connect: bool,
    /// WebSocket and other upgrades.
    pub upgrade: bool,
    /// Requests on one connection before it is closed in good order; none sets no end.
    pub keep_alive_requests: Option<u32>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            versions: HttpVersions::Both,
            connect: false,
            upgrade: true,
            keep_alive_requests: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HttpVersions {
    /// HTTP/2 with TLS by ALPN; without, for clients that start with it.
    #[default]
    Both,
    Http1,
    Http2,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TcpSettings {
    /// How long neither side may say anything.
    pub idle_timeout: Period,
}

impl Default for TcpSettings {
    /// Envoy's hour: long-lived connections are what L4 is for.
    fn default() -> Self {
        Self { idle_timeout: Period::from_secs(3_600) }
    }
}

/// UDP has no connections, so a client's address makes a session, which ends by silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UdpSettings {
    pub session_timeout: Period,
    pub sessions: u32,
}

impl Default for UdpSettings {
    fn default() -> Self {
        Self { session_timeout: Period::from_secs(60), sessions: 10_000 }
    }
}

/// What a server is told about the client and the way here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Forwarded {
    pub mode: ForwardedMode,
    pub style: ForwardedStyle,
    pub via: bool,
    pub request_id: bool,
    /// Names the server that answered in `X-Served-By`, so that a browser can see it.
    pub served_by: bool,
}

impl Default for Forwarded {
    fn default() -> Self {
        Self {
            mode: ForwardedMode::Append,
            style: ForwardedStyle::XForwarded,
            via: true,
            request_id: true,
            served_by: true,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForwardedMode {
    /// Adds to what the client sent, as a proxy behind a proxy must.
    #[default]
    Append,
    /// Overwrites what the client sent, as the outermost proxy should.
    Replace,
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForwardedStyle {
    /// `X-Forwarded-For`, `-Proto`, `-Host`, `-Port`.
    #[default]
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Standard,
    Both,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccessLog {
    /// A file; without one, standard output.
    pub file: Option<String>,
    pub format: AccessLogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessLogFormat {
    /// One readable line with the server and the times.
    #[default]
    Plain,
    /// The "common" format, as the first web servers wrote it.
    Common,
    /// The "combined" format that log tools know.
    Combined,
    Json,
}
