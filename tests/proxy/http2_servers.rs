//! Shared connections to servers of HTTP/2: opened once, replaced when their server says goodbye.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use bytes::Bytes;
use h2::Reason;
use h2::server::SendResponse;
use http::Response;

use crate::bench::Bench;
use crate::http_kit::{ask_http2, block, http2, lab_to, request, serve};

/// Answers `fine` to everything, over connections that `settings` and `look` form.
fn server(
    settings: fn(&mut h2::server::Builder),
    look: fn(usize, &mut SendResponse<Bytes>) -> Then,
) -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    let n_connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&n_connections);
    let n_requests = Arc::new(AtomicUsize::new(0));
    let address = serve("goodbyes", move |stream| {
        counter.fetch_add(1, SeqCst);
        let n_requests = Arc::clone(&n_requests);
        async move {
            let mut builder = h2::server::Builder::new();
            settings(&mut builder);
            let Ok(mut connection) = builder.handshake(stream).await else { return };
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                match look(n_requests.fetch_add(1, SeqCst), &mut respond) {
                    Then::Answer => {}
                    Then::AnswerAndLeave => connection.graceful_shutdown(),
                    Then::Nothing => continue,
                    Then::Drop => return,
                }
                tokio::task::spawn_local(async move {
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                    let Ok(mut stream) = respond.send_response(Response::new(()), false) else {
                        return;
                    };
                    drop(stream.send_data(Bytes::from_static(b"fine"), true));
                });
            }
        }
    });
    (address, n_connections)
}

enum Then {
    Answer,
    AnswerAndLeave,
    Nothing,
    Drop,
}

/// Sends so many requests at once; all have to be answered.
async fn at_once(bench: &Bench, method: &str, n_requests: usize) {
    let sender = http2(bench.address("front")).await;
    let asking: Vec<_> = (0..n_requests)
        .map(|_| {
            let (mut sender, request) = (sender.clone(), request(method, "/").body(()).unwrap());
            tokio::task::spawn_local(async move {
                ask_http2(&mut sender, request, &[], None)
                    .await
                    .map(|reply| (reply.status, reply.body))
            })
        })
        .collect();
    for asking in asking {
        let (status, body) = asking.await.unwrap().unwrap();
        assert_eq!((status.as_u16(), &body[..]), (200, &b"fine"[..]));
    }
}

#[test]
fn many_requests_at_once_open_one_connection() {
    let (address, n_connections) = server(|_| {}, |_, _| Then::Answer);
    let bench = Bench::run(&lab_to(address, "h2c", ""));
    block(at_once(&bench, "GET", 50));
    block(at_once(&bench, "GET", 50));
    assert_eq!(n_connections.load(SeqCst), 1);
}

fn five_streams(builder: &mut h2::server::Builder) {
    builder.max_concurrent_streams(5);
}

#[test]
fn a_full_connection_gets_a_few_beside_it() {
    let (address, n_connections) = server(five_streams, |_, _| Then::Answer);
    let bench = Bench::run(&lab_to(address, "h2c", ""));
    block(async {
        // One after the other first, so that the settings are known.
        at_once(&bench, "GET", 1).await;
        at_once(&bench, "GET", 100).await;
    });
    let n_connections = n_connections.load(SeqCst);
    assert!((2..=8).contains(&n_connections), "{n_connections}");
}

#[test]
fn servers_that_say_goodbye_under_load_lose_nothing() {
    let (address, n_connections) =
        server(|_| {}, |n, _| if n % 10 == 9 { Then::AnswerAndLeave } else { Then::Answer });
    let bench = Bench::run(&lab_to(address, "h2c", ""));
    block(async {
        for _ in 0..10 {
            at_once(&bench, "POST", 40).await;
        }
    });
    assert!(n_connections.load(SeqCst) > 5);
}

#[test]
fn refused_streams_are_sent_again_whatever_their_method() {
    let look = |n: usize, respond: &mut SendResponse<Bytes>| {
        if n.is_multiple_of(5) {
            respond.send_reset(Reason::REFUSED_STREAM);
            return Then::Nothing;
        }
        Then::Answer
    };
    let (address, _) = server(|_| {}, look);
    let bench = Bench::run(&lab_to(address, "h2c", ""));
    block(async {
        for _ in 0..20 {
            at_once(&bench, "POST", 1).await;
        }
    });
}

#[test]
fn a_connection_that_broke_at_rest_is_replaced() {
    let (address, n_connections) =
        server(|_| {}, |n, _| if n == 1 { Then::Drop } else { Then::Answer });
    let bench = Bench::run(&lab_to(address, "h2c", ""));
    block(async {
        for _ in 0..3 {
            at_once(&bench, "GET", 1).await;
        }
    });
    assert_eq!(n_connections.load(SeqCst), 2);
}
