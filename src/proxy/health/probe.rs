//! One check of one server, over a connection of its own that is not counted among the requests.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, TE, USER_AGENT};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;
use tokio::task::JoinSet;

use super::super::network::{Network, Wire};
use super::super::server::Server;
use super::super::tls::{self, Alpn, Secured};
use super::super::transport::Transport;
use super::grpc;
use crate::lab::{Probe, ProxyProtocolOut, UpstreamProtocol};

/// Whether a server passes a check. Dropping it ends the connection.
pub(super) async fn probe<N: Network>(network: &N, server: &Server, probe: &Probe) -> bool {
    let Some(line) = reach(network, server).await else { return false };
    match probe {
        Probe::Tcp => true,
        Probe::Http { path, status, body, host } => {
            let Some(request) = http_request(&line, path, host.as_deref()) else { return false };
            let wanted = Wanted { status: *status, text: body.as_deref() };
            line.ask(request, async |answer| wanted.is_met(answer).await).await
        }
        Probe::Grpc { service } => {
            let Some(request) = grpc_request(&line, service) else { return false };
            let line = Line { speaks_http2: true, ..line };
            line.ask(request, is_serving).await
        }
    }
}

/// A connection to a server that is ready for a question.
struct Line<S> {
    transport: Transport<S>,
    speaks_http2: bool,
    authority: String,
    scheme: &'static str,
}

/// Opens a connection to the first address that takes it.
async fn reach<N: Network>(network: &N, server: &Server) -> Option<Line<N::Stream>> {
    let (mut stream, address) = connect(network, &server.addresses).await?;
    // A check comes from the proxy itself and speaks for no client.
    let greeting: &[u8] = match server.upstream.proxy_protocol {
        ProxyProtocolOut::Off => b"",
        ProxyProtocolOut::V1 => b"PROXY UNKNOWN\r\n",
        ProxyProtocolOut::V2 => b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0",
    };
    stream.write_all(greeting).await.ok()?;
    let transport = Transport::plain(stream, Bytes::new());
    let Some(tls) = &server.tls else {
        return Some(Line {
            transport,
            speaks_http2: server.upstream.protocol == UpstreamProtocol::H2c,
            authority: address.to_string(),
            scheme: "http",
        });
    };
    let patience = Duration::from_nanos(server.upstream.connect_timeout.ns());
    let shaking = tls::connect(transport, tls.origination.config(), &tls.name, patience);
    let Secured { stream, agreed } = shaking.await.ok()?;
    Some(Line {
        transport: Transport::encrypted(stream),
        speaks_http2: agreed.alpn == Some(Alpn::Http2),
        authority: tls.name.to_str().into_owned(),
        scheme: "https",
    })
}

async fn connect<N: Network>(
    network: &N,
    addresses: &[SocketAddr],
) -> Option<(N::Stream, SocketAddr)> {
    for &address in addresses {
        if let Ok(stream) = network.connect(address).await {
            return Some((stream, address));
        }
    }
    None
}

fn http_request<S>(line: &Line<S>, path: &str, host: Option<&str>) -> Option<Request<Full<Bytes>>> {
    let authority = host.unwrap_or(&line.authority);
    let mut request = Request::new(Full::default());
    if line.speaks_http2 {
        *request.uri_mut() = uri(line.scheme, authority, path)?;
        *request.version_mut() = Version::HTTP_2;
    } else {
        *request.uri_mut() = path.parse().ok()?;
        request.headers_mut().insert(HOST, HeaderValue::from_str(authority).ok()?);
        request.headers_mut().insert("connection", HeaderValue::from_static("close"));
    }
    Some(marked(request))
}

fn grpc_request<S>(line: &Line<S>, service: &str) -> Option<Request<Full<Bytes>>> {
    let mut request = Request::new(Full::new(grpc::request(service)));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri(line.scheme, &line.authority, "/grpc.health.v1.Health/Check")?;
    *request.version_mut() = Version::HTTP_2;
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(TE, HeaderValue::from_static("trailers"));
    Some(marked(request))
}

fn uri(scheme: &str, authority: &str, path: &str) -> Option<Uri> {
    Uri::builder().scheme(scheme).authority(authority).path_and_query(path).build().ok()
}

