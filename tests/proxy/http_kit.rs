//! Clients and servers of both HTTP versions, so that every pair can be put around the proxy.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use evenkeel::proxy::Shared;
use h2::client::SendRequest;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, combinators::BoxBody};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

/// Runs a test's part on this thread, for no longer than a deadline.
pub(crate) fn block<F: Future>(part: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async { tokio::time::timeout(DEADLINE, part).await.unwrap() })
}

/// Runs a server on a thread of its own, for as long as the process lasts.
pub(crate) fn serve<F, S>(name: &str, serve: F) -> SocketAddr
where
    F: Fn(TcpStream) -> S + Send + 'static,
    S: Future<Output = ()> + 'static,
{
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, async {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                tokio::task::spawn_local(serve(stream));
            }
        });
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(run).unwrap();
    address
}

/// A lab with one listener, `front`, that leads to one server of some protocol.
pub(crate) fn lab_to(server: SocketAddr, protocol: &str, more: &str) -> String {
    format!(
        "(version: 1, {more} listeners: [(name: \"front\", address: \"127.0.0.1:0\", routes: [(to: pool(\"web\"), \
         timeouts: (idle: \"1s\"))])], pools: [(name: \"web\", upstream: (protocol: {protocol}), \
         servers: [(name: \"a\", address: \"{server}\")])])"
    )
}

/// What a client got.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Option<HeaderMap>,
    pub(crate) interims: Vec<StatusCode>,
}

/// Opens HTTP/2 with prior knowledge.
pub(crate) async fn http2(address: SocketAddr) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::task::spawn_local(async move { drop(connection.await) });
    sender.ready().await.unwrap()
}

pub(crate) fn request(method: &str, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(format!("http://site.test{path}"))
}

/// One request over HTTP/2, whose body is sent in pieces.
pub(crate) async fn ask_http2(
    sender: &mut SendRequest<Bytes>,
    request: Request<()>,
    pieces: &[Bytes],
    trailers: Option<HeaderMap>,
) -> Result<Reply, h2::Error> {
    let bare = pieces.is_empty() && trailers.is_none();
    poll_fn(|ctx| sender.poll_ready(ctx)).await?;
    let (mut answer, mut stream) = sender.send_request(request, bare)?;
    if !bare {
        let pieces = pieces.to_vec();
        tokio::task::spawn_local(async move {
            for piece in pieces {
                if send_all(&mut stream, piece).await.is_none() {
                    return;
                }
            }
            match trailers {
                Some(trailers) => drop(stream.send_trailers(trailers)),
                None => drop(stream.send_data(Bytes::new(), true)),
            }
        });
    }
    let mut interims = Vec::new();
    let response = poll_fn(|ctx| {
        while let std::task::Poll::Ready(Some(Ok(interim))) = answer.poll_informational(ctx) {
            interims.push(interim.status());
        }
        std::pin::Pin::new(&mut answer).poll(ctx)
    })
    .await?;
    let (head, mut receiving) = response.into_parts();
    let body = read_all(&mut receiving).await?;
    let trailers = receiving.trailers().await?;
    Ok(Reply { status: head.status, headers: head.headers, body, trailers, interims })
}

pub(crate) async fn read_all(receiving: &mut RecvStream) -> Result<Vec<u8>, h2::Error> {
    let mut body = Vec::new();
    while let Some(data) = receiving.data().await {
        let data = data?;
        body.extend_from_slice(&data);
        receiving.flow_control().release_capacity(data.len())?;
    }
    Ok(body)
}

/// Sends as fast as the other side allows; nothing if it stopped.
pub(crate) async fn send_all(stream: &mut SendStream<Bytes>, mut data: Bytes) -> Option<()> {
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        while stream.capacity() == 0 {
            poll_fn(|ctx| stream.poll_capacity(ctx)).await?.ok()?;
        }
        let piece = data.split_to(stream.capacity().min(data.len()));
        stream.send_data(piece, false).ok()?;
    }
    Some(())
}

/// One request over a connection of HTTP/1.1 of its own.
pub(crate) async fn ask_http1<B>(
    address: SocketAddr,
    mut request: Request<B>,
) -> hyper::Result<Reply>
where
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Unpin
        + 'static,
{
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::task::spawn_local(async move { drop(connection.await) });
    let (told, heard) = sync_channel(16);
    hyper::ext::on_informational(&mut request, move |interim| {
        told.send(interim.status()).unwrap();
    });
    request.headers_mut().insert("host", HeaderValue::from_static("site.test"));
    let path = request.uri().path_and_query().unwrap().as_str().parse().unwrap();
    *request.uri_mut() = path;
    let (head, body) = sender.send_request(request).await?.into_parts();
    let collected = body.collect().await?;
    Ok(Reply {
        status: head.status,
        headers: head.headers,
        trailers: collected.trailers().cloned(),
        body: collected.to_bytes().to_vec(),
        interims: heard.try_iter().collect(),
    })
}

/// A server that answers by the path: `/echo`, `/big`, `/empty`, `/early`.
pub(crate) fn http1_server() -> SocketAddr {
    serve("http1-server", |stream| async {
        let service = hyper::service::service_fn(|request| async {
            Ok::<_, Infallible>(answer_http1(request))
        });
        let connection = hyper::server::conn::http1::Builder::new();
        drop(connection.serve_connection(TokioIo::new(stream), service).await);
    })
}

