//! TLS on a listener: which certificates, which versions, which protocols inside.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    pub certificates: Certificates,
    pub min_version: TlsVersion,
    /// Protocols offered, best first; none offers what the listener speaks.
    pub alpn: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Certificates {
    /// Made by the lab's own authority for these host names, for use on this machine.
    Local { hosts: Vec<String> },
    /// From files; the name a client asks for (SNI) picks one, and the first answers all other names.
    Files(Vec<CertificateFiles>),
}

impl Default for Certificates {
    fn default() -> Self {
        Self::Local { hosts: vec!["localhost".to_owned()] }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CertificateFiles {
    /// PEM, the server's own certificate first, then the chain.
    pub certificate: String,
    /// PEM.
    pub key: String,
    /// The names it answers to; none takes them from the certificate.
    pub hosts: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum TlsVersion {
    #[default]
    #[serde(rename = "tls1_2")]
    Tls12,
    #[serde(rename = "tls1_3")]
    Tls13,
}
