//! A mock that speaks HTTP/1.1 and HTTP/2.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::rc::Rc;

use http::{HeaderValue, Request, Response, Version, header};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::http1::UpgradeableConnection;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use super::answer::{Answer, Text};
use super::grpc;
use super::place::Place;
use super::protocol::Io;
use super::question::Question;
use super::sniff::Sniffed;
use super::visit::Visit;
use super::websocket;
use crate::lab::MockProtocol;
use crate::model::FailureKind;

/// Serves one connection to its end.
pub(super) async fn serve(io: impl Io, visit: Visit) {
    // A client that leaves before it has asked leaves nothing to report.
    let Ok((io, is_http2)) = Sniffed::begin(io).await else { return };
    let visit = Rc::new(visit);
    let service = service_fn(|request| answer(Rc::clone(&visit), request));
    let io = TokioIo::new(io);
    let leaving = &visit.leaving;
    // How a connection ends is the client's to see; what befell a request has been counted.
    if is_http2 {
        let connection = http2::Builder::new(OnThisThread).serve_connection(io, service);
        drop(leaving.attend(connection, http2::Connection::graceful_shutdown).await);
    } else {
        let connection = http1::Builder::new().serve_connection(io, service);
        if visit.desk.identity.protocol == MockProtocol::Websocket {
            let connection = connection.with_upgrades();
            drop(leaving.attend(connection, UpgradeableConnection::graceful_shutdown).await);
            if let Some(upgrade) = visit.upgrade.take() {
                websocket::echo(upgrade, &visit).await;
            }
            return;
        }
        drop(leaving.attend(connection, http1::Connection::graceful_shutdown).await);
    }
}

/// Answers one request.
async fn answer(visit: Rc<Visit>, request: Request<Incoming>) -> Result<Response<Answer>, Cut> {
    if visit.desk.identity.protocol == MockProtocol::Grpc && grpc::is_call(&request) {
        return grpc::answer(&visit, request).await;
    }
    let mut question = Question::new(request);
    let (failure, place) = match admit(&visit, &mut question).await {
        Ok(admitted) => admitted,
        Err(Turned::Away(cut)) => return Err(cut),
        Err(Turned::Full(reason)) => {
            let text = format!("{}: {reason}\n", visit.desk.identity.name);
            return Ok(respond(&visit, &question, 503, Answer::text(text)));
        }
    };
    question.read_body().await?;
    perform(&visit, &mut question, failure, place).await
}

/// Who does not get in.
pub(super) enum Turned {
    Away(Cut),
    /// The queue is full, in words.
    Full(String),
}

/// Lets a request in: what will befall it, and its place, for which it may have waited. A probe takes no place,
/// because it asks about the server and is none of its work.
pub(super) async fn admit(
    visit: &Visit,
    question: &mut Question,
) -> Result<(Option<FailureKind>, Option<Place>), Turned> {
    let desk = &visit.desk;
    let tuning = desk.tuning();
    let failure = if question.is_probe {
        desk.gauges.probe();
        visit.draw_for_probe(&tuning)
    } else {
        question.number = desk.gauges.arrive();
        visit.draw(&tuning)
    };
    if failure == Some(FailureKind::Refuse) {
        return Err(Turned::Away(cut(visit, question, FailureKind::Refuse)));
    }
    if question.is_probe {
        return Ok((failure, None));
    }
    let Some(place) = desk.enter().await else {
        let limit = desk.tuning().behaviour.queue_limit;
        return Err(Turned::Full(format!("all places are taken and the queue of {limit} is full")));
    };
    Ok((failure, Some(place)))
}

/// Ends when its time in service does, or never: a client that is left hanging has to leave, which frees its place.
pub(super) async fn be_in_service(
    visit: &Visit,
    failure: Option<FailureKind>,
    place: &mut Option<Place>,
) {
    if failure == Some(FailureKind::Hang) {
        visit.desk.fail(FailureKind::Hang);
        std::future::pending::<()>().await;
    }
    if let Some(place) = place {
        place.work(visit.desk.service_ns()).await;
    }
}

