//! A mock that sends back every datagram.
//!
//! A datagram is one request. UDP has no words for failure: refuse, reset, hang and a full queue all mean that no answer
//! comes. Close-mid-body sends half of it, slow-body sends it late; a status means nothing here.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::JoinSet;

use super::desk::Desk;
use crate::model::FailureKind;

/// Receives datagrams for ever; what is being answered ends with it.
pub(super) async fn receive(socket: UdpSocket, desk: Rc<Desk>) -> ! {
    let socket = Rc::new(socket);
    let mut answers = JoinSet::new();
    let mut bytes = vec![0; DATAGRAM_MAX];
    loop {
        tokio::select! {
            received = socket.recv_from(&mut bytes) => match received {
                Ok(_) if answers.len() >= ANSWERS_MAX => desk.gauges.turn_away(),
                Ok((n_read, client)) => {
                    let bytes = bytes[..n_read].to_vec();
                    answers.spawn_local(answer(Rc::clone(&socket), client, bytes, Rc::clone(&desk)));
                }
                // Some systems report here that a former client is gone. Others may still be there.
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_) = answers.join_next() => {}
        }
    }
}

async fn answer(socket: Rc<UdpSocket>, client: SocketAddr, bytes: Vec<u8>, desk: Rc<Desk>) {
    desk.gauges.arrive();
    let failure = desk.tuning().behaviour.failures.draw(&mut desk.fate_dice());
    if let Some(kind @ (FailureKind::Refuse | FailureKind::Hang)) = failure {
        // Nobody can be seen to go away here, so what hangs holds no place either: it would do so for ever.
        return desk.fail(kind);
    }
    let Some(mut place) = desk.enter().await else { return };
    place.work(desk.service_ns()).await;
    let size = match failure {
        Some(kind @ FailureKind::Reset) => return desk.fail(kind),
        Some(kind @ FailureKind::CloseMidBody) => {
            desk.fail(kind);
            bytes.len() / 2
        }
        Some(kind @ FailureKind::SlowBody) => {
            desk.fail(kind);
            let lasts = desk.tuning().behaviour.failures.slow_body_lasts;
            tokio::time::sleep(Duration::from(lasts)).await;
            bytes.len()
        }
        _ => {
            desk.gauges.serve();
            bytes.len()
        }
    };
    // Datagrams may get lost anywhere; here, if the client is gone.
    socket.send_to(&bytes[..size], client).await.ok();
}

const DATAGRAM_MAX: usize = 65_536;
const ANSWERS_MAX: usize = 4_096;
