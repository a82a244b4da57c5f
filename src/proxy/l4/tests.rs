//! The relay by itself: what no socket of a test can be made to do at will.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex, split};
use tokio::net::{TcpListener, TcpStream};

use super::super::transport::Transport;
use super::relay::{End, Ended, Tally, Unfinished, relay};

impl End for DuplexStream {
    fn bare(&self) -> Option<&TcpStream> {
        None
    }

    fn abort(&self) {}
}

#[derive(Default)]
struct Sum {
    to_server: u64,
    to_client: u64,
}

impl Tally for Sum {
    fn carried(&mut self, to_server: u64, to_client: u64) {
        self.to_server += to_server;
        self.to_client += to_client;
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Sends these pieces and reads what the other side sends, to the end.
async fn talk(stream: DuplexStream, pieces: &[Vec<u8>]) -> Vec<u8> {
    let (mut reader, mut writer) = split(stream);
    let mut read = Vec::new();
    let sending = async {
        for piece in pieces {
            writer.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        writer.shutdown().await.unwrap();
    };
    let (_sent, received) = tokio::join!(sending, reader.read_to_end(&mut read));
    received.unwrap();
    read
}

fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
    proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..200), 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_byte_arrives_in_order_however_small_the_rooms_are(
        up in pieces(),
        down in pieces(),
        rooms in (1..100_usize, 1..100_usize),
    ) {
        let (heard_by_server, heard_by_client, ended, sum) = block_on(async {
            let ((client, near), (far, server)) = (duplex(rooms.0), duplex(rooms.1));
            let mut sum = Sum::default();
            let relaying =
                relay(Unfinished::new(near), Unfinished::new(far), LONG, &mut sum);
            let (ended, by_client, by_server) =
                tokio::join!(relaying, talk(client, &up), talk(server, &down));
            (by_server, by_client, ended, sum)
        });
        let (up, down) = (up.concat(), down.concat());
        prop_assert_eq!((sum.to_server, sum.to_client), (up.len() as u64, down.len() as u64));
        prop_assert_eq!(ended, Ended::InOrder);
        prop_assert_eq!(heard_by_server, up);
        prop_assert_eq!(heard_by_client, down);
    }
}

/// Two ends of a TCP connection.
async fn pair() -> (TcpStream, Transport<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (far, accepted) =
        tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
    (far.unwrap(), Transport::plain(accepted.unwrap().0, Bytes::new()))
}

#[cfg(target_os = "linux")]
#[test]
fn bulk_goes_through_a_pipe_that_is_kept_for_the_next_flow() {
    use super::splice::Pipe;
    block_on(async {
        let ((mut client, near), (mut server, far)) = (pair().await, pair().await);
        let mut sum = Sum::default();
        let relaying = relay(Unfinished::new(near), Unfinished::new(far), LONG, &mut sum);
        let sent = vec![7; 8 << 20];
        let mut read = Vec::new();
        let sending = async {
            client.write_all(&sent).await.unwrap();
            client.shutdown().await.unwrap();
        };
        let receiving = async {
            server.read_to_end(&mut read).await.unwrap();
            server.shutdown().await.unwrap();
        };
        let (ended, (), ()) = tokio::join!(relaying, sending, receiving);
        assert_eq!(ended, Ended::InOrder);
        assert!(read == sent);
        assert_eq!(Pipe::kept(), 1);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_with_bytes_in_it_is_kept_for_nobody() {
    use std::future::poll_fn;

    use super::splice::Pipe;
    block_on(async {
        let ((mut client, near), (_server, far)) = (pair().await, pair().await);
        let mut pipe = Pipe::take().unwrap();
        client.write_all(b"secret").await.unwrap();
        let filled = poll_fn(|ctx| pipe.poll_fill(ctx, near.bare().unwrap())).await.unwrap();
        assert_eq!(filled, 6);
        drop(pipe);
        assert_eq!(Pipe::kept(), 0);
        let mut pipe = Pipe::take().unwrap();
        client.write_all(b"public").await.unwrap();
        poll_fn(|ctx| pipe.poll_fill(ctx, near.bare().unwrap())).await.unwrap();
        poll_fn(|ctx| pipe.poll_drain(ctx, far.bare().unwrap())).await.unwrap();
        drop(pipe);
        assert_eq!(Pipe::kept(), 1);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn pipes_are_bounded() {
    use super::splice::Pipe;
    let pipes: Vec<Pipe> = std::iter::from_fn(Pipe::take).take(1000).collect();
    assert_eq!(pipes.len(), 32);
    drop(pipes);
    assert!(Pipe::take().is_some());
}

#[test]
fn what_was_read_ahead_comes_first_and_keeps_pipes_away() {
    block_on(async {
        let (mut client, mut near) = pair().await;
        near.put_back(Bytes::from_static(b"first "));
        assert!(near.bare().is_none());
        client.write_all(b"second").await.unwrap();
        let mut read = [0; 12];
        near.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"first second");
        assert!(near.bare().is_some());
    });
}

#[test]
fn a_relay_that_is_dropped_resets_both_sides() {
    block_on(async {
        let ((mut client, near), (mut server, far)) = (pair().await, pair().await);
        let mut sum = Sum::default();
        let mut relaying =
            Box::pin(relay(Unfinished::new(near), Unfinished::new(far), LONG, &mut sum));
        let carried = async {
            client.write_all(b"x").await.unwrap();
            server.read_exact(&mut [0]).await.unwrap();
        };
        tokio::select! {
            _ended = relaying.as_mut() => panic!("it ended by itself"),
            () = carried => {}
        }
        drop(relaying);
        for side in [&mut client, &mut server] {
            let error = side.read(&mut [0]).await.unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        }
    });
}

const LONG: Duration = Duration::from_mins(1);
