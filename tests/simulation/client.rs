//! Clients of the simulation: each checks that every answer is the answer to its own request, whole and once.

use std::time::Duration;

use evenkeel::dice::Dice;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;
use turmoil::net::TcpStream;

use crate::journal::Journal;
use crate::marks::{after, sum};
use crate::scenario::{Faults, QUIET};
use crate::server::PORT;

pub(crate) struct Client {
    pub(crate) number: u64,
    pub(crate) dice: Dice,
    pub(crate) journal: Journal,
    pub(crate) faults: Faults,
    pub(crate) began: Instant,
}

impl Client {
    /// Asks until the network was quiet for a while, and then a little more.
    pub(crate) async fn run(mut self) {
        let mut stream = None;
        for round in 0.. {
            let quiet = self.faults == Faults::None || self.began.elapsed() > QUIET;
            if self.began.elapsed() > QUIET + LAST {
                return;
            }
            let number = self.number * 1_000_000 + round;
            let method = ["GET", "POST", "PUT"][self.dice.below(3) as usize];
            let asking = self.ask(&mut stream, number, method);
            let ended = tokio::time::timeout(PATIENCE, asking).await;
            let ended = ended.unwrap_or_else(|_late| Err("no answer in time".to_owned()));
            if let Err(why) = &ended {
                stream = None;
                if quiet {
                    self.journal.failed(format!("{method} {number} failed: {why}"));
                }
            }
            let most = if method == "POST" { 1 } else { u32::MAX };
            if self.journal.n_seen(number) > most {
                self.journal.failed(format!("{method} {number} reached servers twice"));
            }
            if self.dice.chance(0.1) {
                stream = None;
            }
            tokio::time::sleep(Duration::from_millis(self.dice.below(40))).await;
        }
    }

    async fn ask(
        &mut self,
        stream: &mut Option<TcpStream>,
        number: u64,
        method: &str,
    ) -> Result<(), String> {
        let mut wire = match stream.take() {
            Some(wire) => wire,
            None => TcpStream::connect(("proxy", PORT)).await.map_err(|it| it.to_string())?,
        };
        let length = if method == "GET" { 0 } else { self.dice.below(5000) as usize };
        let body: Vec<u8> = (0..length).map(|i| (number as usize + i) as u8).collect();
        let head =
            format!("{method} /{number} HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n");
        wire.write_all(head.as_bytes()).await.map_err(|it| it.to_string())?;
        wire.write_all(&body).await.map_err(|it| it.to_string())?;
        let mut read = Vec::new();
        let (answer, closes) = read_answer(&mut wire, &mut read).await?;
        if !read.is_empty() {
            self.journal.failed(format!("{number}: more came than was asked for"));
        }
        let answer = answer?;
        let expected = format!("{number} {length} {} ", sum(&body));
        if !answer.starts_with(&expected) {
            let shown = &answer[..answer.len().min(60)];
            self.journal.failed(format!("{number}: asked for {expected:?}, got {shown:?}"));
        }
        self.journal.answered();
        if !closes {
            *stream = Some(wire);
        }
        Ok(())
    }
}

/// The body of a whole 200, or what else the answer was; and whether the proxy closes.
async fn read_answer(
    wire: &mut TcpStream,
    read: &mut Vec<u8>,
) -> Result<(Result<String, String>, bool), String> {
    let head = until(wire, read, b"\r\n\r\n").await?.to_ascii_lowercase();
    let body = if let Some(length) = after(&head, "\r\ncontent-length: ") {
        exactly(wire, read, length as usize).await?
    } else {
        let mut body = String::new();
        loop {
            let line = until(wire, read, b"\r\n").await?;
            let size = usize::from_str_radix(line.trim(), 16).map_err(|it| it.to_string())?;
            body += &exactly(wire, read, size).await?;
            exactly(wire, read, 2).await?;
            if size == 0 {
                break body;
            }
        }
    };
    let good = head.starts_with("http/1.1 200 ");
    let answer = if good { Ok(body) } else { Err(format!("refused: {body}")) };
    Ok((answer, head.contains("\r\nconnection: close")))
}

async fn until(wire: &mut TcpStream, read: &mut Vec<u8>, mark: &[u8]) -> Result<String, String> {
    loop {
        if let Some(at) = read.windows(mark.len()).position(|it| it == mark) {
            let taken: Vec<u8> = read.drain(..at + mark.len()).collect();
            return Ok(String::from_utf8_lossy(&taken).into_owned());
        }
        more(wire, read).await?;
    }
}

async fn exactly(
    wire: &mut TcpStream,
    read: &mut Vec<u8>,
    length: usize,
) -> Result<String, String> {
    while read.len() < length {
        more(wire, read).await?;
    }
    let taken: Vec<u8> = read.drain(..length).collect();
    Ok(String::from_utf8_lossy(&taken).into_owned())
}

async fn more(wire: &mut TcpStream, read: &mut Vec<u8>) -> Result<(), String> {
    match wire.read_buf(read).await {
        Ok(0) => Err("the connection ended within the answer".to_owned()),
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// A request's bound once nothing fails any more: three tries and the waits between them.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How long everything must go well at the end.
const LAST: Duration = Duration::from_millis(500);
