//! A mock that sends back whatever it gets over TCP.
//!
//! A connection is one request: it takes a place and its time in service when its first bytes come, and is echoed freely
//! from then on. A connection that never says anything was a probe. Refuse, reset, hang, close-mid-body and
//! slow-body happen to the first bytes; a status means nothing here.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::protocol::Io;
use super::visit::{Leaving, Visit};
use crate::model::FailureKind;

pub(super) async fn echo(mut io: impl Io, visit: Visit) {
    let mut bytes = vec![0; PIECE];
    let first = attentive(&visit.leaving, io.read(&mut bytes)).await;
    let Some(n_read) = first.filter(|&n_read| n_read > 0) else { return };
    visit.desk.gauges.arrive();
    // Who left in the middle, or was sent away, leaves nothing to report.
    if let Ok(Next::GoOn) = begin(&mut io, &visit, &bytes[..n_read]).await {
        drop(go_on(io, &visit, bytes).await);
    }
}

enum Next {
    GoOn,
    End,
}

/// Answers the first bytes, or fails.
async fn begin(io: &mut impl Io, visit: &Visit, bytes: &[u8]) -> io::Result<Next> {
    let desk = &visit.desk;
    let failure = visit.draw(&desk.tuning());
    if let Some(kind) = failure.filter(|kind| *kind == FailureKind::Refuse) {
        return Ok(reset(visit, kind));
    }
    let Some(mut place) = desk.enter().await else {
        // TCP has no words for a full queue.
        visit.reset();
        return Ok(Next::End);
    };
    if failure == Some(FailureKind::Hang) {
        desk.fail(FailureKind::Hang);
        return listen_only(io).await;
    }
    place.work(desk.service_ns()).await;
    match failure {
        Some(kind @ (FailureKind::Reset | FailureKind::Refuse)) => Ok(reset(visit, kind)),
        Some(FailureKind::CloseMidBody) => {
            desk.fail(FailureKind::CloseMidBody);
            io.write_all(&bytes[..bytes.len() / 2]).await?;
            io.shutdown().await?;
            Ok(Next::End)
        }
        Some(FailureKind::SlowBody) => {
            desk.fail(FailureKind::SlowBody);
            let lasts = desk.tuning().behaviour.failures.slow_body_lasts;
            place.keep_for(lasts.ns());
            let n_pieces = bytes.len().clamp(1, PIECES);
            let pause = Duration::from(lasts) / n_pieces as u32;
            for piece in bytes.chunks(bytes.len().div_ceil(n_pieces)) {
                tokio::time::sleep(pause).await;
                io.write_all(piece).await?;
            }
            place.free();
            Ok(Next::GoOn)
        }
        Some(FailureKind::Hang | FailureKind::Status(_) | FailureKind::WrongHealth) | None => {
            io.write_all(bytes).await?;
            desk.gauges.serve();
            Ok(Next::GoOn)
        }
    }
}

fn reset(visit: &Visit, kind: FailureKind) -> Next {
    visit.desk.fail(kind);
    visit.reset();
    Next::End
}

/// Takes everything and says nothing, until the client is gone.
async fn listen_only(io: &mut impl Io) -> io::Result<Next> {
    let mut bytes = vec![0; PIECE];
    while io.read(&mut bytes).await? > 0 {}
    Ok(Next::End)
}

/// Echoes until the client has said all it had to say, then says so too.
async fn go_on(mut io: impl Io, visit: &Visit, mut bytes: Vec<u8>) -> io::Result<()> {
    while let Some(n_read) = attentive(&visit.leaving, io.read(&mut bytes)).await {
        if n_read == 0 {
            break;
        }
        io.write_all(&bytes[..n_read]).await?;
    }
    io.shutdown().await
}

/// What was read; `None` if that failed, or if the mock leaves while nothing comes.
async fn attentive(
    leaving: &Leaving,
    read: impl Future<Output = io::Result<usize>>,
) -> Option<usize> {
    tokio::select! {
        biased;
        n_read = read => n_read.ok(),
        () = leaving.until_told() => None,
    }
}

const PIECE: usize = 16 * 1_024;
const PIECES: usize = 10;
