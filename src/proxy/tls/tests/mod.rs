//! Real handshakes between the two halves of this module, and with openssl.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, fs, process};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ED25519, SignatureAlgorithm,
};

use super::*;
use crate::lab::{CertificateFiles, Certificates, Tls, UpstreamTls, Verify};

mod certificates;
mod local_authority;
mod openssl;
mod upstream;

/// A folder of its own for each test, gone at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("evenkeel-tls-{}-{number}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn surroundings(&self) -> Surroundings {
        self.surroundings_in(Duration::ZERO)
    }

    fn surroundings_in(&self, ahead: Duration) -> Surroundings {
        let clock = Arc::new(TestClock { ahead });
        Surroundings::new(self.0.clone(), self.0.join("authority"), clock)
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.0.join(name), text).unwrap();
        name.to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// The time of day, because openssl reads it too.
struct TestClock {
    ahead: Duration,
}

impl Clock for TestClock {
    fn now_ns(&self) -> u64 {
        0
    }

    #[expect(clippy::disallowed_methods, reason = "a test's own clock")]
    fn unix_ns(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        (now + self.ahead).as_nanos() as u64
    }
}

type TestIssuer = CertifiedIssuer<'static, KeyPair>;

/// An authority whose certificate is written to `authority.pem`.
fn authority(folder: &Folder) -> TestIssuer {
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
    folder.write("authority.pem", &issuer.pem());
    issuer
}

/// A signed certificate for these names in `NAME.pem` and `NAME.key`.
fn certificate(
    folder: &Folder,
    issuer: &Issuer<'_, KeyPair>,
    name: &str,
    hosts: &[&str],
) -> CertificateFiles {
    certificate_with(folder, issuer, name, hosts, &PKCS_ECDSA_P256_SHA256)
}

fn certificate_with(
    folder: &Folder,
    issuer: &Issuer<'_, KeyPair>,
    name: &str,
    hosts: &[&str],
    algorithm: &'static SignatureAlgorithm,
) -> CertificateFiles {
    let key = KeyPair::generate_for(algorithm).unwrap();
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let certificate = CertificateParams::new(hosts).unwrap().signed_by(&key, issuer).unwrap();
    CertificateFiles {
        certificate: folder.write(&format!("{name}.pem"), &certificate.pem()),
        key: folder.write(&format!("{name}.key"), &key.serialize_pem()),
        hosts: Vec::new(),
    }
}

fn files(pairs: &[&CertificateFiles]) -> Tls {
    let pairs = pairs.iter().map(|&pair| pair.clone()).collect();
    Tls { certificates: Certificates::Files(pairs), ..Tls::default() }
}

/// Trust in `authority.pem`, asking for this name.
fn trusting(name: &str) -> UpstreamTls {
    UpstreamTls {
        authority_file: Some("authority.pem".to_owned()),
        server_name: Some(name.to_owned()),
        ..UpstreamTls::default()
    }
}

const HTTP: Inside = Inside::Http(HttpVersions::Both);

/// What both sides of a handshake say about it, and the certificate that was shown.
struct Met {
    accepted: Result<Agreed, HandshakeFailure>,
    connected: Result<Agreed, HandshakeFailure>,
    shown: Vec<u8>,
}

async fn meet(termination: &Termination, origination: &Origination) -> Met {
    let (near, far) = tokio::io::duplex(16 * 1024);
    let limit = Duration::from_secs(20);
    let name = origination.server_name("127.0.0.1").unwrap();
    let (accepted, connected) = tokio::join!(
        accept(far, termination.config(), limit),
        connect(near, origination.config(), &name, limit)
    );
    let shown = connected.as_ref().ok().and_then(|secured| {
        Some(secured.stream.get_ref().1.peer_certificates()?.first()?.as_ref().to_vec())
    });
    Met {
        accepted: accepted.map(|secured| secured.agreed),
        connected: connected.map(|secured| secured.agreed),
        shown: shown.unwrap_or_default(),
    }
}

fn der(folder: &Folder, pem_name: &str) -> Vec<u8> {
    files::certificates(&folder.0.join(pem_name)).unwrap()[0].as_ref().to_vec()
}
