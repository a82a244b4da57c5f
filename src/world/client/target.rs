//! Where a client group sends, and what is spoken there.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ClientConfig;

use crate::lab::HttpVersion;

#[derive(Debug, Clone)]
pub struct Target {
    pub address: SocketAddr,
    /// For `Host` and for TLS, unless the request names another.
    pub host: String,
    pub tls: Option<Arc<ClientConfig>>,
    pub speaks: Speaks,
    /// Whether it reads the PROXY protocol, for systems without a wide loopback.
    pub takes_proxy_protocol: bool,
    /// Whether `X-Forwarded-For` may stand in. Not towards strangers.
    pub takes_forwarded: bool,
}

/// What the listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    Http,
    /// A connection for each request, whose bytes come back.
    Tcp,
    /// Datagrams that come back.
    Udp,
}

impl Target {
    /// HTTP in the clear.
    pub fn http(address: SocketAddr) -> Self {
        Self {
            address,
            host: address.to_string(),
            tls: None,
            speaks: Speaks::Http,
            takes_proxy_protocol: false,
            takes_forwarded: true,
        }
    }

    /// Whether connections to one are connections to the other.
    pub(super) fn is_same_place(&self, other: &Self) -> bool {
        let same_tls = match (&self.tls, &other.tls) {
            (None, None) => true,
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            _ => false,
        };
        self.address == other.address
            && self.host == other.host
            && self.speaks == other.speaks
            && same_tls
    }

    /// The same with TLS that offers this version of HTTP and no other.
    pub(super) fn offering(mut self, http: HttpVersion) -> Self {
        if let (Some(tls), Speaks::Http) = (&self.tls, self.speaks) {
            let mut tls = ClientConfig::clone(tls);
            tls.alpn_protocols = match http {
                HttpVersion::Http1 => vec![b"http/1.1".to_vec()],
                HttpVersion::Http2 => vec![b"h2".to_vec()],
            };
            self.tls = Some(Arc::new(tls));
        }
        self
    }

    /// The host without its port.
    pub(super) fn name_of(host: &str) -> &str {
        match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                name.trim_start_matches('[').trim_end_matches(']')
            }
            _ => host.trim_start_matches('[').trim_end_matches(']'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_loses_its_port_and_its_brackets() {
        for (host, name) in
            [("a.test:80", "a.test"), ("a.test", "a.test"), ("[::1]:8", "::1"), ("[::1]", "::1")]
        {
            assert_eq!(Target::name_of(host), name);
        }
    }
}
