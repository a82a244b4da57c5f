//! Every pair of HTTP versions carries the same things.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Frame;

use crate::bench::Bench;
use crate::http_kit::{
    Reply, ask_http1, ask_http2, big, block, eventually, http1_server, http2, http2_server,
    in_flight, lab_to, request,
};

/// What a client sends, whichever version it speaks.
struct Asked {
    method: &'static str,
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    pieces: Vec<Bytes>,
    trailers: Option<HeaderMap>,
}

impl Asked {
    fn get(path: &'static str) -> Self {
        Self { method: "GET", path, headers: vec![], pieces: vec![], trailers: None }
    }

    fn head(&self) -> Request<()> {
        let plain = request(self.method, self.path);
        self.headers
            .iter()
            .fold(plain, |request, (name, value)| request.header(*name, value))
            .body(())
            .unwrap()
    }

    async fn over_http1(self, bench: &Bench) -> Reply {
        let (head, ()) = self.head().into_parts();
        let sized = head.headers.contains_key("content-length");
        let body = if self.pieces.is_empty() || sized {
            Full::new(Bytes::from(self.pieces.concat())).boxed_unsync()
        } else {
            let data = self.pieces.into_iter().map(Frame::data);
            let frames: Vec<_> = data.chain(self.trailers.map(Frame::trailers)).map(Ok).collect();
            Pieces(frames.into_iter()).boxed_unsync()
        };
        ask_http1(bench.address("front"), Request::from_parts(head, body)).await.unwrap()
    }

    async fn over_http2(self, bench: &Bench) -> Reply {
        let mut sender = http2(bench.address("front")).await;
        ask_http2(&mut sender, self.head(), &self.pieces, self.trailers).await.unwrap()
    }
}

type Piece = Result<Frame<Bytes>, std::convert::Infallible>;

/// Frames that are there already, as a stream.
struct Pieces(std::vec::IntoIter<Piece>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _ctx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Piece>> {
        std::task::Poll::Ready(self.0.next())
    }
}

/// Asks over every pair of versions, and waits until nothing is in flight any more.
fn everywhere(asked: impl Fn() -> Asked, check: impl Fn(&str, Reply)) {
    let servers = [("h1", "http1", http1_server()), ("h2", "h2c", http2_server())];
    for (to, protocol, server) in servers {
        let bench = Bench::run(&lab_to(server, protocol, ""));
        for from in ["h1", "h2"] {
            let pair = format!("{from} to {to}");
            let reply = block(async {
                let reply = match from {
                    "h1" => asked().over_http1(&bench).await,
                    _ => asked().over_http2(&bench).await,
                };
                eventually(&pair, || in_flight(bench.shared()) == 0).await;
                reply
            });
            let version = if to == "h1" { "1.1" } else { "2" };
            assert_eq!(reply.headers["x-version"], version, "{pair}");
            check(&pair, reply);
        }
    }
}

#[test]
fn a_plain_request_is_answered() {
    everywhere(
        || Asked::get("/x"),
        |pair, reply| {
            assert_eq!(reply.status, 200, "{pair}");
            assert_eq!(reply.body, b"/x", "{pair}");
        },
    );
}

#[test]
fn sized_bodies_come_back_whole() {
    let asked = || Asked {
        method: "POST",
        headers: vec![("content-length", big().len().to_string())],
        pieces: vec![big()],
        ..Asked::get("/echo")
    };
    everywhere(asked, |pair, reply| assert!(reply.body == big(), "{pair}"));
}

#[test]
fn bodies_without_a_length_come_back_whole() {
    let pieces = || (0..100).map(|n| Bytes::from(vec![n; 3000])).collect::<Vec<_>>();
    let asked = || Asked { method: "POST", pieces: pieces(), ..Asked::get("/echo") };
    everywhere(asked, |pair, reply| assert!(reply.body == pieces().concat(), "{pair}"));
}

#[test]
fn trailers_go_both_ways() {
    let asked = || Asked {
        method: "POST",
        headers: vec![("te", "trailers".into()), ("trailer", "x-end".into())],
        pieces: vec![Bytes::from_static(b"text")],
        trailers: Some(HeaderMap::from_iter([(
            "x-end".parse().unwrap(),
            HeaderValue::from_static("1"),
        )])),
        ..Asked::get("/echo")
    };
    everywhere(asked, |pair, reply| {
        assert_eq!(reply.body, b"text", "{pair}");
        // A server of HTTP/1.1 is not told that its trailers are welcome, and this one then sends none.
        if !pair.ends_with("to h1") {
            assert_eq!(reply.trailers.unwrap()["x-end"], "1", "{pair}");
        }
    });
}

#[test]
fn answers_without_a_body_end_with_their_head() {
    everywhere(
        || Asked { method: "HEAD", ..Asked::get("/big") },
        |pair, reply| {
            assert_eq!((reply.status, reply.body.len()), (StatusCode::OK, 0), "{pair}");
        },
    );
    everywhere(
        || Asked::get("/empty"),
        |pair, reply| {
            assert_eq!((reply.status, reply.body.len()), (StatusCode::NO_CONTENT, 0), "{pair}");
        },
    );
}

#[test]
fn big_answers_come_whole() {
    everywhere(|| Asked::get("/big"), |pair, reply| assert!(reply.body == big(), "{pair}"));
}

#[test]
fn an_answer_may_come_before_the_body_was_sent() {
    let asked = || Asked {
        method: "POST",
        pieces: vec![Bytes::from(vec![1; 100])],
        ..Asked::get("/early")
    };
    everywhere(asked, |pair, reply| assert_eq!(reply.body, b"early", "{pair}"));
}
