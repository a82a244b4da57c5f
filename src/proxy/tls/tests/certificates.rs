//! Certificates from files: which one answers, and what is refused.

use super::*;
use crate::lab::TlsVersion;

#[tokio::test]
async fn the_name_asked_for_picks_exact_before_wildcard_before_the_first() {
    let folder = Folder::new();
    let issuer = authority(&folder);
    let first = certificate(&folder, &issuer, "first", &["first.test", "deep.one.shop.test"]);
    let wide = certificate(&folder, &issuer, "wide", &["*.shop.test"]);
    let exact = certificate(&folder, &issuer, "exact", &["cart.shop.test"]);
    let termination = termination(&folder, &files(&[&first, &wide, &exact]));
    for (asked, answered) in [
        ("cart.shop.test", "exact"),
        ("CART.shop.TEST", "exact"),
        ("any.shop.test", "wide"),
        // A wildcard stands for one label only.
        ("deep.one.shop.test", "first"),
        ("first.test", "first"),
        ("127.0.0.1", "first"),
        ("unheard.of", "first"),
    ] {
        let origination =
            origination(&folder, &UpstreamTls { verify: Verify::Nothing, ..trusting(asked) });
        let met = meet(&termination, &origination).await;
        assert_eq!(met.shown, der(&folder, &format!("{answered}.pem")), "{asked}");
        let sni = asked.parse::<std::net::IpAddr>().is_err().then(|| asked.to_ascii_lowercase());
        assert_eq!(met.accepted.unwrap().sni, sni);
    }
}

#[tokio::test]
async fn hosts_in_the_lab_stand_above_the_names_in_the_certificate() {
    let folder = Folder::new();
    let issuer = authority(&folder);
    let first = certificate(&folder, &issuer, "first", &["a.test"]);
    let mut second = certificate(&folder, &issuer, "second", &["b.test"]);
    second.hosts = vec!["A.test".to_owned()];
    let termination = termination(&folder, &files(&[&first, &second]));
    let origination = origination(&folder, &trusting("b.test"));
    let met = meet(&termination, &origination).await;
    assert_eq!(met.connected.unwrap_err().reason, Reason::BadCertificate);
    assert_eq!(met.accepted.unwrap_err().reason, Reason::CertificateRefused);
}

#[tokio::test]
async fn a_client_gets_the_certificate_of_the_kind_it_can_check() {
    let folder = Folder::new();
    let issuer = authority(&folder);
    let modern = certificate_with(&folder, &issuer, "modern", &["a.test"], &PKCS_ED25519);
    let common = certificate(&folder, &issuer, "common", &["a.test"]);
    let termination = termination(&folder, &files(&[&modern, &common]));
    let met = meet(&termination, &origination(&folder, &trusting("a.test"))).await;
    assert_eq!(met.shown, der(&folder, "modern.pem"));
    let address = openssl::serve(&termination, 1).await;
    let said = openssl::client(address, &["-servername", "a.test", "-sigalgs", "ECDSA+SHA256"]);
    let said = said.await;
    assert!(said.contains("Peer signature type: ECDSA"), "{said}");
}

#[tokio::test]
async fn the_lowest_version_is_kept() {
    let folder = Folder::new();
    let issuer = authority(&folder);
    let pair = certificate(&folder, &issuer, "a", &["a.test"]);
    let both = files(&[&pair]);
    let only_new = Tls { min_version: TlsVersion::Tls13, ..both.clone() };
    let origination = origination(&folder, &trusting("a.test"));
    for tls in [&both, &only_new] {
        let met = meet(&termination(&folder, tls), &origination).await;
        assert_eq!(met.connected.unwrap().version, TlsVersion::Tls13);
        assert_eq!(met.accepted.unwrap().version, TlsVersion::Tls13);
    }
    let old = old_client(&folder);
    let met = meet(&termination(&folder, &both), &old).await;
    assert_eq!(met.accepted.unwrap().version, TlsVersion::Tls12);
    let met = meet(&termination(&folder, &only_new), &old).await;
    assert_eq!(met.accepted.unwrap_err().reason, Reason::NoSharedVersion);
    assert_eq!(met.connected.unwrap_err().reason, Reason::NoSharedVersion);
}

#[tokio::test]
async fn the_best_protocol_both_speak_is_agreed() {
    let folder = Folder::new();
    let issuer = authority(&folder);
    let pair = certificate(&folder, &issuer, "a", &["a.test"]);
    let tls = files(&[&pair]);
    let both = origination(&folder, &trusting("a.test"));
    let never = crate::lab::Http2Offer::Never;
    let old = origination(&folder, &UpstreamTls { http2: never, ..trusting("a.test") });
    let http = |versions| Inside::Http(versions);
    for (inside, client, agreed) in [
        (http(HttpVersions::Both), &both, Ok(Some(Alpn::Http2))),
        (http(HttpVersions::Http1), &both, Ok(Some(Alpn::Http1))),
        (http(HttpVersions::Both), &old, Ok(Some(Alpn::Http1))),
        (http(HttpVersions::Http2), &old, Err(Reason::NoSharedProtocol)),
        (Inside::Bytes, &both, Ok(None)),
    ] {
        let termination = Termination::new(&tls, inside, &folder.surroundings()).unwrap();
        let met = meet(&termination, client).await;
        let reasons = [met.accepted, met.connected]
            .map(|side| side.map(|agreed| agreed.alpn).map_err(|failure| failure.reason));
        assert_eq!(reasons, [agreed.clone(), agreed], "{inside:?}");
    }
    let written = Tls { alpn: vec!["mqtt".to_owned(), "http/1.1".to_owned()], ..tls };
    let met = meet(&termination(&folder, &written), &both).await;
    assert_eq!(met.accepted.unwrap().alpn, Some(Alpn::Http1));
}

