//! A client's connection by itself: refusals in their turn, times that end, interim answers in their place.

use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::time::{Instant, sleep, timeout};

use super::super::super::framing::Bounds;
use super::super::super::network::Wire;
use super::super::message::AnswerHead;
use super::*;
use crate::period::Clock;

/// The time that tokio lets pass when everything waits.
struct PausedClock(Instant);

impl Clock for PausedClock {
    fn now_ns(&self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }

    fn unix_ns(&self) -> u64 {
        self.now_ns()
    }
}

impl Wire for DuplexStream {}

const SECOND_NS: u64 = 1_000_000_000;
const SETTINGS: Settings = Settings {
    bounds: Bounds { header_bytes: 4096, header_count: 20 },
    header_timeout_ns: 10 * SECOND_NS,
    idle_timeout_ns: 60 * SECOND_NS,
    write_timeout_ns: 30 * SECOND_NS,
};

type TestLine = RefCell<Line<DuplexStream>>;

fn line(stream: DuplexStream) -> TestLine {
    let transport = Transport::plain(stream, bytes::Bytes::new());
    RefCell::new(Line::new(transport, SETTINGS, Arc::new(PausedClock(Instant::now()))))
}

/// Answers each request with its method, path and body, or with the refusal.
async fn serve(stream: DuplexStream) {
    let line = line(stream);
    loop {
        let mut reading = Reading::default();
        let read = poll_fn(|ctx| line.borrow_mut().poll_head(ctx, &mut reading)).await;
        let (status, text) = match read {
            Ok(_) => echo(&line, &reading.head().unwrap()).await,
            Err(End::Refused(violation)) => (violation.status, violation.message.to_owned()),
            Err(End::Closed) => return,
        };
        write(&line, format!("HTTP/1.1 {status} x\r\n\r\n{text}").as_bytes()).await.unwrap();
        if status != 200 {
            return;
        }
        line.borrow_mut().go_on();
    }
}

async fn echo(line: &TestLine, head: &RequestHead) -> (u16, String) {
    let path = head.uri.path();
    if path == "/slow" {
        sleep(Duration::from_secs(200)).await;
    }
    if path == "/hint" {
        line.interim(&AnswerHead::new(http::StatusCode::EARLY_HINTS));
    }
    match body(line).await {
        Ok(body) => (200, format!("{} {path} {}.", head.method, body.escape_ascii())),
        Err(()) => (400, line.violation().map_or("broken", |broken| broken.message).to_owned()),
    }
}

async fn body(line: &TestLine) -> Result<Vec<u8>, ()> {
    let mut body = Vec::new();
    while let Some(frame) = poll_fn(|ctx| line.poll_frame(ctx)).await {
        if let Ok(data) = frame.map_err(|_broken| ())?.into_data() {
            body.extend_from_slice(&data);
        }
    }
    Ok(body)
}

async fn write(line: &TestLine, bytes: &[u8]) -> std::io::Result<()> {
    line.borrow_mut().out.extend_from_slice(bytes);
    poll_fn(|ctx| line.borrow_mut().poll_out(ctx)).await
}

/// What a client reads that sends these pieces with a second between them, and when the last of it came.
async fn talk(pieces: &[&[u8]]) -> (String, u64) {
    let (mut client, server) = duplex(64 * 1024);
    let start = Instant::now();
    let speak = async {
        for piece in pieces {
            if client.write_all(piece).await.is_err() {
                break;
            }
            sleep(Duration::from_secs(1)).await;
        }
        let mut heard = Vec::new();
        client.read_to_end(&mut heard).await.unwrap();
        (String::from_utf8_lossy(&heard).into_owned(), start.elapsed().as_secs())
    };
    let ((), heard) = tokio::join!(serve(server), speak);
    heard
}

fn statuses(heard: &str) -> Vec<&str> {
    heard.match_indices("HTTP/1.1 ").map(|(at, _)| &heard[at + 9..at + 12]).collect()
}