fn answer_http1(request: Request<Incoming>) -> Response<BoxBody<Bytes, hyper::Error>> {
    let whole = |data: Bytes| Full::new(data).map_err(|never| match never {}).boxed();
    let response = Response::builder().header("x-version", "1.1");
    let seen =
        format!("{:?}", request.headers().keys().map(http::HeaderName::as_str).collect::<Vec<_>>());
    let response = response.header("x-seen", seen);
    match request.uri().path() {
        "/echo" => {
            let trailer = request.headers().get("trailer").cloned();
            let response = trailer
                .into_iter()
                .fold(response, |response, trailer| response.header("trailer", trailer));
            response.body(request.into_body().boxed()).unwrap()
        }
        "/big" => response.body(whole(big())).unwrap(),
        "/empty" => response.status(204).body(whole(Bytes::new())).unwrap(),
        "/early" => response.body(whole(Bytes::from_static(b"early"))).unwrap(),
        path => response.body(whole(Bytes::from(path.to_owned()))).unwrap(),
    }
}

/// The same with HTTP/2, and what only it can do.
pub(crate) fn http2_server() -> SocketAddr {
    serve("http2-server", |stream| async {
        let Ok(mut connection) = h2::server::handshake(stream).await else { return };
        while let Some(Ok((request, respond))) = connection.accept().await {
            tokio::task::spawn_local(answer_http2(request, respond));
        }
    })
}

async fn answer_http2(request: Request<RecvStream>, mut respond: SendResponse<Bytes>) {
    let path = request.uri().path().to_owned();
    let seen =
        format!("{:?}", request.headers().keys().map(http::HeaderName::as_str).collect::<Vec<_>>());
    let is_head = request.method() == http::Method::HEAD;
    let trailer = request.headers().get("trailer").cloned();
    let mut receiving = request.into_body();
    let head = |status: u16| {
        let head = Response::builder().status(status).header("x-version", "2");
        head.header("x-seen", &seen).body(()).unwrap()
    };
    let mut interim = Response::new(());
    *interim.status_mut() = StatusCode::EARLY_HINTS;
    match path.as_str() {
        "/echo" => {
            let mut head = head(200);
            head.headers_mut().extend(trailer.map(|it| (http::header::TRAILER, it)));
            let Ok(mut stream) = respond.send_response(head, false) else { return };
            while let Some(Ok(data)) = receiving.data().await {
                let n_bytes = data.len();
                if send_all(&mut stream, data).await.is_none() {
                    return;
                }
                receiving.flow_control().release_capacity(n_bytes).unwrap();
            }
            match receiving.trailers().await {
                Ok(Some(trailers)) => drop(stream.send_trailers(trailers)),
                Ok(None) => drop(stream.send_data(Bytes::new(), true)),
                Err(_) => {}
            }
        }
        "/empty" => drop(respond.send_response(head(204), true)),
        "/cut" => {
            let mut stream = respond.send_response(head(200), false).unwrap();
            stream.send_data(Bytes::from_static(b"half"), false).unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
            stream.send_reset(Reason::CANCEL);
        }
        "/grpc" => {
            let mut head = head(200);
            head.headers_mut().insert("grpc-status", HeaderValue::from_static("5"));
            drop(respond.send_response(head, true));
        }
        "/hints" => {
            respond.send_informational(interim).unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
            drop(respond.send_response(head(200), true));
        }
        "/hang" => drop(poll_fn(|ctx| respond.poll_reset(ctx)).await),
        path => {
            let body = match path {
                "/big" => big(),
                "/early" => Bytes::from_static(b"early"),
                path => Bytes::from(path.to_owned()),
            };
            let Ok(mut stream) = respond.send_response(head(200), is_head) else { return };
            if !is_head && send_all(&mut stream, body).await.is_some() {
                drop(stream.send_data(Bytes::new(), true));
            }
        }
    }
}

/// A server of bytes: what it writes to each connection is up to the test.
pub(crate) fn raw_server<F>(script: F) -> SocketAddr
where
    F: Fn(super::bench::Wire) + Send + Sync + 'static,
{
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let script = Arc::new(script);
    let run = move || {
        for stream in listener.incoming() {
            let (script, wire) = (Arc::clone(&script), super::bench::Wire(stream.unwrap()));
            let name = "raw-connection".to_owned();
            std::thread::Builder::new().name(name).spawn(move || script(wire)).unwrap();
        }
    };
    std::thread::Builder::new().name("raw-server".to_owned()).spawn(run).unwrap();
    address
}

/// Waits for something that has to become true soon.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

/// How many requests are at the only server of the pool.
pub(crate) fn in_flight(shared: &Shared) -> u32 {
    shared.plan().pools["web"].in_flight(0)
}

/// Eight megabytes that differ from place to place.
pub(crate) fn big() -> Bytes {
    static BIG: OnceLock<Bytes> = OnceLock::new();
    BIG.get_or_init(|| (0..8 << 20).map(|n: u32| (n / 7) as u8).collect::<Vec<_>>().into()).clone()
}

const DEADLINE: Duration = Duration::from_secs(30);
