//! A mock that speaks gRPC: whatever method is called sends the message back.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, header};
use hyper::body::Incoming;

use super::answer::{Answer, Content};
use super::http::{Cut, Turned, admit, be_in_service, cut};
use super::place::Place;
use super::question::Question;
use super::visit::Visit;
use crate::model::FailureKind;

pub(super) fn is_call<B>(request: &Request<B>) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

/// Answers one call.
pub(super) async fn answer(
    visit: &Visit,
    request: Request<Incoming>,
) -> Result<Response<Answer>, Cut> {
    let mut question = Question::new(request);
    let asks_health = question.uri.path() == HEALTH_CHECK;
    question.is_probe |= asks_health;
    let (failure, place) = match admit(visit, &mut question).await {
        Ok(admitted) => admitted,
        Err(Turned::Away(cut)) => return Err(cut),
        Err(Turned::Full(reason)) => return Ok(status(visit, &question, UNAVAILABLE, &reason)),
    };
    let Some(message) = question.read_message(MESSAGE_MAX).await? else {
        let reason = format!("the message has more than {MESSAGE_MAX} bytes");
        return Ok(status(visit, &question, RESOURCE_EXHAUSTED, &reason));
    };
    let message = match (asks_health, failure) {
        (false, _) => message,
        (true, Some(FailureKind::WrongHealth)) => Bytes::from_static(NOT_SERVING),
        (true, _) => Bytes::from_static(SERVING),
    };
    perform(visit, &question, failure, place, message).await
}

/// Is in service, then answers or fails.
async fn perform(
    visit: &Visit,
    question: &Question,
    failure: Option<FailureKind>,
    mut place: Option<Place>,
    message: Bytes,
) -> Result<Response<Answer>, Cut> {
    let desk = &visit.desk;
    be_in_service(visit, failure, &mut place).await;
    let content = Content::new(message);
    let answer = match failure {
        Some(kind @ FailureKind::Status(code)) => {
            desk.fail(kind);
            let reason = format!("fails with {code}, as it was told to");
            return Ok(status(visit, question, status_of(code), &reason));
        }
        Some(kind @ (FailureKind::Reset | FailureKind::Refuse)) => {
            return Err(cut(visit, question, kind));
        }
        Some(kind @ FailureKind::CloseMidBody) => {
            desk.fail(kind);
            Answer::cut_short(content)
        }
        Some(kind @ FailureKind::SlowBody) => {
            desk.fail(kind);
            let lasts = desk.tuning().behaviour.failures.slow_body_lasts;
            Answer::slow(content, lasts, place.take())
        }
        Some(kind @ FailureKind::WrongHealth) => {
            desk.fail(kind);
            Answer::whole(content)
        }
        Some(FailureKind::Hang) | None => {
            if !question.is_probe {
                desk.gauges.serve();
            }
            Answer::whole(content)
        }
    };
    let mut trailers = HeaderMap::new();
    trailers.insert(GRPC_STATUS, HeaderValue::from(OK));
    Ok(respond(visit, question, answer.with_trailers(trailers)))
}

/// An answer without a message: its status stands where the headers are ("trailers only").
fn status(visit: &Visit, question: &Question, code: u16, reason: &str) -> Response<Answer> {
    let mut response = respond(visit, question, Answer::text(String::new()));
    let headers = response.headers_mut();
    headers.insert(GRPC_STATUS, HeaderValue::from(code));
    let reason = format!("{}: {reason}", visit.desk.identity.name);
    headers.extend(
        HeaderValue::from_str(&reason)
            .ok()
            .map(|reason| (http::HeaderName::from_static("grpc-message"), reason)),
    );
    response
}

fn respond(visit: &Visit, question: &Question, answer: Answer) -> Response<Answer> {
    let mut response = Response::new(answer);
    let headers = response.headers_mut();
    headers.insert("x-evenkeel-server", visit.desk.identity.header.clone());
    // The same codec as the call's.
    let content_type = question.headers.get(header::CONTENT_TYPE).cloned();
    headers.extend(content_type.map(|value| (header::CONTENT_TYPE, value)));
    question.report(headers);
    response
}

/// What gRPC's own table makes of a status of HTTP (grpc/doc/http-grpc-status-mapping.md).
fn status_of(code: u16) -> u16 {
    match code {
        400 => INTERNAL,
        401 => UNAUTHENTICATED,
        403 => PERMISSION_DENIED,
        404 => UNIMPLEMENTED,
        429 | 502..=504 => UNAVAILABLE,
        _ => UNKNOWN,
    }
}

const HEALTH_CHECK: &str = "/grpc.health.v1.Health/Check";
/// A message that is not compressed, two bytes long: field 1 is 1.
const SERVING: &[u8] = &[0, 0, 0, 0, 2, 0x08, 1];
const NOT_SERVING: &[u8] = &[0, 0, 0, 0, 2, 0x08, 2];
/// What gRPC programs take by default.
const MESSAGE_MAX: usize = 4 * 1_024 * 1_024;

const GRPC_STATUS: &str = "grpc-status";
const OK: u16 = 0;
const UNKNOWN: u16 = 2;
const PERMISSION_DENIED: u16 = 7;
const RESOURCE_EXHAUSTED: u16 = 8;
const UNIMPLEMENTED: u16 = 12;
const INTERNAL: u16 = 13;
const UNAVAILABLE: u16 = 14;
const UNAUTHENTICATED: u16 = 16;