/// Is in service, then answers or fails.
async fn perform(
    visit: &Visit,
    question: &mut Question,
    failure: Option<FailureKind>,
    mut place: Option<Place>,
) -> Result<Response<Answer>, Cut> {
    let desk = &visit.desk;
    be_in_service(visit, failure, &mut place).await;
    if desk.identity.protocol == MockProtocol::Websocket
        && websocket::survives(failure)
        && websocket::is_asked(question)
        && let Some(response) = websocket::agree(visit, question, failure)
    {
        desk.gauges.serve();
        return Ok(response);
    }
    let text = Text::of(&desk.identity, question);
    // Newest again: it may have waited long.
    let tuning = desk.tuning();
    let size = tuning.behaviour.answer_bytes;
    let answer = match failure {
        Some(FailureKind::Status(status)) => return Ok(failed(visit, question, status)),
        Some(FailureKind::WrongHealth) => return Ok(unwell(visit, question)),
        Some(kind @ (FailureKind::Reset | FailureKind::Refuse)) => {
            return Err(cut(visit, question, kind));
        }
        Some(FailureKind::CloseMidBody) => {
            desk.fail(FailureKind::CloseMidBody);
            Answer::cut_short(text.sized(size.max(2)))
        }
        Some(FailureKind::SlowBody) => {
            desk.fail(FailureKind::SlowBody);
            let lasts = tuning.behaviour.failures.slow_body_lasts;
            Answer::slow(text.sized(size.max(1)), lasts, place.take())
        }
        Some(FailureKind::Hang) | None => {
            if !question.is_probe {
                desk.gauges.serve();
            }
            Answer::whole(text.sized(size))
        }
    };
    let mut response = respond(visit, question, 200, answer);
    if let Some(greeting) = desk.sessions.greet(tuning.sessions, &question.headers) {
        let headers = response.headers_mut();
        headers.insert("x-evenkeel-session", greeting.word);
        headers.extend(greeting.cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    }
    Ok(response)
}

fn failed(visit: &Visit, question: &Question, status: u16) -> Response<Answer> {
    visit.desk.fail(FailureKind::Status(status));
    let has_body = !matches!(status, 204 | 304);
    let text = format!("{}: fails with {status}, as it was told to\n", visit.desk.identity.name);
    respond(visit, question, status, Answer::text(if has_body { text } else { String::new() }))
}

fn unwell(visit: &Visit, question: &Question) -> Response<Answer> {
    visit.desk.fail(FailureKind::WrongHealth);
    let text = format!("{}: says it is unhealthy, as it was told to\n", visit.desk.identity.name);
    respond(visit, question, 503, Answer::text(text))
}

/// Ends the connection with a reset. On HTTP/2 only the request's stream is reset, because others share the
/// connection; refused there means that nothing was done (RFC 9113, 8.7).
pub(super) fn cut(visit: &Visit, question: &Question, kind: FailureKind) -> Cut {
    visit.desk.fail(kind);
    if question.version < Version::HTTP_2 {
        visit.reset();
    }
    let reason = match kind {
        FailureKind::Refuse => h2::Reason::REFUSED_STREAM,
        _ => h2::Reason::INTERNAL_ERROR,
    };
    Cut(reason.into())
}

fn respond(visit: &Visit, question: &Question, status: u16, answer: Answer) -> Response<Answer> {
    let mut response = Response::new(answer);
    // Every status that can be written in a lab is one.
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert("x-evenkeel-server", visit.desk.identity.header.clone());
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    question.report(headers);
    if question.version < Version::HTTP_2 && !visit.desk.tuning().keeps_connections() {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// An answer that breaks off. HTTP/2 puts the reason into the stream's reset.
#[derive(Debug)]
pub(super) struct Cut(h2::Error);

impl Cut {
    pub(super) fn in_the_middle() -> Self {
        Self(h2::Reason::INTERNAL_ERROR.into())
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the answer breaks off, as it was told to")
    }
}

impl Error for Cut {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[derive(Clone, Copy)]
struct OnThisThread;

impl<F: Future + 'static> Executor<F> for OnThisThread {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async move {
            future.await;
        });
    }
}
