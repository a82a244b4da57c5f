//! One stream of a client's HTTP/2 connection: a request and its answer.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{HeaderValue, Method, Request, Response, header};
use http_body::Body as _;

use super::super::boxed::boxed;
use super::super::connection::Connection;
use super::super::headers::{Switching, strip_response};
use super::super::network::Network;
use super::client::Client;
use super::http2_body::Http2Body;
use super::http2_head;
use super::ledger::Entry;
use super::message::{Reply, RequestHead};
use super::pipe::{Stop, pipe};
use super::request::{Inbound, expects_continue, handle, refuse};
use super::upload::Received;

/// Answers one request. Dropped at any point, it leaves nothing behind: the exchange goes with it.
pub(super) async fn serve<N: Network>(
    connection: Rc<Connection<N>>,
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
    entry: Entry,
) {
    let respond = Rc::new(RefCell::new(respond));
    let is_head = request.method() == Method::HEAD;
    let (body, answering) = begin(&connection, request, &respond);
    let response = tokio::select! {
        biased;
        _ = poll_fn(|ctx| respond.borrow_mut().poll_reset(ctx)) => None,
        response = answering => Some(response),
    };
    match response {
        Some(response) => answer(response, &respond, is_head, &entry).await,
        None => entry.was_reset(),
    }
    // The rest of the request's body is of no use any more; whoever still reads it stops.
    body.close();
}

fn begin<N: Network>(
    connection: &Rc<Connection<N>>,
    request: Request<RecvStream>,
    respond: &Rc<RefCell<SendResponse<Bytes>>>,
) -> (Rc<Http2Body>, impl Future<Output = Reply<N>>) {
    let (head, receiving) = request.into_parts();
    let length = head.headers.get(header::CONTENT_LENGTH).cloned();
    let checked = {
        let plan = connection.worker.shared.plan.load();
        http2_head::check(&head, &plan.limits)
    };
    let head = RequestHead::from(head);
    let expecting = expects_continue(&head).then(|| Rc::clone(respond));
    let body = Http2Body::new(receiving, length.as_ref(), expecting);
    let client = Client::Http2(Rc::clone(respond));
    let received = Received::Http2(Rc::clone(&body));
    let inbound = Inbound { head, body: received, may_switch: false, client, number: 0 };
    let connection = Rc::clone(connection);
    // In a box of its own, because a request under way takes thousands of bytes and is made in one place and kept in
    // another.
    let answering = boxed(|| async move {
        match checked {
            Ok(()) => handle(&connection, inbound).await,
            Err(violation) => refuse(&connection, &inbound.head, violation),
        }
    });
    (body, answering)
}

async fn answer<N: Network>(
    reply: Reply<N>,
    respond: &RefCell<SendResponse<Bytes>>,
    is_head: bool,
    entry: &Entry,
) {
    let Reply { mut head, mut body } = reply;
    strip_response(&mut head.fields, Switching::No);
    let mut response = Response::new(());
    *response.status_mut() = head.status;
    *response.headers_mut() = head.fields.into_map();
    let bare = is_head || body.is_end_stream();
    if let Some(length) = body.size_hint().exact().filter(|_| !bare) {
        let headers = response.headers_mut();
        headers.entry(header::CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(length));
    }
    let sent = respond.borrow_mut().send_response(response, bare);
    let Ok(mut stream) = sent else {
        // An answer with fields that HTTP/2 cannot carry; or the client left just now.
        return respond.borrow_mut().send_reset(Reason::INTERNAL_ERROR);
    };
    if bare {
        return entry.is_whole();
    }
    let patience = body.patience();
    match pipe(&mut body, &mut stream, patience).await {
        Ok(()) => entry.is_whole(),
        // An answer that was cut short must not look whole.
        Err(Stop::Cut(_broken)) => stream.send_reset(Reason::INTERNAL_ERROR),
        Err(Stop::Stalled) => stream.send_reset(Reason::CANCEL),
        Err(Stop::Gone) => entry.was_reset(),
    }
}