#[test]
fn each_broken_file_is_named_with_what_to_do() {
    let folder = Folder::new();
    let issuer = authority(&folder);
    let a = certificate(&folder, &issuer, "a", &["a.test"]);
    let b = certificate(&folder, &issuer, "b", &["b.test"]);
    let empty = folder.write("empty.pem", "");
    let cut = folder.write("cut.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n");
    let with = |certificate: &str, key: &str| {
        let pair = CertificateFiles {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            hosts: Vec::new(),
        };
        let refused = Termination::new(&files(&[&pair]), HTTP, &folder.surroundings());
        refused.err().unwrap().to_string()
    };
    for (said, expected) in [
        (with("gone.pem", &a.key), vec!["the certificate", "gone.pem cannot be read"]),
        (with(&a.certificate, "gone.key"), vec!["the key", "gone.key cannot be read"]),
        (with(&empty, &a.key), vec!["empty.pem holds no certificate in PEM form", "BEGIN"]),
        (with(&cut, &a.key), vec!["cut.pem holds no certificate in PEM form ("]),
        (with(&a.key, &a.key), vec!["a.key holds no certificate"]),
        (with(&a.certificate, &a.certificate), vec!["a.pem holds no key"]),
        (
            with(&a.certificate, &b.key),
            vec!["the key", "b.key does not fit the certificate", "a.pem: use"],
        ),
    ] {
        for part in expected {
            assert!(said.contains(part), "`{said}` lacks `{part}`");
        }
    }
    let none = Termination::new(&files(&[]), HTTP, &folder.surroundings()).err().unwrap();
    assert!(none.to_string().contains("names no certificate"));
}

#[test]
fn an_expired_certificate_serves_with_a_warning() {
    let folder = Folder::new();
    let issuer = authority(&folder);
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
    parameters.not_after = rcgen::date_time_ymd(2021, 1, 1);
    parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
    let pair = CertificateFiles {
        certificate: folder.write("a.pem", &parameters.signed_by(&key, &issuer).unwrap().pem()),
        key: folder.write("a.key", &key.serialize_pem()),
        hosts: Vec::new(),
    };
    let termination = termination(&folder, &files(&[&pair]));
    assert!(
        matches!(termination.warnings(), [TlsWarning::Expired { path }] if path.ends_with("a.pem"))
    );
}

#[tokio::test]
async fn a_replaced_file_changes_the_fingerprint_and_the_next_handshake() {
    let folder = Folder::new();
    let issuer = authority(&folder);
    let pair = certificate(&folder, &issuer, "a", &["a.test"]);
    let tls = files(&[&pair]);
    let before = termination(&folder, &tls);
    let now = || Fingerprint::of_listener(&tls, &folder.surroundings());
    assert_eq!(before.fingerprint(), &now());
    let old = der(&folder, "a.pem");
    certificate(&folder, &issuer, "a", &["a.test", "renewed.test"]);
    assert_ne!(before.fingerprint(), &now());
    let after = termination(&folder, &tls);
    assert_eq!(after.fingerprint(), &now());
    let origination = origination(&folder, &trusting("a.test"));
    assert_eq!(meet(&before, &origination).await.shown, old);
    assert_eq!(meet(&after, &origination).await.shown, der(&folder, "a.pem"));
}

#[tokio::test]
async fn a_client_that_says_nothing_or_no_tls_is_let_go_with_the_reason() {
    use tokio::io::AsyncWriteExt as _;
    let folder = Folder::new();
    let issuer = authority(&folder);
    let pair = certificate(&folder, &issuer, "a", &["a.test"]);
    let termination = termination(&folder, &files(&[&pair]));
    let reason = async |bytes: &[u8], then: Then| {
        let (mut near, far) = tokio::io::duplex(1024);
        near.write_all(bytes).await.unwrap();
        let limit = Duration::from_millis(if then == Then::Wait { 1 } else { 20_000 });
        let held = (then != Then::Close).then_some(near);
        let failed = accept(far, termination.config(), limit).await;
        drop(held);
        failed.err().unwrap().reason
    };
    assert_eq!(reason(b"", Then::Wait).await, Reason::TimedOut);
    assert_eq!(reason(b"", Then::Close).await, Reason::Closed);
    assert_eq!(reason(b"GET / HTTP/1.1\r\n\r\n", Then::Stay).await, Reason::NotTls);
}

#[derive(PartialEq, Eq)]
enum Then {
    Wait,
    Stay,
    Close,
}

fn termination(folder: &Folder, tls: &Tls) -> Termination {
    Termination::new(tls, HTTP, &folder.surroundings()).unwrap()
}

fn origination(folder: &Folder, tls: &UpstreamTls) -> Origination {
    Origination::new(tls, HTTP, &folder.surroundings()).unwrap()
}

/// A client that knows nothing newer than TLS 1.2.
fn old_client(folder: &Folder) -> Origination {
    Origination::only_tls12(&trusting("a.test"), &folder.surroundings())
}
