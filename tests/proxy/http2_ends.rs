//! How streams and connections of HTTP/2 end, well and badly.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use bytes::Bytes;
use evenkeel::meter::Outcome;
use h2::Reason;
use http::{HeaderMap, HeaderValue};

use crate::bench::Bench;
use crate::http_kit::{
    ask_http2, block, eventually, http2, http2_server, in_flight, lab_to, raw_server, read_all,
    request, send_all, serve,
};

fn count(bench: &Bench, outcome: Outcome) -> u64 {
    bench.shared().plan().listener(0).unwrap().meter.counters.read().of(outcome)
}

fn get(path: &str) -> http::Request<()> {
    request("GET", path).body(()).unwrap()
}

#[test]
fn an_answer_that_was_cut_short_is_reset() {
    let cut = raw_server(|mut wire| {
        wire.read_until("\r\n\r\n");
        wire.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
    });
    for (server, protocol, path) in [(cut, "http1", "/"), (http2_server(), "h2c", "/cut")] {
        let bench = Bench::run(&lab_to(server, protocol, ""));
        block(async {
            let mut sender = http2(bench.address("front")).await;
            let error = ask_http2(&mut sender, get(path), &[], None).await.unwrap_err();
            assert_eq!(error.reason(), Some(Reason::INTERNAL_ERROR), "{protocol}");
            eventually("nothing in flight", || in_flight(bench.shared()) == 0).await;
        });
        assert_eq!(count(&bench, Outcome::Reset), 1, "{protocol}");
    }
}

#[test]
fn a_client_that_resets_ends_the_exchange_at_once() {
    let (told, heard) = mpsc::sync_channel(1);
    let hanging = raw_server(move |mut wire| {
        wire.read_until("\r\n\r\n");
        wire.read_to_end();
        told.send(()).unwrap();
    });
    for (server, protocol) in [(hanging, "http1"), (http2_server(), "h2c")] {
        let bench = Bench::run(&lab_to(server, protocol, ""));
        block(async {
            let mut sender = http2(bench.address("front")).await;
            let (answer, mut stream) = sender.send_request(get("/hang"), true).unwrap();
            eventually("in flight", || in_flight(bench.shared()) == 1).await;
            stream.send_reset(Reason::CANCEL);
            drop((answer, stream));
            eventually("nothing in flight", || in_flight(bench.shared()) == 0).await;
        });
        assert_eq!(count(&bench, Outcome::ClientLeft), 1, "{protocol}");
    }
    heard.recv_timeout(Duration::from_secs(5)).unwrap();
}

#[test]
fn a_reader_that_stops_is_reset_and_holds_back_little() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let server = serve("endless", move |stream| {
        let counter = Arc::clone(&counter);
        async move {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                let counter = Arc::clone(&counter);
                tokio::task::spawn_local(async move {
                    let mut stream = respond.send_response(http::Response::new(()), false).unwrap();
                    let piece = Bytes::from(vec![0; 4096]);
                    while send_all(&mut stream, piece.clone()).await.is_some() {
                        counter.fetch_add(piece.len(), SeqCst);
                    }
                });
            }
        }
    });
    let bench = Bench::run(&lab_to(server, "h2c", ""));
    block(async {
        let mut sender = http2(bench.address("front")).await;
        let (answer, _stream) = sender.send_request(get("/"), true).unwrap();
        let mut body = answer.await.unwrap().into_body();
        let ended = async {
            // What is read is never released, so the window stays shut.
            while let Some(data) = body.data().await {
                data?;
            }
            Ok::<_, h2::Error>(())
        };
        assert_eq!(ended.await.unwrap_err().reason(), Some(Reason::CANCEL));
        eventually("nothing in flight", || in_flight(bench.shared()) == 0).await;
    });
    // The server's window of 256 KiB, the client's of 64 KiB, and a few frames between them.
    let n_bytes = sent.load(SeqCst);
    assert!(n_bytes < 450 * 1024, "{n_bytes}");
    assert_eq!(count(&bench, Outcome::ClientLeft), 1);
}

