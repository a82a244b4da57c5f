//! A server whose mood changes while it serves.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use evenkeel::dice::Dice;
use socket2::SockRef;

use crate::client::Tally;
use crate::marks::{after, sum};

pub(crate) struct ChaosServer {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    mood: Arc<AtomicU8>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mood {
    Well,
    Slow,
    /// Takes requests and answers none.
    Hung,
    /// Resets each connection when a request comes.
    Resetting,
    /// Ends answers half way.
    Cutting,
    /// Does not listen, and has dropped everything.
    Dead,
    /// For good.
    Gone,
}

impl Mood {
    pub(crate) fn drawn(dice: &mut Dice) -> Self {
        [Self::Slow, Self::Hung, Self::Resetting, Self::Cutting, Self::Dead][dice.below(5) as usize]
    }

    fn of(mood: &AtomicU8) -> Self {
        [Self::Well, Self::Slow, Self::Hung, Self::Resetting, Self::Cutting, Self::Dead, Self::Gone]
            [usize::from(mood.load(Relaxed))]
    }

    fn is_dead(self) -> bool {
        matches!(self, Self::Dead | Self::Gone)
    }
}

impl ChaosServer {
    pub(crate) fn start(name: String, tally: &Arc<Tally>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mood = Arc::new(AtomicU8::new(Mood::Well as u8));
        let (moods, tally) = (Arc::clone(&mood), Arc::clone(tally));
        let run = move || live(listener, address, &moods, &tally);
        let thread = std::thread::Builder::new().name(name.clone()).spawn(run).unwrap();
        Self { name, address, mood, thread: Some(thread) }
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.mood.store(mood as u8, Relaxed);
    }
}

impl Drop for ChaosServer {
    fn drop(&mut self) {
        self.set(Mood::Gone);
        self.thread.take().map(JoinHandle::join).unwrap().unwrap();
    }
}

/// Listens while it lives, and comes back to the same address.
fn live(first: TcpListener, address: SocketAddr, mood: &Arc<AtomicU8>, tally: &Arc<Tally>) {
    let mut listener = Some(first);
    let mut connections = Vec::new();
    while Mood::of(mood) != Mood::Gone {
        if Mood::of(mood).is_dead() {
            listener = None;
        } else if listener.is_none() {
            // Somebody else may hold the port for a moment.
            listener = TcpListener::bind(address).ok();
        }
        if let Some(listener) = &listener {
            listener.set_nonblocking(true).unwrap();
            while let Ok((stream, _peer)) = listener.accept() {
                let (mood, tally) = (Arc::clone(mood), Arc::clone(tally));
                let run = move || converse(stream, &mood, &tally);
                connections
                    .push(std::thread::Builder::new().name("conn".into()).spawn(run).unwrap());
            }
        }
        connections.retain(|it: &JoinHandle<()>| !it.is_finished());
        std::thread::sleep(Duration::from_millis(2));
    }
    for it in connections {
        it.join().unwrap();
    }
}

fn converse(mut stream: TcpStream, mood: &AtomicU8, tally: &Tally) {
    stream.set_nonblocking(false).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let mut held = Vec::new();
    while let Some((number, answer)) = next_request(&mut stream, &mut held, mood) {
        tally.saw(number);
        match Mood::of(mood) {
            Mood::Well => {}
            Mood::Slow => std::thread::sleep(Duration::from_millis(number % 50)),
            Mood::Hung => {
                while Mood::of(mood) == Mood::Hung {
                    std::thread::sleep(Duration::from_millis(5));
                }
                return;
            }
            Mood::Resetting => {
                drop(SockRef::from(&stream).set_linger(Some(Duration::ZERO)));
                return;
            }
            Mood::Cutting => {
                tally.cut(number);
                drop(stream.write_all(&answer[..answer.len() * 2 / 3]));
                return;
            }
            Mood::Dead | Mood::Gone => return,
        }
        if stream.write_all(&answer).is_err() {
            return;
        }
    }
}

/// The number of the next request and its answer; nothing when the connection or the server has ended.
fn next_request(
    stream: &mut TcpStream,
    held: &mut Vec<u8>,
    mood: &AtomicU8,
) -> Option<(u64, Vec<u8>)> {
    let mut piece = [0; 8192];
    loop {
        if let Some(request) = whole_request(held) {
            return Some(request);
        }
        if Mood::of(mood).is_dead() {
            return None;
        }
        match stream.read(&mut piece) {
            Ok(0) => return None,
            Ok(length) => held.extend_from_slice(&piece[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {}
            Err(_) => return None,
        }
    }
}

fn whole_request(held: &mut Vec<u8>) -> Option<(u64, Vec<u8>)> {
    let head_length = held.windows(4).position(|it| it == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&held[..head_length]).to_ascii_lowercase();
    let length = after(&head, "\r\ncontent-length: ").unwrap_or(0) as usize;
    let body = held.get(head_length..head_length + length)?;
    let number = after(&head, " /").unwrap_or(0);
    let text = format!("{number} {length} {} {}", sum(body), "y".repeat(number as usize % 3000));
    held.drain(..head_length + length);
    let (one, two) = text.split_at(text.len() / 2);
    let answer = if number.is_multiple_of(2) {
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len())
    } else {
        let (a, b) = (one.len(), two.len());
        format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
             {a:x}\r\n{one}\r\n{b:x}\r\n{two}\r\n0\r\n\r\n"
        )
    };
    Some((number, answer.into_bytes()))
}