/// Says what it is, so that a server can leave it out of its counts.
fn marked(mut request: Request<Full<Bytes>>) -> Request<Full<Bytes>> {
    let headers = request.headers_mut();
    headers.insert(USER_AGENT, HeaderValue::from_static("evenkeel-health"));
    headers.insert("x-evenkeel-probe", HeaderValue::from_static("1"));
    request
}

impl<S: Wire> Line<S> {
    async fn ask(
        self,
        request: Request<Full<Bytes>>,
        judge: impl AsyncFnOnce(Response<Incoming>) -> bool,
    ) -> bool {
        let stream = TokioIo::new(self.transport);
        if self.speaks_http2 {
            let tasks = Rc::new(RefCell::new(JoinSet::new()));
            let shaking = http2::Builder::new(Tasks(Rc::downgrade(&tasks)))
                .max_header_list_size(READ_MAX as u32)
                .handshake(stream);
            let Ok((mut sender, connection)) = shaking.await else { return false };
            let asking = async {
                match sender.send_request(request).await {
                    Ok(answer) => judge(answer).await,
                    Err(_broken) => false,
                }
            };
            beside(connection, asking).await
        } else {
            let shaking = http1::Builder::new().max_buf_size(READ_MAX).handshake(stream);
            let Ok((mut sender, connection)) = shaking.await else { return false };
            let asking = async {
                match sender.send_request(request).await {
                    Ok(answer) => judge(answer).await,
                    Err(_broken) => false,
                }
            };
            beside(connection, asking).await
        }
    }
}

/// Waits for an answer while its connection is driven.
async fn beside<E>(
    connection: impl Future<Output = Result<(), E>>,
    asking: impl Future<Output = bool>,
) -> bool {
    let mut asking = pin!(asking);
    tokio::select! {
        good = asking.as_mut() => return good,
        // What it brought before its end is still to be read.
        _ended = connection => {}
    }
    asking.await
}

/// hyper's helper tasks, which end with the check.
#[derive(Clone)]
struct Tasks(Weak<RefCell<JoinSet<()>>>);

impl<F> hyper::rt::Executor<F> for Tasks
where
    F: Future<Output: 'static> + 'static,
{
    fn execute(&self, task: F) {
        if let Some(tasks) = self.0.upgrade() {
            tasks.borrow_mut().spawn_local(async move { drop(task.await) });
        }
    }
}

/// What an HTTP check asks of an answer.
struct Wanted<'a> {
    status: (u16, u16),
    text: Option<&'a str>,
}

impl Wanted<'_> {
    async fn is_met(&self, answer: Response<Incoming>) -> bool {
        let (from, to) = self.status;
        if !(from..=to).contains(&answer.status().as_u16()) {
            return false;
        }
        let Some(text) = self.text.filter(|text| !text.is_empty()) else { return true };
        let mut body = answer.into_body();
        let mut read = Vec::new();
        while let Some(Ok(frame)) = body.frame().await {
            let Some(data) = frame.data_ref() else { continue };
            // What was looked at before is looked at again only as far as the text may have begun there.
            let from = read.len().saturating_sub(text.len() - 1);
            read.extend_from_slice(&data[..data.len().min(READ_MAX - read.len())]);
            if read[from..].windows(text.len()).any(|window| window == text.as_bytes()) {
                return true;
            }
            if read.len() == READ_MAX {
                return false;
            }
        }
        false
    }
}

async fn is_serving(answer: Response<Incoming>) -> bool {
    let (head, mut body) = answer.into_parts();
    // A server may say in the head already that it failed, and leave out the rest.
    let failed = |status: Option<&HeaderValue>| status.is_some_and(|status| status != "0");
    if head.status != StatusCode::OK || failed(head.headers.get("grpc-status")) {
        return false;
    }
    let (mut message, mut status) = (Vec::new(), None);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return false };
        match frame.into_data() {
            Ok(data) if message.len() + data.len() <= READ_MAX => message.extend_from_slice(&data),
            Ok(_too_long) => return false,
            Err(frame) => {
                status = frame.into_trailers().ok().and_then(|it| it.get("grpc-status").cloned());
            }
        }
    }
    status.is_some_and(|status| status == "0") && grpc::is_serving(&message)
}

/// No more than this is read of an answer's head, and of its body.
const READ_MAX: usize = 64 * 1024;
