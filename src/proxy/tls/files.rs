//! Certificates and keys from PEM files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::sign::CertifiedKey;
use webpki::{EndEntityCert, KeyUsage};

use super::{TlsError, TlsWarning, provider};

/// A certificate with its key and the names it answers to.
pub(super) struct Loaded {
    pub(super) certified: Arc<CertifiedKey>,
    pub(super) names: Vec<String>,
    pub(super) warnings: Vec<TlsWarning>,
}

/// Reads a certificate chain and its key and sees that they belong together.
pub(super) fn load_pair(
    certificate_path: &Path,
    key_path: &Path,
    now: UnixTime,
) -> Result<Loaded, TlsError> {
    let chain = certificates(certificate_path)?;
    let key = key(key_path)?;
    let (names, warnings) = look_at(&chain[0], certificate_path, now);
    let certified =
        CertifiedKey::from_der(chain, key, &provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => TlsError::KeyDoesNotFit {
                key: key_path.to_owned(),
                certificate: certificate_path.to_owned(),
            },
            error => TlsError::BadKey { path: key_path.to_owned(), reason: error.to_string() },
        })?;
    Ok(Loaded { certified: Arc::new(certified), names, warnings })
}

/// At least one certificate, in the order of the file.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let what = "certificate";
    let bytes = read(what, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(|error| not_pem(what, path, &error))?;
    if found.is_empty() {
        return Err(not_pem(what, path, &PemError::NoItemsFound));
    }
    Ok(found)
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let what = "key";
    let bytes = read(what, path)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| not_pem(what, path, &error))
}

/// Whether the certificate's time has come and not passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Validity {
    Now,
    Past,
    Future,
}

/// Asks webpki to verify without any authority: it looks at the dates first, and what it says of the rest is not asked.
pub(super) fn validity(certificate: &EndEntityCert<'_>, now: UnixTime) -> Validity {
    let usage = KeyUsage::server_auth();
    match certificate.verify_for_usage(&[], &[], &[], now, usage, None, None) {
        Err(webpki::Error::CertExpired { .. } | webpki::Error::InvalidCertValidity) => {
            Validity::Past
        }
        Err(webpki::Error::CertNotValidYet { .. }) => Validity::Future,
        _ => Validity::Now,
    }
}

fn look_at(
    certificate: &CertificateDer<'_>,
    path: &Path,
    now: UnixTime,
) -> (Vec<String>, Vec<TlsWarning>) {
    let path = || PathBuf::from(path);
    let Ok(parsed) = EndEntityCert::try_from(certificate) else {
        return (Vec::new(), vec![TlsWarning::NoNames { path: path() }]);
    };
    let names = parsed.valid_dns_names().map(str::to_owned).collect();
    let warnings = match validity(&parsed, now) {
        Validity::Now => Vec::new(),
        Validity::Past => vec![TlsWarning::Expired { path: path() }],
        Validity::Future => vec![TlsWarning::NotValidYet { path: path() }],
    };
    (names, warnings)
}

fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    let unreadable = |source| TlsError::Unreadable { what, path: path.to_owned(), source };
    let length = fs::metadata(path).map_err(unreadable)?.len();
    if length > FILE_BYTES_MAX {
        let detail = format!(" (it has {length} bytes, and {FILE_BYTES_MAX} are the most)");
        return Err(TlsError::NotPem { what, path: path.to_owned(), detail });
    }
    fs::read(path).map_err(unreadable)
}

fn not_pem(what: &'static str, path: &Path, error: &PemError) -> TlsError {
    let detail = match error {
        PemError::NoItemsFound => String::new(),
        error => format!(" ({error})"),
    };
    TlsError::NotPem { what, path: path.to_owned(), detail }
}

/// A bundle of all public authorities has a quarter of it. More is a mistaken path.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
