//! Sends every datagram back.

use tokio::net::UdpSocket;

pub(super) async fn echo(socket: UdpSocket) -> ! {
    let mut buffer = [0; 2048];
    loop {
        if let Ok((n, from)) = socket.recv_from(&mut buffer).await {
            // What cannot be sent back is missed, and asked for again, by the client.
            drop(socket.send_to(&buffer[..n], from).await);
        }
    }
}
