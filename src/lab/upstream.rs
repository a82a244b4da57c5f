//! The proxy's side towards its servers: protocol, connections, who it says it is.

use serde::{Deserialize, Serialize};

use crate::period::Period;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Upstream {
    pub protocol: UpstreamProtocol,
    pub tls: UpstreamTls,
    pub connect_timeout: Period,
    /// Connections to one server, over all workers; none sets no limit.
    pub connections: Option<u32>,
    /// Idle connections to one server that each worker keeps; 0 closes each after its answer.
    pub idle_connections: u32,
    pub idle_timeout: Period,
    /// Requests on one connection before it is closed; none sets no limit.
    pub requests_per_connection: Option<u32>,
    pub proxy_protocol: ProxyProtocolOut,
}

impl Default for Upstream {
    /// Envoy's five seconds to connect, NGINX's minute of idling.
    fn default() -> Self {
        Self {
            protocol: UpstreamProtocol::Http1,
            tls: UpstreamTls::default(),
            connect_timeout: Period::from_secs(5),
            connections: None,
            idle_connections: 64,
            idle_timeout: Period::from_secs(60),
            requests_per_connection: None,
            proxy_protocol: ProxyProtocolOut::Off,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpstreamProtocol {
    #[default]
    Http1,
    /// HTTP/2 without TLS, started with prior knowledge. gRPC needs this or `https`.
    H2c,
    /// TLS, with HTTP/2 where the server offers it.
    Https,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UpstreamTls {
    pub verify: Verify,
    /// PEM with the authorities to trust beside the system's.
    pub authority_file: Option<String>,
    /// The name asked for and verified; without one, the host of the server's address.
    pub server_name: Option<String>,
    pub http2: Http2Offer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    #[default]
    Full,
    /// Any certificate will do: for servers on this machine with certificates of their own.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Http2Offer {
    #[default]
    Offer,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProxyProtocolOut {
    #[default]
    Off,
    V1,
    V2,
}