#[tokio::test(start_paused = true)]
async fn a_refusal_comes_in_its_turn_and_ends_the_connection() {
    let requests = b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n\
        POST /b HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc\
        POST /c HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
        POST /d HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n\
        GET /e HTTP/1.1\r\nhost: a\r\n\r\n";
    let single: Vec<&[u8]> = requests.chunks(40).collect();
    for pieces in [vec![requests.as_slice()], single] {
        let (heard, _) = talk(&pieces).await;
        assert_eq!(statuses(&heard), ["200", "200", "200", "400"], "{heard}");
        let order = ["GET /a .", "POST /b abc.", "POST /c abc.", "both Content-Length"];
        let places: Vec<usize> = order.iter().map(|part| heard.find(part).unwrap()).collect();
        assert!(places.is_sorted(), "{heard}");
        assert!(!heard.contains("/e"), "{heard}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_is_an_error_to_its_reader() {
    let head = b"POST /b HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n";
    for rest in [b"0x3\r\nabc".as_slice(), b"3\nabc", b"0\r\nA : b\r\n\r\n"] {
        let (heard, _) = talk(&[head, rest]).await;
        assert_eq!(statuses(&heard), ["400"], "{heard}");
        assert!(!heard.ends_with("broken"), "{heard}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_head_is_refused_and_silence_is_only_ended() {
    let get = b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n".as_slice();
    let (heard, seconds) = talk(&[b"GET /"]).await;
    assert_eq!((statuses(&heard), seconds), (vec!["408"], 10));
    let dribble: Vec<&[u8]> = get.chunks(1).take(9).collect();
    assert_eq!(statuses(&talk(&dribble).await.0), ["408"]);
    assert_eq!(talk(&[]).await, (String::new(), 10));
    let (heard, seconds) = talk(&[get]).await;
    assert_eq!((statuses(&heard), seconds), (vec!["200"], 60));
    let (heard, seconds) = talk(&[get, get]).await;
    assert_eq!((statuses(&heard), seconds), (vec!["200", "200"], 61));
    // Half a head after an answer has its own time, from its first byte.
    let (heard, seconds) = talk(&[get, b"GET"]).await;
    assert_eq!((statuses(&heard), seconds), (vec!["200", "408"], 1 + 10));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_takes_long_is_no_idle_connection() {
    let slow = b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n".as_slice();
    let (heard, seconds) = talk(&[slow]).await;
    assert_eq!((statuses(&heard), seconds), (vec!["200"], 200 + 60));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_given_up() {
    let (client, server) = duplex(16);
    let start = Instant::now();
    let error = write(&line(server), &[0; 100]).await.unwrap_err();
    assert_eq!((error.kind(), start.elapsed().as_secs()), (std::io::ErrorKind::TimedOut, 30));
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_is_not_given_up() {
    let (mut client, server) = duplex(16);
    let line = line(server);
    let read = async {
        for _ in 0..10 {
            sleep(Duration::from_secs(29)).await;
            client.read_exact(&mut [0; 10]).await.unwrap();
        }
    };
    let (written, ()) = tokio::join!(write(&line, &[0; 100]), read);
    written.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_interim_answer_comes_before_its_own_answer() {
    let get = b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n".as_slice();
    let hint = b"GET /hint HTTP/1.1\r\nhost: a\r\n\r\n".as_slice();
    let (heard, _) = talk(&[get, hint, get]).await;
    assert_eq!(statuses(&heard), ["200", "103", "200", "200"]);
    let (heard, _) = talk(&[&[hint, get, hint].concat()]).await;
    assert_eq!(statuses(&heard), ["103", "200", "200", "103", "200"]);
}

#[tokio::test(start_paused = true)]
async fn interim_answers_that_nobody_reads_are_dropped_and_counted() {
    let (_client, server) = duplex(8);
    let line = line(server);
    let hint = AnswerHead::new(http::StatusCode::EARLY_HINTS);
    for _ in 0..1_000 {
        line.interim(&hint);
    }
    assert!(line.borrow().n_interims_dropped() > 0);
    assert!(line.borrow().out.len() < 32 * 1024);
}

const UPGRADE: &[u8] = b"GET /u HTTP/1.1\r\nhost: a\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn bytes_behind_an_upgrade_wait_for_the_answer() {
    let (mut client, server) = duplex(1024);
    let line = line(server);
    client.write_all(&[UPGRADE, b"\0tunnel"].concat()).await.unwrap();
    let mut reading = Reading::default();
    poll_fn(|ctx| line.borrow_mut().poll_head(ctx, &mut reading)).await.ok().unwrap();
    let gone = poll_fn(|ctx| line.borrow_mut().poll_gone(ctx));
    assert!(timeout(Duration::from_secs(100), gone).await.is_err(), "held back, unread");
    client.write_all(b"\n\n").await.unwrap();
    let mut transport = line.into_inner().into_transport();
    let mut heard = [0; 9];
    transport.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"\0tunnel\n\n");
}

#[tokio::test(start_paused = true)]
async fn a_request_behind_a_refused_upgrade_is_read_after_its_answer() {
    let get = b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n";
    let (heard, seconds) = talk(&[&[UPGRADE, get].concat()]).await;
    assert_eq!((statuses(&heard), seconds), (vec!["200", "200"], 60), "{heard}");
    let (heard, _) = talk(&[UPGRADE, get]).await;
    assert_eq!(statuses(&heard), ["200", "200"], "{heard}");
    let (heard, _) = talk(&[&[UPGRADE, b"\0"].concat()]).await;
    assert_eq!(statuses(&heard), ["200", "400"], "{heard}");
}

/// The bodies of all requests in these bytes, written in pieces of this length.
async fn bodies(bytes: &[u8], write: usize) -> Vec<Vec<u8>> {
    let (mut client, server) = duplex(1 << 16);
    let line = line(server);
    let mut heard = Vec::new();
    let speak = async {
        for piece in bytes.chunks(write) {
            client.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        drop(client);
    };
    let listen = async {
        loop {
            let mut reading = Reading::default();
            if poll_fn(|ctx| line.borrow_mut().poll_head(ctx, &mut reading)).await.is_err() {
                break;
            }
            heard.push(body(&line).await.unwrap());
            line.borrow_mut().go_on();
        }
    };
    tokio::join!(speak, listen);
    heard
}

proptest! {
    #[test]
    fn bodies_come_through_byte_for_byte(
        sent in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..300)), 1..8),
        write in 1_usize..900,
        large in 0_usize..40_000,
    ) {
        let mut sent = sent;
        sent.push((false, vec![7; large]));
        let bytes: Vec<u8> = sent.iter().flat_map(|(chunked, body)| post(*chunked, body)).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let expected: Vec<Vec<u8>> = sent.into_iter().map(|(_, body)| body).collect();
        prop_assert_eq!(runtime.block_on(bodies(&bytes, write)), expected);
    }
}

fn post(chunked: bool, body: &[u8]) -> Vec<u8> {
    if !chunked {
        let head = format!("POST / HTTP/1.1\r\ncontent-length: {}\r\n\r\n", body.len());
        return [head.as_bytes(), body].concat();
    }
    let chunks = body
        .chunks(100)
        .map(|chunk| [format!("{:x};x=y\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
    let head = b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let end = b"0\r\na: b\r\n\r\n".to_vec();
    std::iter::once(head).chain(chunks).chain(std::iter::once(end)).flatten().collect()
}
