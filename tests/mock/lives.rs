//! Starting, dying, coming back and stopping.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpListener;

use evenkeel::lab::Sessions;
use evenkeel::world::{MockSettings, MockStatus};

use super::caller::{Caller, get};
use super::stage::{add, lasting, stage, until, world};

#[test]
fn a_dead_mock_refuses_and_comes_back_on_the_same_port() {
    let stage = stage(|settings| settings.sessions = Sessions::Memory);
    let address = stage.mock.address();
    let mut kept = Caller::connect(address).unwrap();
    kept.get("/").unwrap();
    for _ in 0..3 {
        stage.mock.set_enabled(false);
        until("it is dead", || stage.mock.status() == MockStatus::Dead);
        assert_eq!(get(address, "/").unwrap_err().kind(), ErrorKind::ConnectionRefused);
        assert_eq!(kept.is_at_end().unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert!(TcpListener::bind(address).is_err(), "nobody else gets its port meanwhile");
        stage.mock.set_enabled(true);
        until("it serves", || stage.mock.status() == MockStatus::Serving);
        kept = Caller::connect(address).unwrap();
        let reply = kept.ask("GET", "/", "cookie: evenkeel-session=1\r\n", b"").unwrap();
        assert_eq!(reply.header("x-evenkeel-session"), Some("lost"));
    }
    assert_eq!(stage.mock.reading().connections, 1);
}

#[test]
fn death_is_not_overlooked_however_short() {
    let stage = stage(|_| {});
    let mut kept = Caller::connect(stage.mock.address()).unwrap();
    kept.get("/").unwrap();
    stage.mock.set_enabled(false);
    stage.mock.set_enabled(true);
    assert_eq!(kept.is_at_end().unwrap_err().kind(), ErrorKind::ConnectionReset);
    until("it serves again", || get(stage.mock.address(), "/").is_ok());
}

#[test]
fn a_mock_may_start_dead() {
    let stage = stage(|settings| settings.enabled = false);
    let error = get(stage.mock.address(), "/").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    stage.mock.set_enabled(true);
    until("it serves", || stage.mock.status() == MockStatus::Serving);
    assert_eq!(get(stage.mock.address(), "/").unwrap().status, 200);
}

#[test]
fn a_port_in_use_is_told_at_once_with_a_remedy() {
    let world = world();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut settings = MockSettings::new("b");
    settings.address = Some(taken.local_addr().unwrap());
    let Err(error) = world.start_mock(settings) else { panic!("the port is taken") };
    assert!(error.to_string().contains("in use: stop what listens there"), "{error}");
}

#[test]
fn a_stopped_mock_finishes_what_it_began_and_frees_its_port() {
    let world = world();
    let mock = add(&world, "a", |settings| settings.behaviour = lasting(60));
    let address = mock.address();
    let mut idle = Caller::connect(address).unwrap();
    idle.get("/").unwrap();
    let mut asking = Caller::connect(address).unwrap();
    asking.send("GET", "/", "", b"").unwrap();
    until("it is in service", || mock.reading().busy == 1);
    mock.stop();
    assert!(idle.is_at_end().unwrap(), "who asks nothing is sent away");
    assert_eq!(asking.reply("GET").unwrap().status, 200);
    assert!(asking.is_at_end().unwrap());
    until("the port is free", || TcpListener::bind(address).is_ok());
}

#[test]
fn a_connection_too_many_is_reset_and_counted() {
    let stage = stage(|settings| settings.connections = 2);
    let mut callers: Vec<Caller> =
        (0..2).map(|_| Caller::connect(stage.mock.address()).unwrap()).collect();
    for caller in &mut callers {
        assert_eq!(caller.get("/").unwrap().status, 200);
    }
    assert!(get(stage.mock.address(), "/").is_err());
    assert_eq!((stage.mock.reading().connections, stage.mock.reading().turned_away), (2, 1));
    callers.pop();
    until("there is room again", || get(stage.mock.address(), "/").is_ok());
}

#[test]
fn a_mock_speaks_tls_when_it_is_given_a_certificate() {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["mock".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let mut config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stage = stage(|settings| settings.tls = Some(std::sync::Arc::new(config)));
    let mut roots = rustls::RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let mut config =
        rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name = "mock".try_into().unwrap();
    let mut tls = rustls::ClientConnection::new(std::sync::Arc::new(config), name).unwrap();
    let mut stream = std::net::TcpStream::connect(stage.mock.address()).unwrap();
    let mut tls = rustls::Stream::new(&mut tls, &mut stream);
    tls.write_all(b"GET / HTTP/1.1\r\nhost: mock\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    tls.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("request 1 of a"), "{answer}");
}

#[test]
fn nothing_of_a_world_is_left() {
    let world = world();
    let mocks: Vec<_> = (0..4).map(|_| add(&world, "a", |_| {})).collect();
    let mut callers: Vec<Caller> = mocks
        .iter()
        .map(|mock| {
            let mut caller = Caller::connect(mock.address()).unwrap();
            caller.get("/").unwrap();
            caller
        })
        .collect();
    drop(world);
    for (mock, caller) in mocks.iter().zip(&mut callers) {
        assert!(caller.is_at_end().unwrap_or(true));
        assert!(get(mock.address(), "/").is_err());
    }
}
