//! TLS at a listener and towards servers, and certificates that change while connections go on.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use evenkeel::engine::{Cure, ListenerState};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

use crate::kit::{Running, Secured, ask, connect_tls, get, settings, wait_for};

const MOCK: &str = r#"(name: "a", mock: (latency: constant("1ms")))"#;

#[test]
fn a_client_that_trusts_the_local_authority_is_served_over_tls() {
    let text = format!(
        r#"(
            version: 1,
            listeners: [(name: "front", address: "127.0.0.1:0", pool: "web", tls: ())],
            pools: [(name: "web", servers: [{MOCK}])],
            clients: [(name: "all", listener: "front", arrivals: steady(per_second: 100))],
        )"#
    );
    let running = Running::start("local", &text);
    let mut stream = connect_tls(running.address("front"), "localhost", &running.trusting());
    assert_eq!(ask(&mut stream, "/").0, 200);
    assert_eq!(ask(&mut stream, "/again").0, 200);
    let figures = || running.engine.observe().figures.clients_together().counters;
    wait_for("traffic of the lab's own clients", || figures().finished() > 20);
    assert_eq!(figures().errors(), 0);
}

#[test]
fn tls_around_tcp_is_taken_off_and_put_on() {
    let text = format!(
        r#"(
            version: 1,
            listeners: [
                (name: "plain", address: "127.0.0.1:0", protocol: tcp, pool: "echo", tls: ()),
                (name: "again", address: "127.0.0.1:0", protocol: tcp, pool: "dressed"),
            ],
            pools: [
                (name: "echo", servers: [{MOCK}], mocks: (protocol: tcp_echo)),
                (
                    name: "dressed",
                    servers: [{MOCK}],
                    mocks: (protocol: tcp_echo),
                    upstream: (protocol: https),
                ),
            ],
        )"#
    );
    let running = Running::start("tcp-tls", &text);
    let mut stream = connect_tls(running.address("plain"), "localhost", &running.trusting());
    stream.write_all(b"through tls").unwrap();
    let mut back = [0; 11];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"through tls");
    assert_eq!(crate::kit::echo(running.address("again"), b"into tls"), b"into tls");
}

#[test]
fn servers_are_spoken_to_over_tls() {
    let text = format!(
        r#"(
            version: 1,
            listeners: [(name: "front", address: "127.0.0.1:0", pool: "web")],
            pools: [(name: "web", servers: [{MOCK}], upstream: (protocol: https))],
        )"#
    );
    let running = Running::start("https", &text);
    for _ in 0..3 {
        assert_eq!(get(running.address("front"), "/").0, 200);
    }
    // In place: the same mock is another server without TLS.
    running.change(|lab| lab.pools[0].upstream.protocol = evenkeel::lab::UpstreamProtocol::Http1);
    assert_eq!(get(running.address("front"), "/").0, 200);
}

#[test]
fn a_server_that_nobody_vouches_for_is_not_believed() {
    let server = Running::start(
        "stranger",
        r#"(
            version: 1,
            listeners: [(
                name: "stranger",
                address: "127.0.0.1:0",
                routes: [(to: answer(status: 200, body: "believe me"))],
                tls: (),
            )],
        )"#,
    );
    let to = server.address("stranger").port();
    let authority = authority_file(&server.settings.authority_folder);
    let text = |tls: &str| {
        format!(
            r#"(
                version: 1,
                listeners: [(name: "front", address: "127.0.0.1:0", pool: "web")],
                pools: [(
                    name: "web",
                    servers: [(name: "a", address: "localhost:{to}")],
                    upstream: (protocol: https, tls: ({tls})),
                )],
            )"#
        )
    };
    let vouched = text(&format!("authority_file: \"{authority}\""));
    let running = Running::start("vouched", &vouched);
    assert_eq!(get(running.address("front"), "/").0, 200);
    // Only the system's authorities are trusted from now on.
    running.change(|lab| lab.pools[0].upstream.tls.authority_file = None);
    assert_eq!(get(running.address("front"), "/").0, 502);
}

