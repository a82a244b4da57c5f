//! What client groups speak besides plain HTTP/1.1, and load for one address.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use bytes::Bytes;
use evenkeel::lab::{Client, HttpVersion, RequestKind};
use evenkeel::meter::Outcome;
use evenkeel::model::Latency;
use evenkeel::period::Period;
use evenkeel::world::client::load::{Load, LoadError, LoadSettings, Pace};
use evenkeel::world::client::{Shown, Speaks, Target};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

use super::server::{Server, ok, runtime};
use super::stage::{OK, Stage, TestClock, identities, steady, users, wait};

/// A server of anything, with the number of connections it accepted.
struct Accepting {
    address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    _runtime: tokio::runtime::Runtime,
}

impl Accepting {
    fn start<F>(serve: impl Fn(tokio::net::TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let runtime = runtime();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let (address, accepted) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&accepted);
        runtime.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, SeqCst);
                tokio::spawn(serve(stream));
            }
        });
        Self { address, accepted, _runtime: runtime }
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let number = request.headers()["x-evenkeel-request"].clone();
    let cookie = request.headers().get("cookie").cloned();
    let host = request.uri().authority().map_or("", |authority| authority.as_str()).to_owned();
    let length = request.into_body().collect().await.unwrap().to_bytes().len();
    let mut response = Response::new(Full::new(Bytes::from(format!("{length} {host}"))));
    let headers = response.headers_mut();
    headers.insert("x-evenkeel-request", number);
    headers.insert("set-cookie", "a=1".parse().unwrap());
    let server = if cookie.is_some() { "known" } else { "new" };
    headers.insert("x-evenkeel-server", server.parse().unwrap());
    Ok(response)
}

async fn serve_http2(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
    let service = hyper::service::service_fn(answer);
    let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    drop(builder.serve_connection(TokioIo::new(io), service).await);
}

#[test]
fn http2_has_one_connection_for_each_identity() {
    let server = Accepting::start(serve_http2);
    let kind =
        RequestKind { method: "POST".to_owned(), body_bytes: 70_000, ..RequestKind::default() };
    let client = Client { http: HttpVersion::Http2, requests: vec![kind], ..identities(3) };
    let stage = Stage::for_a_second(client, server.address);
    let counters = stage.finished(199);
    assert_eq!((counters.of(OK), server.accepted.load(SeqCst)), (199, 3));
    let gauges = stage.handle().gauges();
    assert_eq!((gauges.wrong_answers, gauges.open_connections), (0, 3));
    let answers: BTreeMap<String, u64> = stage.handle().answers().by_server.into_iter().collect();
    assert!(answers["known"] > 150, "cookies come back: {answers:?}");
    let Stage { handle, .. } = stage;
    drop(handle);
}

#[test]
fn http2_connections_that_close_are_replaced() {
    let server = Accepting::start(|stream| async {
        let ended =
            tokio::time::timeout(std::time::Duration::from_millis(100), serve_http2(stream));
        drop(ended.await);
    });
    let client = Client { http: HttpVersion::Http2, ..users(2) };
    let stage = Stage::start(client, server.address);
    wait("some new connections", || server.accepted.load(SeqCst) > 8);
    let counters = stage.counters();
    // What was under way when its connection was cut is lost, one for each at the most.
    assert!(counters.of(OK) > 20 && counters.errors() <= server.accepted.load(SeqCst) as u64);
}

fn certificate() -> (Arc<rustls::ServerConfig>, Arc<rustls::ClientConfig>) {
    let made = rcgen::generate_simple_self_signed(vec!["shop.test".to_owned()]).unwrap();
    let (der, key) = (made.cert.der().clone(), made.signing_key.serialize_der());
    let provider = || Arc::new(rustls::crypto::ring::default_provider());
    let mut server = rustls::ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![der.clone()], PrivatePkcs8KeyDer::from(key).into())
        .unwrap();
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut roots = rustls::RootCertStore::empty();
    roots.add(der).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

fn serve_tls(config: Arc<rustls::ServerConfig>) -> Accepting {
    Accepting::start(move |stream| {
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::clone(&config));
        async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            if is_http2 {
                return serve_http2(stream).await;
            }
            let service = hyper::service::service_fn(answer);
            let builder = hyper::server::conn::http1::Builder::new();
            drop(builder.serve_connection(TokioIo::new(stream), service).await);
        }
    })
}

#[test]
fn tls_is_spoken_with_the_name_and_the_version_that_were_asked_for() {
    let (server, tls) = certificate();
    for http in [HttpVersion::Http1, HttpVersion::Http2] {
        let server = serve_tls(Arc::clone(&server));
        let plain = Target::http(server.address);
        let host = "shop.test:443".to_owned();
        let target = Target { tls: Some(Arc::clone(&tls)), host, ..plain };
        let client = Client { http, ..identities(2) };
        let counters = Stage::start_until(client, target, Some(500_000_000)).finished(99);
        assert_eq!(counters.of(OK), 99, "{http:?}: {:?}", counters.outcomes().collect::<Vec<_>>());
    }
}

