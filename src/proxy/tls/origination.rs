//! TLS that begins at the proxy, towards servers.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};

use super::verifiers::{AnyCertificate, Pinned};
use super::{Fingerprint, Inside, Surroundings, TlsError, TlsWarning, files, provider};
use crate::lab::{Http2Offer, UpstreamTls, Verify};

/// What a pool needs to open TLS to its servers.
pub struct Origination {
    config: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
    warnings: Vec<TlsWarning>,
    fingerprint: Fingerprint,
}

impl Origination {
    pub fn new(
        tls: &UpstreamTls,
        inside: Inside,
        surroundings: &Surroundings,
    ) -> Result<Self, TlsError> {
        let fingerprint = Fingerprint::of_upstream(tls, surroundings);
        let (verifier, warnings) = verifier(tls, surroundings)?;
        let mut config =
            ClientConfig::builder_with_details(provider(), surroundings.time_provider())
                .with_safe_default_protocol_versions()?
                .dangerous()
                .with_custom_certificate_verifier(verifier)
                .with_no_client_auth();
        config.alpn_protocols =
            offer(tls.http2, inside).iter().map(|protocol| protocol.to_vec()).collect();
        let server_name = tls.server_name.as_deref().map(server_name).transpose()?;
        Ok(Self { config: Arc::new(config), server_name, warnings, fingerprint })
    }

    pub fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }

    pub fn warnings(&self) -> &[TlsWarning] {
        &self.warnings
    }

    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// The name to ask for and to verify at a server with this host in its address, with or without brackets.
    pub fn server_name(&self, host: &str) -> Result<ServerName<'static>, TlsError> {
        self.server_name.clone().map_or_else(|| server_name(host), Ok)
    }
}

fn server_name(name: &str) -> Result<ServerName<'static>, TlsError> {
    let bare = name.trim_matches(['[', ']']).to_owned();
    ServerName::try_from(bare)
        .map_err(|_said_nothing_more| TlsError::BadServerName { name: name.to_owned() })
}

fn offer(http2: Http2Offer, inside: Inside) -> &'static [&'static [u8]] {
    match (inside, http2) {
        (Inside::Bytes, _) => &[],
        (Inside::Http(_), Http2Offer::Offer) => &[b"h2", b"http/1.1"],
        (Inside::Http(_), Http2Offer::Never) => &[b"http/1.1"],
    }
}

type Verifier = (Arc<dyn ServerCertVerifier>, Vec<TlsWarning>);

fn verifier(tls: &UpstreamTls, surroundings: &Surroundings) -> Result<Verifier, TlsError> {
    if tls.verify == Verify::Nothing {
        return Ok((Arc::new(AnyCertificate::new(&provider())), Vec::new()));
    }
    let own = match &tls.authority_file {
        Some(written) => files::certificates(&surroundings.path(written))?,
        None => Vec::new(),
    };
    let (roots, warnings) = roots(&own, surroundings)?;
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .map_err(|error| TlsError::NoAuthorities { detail: format!(" ({error})") })?;
    let verifier = Pinned::new(verifier, own);
    Ok((Arc::new(verifier), warnings))
}

fn roots(
    own: &[CertificateDer<'static>],
    surroundings: &Surroundings,
) -> Result<(RootCertStore, Vec<TlsWarning>), TlsError> {
    let system = surroundings.system_roots();
    let mut store = system.store.clone();
    // What cannot be an authority can still be the server's own certificate.
    store.add_parsable_certificates(own.iter().cloned());
    let problems = system.problems.join("; ");
    if store.is_empty() {
        let detail = if problems.is_empty() { problems } else { format!(" ({problems})") };
        return Err(TlsError::NoAuthorities { detail });
    }
    // Who names an authority does not depend on the system's.
    let warn = !problems.is_empty() && own.is_empty();
    Ok((store, warn.then_some(TlsWarning::SystemRoots(problems)).into_iter().collect()))
}

#[cfg(test)]
impl Origination {
    /// A client as old as is still spoken with.
    pub(super) fn only_tls12(tls: &UpstreamTls, surroundings: &Surroundings) -> Self {
        let (verifier, warnings) = verifier(tls, surroundings).unwrap();
        let config = ClientConfig::builder_with_details(provider(), surroundings.time_provider())
            .with_protocol_versions(&[&rustls::version::TLS12])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        let server_name = tls.server_name.as_deref().map(|name| server_name(name).unwrap());
        let fingerprint = Fingerprint::default();
        Self { config: Arc::new(config), server_name, warnings, fingerprint }
    }
}
