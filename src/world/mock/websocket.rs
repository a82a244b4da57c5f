//! A mock that speaks WebSocket: every message comes back.
//!
//! The handshake is a request like any other, with its place, its time and its failures. Each message then takes its time
//! in service, but no place. Close-mid-body and slow-body happen to the first message.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderValue, Response, StatusCode, Version, header};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::answer::Answer;
use super::question::Question;
use super::visit::{Upgrade, Visit};
use crate::model::FailureKind;

/// Whether the client wants to leave HTTP (RFC 6455, 4.2.1).
pub(super) fn is_asked(question: &Question) -> bool {
    let upgrades = question.headers.get(header::UPGRADE);
    question.version == Version::HTTP_11
        && upgrades.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
        && question.headers.contains_key(header::SEC_WEBSOCKET_KEY)
}

/// Failures that leave the handshake alone.
pub(super) fn survives(failure: Option<FailureKind>) -> bool {
    matches!(failure, None | Some(FailureKind::CloseMidBody | FailureKind::SlowBody))
}

/// Agrees to it; the messages begin when the answer is out.
pub(super) fn agree(
    visit: &Visit,
    question: &mut Question,
    failure: Option<FailureKind>,
) -> Option<Response<Answer>> {
    let key = question.headers.get(header::SEC_WEBSOCKET_KEY)?;
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()?;
    visit.upgrade.set(Some(Upgrade { to: question.upgrade.take()?, failure }));
    let mut response = Response::new(Answer::text(String::new()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    headers.insert("x-evenkeel-server", visit.desk.identity.header.clone());
    question.report(headers);
    Some(response)
}

/// Echoes messages to the end of the connection.
pub(super) async fn echo(upgrade: Upgrade, visit: &Visit) {
    let Upgrade { to, failure } = upgrade;
    // Who left in the middle of the handshake leaves nothing to report.
    let Ok(upgraded) = to.await else { return };
    let mut config = WebSocketConfig::default();
    config.max_message_size = Some(MESSAGE_MAX);
    config.max_frame_size = Some(MESSAGE_MAX);
    let io = TokioIo::new(upgraded);
    let mut socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
    drop(converse(&mut socket, visit, failure).await);
}

type Socket = WebSocketStream<TokioIo<Upgraded>>;

async fn converse(
    socket: &mut Socket,
    visit: &Visit,
    mut failure: Option<FailureKind>,
) -> Result<(), Error> {
    loop {
        let message = tokio::select! {
            biased;
            message = socket.next() => message,
            () = visit.leaving.until_told() => return socket.close(None).await,
        };
        let Some(message) = message.transpose()? else { return Ok(()) };
        // Pings and farewells are answered by the protocol itself.
        let (Message::Text(_) | Message::Binary(_)) = &message else { continue };
        let service_ns = visit.desk.service_ns();
        if service_ns > 0 {
            visit.desk.sleep(service_ns).await;
        }
        match failure.take() {
            Some(FailureKind::CloseMidBody) => {
                visit.desk.fail(FailureKind::CloseMidBody);
                return send_half(socket.get_mut(), message).await;
            }
            Some(FailureKind::SlowBody) => {
                visit.desk.fail(FailureKind::SlowBody);
                let lasts = visit.desk.tuning().behaviour.failures.slow_body_lasts;
                tokio::time::sleep(Duration::from(lasts)).await;
            }
            _ => {}
        }
        socket.send(message).await?;
    }
}

async fn send_half(io: &mut (impl AsyncWrite + Unpin), message: Message) -> Result<(), Error> {
    let kind = if message.is_text() { Data::Text } else { Data::Binary };
    let mut bytes = Vec::new();
    Frame::message(message.into_data(), OpCode::Data(kind), true).format(&mut bytes)?;
    io.write_all(&bytes[..=bytes.len() / 2]).await?;
    io.shutdown().await?;
    Ok(())
}

const MESSAGE_MAX: usize = 4 * 1_024 * 1_024;
