//! A guard before a real hyper: refusals in their turn, times that end, interim responses in their gaps.

use std::convert::Infallible;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::time::{Instant, sleep, timeout};

use super::state::Interim;
use super::*;

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

const SECOND_NS: u64 = 1_000_000_000;
const SETTINGS: GuardSettings = GuardSettings {
    bounds: Bounds { header_bytes: 4096, header_count: 20 },
    header_timeout_ns: 10 * SECOND_NS,
    idle_timeout_ns: 60 * SECOND_NS,
    write_timeout_ns: 30 * SECOND_NS,
};

fn guarded<S>(stream: S) -> (Guard<S>, Arc<GuardState>) {
    Guard::new(stream, SETTINGS, Arc::new(PausedClock(Instant::now())))
}

/// Answers each request with its method, path and body, or with the refusal.
async fn answer(
    state: Arc<GuardState>,
    number: u64,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, text) = match state.refusal_of(number) {
        Some(violation) => (violation.status, violation.message.to_owned()),
        None => echo(&state, request).await,
    };
    state.answer_begins();
    state.answered();
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    Ok(response)
}

async fn echo(state: &GuardState, request: Request<Incoming>) -> (u16, String) {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    if path == "/slow" {
        sleep(Duration::from_secs(200)).await;
    }
    if path == "/hint" {
        state.send_interim(Bytes::from_static(HINT));
    }
    match request.into_body().collect().await {
        Ok(body) => (200, format!("{method} {path} {}.", body.to_bytes().escape_ascii())),
        Err(_) => (400, state.broken().map_or("broken", |broken| broken.message).to_owned()),
    }
}

const HINT: &[u8] = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";

async fn serve(stream: DuplexStream) {
    let (guard, state) = guarded(stream);
    let number = std::cell::Cell::new(0);
    let service = service_fn(|request| {
        number.set(number.get() + 1);
        answer(Arc::clone(&state), number.get() - 1, request)
    });
    // An error here is a connection that ended early, which the client's side sees, too.
    let _ended = http1::Builder::new().serve_connection(TokioIo::new(guard), service).await;
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
        assert!(!heard.contains("refused") && !heard.contains("/e"), "{heard}");
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
    let (mut guard, _) = guarded(server);
    let start = Instant::now();
    let error = guard.write_all(&[0; 100]).await.unwrap_err();
    assert_eq!((error.kind(), start.elapsed().as_secs()), (io::ErrorKind::TimedOut, 30));
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_is_not_given_up() {
    let (mut client, server) = duplex(16);
    let (mut guard, _) = guarded(server);
    let read = async {
        for _ in 0..10 {
            sleep(Duration::from_secs(29)).await;
            client.read_exact(&mut [0; 10]).await.unwrap();
        }
    };
    let (written, ()) = tokio::join!(guard.write_all(&[0; 100]), read);
    written.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_interim_response_comes_before_its_own_answer() {
    let get = b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n".as_slice();
    let hint = b"GET /hint HTTP/1.1\r\nhost: a\r\n\r\n".as_slice();
    let (heard, _) = talk(&[get, hint, get]).await;
    assert_eq!(statuses(&heard), ["200", "103", "200", "200"]);
    let (heard, _) = talk(&[&[hint, get, hint].concat()]).await;
    assert_eq!(statuses(&heard), ["103", "200", "200", "103", "200"]);
}

#[tokio::test(start_paused = true)]
async fn an_interim_response_waits_for_a_gap_or_is_dropped() {
    let (mut client, server) = duplex(8);
    let (mut guard, state) = guarded(server);
    let read = |length| vec![0; length];
    // A piece of an answer is on its way; what is queued must not come into its middle.
    guard.write_all(b"answer 1").await.unwrap();
    assert_eq!(state.send_interim(Bytes::from_static(b"interim 1")), Interim::Later);
    let mut heard = read(8);
    let write = async {
        guard.write_all(b" end").await.unwrap();
        guard.flush().await.unwrap();
        guard.write_all(b"answer 2").await.unwrap();
    };
    let listen = async {
        client.read_exact(&mut heard).await.unwrap();
        let mut more = read(4 + 9 + 8);
        client.read_exact(&mut more).await.unwrap();
        heard.extend(more);
    };
    tokio::join!(write, listen);
    assert_eq!(String::from_utf8_lossy(&heard), "answer 1 endinterim 1answer 2");
    // The final answer comes before the gap did.
    assert_eq!(state.send_interim(Bytes::from_static(b"interim 2")), Interim::Later);
    state.answer_begins();
    guard.flush().await.unwrap();
    assert_eq!(state.interims_dropped(), 1);
    assert!(timeout(Duration::from_secs(1), client.read_u8()).await.is_err());
    let sent: Vec<Interim> = (0..9).map(|_| state.send_interim(Bytes::from_static(b"x"))).collect();
    assert_eq!((sent[7], sent[8]), (Interim::Now, Interim::Dropped));
    assert_eq!(state.interims_dropped(), 2);
}

const UPGRADE: &[u8] = b"GET /u HTTP/1.1\r\nhost: a\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn bytes_behind_an_upgrade_wait_for_the_answer() {
    let (mut client, server) = duplex(1024);
    let (mut guard, state) = guarded(server);
    client.write_all(&[UPGRADE, b"\0tunnel"].concat()).await.unwrap();
    let mut heard = vec![0; 1024];
    assert_eq!(guard.read(&mut heard).await.unwrap(), UPGRADE.len());
    let longer = Duration::from_secs(100);
    assert!(timeout(longer, guard.read(&mut heard)).await.is_err(), "held back");
    state.become_tunnel();
    assert_eq!(guard.read(&mut heard).await.unwrap(), 7);
    client.write_all(b"\n\n").await.unwrap();
    assert_eq!(guard.read(&mut heard).await.unwrap(), 2);
    assert!(timeout(longer, guard.read(&mut heard)).await.is_err(), "no time runs in a tunnel");
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

/// All that a guard hands on of these bytes, written and read in pieces of these lengths.
async fn through(bytes: &[u8], write: usize, read: usize) -> Vec<u8> {
    let (mut client, server) = duplex(1 << 16);
    let (mut guard, _) = guarded(server);
    let mut heard = Vec::new();
    let speak = async {
        for piece in bytes.chunks(write) {
            client.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        drop(client);
    };
    let listen = async {
        let mut memory = vec![0; read];
        while let Ok(length @ 1..) = guard.read(&mut memory).await {
            heard.extend_from_slice(&memory[..length]);
        }
    };
    tokio::join!(speak, listen);
    heard
}

proptest! {
    #[test]
    fn requests_in_order_come_through_byte_for_byte(
        bodies in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..300)), 1..8),
        write in 1_usize..900,
        read in 1_usize..900,
    ) {
        let bytes: Vec<u8> = bodies.iter().flat_map(|(chunked, body)| post(*chunked, body)).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        prop_assert_eq!(runtime.block_on(through(&bytes, write, read)), bytes);
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
