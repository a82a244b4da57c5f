//! Trust towards servers.

use super::*;

#[tokio::test]
async fn a_named_authority_is_trusted_and_no_other() {
    let folder = Folder::new();
    let issuer = authority(&folder);
    let good = certificate(&folder, &issuer, "good", &["a.test", "127.0.0.1"]);
    let stranger = Folder::new();
    let unknown = authority(&stranger);
    let bad = certificate(&folder, &unknown, "bad", &["a.test"]);
    assert_eq!(outcome(&folder, &good, &trusting("a.test")).await, Ok(()));
    assert_eq!(outcome(&folder, &good, &trusting("127.0.0.1")).await, Ok(()));
    let by_address = UpstreamTls { server_name: None, ..trusting("") };
    assert_eq!(outcome(&folder, &good, &by_address).await, Ok(()));
    assert_eq!(outcome(&folder, &good, &trusting("b.test")).await, Err(Reason::BadCertificate));
    assert_eq!(outcome(&folder, &bad, &trusting("a.test")).await, Err(Reason::BadCertificate));
}

#[tokio::test]
async fn any_certificate_will_do_when_nothing_is_verified() {
    let folder = Folder::new();
    let issuer = authority(&folder);
    let pair = certificate(&folder, &issuer, "a", &["a.test"]);
    let trust = UpstreamTls { verify: Verify::Nothing, ..UpstreamTls::default() };
    assert_eq!(outcome(&folder, &pair, &trust).await, Ok(()));
    let surroundings = folder.surroundings();
    Origination::new(&trust, HTTP, &surroundings).unwrap();
    assert!(surroundings.system_roots.get().is_none(), "the system's authorities were not needed");
}

#[tokio::test]
async fn a_self_signed_certificate_is_trusted_when_it_is_named_itself() {
    let folder = Folder::new();
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
    // As `openssl req -x509` makes them.
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = parameters.self_signed(&key).unwrap().pem();
    let pair = CertificateFiles {
        certificate: folder.write("authority.pem", &pem),
        key: folder.write("a.key", &key.serialize_pem()),
        hosts: Vec::new(),
    };
    assert_eq!(outcome(&folder, &pair, &trusting("a.test")).await, Ok(()));
    assert_eq!(outcome(&folder, &pair, &trusting("b.test")).await, Err(Reason::BadCertificate));
}

#[tokio::test]
async fn a_certificate_past_its_time_is_refused_by_the_proxys_clock() {
    let folder = Folder::new();
    let hosts = vec!["a.test".to_owned()];
    let tls = Tls { certificates: Certificates::Local { hosts }, ..Tls::default() };
    let termination = Termination::new(&tls, HTTP, &folder.surroundings()).unwrap();
    let authority = termination.authority_path().unwrap().to_str().unwrap().to_owned();
    let trust = UpstreamTls { authority_file: Some(authority), ..trusting("a.test") };
    for (days, expected) in [(300, Ok(())), (500, Err(Reason::BadCertificate))] {
        let then = folder.surroundings_in(Duration::from_hours(days * 24));
        let met = meet(&termination, &Origination::new(&trust, HTTP, &then).unwrap()).await;
        assert_eq!(met.connected.map(drop).map_err(|failure| failure.reason), expected);
    }
}

#[test]
fn a_bad_authority_file_or_name_is_said() {
    let folder = Folder::new();
    let said = |tls: &UpstreamTls| {
        Origination::new(tls, HTTP, &folder.surroundings()).err().unwrap().to_string()
    };
    assert!(said(&trusting("a.test")).contains("authority.pem cannot be read"));
    folder.write("authority.pem", "nothing");
    assert!(said(&trusting("a.test")).contains("authority.pem holds no certificate"));
    authority(&folder);
    assert!(said(&trusting("a b")).contains("`a b` is no name"));
}

async fn outcome(
    folder: &Folder,
    pair: &CertificateFiles,
    trust: &UpstreamTls,
) -> Result<(), Reason> {
    let termination = Termination::new(&files(&[pair]), HTTP, &folder.surroundings()).unwrap();
    let origination = Origination::new(trust, HTTP, &folder.surroundings()).unwrap();
    let met = meet(&termination, &origination).await;
    met.connected.map(drop).map_err(|failure| failure.reason)
}
