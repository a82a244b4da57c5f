//! What can be wrong with certificates, keys and authorities, and what to do about it.

use std::io;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("the {what} {} cannot be read: {source}", path.display())]
    Unreadable { what: &'static str, path: PathBuf, source: io::Error },

    #[error(
        "the file {} holds no {what} in PEM form{detail}: a PEM file has lines like `-----BEGIN …-----`",
        path.display()
    )]
    NotPem { what: &'static str, path: PathBuf, detail: String },

    #[error(
        "the key {} does not fit the certificate {}: use the key the certificate was made for, and put the server's own \
         certificate first in its file",
        key.display(), certificate.display()
    )]
    KeyDoesNotFit { key: PathBuf, certificate: PathBuf },

    #[error("the key {} is of no use: {reason}; RSA, ECDSA (P-256, P-384) and Ed25519 keys are", path.display())]
    BadKey { path: PathBuf, reason: String },

    #[error(
        "the listener's TLS names no certificate: name files, or let the local authority make one"
    )]
    NoCertificate,

    #[error(
        "the local authority cannot make a certificate for {hosts}: {reason}; use host names and IP addresses"
    )]
    BadHosts { hosts: String, reason: String },

    #[error(
        "the local authority's file {} is of no use: {reason}; delete it and a new authority is made, which browsers must \
         be told to trust again",
        path.display()
    )]
    BadAuthority { path: PathBuf, reason: String },

    #[error("the local authority's file {} cannot be written: {source}", path.display())]
    Unwritable { path: PathBuf, source: io::Error },

    #[error("`{name}` is no name to ask a server for: use a host name or an IP address")]
    BadServerName { name: String },

    #[error(
        "the system names no authority to trust{detail}: name one in `authority_file`, or set `verify: nothing` for \
         servers on this machine"
    )]
    NoAuthorities { detail: String },

    #[error("TLS cannot be set up: {0}")]
    Unusable(#[from] rustls::Error),
}

/// What is wrong but does not stop a listener: an expired certificate still serves who does not mind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsWarning {
    #[error("the certificate {} has expired: clients will refuse it until it is renewed", path.display())]
    Expired { path: PathBuf },

    #[error("the certificate {} is not valid yet: clients will refuse it until it is", path.display())]
    NotValidYet { path: PathBuf },

    #[error("the names in the certificate {} cannot be read: name them in `hosts`", path.display())]
    NoNames { path: PathBuf },

    #[error("not all of the system's authorities could be read: {0}")]
    SystemRoots(String),
}