#[test]
fn a_certificate_for_another_name_is_not_trusted() {
    let (server, tls) = certificate();
    let server = serve_tls(server);
    let target = Target { tls: Some(tls), ..Target::http(server.address) };
    let counters = Stage::start_until(steady(20.0), target, Some(500_000_000)).finished(9);
    assert_eq!(counters.of(Outcome::BadResponse), 9);
}

#[test]
fn bytes_come_back_over_tcp_and_udp() {
    let server = Accepting::start(|mut stream| async move {
        let (mut read, mut write) = stream.split();
        drop(tokio::io::copy(&mut read, &mut write).await);
    });
    let kind = RequestKind { body_bytes: 20_000, ..RequestKind::default() };
    let client = Client { requests: vec![kind], ..identities(3) };
    let tcp = Target { speaks: Speaks::Tcp, ..Target::http(server.address) };
    let stage = Stage::start_until(client.clone(), tcp, Some(500_000_000));
    let counters = stage.finished(99);
    assert_eq!((counters.of(Outcome::Carried), counters.bytes_out), (99, 99 * 20_000));
    assert_eq!(stage.handle().gauges().wrong_answers, 0);

    let runtime = runtime();
    let socket = runtime.block_on(UdpSocket::bind("127.0.0.1:0")).unwrap();
    let udp = Target { speaks: Speaks::Udp, ..Target::http(socket.local_addr().unwrap()) };
    runtime.spawn(async move {
        let mut buffer = vec![0; 65_536];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
            socket.send_to(&buffer[..length], from).await.unwrap();
        }
    });
    let stage = Stage::start_until(client, udp, Some(500_000_000));
    assert_eq!(stage.finished(99).of(Outcome::Carried), 99);
    assert_eq!(stage.handle().gauges().wrong_answers, 0);
}

#[test]
fn bytes_that_come_back_changed_are_a_wrong_answer() {
    let server = Accepting::start(|mut stream| async move {
        let mut byte = [0; 1];
        while stream.read(&mut byte).await.unwrap_or(0) > 0 {
            drop(stream.write_all(&[byte[0] ^ 1]).await);
        }
    });
    let tcp = Target { speaks: Speaks::Tcp, ..Target::http(server.address) };
    let stage = Stage::start_until(steady(20.0), tcp, Some(500_000_000));
    stage.finished(9);
    assert_eq!(stage.handle().gauges().wrong_answers, 9);
}

#[test]
fn load_tells_what_was_asked_and_what_came_of_it() {
    let server = Server::start(|heard| {
        assert_eq!((heard.path(), heard.field("x-forwarded-for")), ("/here?x=1", None));
        ok(&format!("x-served-by: s{}\r\n", heard.number() % 2))
    });
    let settings = LoadSettings {
        url: format!("http://{}/here?x=1", server.address),
        pace: Pace::rate("400/s").unwrap(),
        duration: Period::from_millis(500),
        identities: 3,
        ..LoadSettings::default()
    };
    let load = Load::start(&settings, TestClock::start()).unwrap();
    wait("the load to end", || load.progress().is_done);
    let report = load.finish();
    assert_eq!((report.reading.counters.started, report.reading.counters.of(OK)), (199, 199));
    assert_eq!((report.asked_per_second, report.sent_per_second), (Some(400.0), 398.0));
    assert!(report.finished_per_second > 100.0 && report.finished_per_second <= 398.0);
    assert_eq!(report.from_send.count(), report.reading.latency.count());
    assert!(report.from_send.mean_ns() <= report.reading.latency.mean_ns());
    let answers: BTreeMap<String, u64> = report.answers.by_server.into_iter().collect();
    assert_eq!((answers["s0"], answers["s1"]), (99, 100));
    let shown = if cfg!(target_os = "linux") { Shown::OwnAddress } else { report.shown };
    assert_eq!(report.shown, shown);
}

#[test]
fn load_by_users_ends_with_the_last_answer_and_says_who_is_not_there() {
    let server = Server::start(|_| ok(""));
    let pace = Pace::Users { count: 4, think: Latency::Constant(Period::from_millis(2)) };
    let url = format!("http://{}", server.address);
    let settings =
        LoadSettings { url, pace, duration: Period::from_millis(300), ..LoadSettings::default() };
    let load = Load::start(&settings, TestClock::start()).unwrap();
    wait("the load to end", || load.progress().is_done);
    let progress = load.progress();
    assert_eq!(progress.gauges.in_flight, 0);
    let report = load.finish();
    assert!(report.reading.counters.of(OK) >= 4 && report.asked_per_second.is_none());
    assert_eq!(report.reading.counters.started, report.reading.counters.finished());

    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = LoadSettings { url: format!("http://{nobody}"), ..settings };
    let refused = Load::start(&settings, TestClock::start());
    assert!(matches!(refused, Err(LoadError::Unreachable { address, .. }) if address == nobody));
}
