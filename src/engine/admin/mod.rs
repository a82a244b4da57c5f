//! The admin address: metrics, status, the lab, recent requests, over HTTP on the control thread.
//!
//! It is for this machine. A browser on it must not be led here by a page from elsewhere, so names that are not this
//! machine's are refused (DNS rebinding); for other machines every request has to bring the token.

mod gate;
mod metrics;
mod pages;

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::board::Board;
use super::control::Latest;
use super::error::EngineError;
use super::listeners::why_not;
use super::samples::{self, SamplesError};
use crate::lab::{self, Checked, FILE_BYTES_MAX};

/// Where the admin address is, and who may use it.
#[derive(Clone, PartialEq, Eq)]
pub struct AdminSettings {
    pub address: SocketAddr,
    /// Needed for an address that other machines can reach; asked of everybody where it is set.
    pub token: Option<String>,
}

impl fmt::Debug for AdminSettings {
    /// Without the token, which must not get into a log.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, token } = self;
        let token = token.as_ref().map(|_hidden| "…");
        out.debug_struct("AdminSettings").field("address", address).field("token", &token).finish()
    }
}

/// What answers.
struct Desk {
    board: Arc<Board>,
    latest: Arc<Latest>,
    token: Option<String>,
    /// Where relative paths in a lab begin.
    folder: PathBuf,
}

/// Opens the admin address and serves it for as long as the control thread runs. Returns the address in force.
pub(super) async fn open(
    settings: &AdminSettings,
    folder: PathBuf,
    board: &Arc<Board>,
    latest: &Arc<Latest>,
) -> Result<SocketAddr, EngineError> {
    let AdminSettings { address, token } = settings.clone();
    if !address.ip().is_loopback() && token.is_none() {
        return Err(EngineError::AdminNeedsToken { address });
    }
    let failed = |error: std::io::Error| EngineError::Admin {
        address,
        problem: why_not(address, &error).to_string(),
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let desk = Desk { board: Arc::clone(board), latest: Arc::clone(latest), token, folder };
    tokio::task::spawn_local(accept(listener, Rc::new(desk)));
    Ok(address)
}

async fn accept(listener: TcpListener, desk: Rc<Desk>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of files: trying again at once would only burn the processor.
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let desk = Rc::clone(&desk);
        tokio::task::spawn_local(async move {
            serve(stream, desk).await;
            drop(place);
        });
    }
}

async fn serve(stream: TcpStream, desk: Rc<Desk>) {
    let service = service_fn(|request| {
        let desk = Rc::clone(&desk);
        async move { Ok::<_, Infallible>(desk.answer(request).await) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    // How it ended concerns the client only.
    drop(serving.await);
}

type Answer = Response<Full<Bytes>>;

impl Desk {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        if let Err(refusal) = gate::admit(request.headers(), self.token.as_deref()) {
            return refused(refusal);
        }
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        match (&method, path.as_str()) {
            (&Method::GET, "/metrics") => {
                page(StatusCode::OK, metrics::TYPE, metrics::text(&self.board))
            }
            (&Method::GET, "/status") => page(StatusCode::OK, JSON, pages::status(&self.board)),
            (&Method::GET, "/requests") => {
                page(StatusCode::OK, JSON_LINES, pages::requests(&self.board))
            }
            (&Method::GET, "/lab") => {
                page(StatusCode::OK, RON, lab::save(&self.board.status().lab))
            }
            (&Method::PUT, "/lab") => self.take(request).await,
            (_, "/lab") => not_allowed("GET, PUT"),
            (_, "/metrics" | "/status" | "/requests") => not_allowed("GET"),
            _ => {
                let pages = "there are /metrics, /status, /lab and /requests\n".to_owned();
                page(StatusCode::NOT_FOUND, TEXT, pages)
            }
        }
    }

    /// Another lab, in whole: it is checked, and only one without errors takes over.
    async fn take(&self, request: Request<Incoming>) -> Answer {
        let body = Limited::new(request.into_body(), FILE_BYTES_MAX).collect();
        let body = match tokio::time::timeout(BODY_TIMEOUT, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_too_long)) => {
                let text = format!("a lab has at most {FILE_BYTES_MAX} bytes\n");
                return page(StatusCode::PAYLOAD_TOO_LARGE, TEXT, text);
            }
            Err(_elapsed) => {
                let text = "the lab did not come in time\n".to_owned();
                return page(StatusCode::REQUEST_TIMEOUT, TEXT, text);
            }
        };
        let loaded = match lab::load(&body) {
            Ok(loaded) => loaded,
            Err(refused) => {
                let problems = pages::problems(&refused.problems);
                return page(StatusCode::UNPROCESSABLE_ENTITY, JSON, problems);
            }
        };
        let lab = match self.with_samples(loaded.lab).await {
            Ok(lab) => lab,
            Err(problem) => {
                return page(StatusCode::UNPROCESSABLE_ENTITY, TEXT, format!("{problem}\n"));
            }
        };
        let revision = self.latest.put(lab);
        self.in_force(revision).await;
        page(StatusCode::OK, JSON, pages::applied(&self.board, revision, &loaded.warnings))
    }

    /// Files are read on another thread: what is served must not wait for a disk.
    async fn with_samples(&self, lab: Checked) -> Result<Checked, SamplesError> {
        let folder = self.folder.clone();
        let read = tokio::task::spawn_blocking(move || samples::checked_with(lab, &folder)).await;
        read.unwrap_or(Err(SamplesError::Stopped))
    }

    async fn in_force(&self, revision: u64) {
        let wait = async {
            while self.board.status().revision < revision {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        // Whoever asked sees by the revision that it is not there yet.
        drop(tokio::time::timeout(APPLYING, wait).await);
    }
}

fn page(status: StatusCode, kind: &'static str, text: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, http::HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    headers.insert("x-content-type-options", http::HeaderValue::from_static("nosniff"));
    answer
}

fn refused(refusal: gate::Refusal) -> Answer {
    let (status, text) = refusal.words();
    let mut answer = page(status, TEXT, format!("{text}\n"));
    if status == StatusCode::UNAUTHORIZED {
        let challenge = http::HeaderValue::from_static("Bearer");
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    answer
}

fn not_allowed(methods: &'static str) -> Answer {
    let mut answer = page(StatusCode::METHOD_NOT_ALLOWED, TEXT, format!("use {methods}\n"));
    answer.headers_mut().insert(header::ALLOW, http::HeaderValue::from_static(methods));
    answer
}

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const JSON_LINES: &str = "application/jsonl";
const RON: &str = "text/plain; charset=utf-8";
const CONNECTIONS: usize = 64;
const HEADER_BYTES: usize = 16 * 1024;
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
const APPLYING: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(5);
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