#[test]
fn an_upload_nobody_takes_is_held_back() {
    let stuck = raw_server(|mut wire| {
        wire.read_until("\r\n\r\n");
        std::thread::sleep(Duration::from_secs(20));
    });
    let bench = Bench::run(&lab_to(stuck, "http1", ""));
    block(async {
        let mut sender = http2(bench.address("front")).await;
        let post = request("POST", "/").body(()).unwrap();
        let (answer, mut stream) = sender.send_request(post, false).unwrap();
        let sent = std::cell::Cell::new(0);
        let sending = async {
            let piece = Bytes::from(vec![0; 16 * 1024]);
            while send_all(&mut stream, piece.clone()).await.is_some() {
                sent.set(sent.get() + piece.len());
            }
        };
        drop(tokio::time::timeout(Duration::from_secs(1), sending).await);
        // Bounded by the sockets' own buffers, hyper's and one window; far from what a client could send in a second.
        assert!(sent.get() < 24 << 20, "{}", sent.get());
        drop(answer);
    });
}

#[test]
fn grpc_calls_come_through_with_their_status() {
    let bench = Bench::run(&lab_to(http2_server(), "h2c", ""));
    block(async {
        let mut sender = http2(bench.address("front")).await;
        let call = |path: &str| {
            let call = request("POST", path).header("te", "trailers");
            call.header("content-type", "application/grpc").body(()).unwrap()
        };
        let message = [Bytes::from_static(b"\0\0\0\0\x02hi")];
        let status =
            HeaderMap::from_iter([("grpc-status".parse().unwrap(), HeaderValue::from_static("0"))]);
        let reply = ask_http2(&mut sender, call("/echo"), &message, Some(status)).await.unwrap();
        assert_eq!(reply.body, message[0]);
        assert_eq!(reply.trailers.unwrap()["grpc-status"], "0");
        assert!(reply.headers["x-seen"].to_str().unwrap().contains("\"te\""));
        let reply = ask_http2(&mut sender, call("/grpc"), &message, None).await.unwrap();
        assert_eq!(
            (reply.status.as_u16(), &reply.headers["grpc-status"]),
            (200, &"5".parse().unwrap())
        );
    });
}

#[test]
fn a_closing_listener_says_goodbye_and_lets_streams_finish() {
    let bench = Bench::run(&lab_to(http2_server(), "h2c", ""));
    block(async {
        let mut sender = http2(bench.address("front")).await;
        let echo = request("POST", "/echo").body(()).unwrap();
        let (answer, mut stream) = sender.send_request(echo, false).unwrap();
        let mut body = answer.await.unwrap().into_body();
        bench.close("front", Duration::from_secs(10));
        let refused = async {
            while let Ok(ready) = sender.clone().ready().await {
                drop(ready);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        refused.await;
        stream.send_data(Bytes::from_static(b"still here"), true).unwrap();
        assert_eq!(read_all(&mut body).await.unwrap(), b"still here");
    });
}

#[test]
fn a_closed_listener_drops_what_is_left() {
    let bench = Bench::run(&lab_to(http2_server(), "h2c", ""));
    block(async {
        let mut sender = http2(bench.address("front")).await;
        let (answer, _stream) = sender.send_request(get("/hang"), true).unwrap();
        eventually("in flight", || in_flight(bench.shared()) == 1).await;
        bench.close("front", Duration::from_millis(50));
        answer.await.unwrap_err();
        eventually("nothing in flight", || in_flight(bench.shared()) == 0).await;
    });
}

#[test]
fn a_connection_at_rest_is_closed() {
    let limits = "limits: (idle_timeout: \"200ms\"),";
    let bench = Bench::run(&lab_to(http2_server(), "h2c", limits));
    block(async {
        let mut sender = http2(bench.address("front")).await;
        ask_http2(&mut sender, get("/"), &[], None).await.unwrap();
        let tallies = &bench.shared().tallies;
        eventually("closed", || tallies.connections.load(SeqCst) == 0).await;
    });
}
