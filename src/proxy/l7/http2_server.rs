//! HTTP/2 towards servers: one request as a stream of a shared connection.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, Connection, ResponseFuture, SendRequest};
use h2::{Reason, RecvStream};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, Request, Response, Uri, Version, header};
use http_body::Body as _;
use tokio::io::{AsyncRead, AsyncWrite};

use super::super::fields::Name;
use super::super::headers::{Switching, strip_response};
use super::super::idle::Counted;
use super::super::lanes::{LaneState, Lanes, STREAMS_MAX, Seat};
use super::answer::{Http2Answer, Sending};
use super::message::{AnswerHead, RequestHead};
use super::pipe::{Stop, pipe};
use super::upload::Upload;
use super::upstream::Asking;
use crate::meter::Outcome;

/// What became of a request that was sent.
pub(super) enum Sent {
    Answered(AnswerHead, Box<Http2Answer>),
    /// The connection was gone before anything of it was written.
    Unsent,
    /// The server says that it did nothing about it.
    Unprocessed,
    Failed(Outcome),
}

/// Begins HTTP/2 on a new connection, and shares it.
pub(super) async fn open<S>(stream: S, counted: Counted, lanes: &Lanes) -> Result<(), Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let (sender, mut connection) = Builder::new()
        .enable_push(false)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(STREAM_WINDOW * STREAMS_MAX as u32)
        .initial_max_send_streams(STREAMS_BEFORE_SETTINGS)
        .max_send_buffer_size(SEND_BUFFER)
        .max_header_list_size(HEADERS_MAX)
        .handshake::<_, Bytes>(stream)
        .await
        .map_err(|_broken| Outcome::Reset)?;
    poll_fn(|ctx| poll_settings(&sender, &mut connection, ctx)).await?;
    let lane = lanes.add(sender);
    tokio::task::spawn_local(async move {
        let _counted = counted;
        drive(connection, &lane).await;
        lane.close();
    });
    Ok(())
}

/// Waits for the server's settings: before them nobody knows how many requests it takes at once, and those that are too
/// many would be refused. It also shows that the server speaks HTTP/2 at all.
fn poll_settings<S>(
    sender: &SendRequest<Bytes>,
    connection: &mut Connection<S>,
    ctx: &mut Context<'_>,
) -> Poll<Result<(), Outcome>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match Pin::new(connection).poll(ctx) {
        Poll::Ready(Err(error)) if error.is_library() => Poll::Ready(Err(Outcome::BadResponse)),
        Poll::Ready(_ended) => Poll::Ready(Err(Outcome::Reset)),
        Poll::Pending if sender.current_max_send_streams() == STREAMS_BEFORE_SETTINGS => {
            Poll::Pending
        }
        Poll::Pending => Poll::Ready(Ok(())),
    }
}

/// Keeps a connection going until it ends. While requests are on it, the server has to answer a ping from time to
/// time: nothing else would tell that a silent connection leads nowhere, and all would go on using it.
async fn drive<S>(mut connection: Connection<S>, lane: &LaneState)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(mut pings) = connection.ping_pong() else { return };
    let mut connection = pin!(connection);
    let mut asked = false;
    loop {
        tokio::select! {
            // How it ended is known to the requests that were on it.
            _ended = connection.as_mut() => return,
            pong = poll_fn(|ctx| pings.poll_pong(ctx)), if asked => asked = pong.is_err(),
            () = tokio::time::sleep(PING_INTERVAL) => {
                if asked {
                    return;
                }
                asked = lane.is_in_use() && pings.send_ping(h2::Ping::opaque()).is_ok();
            }
        }
    }
}

