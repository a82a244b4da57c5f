//! Requests to what speaks no HTTP: bytes go out and have to come back.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UdpSocket;

use super::connection::{Connection, Dial, not_connected};
use super::flight::Flight;
use super::group::{Group, Plan};
use super::http1::FILLER;
use super::identity;
use crate::meter::Outcome;

/// What came of an echo.
pub(super) struct Echo {
    pub(super) outcome: Outcome,
    pub(super) bytes_sent: u64,
    pub(super) bytes_back: u64,
    /// Other bytes came back than went out.
    pub(super) is_wrong: bool,
}

/// A connection for each request, closed when all has come back.
pub(super) async fn over_tcp(dial: &Dial<'_>, number: u64, body_bytes: usize) -> Echo {
    let mut connection = match Connection::dial(dial).await {
        Ok(connection) => connection,
        Err(outcome) => return Echo::failed(outcome),
    };
    let length = body_bytes.max(1);
    let (mut read, mut write) = tokio::io::split(&mut connection);
    // Both at once: neither side may have room for all of it.
    let send = async {
        for piece in pieces(number, length) {
            write.write_all(piece.as_ref()).await?;
        }
        write.shutdown().await
    };
    let receive = async {
        let (mut back, mut is_wrong) = (0, false);
        let mut buffer = [0; 4_096];
        while back < length {
            let room = buffer.len().min(length - back);
            let came = read.read(&mut buffer[..room]).await?;
            if came == 0 {
                break;
            }
            is_wrong |= !is_same(&buffer[..came], number, back);
            back += came;
        }
        Ok::<_, std::io::Error>((back, is_wrong))
    };
    // Whether sending broke shows in what came back.
    let (_sent, received) = tokio::join!(send, receive);
    let (back, is_wrong) = received.unwrap_or((0, false));
    let outcome = if back == length { Outcome::Carried } else { Outcome::Reset };
    Echo { outcome, bytes_sent: length as u64, bytes_back: back as u64, is_wrong }
}

/// A datagram from the identity's own socket, which is kept: the target tells its clients apart by that.
pub(super) async fn over_udp(
    group: &Group,
    plan: &Plan,
    flight: &Flight,
    body_bytes: usize,
) -> Echo {
    let lane = (flight.identity, 0);
    let kept = group.sockets.borrow_mut().take(lane);
    let socket = match kept {
        Some(socket) => socket,
        None => match open(plan, flight).await {
            Ok(socket) => socket,
            Err(error) => return Echo::failed(not_connected(&error)),
        },
    };
    let length = body_bytes.clamp(1, DATAGRAM_BYTES_MAX);
    let datagram: Vec<u8> =
        pieces(flight.number, length).flat_map(|piece| piece.as_ref().to_vec()).collect();
    let mut buffer = vec![0; length + 1];
    let back = match socket.send(&datagram).await {
        Ok(_sent) => socket.recv(&mut buffer).await,
        Err(error) => Err(error),
    };
    let Ok(back) = back else { return Echo::failed(Outcome::Refused) };
    let is_wrong = buffer[..back] != datagram[..];
    // After a wrong echo another may be on its way, for whoever asks next.
    if !is_wrong && group.keeps(plan) {
        group.sockets.borrow_mut().give(lane, socket);
    }
    Echo { outcome: Outcome::Carried, bytes_sent: length as u64, bytes_back: back as u64, is_wrong }
}

async fn open(plan: &Plan, flight: &Flight) -> std::io::Result<UdpSocket> {
    let any = if plan.target.address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let any = any.parse().expect("written as an address");
    let from = identity::own_address(plan.shown, flight.address());
    let socket = UdpSocket::bind(from.unwrap_or(any)).await?;
    socket.connect(plan.target.address).await?;
    Ok(socket)
}

impl Echo {
    fn failed(outcome: Outcome) -> Self {
        Self { outcome, bytes_sent: 0, bytes_back: 0, is_wrong: false }
    }
}

/// The request's number, as far as it fits, and filler.
fn pieces(number: u64, length: usize) -> impl Iterator<Item = Piece> {
    let starts = (0..length).step_by(FILLER.len());
    starts.map(move |start| match start {
        0 => {
            let mut first = FILLER[..length.min(FILLER.len())].to_vec();
            let mark = mark(number);
            let marked = first.len().min(mark.len());
            first[..marked].copy_from_slice(&mark[..marked]);
            Piece::First(first)
        }
        start => Piece::Filler(FILLER.len().min(length - start)),
    })
}

enum Piece {
    First(Vec<u8>),
    Filler(usize),
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::First(bytes) => bytes,
            Self::Filler(length) => &FILLER[..*length],
        }
    }
}

/// Whether these bytes are those that were sent from `at` on.
fn is_same(bytes: &[u8], number: u64, at: usize) -> bool {
    let mark = mark(number);
    bytes.iter().enumerate().all(|(index, &byte)| {
        let at = at + index;
        byte == mark.get(at).copied().unwrap_or(FILLER[at % FILLER.len()])
    })
}

/// Sixteen digits, the last ones of the number first, so that even one byte tells most requests apart.
fn mark(number: u64) -> [u8; 16] {
    let mut rest = number;
    std::array::from_fn(|_| {
        let digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        digit
    })
}

/// The most that UDP over IPv4 carries.
const DATAGRAM_BYTES_MAX: usize = 65_507;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_recognised_wherever_it_is_cut() {
        let length = 40_000;
        let sent: Vec<u8> =
            pieces(1_234, length).flat_map(|piece| piece.as_ref().to_vec()).collect();
        assert_eq!(sent.len(), length);
        for at in [0, 1, 15, 16, 16_383, 16_384, 39_999] {
            assert!(is_same(&sent[at..], 1_234, at), "{at}");
        }
        assert!(!is_same(&sent, 1_235, 0));
    }
}
