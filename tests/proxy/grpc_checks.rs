//! Checks that speak HTTP/2: gRPC's own health service, and whatever the TLS handshake agreed on.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::{Builder, LocalOptions};
use tokio_rustls::TlsAcceptor;

use evenkeel::balance::Health;
use evenkeel::hash::xxh64;
use evenkeel::lab::{Http2Offer, UpstreamTls};
use evenkeel::period::Clock;
use evenkeel::proxy::tls::{Inside, Origination, Surroundings};

use crate::bench::Bench;
use crate::checks::{await_health, checked};

/// A server whose gRPC health service says what is stored in it, and which answers anything else with `fine`.
struct HealthServer {
    address: SocketAddr,
    status: Arc<AtomicU8>,
    tls: BTreeMap<String, Arc<Origination>>,
}

/// A time at which certificates made now are good.
struct Today;

impl Clock for Today {
    fn now_ns(&self) -> u64 {
        0
    }

    fn unix_ns(&self) -> u64 {
        1_800_000_000_000_000_000
    }
}

const SERVING: u8 = 1;
const NOT_SERVING: u8 = 2;

impl HealthServer {
    fn plain() -> Self {
        Self::start(None, BTreeMap::new())
    }

    fn encrypted(protocols: &[&[u8]]) -> Self {
        let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, secret) = (key.cert.der().clone(), key.signing_key.serialize_der());
        let authority = std::env::temp_dir().join(format!(
            "evenkeel-{}-{:x}.pem",
            std::process::id(),
            xxh64(&secret, 0)
        ));
        std::fs::write(&authority, key.cert.pem()).unwrap();
        let trust = UpstreamTls {
            authority_file: Some(authority.to_str().unwrap().to_owned()),
            server_name: Some("localhost".to_owned()),
            http2: if protocols.contains(&&b"h2"[..]) {
                Http2Offer::Offer
            } else {
                Http2Offer::Never
            },
            ..UpstreamTls::default()
        };
        let surroundings = Surroundings::new("/".into(), "/".into(), Arc::new(Today));
        let inside = Inside::Http(Default::default());
        let client = Origination::new(&trust, inside, &surroundings).unwrap();
        std::fs::remove_file(authority).unwrap();
        let provider = || Arc::new(rustls::crypto::ring::default_provider());
        let mut server = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(secret.into()))
            .unwrap();
        let offered: Vec<Vec<u8>> = protocols.iter().map(|it| it.to_vec()).collect();
        server.alpn_protocols = offered;
        let tls = [("web".to_owned(), Arc::new(client))].into();
        Self::start(Some(TlsAcceptor::from(Arc::new(server))), tls)
    }

    fn start(acceptor: Option<TlsAcceptor>, tls: BTreeMap<String, Arc<Origination>>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let status = Arc::new(AtomicU8::new(SERVING));
        let said = Arc::clone(&status);
        let serve = move || {
            let runtime =
                Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
            runtime.unwrap().block_on(accept(listener, acceptor, said));
        };
        std::thread::Builder::new().name("health-server".to_owned()).spawn(serve).unwrap();
        Self { address, status, tls }
    }

    fn lab(&self, probe: &str, protocol: &str) -> String {
        let port = self.address.port();
        format!(
            "(version: 1, pools: [(name: \"web\", \
             servers: [(name: \"a\", address: \"localhost:{port}\")], \
             {}, upstream: (protocol: {protocol}))], \
             listeners: [(name: \"front\", address: \"127.0.0.1:0\", pool: \"web\")])",
            checked(probe)
        )
    }

    fn bench(&self, probe: &str, protocol: &str) -> Bench {
        Bench::run_with(&self.lab(probe, protocol), self.tls.clone())
    }
}

