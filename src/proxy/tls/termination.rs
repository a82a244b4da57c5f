//! TLS that ends at a listener.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::NoServerSessionStorage;
use rustls::sign::CertifiedKey;

use super::authority::Authority;
use super::choice::Choice;
use super::{Fingerprint, Inside, Surroundings, TlsError, TlsWarning, files, provider};
use crate::lab::{CertificateFiles, Certificates, HttpVersions, Tls, TlsVersion};

/// What a listener needs to answer handshakes, made from its settings and files as they were at that moment.
pub struct Termination {
    config: Arc<ServerConfig>,
    warnings: Vec<TlsWarning>,
    authority_path: Option<PathBuf>,
    fingerprint: Fingerprint,
}

impl Termination {
    pub fn new(tls: &Tls, inside: Inside, surroundings: &Surroundings) -> Result<Self, TlsError> {
        // Taken before reading, so that a change in between is noticed later and not missed.
        let fingerprint = Fingerprint::of_listener(tls, surroundings);
        let dressed = match &tls.certificates {
            Certificates::Local { hosts } => from_authority(hosts, surroundings)?,
            Certificates::Files(files) => from_files(files, surroundings)?,
        };
        let config = ServerConfig::builder_with_details(provider(), surroundings.time_provider())
            .with_protocol_versions(versions(tls.min_version))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Choice::new(dressed.certificates)));
        Ok(Self {
            config: Arc::new(tune(config, tls, inside)?),
            warnings: dressed.warnings,
            authority_path: dressed.authority_path,
            fingerprint,
        })
    }

    pub fn config(&self) -> &Arc<ServerConfig> {
        &self.config
    }

    pub fn warnings(&self) -> &[TlsWarning] {
        &self.warnings
    }

    /// The local authority's certificate, for browsers to be told to trust, if it is in use.
    pub fn authority_path(&self) -> Option<&Path> {
        self.authority_path.as_deref()
    }

    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }
}

struct Dressed {
    certificates: Vec<(Arc<CertifiedKey>, Vec<String>)>,
    warnings: Vec<TlsWarning>,
    authority_path: Option<PathBuf>,
}

fn from_authority(hosts: &[String], surroundings: &Surroundings) -> Result<Dressed, TlsError> {
    let authority = Authority::open(surroundings.authority_folder(), surroundings.now())?;
    Ok(Dressed {
        certificates: vec![(authority.certify(hosts)?, hosts.to_vec())],
        warnings: Vec::new(),
        authority_path: Some(authority.certificate_path().to_owned()),
    })
}

fn from_files(
    pairs: &[CertificateFiles],
    surroundings: &Surroundings,
) -> Result<Dressed, TlsError> {
    if pairs.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    let mut dressed =
        Dressed { certificates: Vec::new(), warnings: Vec::new(), authority_path: None };
    for CertificateFiles { certificate, key, hosts } in pairs {
        let (certificate, key) = (surroundings.path(certificate), surroundings.path(key));
        let loaded = files::load_pair(&certificate, &key, surroundings.now())?;
        dressed.warnings.extend(loaded.warnings);
        let names = if hosts.is_empty() { loaded.names } else { hosts.clone() };
        dressed.certificates.push((loaded.certified, names));
    }
    Ok(dressed)
}

fn tune(mut config: ServerConfig, tls: &Tls, inside: Inside) -> Result<ServerConfig, TlsError> {
    config.alpn_protocols = alpn(tls, inside);
    // Resumption by tickets alone: the client keeps the session, so that workers share no table and no lock.
    config.ticketer = rustls::crypto::ring::Ticketer::new()?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    // Early data can be replayed by an attacker (RFC 8446, section 8), and a proxy cannot know what may be repeated.
    config.max_early_data_size = 0;
    Ok(config)
}

fn alpn(tls: &Tls, inside: Inside) -> Vec<Vec<u8>> {
    let written = tls.alpn.iter().map(String::as_str);
    let offered: Vec<&str> =
        if tls.alpn.is_empty() { offer(inside).to_vec() } else { written.collect() };
    offered.into_iter().map(|protocol| protocol.as_bytes().to_vec()).collect()
}

fn offer(inside: Inside) -> &'static [&'static str] {
    match inside {
        Inside::Http(HttpVersions::Both) => &["h2", "http/1.1"],
        Inside::Http(HttpVersions::Http1) => &["http/1.1"],
        Inside::Http(HttpVersions::Http2) => &["h2"],
        Inside::Bytes => &[],
    }
}

fn versions(lowest: TlsVersion) -> &'static [&'static rustls::SupportedProtocolVersion] {
    match lowest {
        TlsVersion::Tls12 => rustls::ALL_VERSIONS,
        TlsVersion::Tls13 => ONLY_TLS13,
    }
}

const ONLY_TLS13: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];