fn authority_file(folder: &Path) -> String {
    let mut files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_certificate =
        |path: &std::path::PathBuf| std::fs::read_to_string(path).unwrap().contains("CERTIFICATE-");
    files.find(is_certificate).unwrap().display().to_string()
}

/// Writes a certificate of its own that vouches for itself.
fn write_certificate(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    // The key first: a certificate that is seen beside the old key does not fit it and is not taken.
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.join("certificate.pem"), made.cert.pem()).unwrap();
    made.cert.der().clone()
}

fn trusting_any_of(certificates: &[CertificateDer<'static>]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let versions = builder.with_safe_default_protocol_versions().unwrap();
    let mut config = versions.with_root_certificates(roots).with_no_client_auth();
    // A session that is taken up again shows the certificate it began with.
    config.resumption = rustls::client::Resumption::disabled();
    Arc::new(config)
}

fn shown(stream: &Secured) -> CertificateDer<'static> {
    stream.conn.peer_certificates().unwrap()[0].clone().into_owned()
}

#[test]
fn a_lab_that_is_put_elsewhere_finds_its_files_there() {
    let folders = settings("moved");
    let elsewhere = folders.folder.join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    write_certificate(&elsewhere);
    let running = Running::start_with(folders, &from_files(""));
    let state = || running.engine.status().listeners[0].state.clone();
    let cure = match state() {
        ListenerState::Trouble { trouble, .. } => trouble.cure,
        other => panic!("{other:?}"),
    };
    assert_eq!(cure, Some(Cure::LocalCertificate));
    running.engine.move_to(elsewhere);
    wait_for("a listener that found its files", || matches!(state(), ListenerState::Open { .. }));
}

/// A lab with a listener that shows what is in its certificate file.
fn from_files(more: &str) -> String {
    format!(
        r#"(
            version: 1,
            listeners: [(
                name: "front",
                address: "127.0.0.1:0",
                pool: "web",
                tls: (certificates: files([(certificate: "certificate.pem", key: "key.pem")])),
            )],
            pools: [(name: "web", servers: [{MOCK}])],
            {more}
        )"#
    )
}

#[test]
fn replaced_certificate_files_are_shown_to_new_clients_and_disturb_no_old_one() {
    let settings = settings("files");
    let folder = settings.folder.clone();
    let text = from_files(
        r#"clients: [(name: "all", listener: "front", arrivals: steady(per_second: 100))],"#,
    );
    // The files are not there yet: the listener says so, and so do those who wait for it.
    let running = Running::start_with(settings, &text);
    let troubles = running.engine.status().all_troubles();
    assert!(troubles.iter().any(|it| it.contains("certificate.pem")), "{troubles:?}");
    assert!(troubles.iter().any(|it| it.contains("clients all wait for")), "{troubles:?}");
    let first = write_certificate(&folder);
    wait_for("a listener that found its files", || {
        running.engine.status().all_troubles().is_empty()
    });
    let address = running.address("front");
    let mut old = connect_tls(address, "localhost", &trusting_any_of(std::slice::from_ref(&first)));
    assert_eq!(ask(&mut old, "/").0, 200);
    let second = write_certificate(&folder);
    let any = trusting_any_of(&[first.clone(), second.clone()]);
    wait_for("the new certificate", || {
        let mut stream = connect_tls(address, "localhost", &any);
        assert_eq!(ask(&mut stream, "/").0, 200);
        shown(&stream) == second
    });
    assert_eq!(ask(&mut old, "/still-here").0, 200);
    // What cannot be loaded changes nothing, and is said.
    std::fs::write(folder.join("certificate.pem"), "nonsense").unwrap();
    wait_for("a word about the broken file", || {
        let troubles = running.engine.status().all_troubles();
        troubles.iter().any(|it| it.contains("keeps its certificates"))
    });
    assert_eq!(shown(&connect_tls(address, "localhost", &any)), second);
    assert_eq!(running.engine.observe().figures.clients_together().counters.errors(), 0);
}