/// Sends a request and waits for the head of the answer.
pub(super) async fn send(
    mut seat: Seat,
    head: &RequestHead,
    body: Upload,
    asking: &Asking<'_>,
) -> Sent {
    let bare = body.is_end_stream();
    let sent = seat.sender().send_request(made_http2(head, asking.scheme.clone()), bare);
    let (mut answer, stream) = match sent {
        Ok(sent) => sent,
        // A connection that its server is about to close takes no new streams: nothing was written.
        Err(_closed) => {
            seat.close_lane();
            return Sent::Unsent;
        }
    };
    let sending = (!bare).then(|| Sending(tokio::task::spawn_local(upload(body, stream))));
    match poll_fn(|ctx| poll_answer(&mut answer, asking, ctx)).await {
        Ok(response) => {
            let (head, receiving) = response.into_parts();
            let length = length_of(&head.headers);
            let answer = Http2Answer::new(receiving, length, sending, seat);
            Sent::Answered(head.into(), Box::new(answer))
        }
        Err(error) => {
            if error.is_io() || error.is_go_away() {
                seat.close_lane();
            }
            if was_not_processed(&error) {
                return Sent::Unprocessed;
            }
            Sent::Failed(if error.is_library() { Outcome::BadResponse } else { Outcome::Reset })
        }
    }
}

fn poll_answer(
    answer: &mut ResponseFuture,
    asking: &Asking<'_>,
    ctx: &mut Context<'_>,
) -> Poll<Result<Response<RecvStream>, h2::Error>> {
    while let Poll::Ready(Some(Ok(interim))) = answer.poll_informational(ctx) {
        asking.interim(interim.into_parts().0.into());
    }
    Pin::new(answer).poll(ctx)
}

async fn upload(mut body: Upload, mut stream: h2::SendStream<Bytes>) {
    // The server has its own patience for what it does not take, and the exchange has that for the answer.
    if let Err(Stop::Cut(_broken)) = pipe(&mut body, &mut stream, None).await {
        stream.send_reset(Reason::CANCEL);
    }
}

/// Whether a server says of itself that it did nothing about a request, so that any request may be sent again: a
/// refused stream, or one above the last that a `GOAWAY` names (RFC 9113 section 8.7).
fn was_not_processed(error: &h2::Error) -> bool {
    let refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
    error.is_remote() && (refused || error.is_go_away())
}

/// Says in pseudo-header fields what HTTP/1.1 says in the request line and in `Host`.
fn made_http2(head: &RequestHead, scheme: Scheme) -> Request<()> {
    let mut fields = head.fields.clone();
    strip_response(&mut fields, Switching::No);
    if fields.get(Name::Te).is_some_and(|te| te != b"trailers") {
        fields.remove(Name::Te);
    }
    let mut request = Request::new(());
    *request.method_mut() = head.method.clone();
    *request.uri_mut() = head.uri.clone();
    // Without an authority `Host` goes along as it is, as RFC 9113 section 8.3.1 allows for translated requests.
    *request.version_mut() = Version::HTTP_11;
    let host = fields.get(Name::Host);
    if let Some(authority) = host.and_then(|host| Authority::try_from(host).ok()) {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let uri = Uri::builder().scheme(scheme).authority(authority).path_and_query(path).build();
        if let Ok(uri) = uri {
            *request.uri_mut() = uri;
            *request.version_mut() = Version::HTTP_2;
            fields.remove(Name::Host);
        }
    }
    *request.headers_mut() = fields.into_map();
    request
}

fn length_of(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// How much of one answer a server may send ahead of its reader: 256 KiB at a delay of 1 ms are 2 Gbit/s. The
/// connection's window has room for all its streams, because it is shared by many clients: were it smaller, a few who
/// stopped reading would stop everybody's answers. So a connection can hold back 32 MiB, when 128 clients do it.
const STREAM_WINDOW: u32 = 256 * 1024;
/// None, so that the number tells whether the settings have come.
const STREAMS_BEFORE_SETTINGS: usize = 0;
/// How much of one request's body lies between the client and the connection: two frames.
const SEND_BUFFER: usize = 32 * 1024;
/// The longest head of an answer.
const HEADERS_MAX: u32 = 256 * 1024;
const PING_INTERVAL: Duration = Duration::from_secs(10);
