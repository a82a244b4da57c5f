//! The lab's own authority: made once, kept for the person, trusted by their browser when they say so.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _, date_time_ymd,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::sign::CertifiedKey;
use webpki::EndEntityCert;

use super::files::{Validity, validity};
use super::{TlsError, provider};

/// Signs certificates that only machines which were told so will trust.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate_path: PathBuf,
    now: UnixTime,
}

impl Authority {
    /// Takes the authority kept in this folder, or makes one.
    pub(super) fn open(folder: &Path, now: UnixTime) -> Result<Self, TlsError> {
        let unwritable = |path: &Path| {
            let path = path.to_owned();
            move |source| TlsError::Unwritable { path, source }
        };
        create_private_folder(folder).map_err(unwritable(folder))?;
        let key_path = folder.join(KEY_FILE);
        if !key_path.exists() {
            let key = KeyPair::generate().map_err(|error| bad(&key_path, &error))?;
            publish_once(&key_path, &key.serialize_pem()).map_err(unwritable(&key_path))?;
        }
        let text = fs::read_to_string(&key_path).map_err(|source| TlsError::Unreadable {
            what: "local authority's key",
            path: key_path.clone(),
            source,
        })?;
        let key = KeyPair::from_pem(&text).map_err(|error| bad(&key_path, &error))?;
        let parameters = authority_parameters(&key, now);
        let certificate_path = folder.join(CERTIFICATE_FILE);
        if !is_good(&certificate_path, &key, now) {
            let certificate =
                parameters.self_signed(&key).map_err(|error| bad(&key_path, &error))?;
            replace(&certificate_path, &certificate.pem())
                .map_err(unwritable(&certificate_path))?;
        }
        Ok(Self { issuer: Issuer::new(parameters, key), certificate_path, now })
    }

    /// The file to trust.
    pub(super) fn certificate_path(&self) -> &Path {
        &self.certificate_path
    }

    /// A certificate for these hosts with a fresh key, neither of which ever touches the disk.
    pub(super) fn certify(&self, hosts: &[String]) -> Result<Arc<CertifiedKey>, TlsError> {
        let refuse = |reason: &dyn std::fmt::Display| TlsError::BadHosts {
            hosts: if hosts.is_empty() { "no host".to_owned() } else { hosts.join(", ") },
            reason: reason.to_string(),
        };
        if hosts.is_empty() {
            return Err(refuse(&"none is named"));
        }
        let parameters = leaf_parameters(hosts, self.now).map_err(|error| refuse(&error))?;
        let key = KeyPair::generate().map_err(|error| refuse(&error))?;
        let certificate =
            parameters.signed_by(&key, &self.issuer).map_err(|error| refuse(&error))?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let chain = vec![certificate.der().clone()];
        Ok(Arc::new(CertifiedKey::from_der(chain, key, &provider())?))
    }
}

/// The name holds part of the key's own identity, so that two authorities are never taken for each other.
fn authority_parameters(key: &KeyPair, now: UnixTime) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    let identity = parameters.key_identifier(key);
    let short = identity.iter().take(4).fold(0, |sum: u32, byte| sum << 8 | u32::from(*byte));
    parameters.distinguished_name = name(&format!("Evenkeel local authority {short:08x}"));
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_validity(&mut parameters, now, AUTHORITY_DAYS);
    parameters
}

fn leaf_parameters(hosts: &[String], now: UnixTime) -> Result<CertificateParams, rcgen::Error> {
    // IPv6 addresses may be written as in a URL.
    let hosts: Vec<String> =
        hosts.iter().map(|host| host.trim_matches(['[', ']']).to_owned()).collect();
    let shown: String = hosts[0].chars().take(COMMON_NAME_MAX).collect();
    let mut parameters = CertificateParams::new(hosts)?;
    parameters.distinguished_name = name(&shown);
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    parameters.use_authority_key_identifier_extension = true;
    set_validity(&mut parameters, now, LEAF_DAYS);
    Ok(parameters)
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

/// A day of slack before, for clocks that disagree.
fn set_validity(parameters: &mut CertificateParams, now: UnixTime, days: u64) {
    let at = |secs: u64| date_time_ymd(1970, 1, 1) + Duration::from_secs(secs);
    parameters.not_before = at(now.as_secs().saturating_sub(DAY_SECS));
    parameters.not_after = at(now.as_secs() + days * DAY_SECS);
}

/// Whether the certificate on disk is this key's and will outlive what it signs now.
fn is_good(path: &Path, key: &KeyPair, now: UnixTime) -> bool {
    let Ok(certificate) = CertificateDer::from_pem_file(path) else { return false };
    let Ok(parsed) = EndEntityCert::try_from(&certificate) else { return false };
    let last_needed =
        UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs() + LEAF_DAYS * DAY_SECS));
    parsed.subject_public_key_info().as_ref() == key.subject_public_key_info()
        && validity(&parsed, last_needed) == Validity::Now
}

fn bad(path: &Path, error: &rcgen::Error) -> TlsError {
    TlsError::BadAuthority { path: path.to_owned(), reason: error.to_string() }
}

/// Writes the whole file or nothing, and leaves what another process wrote first: a half-written key would be refused, and
/// two keys would make two authorities.
fn publish_once(path: &Path, text: &str) -> io::Result<()> {
    let draft = write_draft(path, text)?;
    let published = match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // Some file systems have no hard links.
        Err(_) => return fs::rename(&draft, path),
        Ok(()) => Ok(()),
    };
    fs::remove_file(&draft)?;
    published
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    fs::rename(write_draft(path, text)?, path)
}

fn write_draft(path: &Path, text: &str) -> io::Result<PathBuf> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let draft = path.with_extension(format!("{}-{number}.draft", std::process::id()));
    // One left by a process of this number that died, maybe with other permissions.
    if draft.exists() {
        fs::remove_file(&draft)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    make_private(&mut options);
    let mut file = options.open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(draft)
}

#[cfg(unix)]
fn make_private(options: &mut OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

/// Elsewhere the person's data folder is closed to others as it is.
#[cfg(not(unix))]
fn make_private(_: &mut OpenOptions) {}

fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

const KEY_FILE: &str = "local-authority.key";
const CERTIFICATE_FILE: &str = "local-authority.pem";
const AUTHORITY_DAYS: u64 = 3_650;
/// Apple's systems refuse certificates of private authorities that last longer than 825 days; public ones end at 398.
const LEAF_DAYS: u64 = 397;
const DAY_SECS: u64 = 86_400;
/// RFC 5280, appendix A.1: `ub-common-name`.
const COMMON_NAME_MAX: usize = 64;
