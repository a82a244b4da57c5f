//! Handshakes with clients and servers, and plain words for why one failed.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{
    AlertDescription, ClientConfig, CommonState, Error, PeerIncompatible, ProtocolVersion,
    ServerConfig,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use crate::lab::TlsVersion;

/// A stream whose handshake is done, and what was agreed in it.
pub struct Secured<S> {
    pub stream: S,
    pub agreed: Agreed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// The name the client asked for.
    pub sni: Option<String>,
    pub alpn: Option<Alpn>,
    pub version: TlsVersion,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alpn {
    Http1,
    Http2,
    Other(Vec<u8>),
}

/// Greets a client. The time limit is on the whole handshake, so that a client that dribbles bytes holds nothing for long.
pub async fn accept<S>(
    stream: S,
    config: &Arc<ServerConfig>,
    limit: Duration,
) -> Result<Secured<server::TlsStream<S>>, HandshakeFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let handshake = TlsAcceptor::from(Arc::clone(config)).accept(stream);
    let stream = finish(handshake, limit).await?;
    let state = stream.get_ref().1;
    let agreed = agreed(state, state.server_name().map(str::to_owned));
    Ok(Secured { stream, agreed })
}

/// Greets a server.
pub async fn connect<S>(
    stream: S,
    config: &Arc<ClientConfig>,
    name: &ServerName<'static>,
    limit: Duration,
) -> Result<Secured<client::TlsStream<S>>, HandshakeFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let handshake = TlsConnector::from(Arc::clone(config)).connect(name.clone(), stream);
    let stream = finish(handshake, limit).await?;
    let sni = match name {
        ServerName::DnsName(name) => Some(name.as_ref().to_owned()),
        _ => None,
    };
    let agreed = agreed(stream.get_ref().1, sni);
    Ok(Secured { stream, agreed })
}

async fn finish<T>(
    handshake: impl Future<Output = io::Result<T>>,
    limit: Duration,
) -> Result<T, HandshakeFailure> {
    match timeout(limit, handshake).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(HandshakeFailure::from(error)),
        Err(_elapsed) => {
            Err(HandshakeFailure { reason: Reason::TimedOut, detail: format!("within {limit:?}") })
        }
    }
}

fn agreed(state: &CommonState, sni: Option<String>) -> Agreed {
    let version = match state.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => TlsVersion::Tls13,
        _ => TlsVersion::Tls12,
    };
    let alpn = state.alpn_protocol().map(|protocol| match protocol {
        b"h2" => Alpn::Http2,
        b"http/1.1" => Alpn::Http1,
        other => Alpn::Other(other.to_vec()),
    });
    Agreed { sni, alpn, version }
}

#[derive(Debug, thiserror::Error)]
#[error("TLS handshake failed: {reason} ({detail})")]
pub struct HandshakeFailure {
    pub reason: Reason,
    /// What the library says, for who wants to know more.
    pub detail: String,
}

/// Why a handshake failed, in words that fit an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    TimedOut,
    Closed,
    NotTls,
    NoSharedProtocol,
    NoSharedVersion,
    NoSharedCipher,
    /// The other side's certificate was refused here.
    BadCertificate,
    /// Our certificate was refused there.
    CertificateRefused,
    UnknownName,
    Broken,
}

impl Reason {
    pub fn word(self) -> &'static str {
        match self {
            Self::TimedOut => "timed out",
            Self::Closed => "closed",
            Self::NotTls => "not TLS",
            Self::NoSharedProtocol => "no shared protocol",
            Self::NoSharedVersion => "no shared version",
            Self::NoSharedCipher => "no shared cipher",
            Self::BadCertificate => "bad certificate",
            Self::CertificateRefused => "certificate refused",
            Self::UnknownName => "unknown name",
            Self::Broken => "broken",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

impl From<io::Error> for HandshakeFailure {
    fn from(error: io::Error) -> Self {
        let known = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        let reason = known.map_or_else(|| reason_of_io(error.kind()), reason_of);
        let detail = known.map_or_else(|| error.to_string(), ToString::to_string);
        Self { reason, detail }
    }
}

fn reason_of_io(kind: io::ErrorKind) -> Reason {
    match kind {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => Reason::Closed,
        io::ErrorKind::TimedOut => Reason::TimedOut,
        _ => Reason::Broken,
    }
}

fn reason_of(error: &Error) -> Reason {
    match error {
        Error::NoApplicationProtocol => Reason::NoSharedProtocol,
        Error::InvalidMessage(_) | Error::InappropriateMessage { .. } => Reason::NotTls,
        Error::InvalidCertificate(_) | Error::NoCertificatesPresented => Reason::BadCertificate,
        Error::PeerIncompatible(what) => reason_of_incompatible(what),
        Error::AlertReceived(alert) => reason_of_alert(*alert),
        _ => Reason::Broken,
    }
}

fn reason_of_incompatible(what: &PeerIncompatible) -> Reason {
    match what {
        PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
        | PeerIncompatible::SupportedVersionsExtensionRequired
        | PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled => Reason::NoSharedVersion,
        _ => Reason::NoSharedCipher,
    }
}

fn reason_of_alert(alert: AlertDescription) -> Reason {
    match alert {
        AlertDescription::NoApplicationProtocol => Reason::NoSharedProtocol,
        AlertDescription::ProtocolVersion => Reason::NoSharedVersion,
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
            Reason::NoSharedCipher
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA => Reason::CertificateRefused,
        AlertDescription::UnrecognisedName => Reason::UnknownName,
        AlertDescription::CloseNotify | AlertDescription::UserCanceled => Reason::Closed,
        _ => Reason::Broken,
    }
}