#[expect(clippy::infinite_loop, reason = "it ends with the test")]
async fn accept(
    listener: std::net::TcpListener,
    acceptor: Option<TlsAcceptor>,
    status: Arc<AtomicU8>,
) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (acceptor, status) = (acceptor.clone(), Arc::clone(&status));
        tokio::task::spawn_local(async move {
            match acceptor {
                None => serve(stream, true, status).await,
                Some(acceptor) => {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    serve(stream, http2, status).await;
                }
            }
        });
    }
}

#[derive(Clone)]
struct Local;

impl<F: Future<Output: 'static> + 'static> hyper::rt::Executor<F> for Local {
    fn execute(&self, task: F) {
        tokio::task::spawn_local(task);
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    http2: bool,
    status: Arc<AtomicU8>,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let status = status.load(SeqCst);
        async move { Ok::<_, Infallible>(answer(request, status).await) }
    });
    let stream = TokioIo::new(stream);
    if http2 {
        let serving = hyper::server::conn::http2::Builder::new(Local);
        drop(serving.serve_connection(stream, service).await);
    } else {
        let serving = hyper::server::conn::http1::Builder::new();
        drop(serving.serve_connection(stream, service).await);
    }
}

type Body = http_body_util::combinators::BoxBody<Bytes, Infallible>;

async fn answer(request: Request<Incoming>, status: u8) -> Response<Body> {
    assert_eq!(request.headers()["x-evenkeel-probe"], "1");
    if request.uri().path() != "/grpc.health.v1.Health/Check" {
        let fine = status == SERVING && request.version() == Version::HTTP_2;
        let text = if fine { "fine over HTTP/2" } else { "fine over HTTP/1.1" };
        return Response::new(Full::from(text).boxed());
    }
    assert_eq!(request.headers()["content-type"], "application/grpc");
    let asked = request.into_body().collect().await.unwrap().to_bytes();
    let known = *asked == *b"\0\0\0\0\x06\x0a\x04shop";
    let message = Bytes::from(vec![0, 0, 0, 0, 2, 8, status]);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static(if known { "0" } else { "5" }));
    let body = Full::new(message).with_trailers(async move { Some(Ok(trailers)) });
    let mut response = Response::new(body.boxed());
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    response
}

#[test]
fn a_grpc_server_is_up_while_it_says_that_it_serves() {
    for server in [HealthServer::plain(), HealthServer::encrypted(&[b"h2"])] {
        let protocol = if server.tls.is_empty() { "h2c" } else { "https" };
        let bench = server.bench("grpc(service: \"shop\")", protocol);
        server.status.store(NOT_SERVING, SeqCst);
        await_health(&bench, 0, Health::Down);
        server.status.store(SERVING, SeqCst);
        await_health(&bench, 0, Health::Up);
    }
}

#[test]
fn a_service_that_the_server_does_not_know_is_down() {
    let server = HealthServer::plain();
    await_health(&server.bench("grpc(service: \"shoes\")", "h2c"), 0, Health::Down);
}

#[test]
fn an_http_check_speaks_what_the_handshake_agreed_on() {
    for (offered, text) in [(&b"h2"[..], "over HTTP/2"), (b"http/1.1", "over HTTP/1.1")] {
        let server = HealthServer::encrypted(&[offered]);
        server.status.store(NOT_SERVING, SeqCst);
        let probe = format!("http(path: \"/\", body: Some(\"{text}\"))");
        let bench = server.bench(&probe, "https");
        if offered == b"h2" {
            await_health(&bench, 0, Health::Down);
            server.status.store(SERVING, SeqCst);
        } else {
            let wrong = server.bench("http(path: \"/\", body: Some(\"HTTP/2\"))", "https");
            await_health(&wrong, 0, Health::Down);
        }
        await_health(&bench, 0, Health::Up);
    }
}

#[test]
fn a_certificate_that_is_not_trusted_fails_the_check() {
    let mut server = HealthServer::encrypted(&[b"http/1.1"]);
    server.tls = HealthServer::encrypted(&[b"http/1.1"]).tls;
    await_health(&server.bench("tcp", "https"), 0, Health::Down);
}
