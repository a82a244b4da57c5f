//! A body poured into an HTTP/2 stream, no faster than the other side takes it.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::SendStream;
use http_body::{Body, Frame};

/// Why a body did not come to its end.
#[derive(Debug)]
pub(super) enum Stop<E> {
    /// The body itself broke.
    Cut(E),
    /// The other side did not take anything for too long.
    Stalled,
    /// The other side does not want it any more, or is gone.
    Gone,
}

/// The next piece of a body, or its end.
type Next = Option<Frame<Bytes>>;

/// Pours all of it, with trailers. `patience` is how long the other side may take nothing.
pub(super) async fn pipe<B>(
    body: &mut B,
    stream: &mut SendStream<Bytes>,
    patience: Option<Duration>,
) -> Result<(), Stop<B::Error>>
where
    B: Body<Data = Bytes> + Unpin,
{
    loop {
        let Some(frame) = poll_fn(|ctx| poll_next(body, stream, ctx)).await? else {
            return stream.send_data(Bytes::new(), true).map_err(|_gone| Stop::Gone);
        };
        match frame.into_data() {
            Ok(data) => {
                let last = body.is_end_stream();
                send(stream, data, last, patience).await?;
                if last {
                    return Ok(());
                }
            }
            Err(frame) => {
                if let Ok(trailers) = frame.into_trailers() {
                    return stream.send_trailers(trailers).map_err(|_gone| Stop::Gone);
                }
            }
        }
    }
}

/// The next piece, unless the other side resets the stream before it comes.
fn poll_next<B>(
    body: &mut B,
    stream: &mut SendStream<Bytes>,
    ctx: &mut Context<'_>,
) -> Poll<Result<Next, Stop<B::Error>>>
where
    B: Body<Data = Bytes> + Unpin,
{
    if stream.poll_reset(ctx).is_ready() {
        return Poll::Ready(Err(Stop::Gone));
    }
    let frame = ready!(Pin::new(body).poll_frame(ctx));
    Poll::Ready(frame.transpose().map_err(Stop::Cut))
}

async fn send<E>(
    stream: &mut SendStream<Bytes>,
    mut data: Bytes,
    last: bool,
    patience: Option<Duration>,
) -> Result<(), Stop<E>> {
    if data.is_empty() && last {
        return stream.send_data(data, true).map_err(|_gone| Stop::Gone);
    }
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        let room = capacity(stream, patience).await?;
        let piece = data.split_to(room.min(data.len()));
        let ends = last && data.is_empty();
        stream.send_data(piece, ends).map_err(|_gone| Stop::Gone)?;
    }
    Ok(())
}

/// How much may be sent, once it is more than nothing.
async fn capacity<E>(
    stream: &mut SendStream<Bytes>,
    patience: Option<Duration>,
) -> Result<usize, Stop<E>> {
    let room = stream.capacity();
    if room > 0 {
        return Ok(room);
    }
    let granted = poll_fn(|ctx| {
        loop {
            match ready!(stream.poll_capacity(ctx)) {
                Some(Ok(0)) => {}
                Some(Ok(room)) => return Poll::Ready(Ok(room)),
                Some(Err(_)) | None => return Poll::Ready(Err(Stop::Gone)),
            }
        }
    });
    match patience {
        Some(patience) => {
            tokio::time::timeout(patience, granted).await.unwrap_or(Err(Stop::Stalled))
        }
        None => granted.await,
    }
}
