//! Connections to the proxy, with or without TLS.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Kind;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Security {
    Plain,
    Tls,
}

pub(super) struct Connector {
    proxy: SocketAddr,
    tls: Option<TlsConnector>,
}

impl Connector {
    pub(super) fn new(security: Security, proxy: SocketAddr, kind: &Kind) -> Self {
        let alpn: &[u8] = if matches!(kind, Kind::Http2 { .. }) { b"h2" } else { b"http/1.1" };
        let tls = (security == Security::Tls).then(|| TlsConnector::from(Arc::new(config(alpn))));
        Self { proxy, tls }
    }

    pub(super) async fn connect(&self) -> io::Result<Wire> {
        let stream = TcpStream::connect(self.proxy).await?;
        stream.set_nodelay(true)?;
        let Some(tls) = &self.tls else { return Ok(Wire::Plain(stream)) };
        let name = ServerName::try_from("localhost").expect("a name");
        Ok(Wire::Tls(Box::new(tls.connect(name, stream).await?)))
    }
}

/// A connection to the proxy.
pub(super) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(bytes).await,
            Self::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }

    /// Some bytes; the end of the connection is an error, because nobody here waits for one.
    pub(super) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = match self {
            Self::Plain(stream) => stream.read(buffer).await?,
            Self::Tls(stream) => stream.read(buffer).await?,
        };
        if n == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(n) }
    }
}

/// Each handshake is a full one: nothing is resumed.
fn config(alpn: &[u8]) -> ClientConfig {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]).expect("ring has 1.3");
    let trust = builder.dangerous().with_custom_certificate_verifier(Arc::new(Trusting));
    let mut config = trust.with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    config.resumption = Resumption::disabled();
    config
}

/// Believes everybody: what the client spends on doubts says nothing about the proxy.
#[derive(Debug)]
struct Trusting;

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
