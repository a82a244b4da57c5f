//! Servers of the simulation: each answer says which request it answers, and some of them go wrong on purpose.

use std::io;
use std::time::Duration;

use evenkeel::dice::Dice;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use turmoil::net::{TcpListener, TcpStream};

use crate::journal::Journal;
use crate::marks::{after, sum};
use crate::scenario::{Faults, STORM};

/// Serves until its host crashes.
pub(crate) async fn serve(
    name: String,
    seed: u64,
    journal: Journal,
    faults: Faults,
) -> io::Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    let mut dice = Dice::new(seed);
    loop {
        let (stream, _peer) = listener.accept().await?;
        let manners = Manners { name: name.clone(), dice: Dice::new(dice.roll()), faults };
        let journal = journal.clone();
        // A connection that breaks is what this is about.
        tokio::task::spawn_local(async move { drop(manners.converse(stream, journal).await) });
    }
}

struct Manners {
    name: String,
    dice: Dice,
    faults: Faults,
}

impl Manners {
    async fn converse(mut self, mut stream: TcpStream, journal: Journal) -> io::Result<()> {
        let mut held = Vec::new();
        loop {
            let Some(request) = read_request(&mut stream, &mut held).await? else { return Ok(()) };
            journal.saw(request.number);
            tokio::time::sleep(Duration::from_millis(self.dice.below(15))).await;
            // A server may end a connection whenever it likes; where nothing may be lost, it says so before.
            let ends = self.dice.chance(0.1);
            let text = self.answer(&request, ends);
            match self.trouble() {
                // A half of an answer, and the end.
                Trouble::Cut => {
                    stream.write_all(&text[..text.len() / 2]).await?;
                    return Ok(());
                }
                Trouble::Silence => tokio::time::sleep(Duration::from_millis(450)).await,
                Trouble::End => return Ok(()),
                Trouble::None => {}
            }
            stream.write_all(&text).await?;
            if ends {
                return Ok(());
            }
        }
    }

    fn trouble(&mut self) -> Trouble {
        if !self.is_stormy() {
            return Trouble::None;
        }
        match self.dice.below(60) {
            0 => Trouble::Cut,
            1 => Trouble::Silence,
            2 => Trouble::End,
            _ => Trouble::None,
        }
    }

    fn is_stormy(&self) -> bool {
        let elapsed = turmoil::sim_elapsed().unwrap_or_default();
        self.faults == Faults::Some && elapsed < STORM
    }

    /// Of any length and in either framing.
    fn answer(&mut self, request: &Asked, ends: bool) -> Vec<u8> {
        let Asked { number, length, sum } = request;
        let padding = "x".repeat(self.dice.below(3000) as usize);
        let body = format!("{number} {length} {sum} {} {padding}", self.name);
        let announced = ends && !self.is_stormy();
        let close = if announced { "connection: close\r\n" } else { "" };
        let text = if self.dice.chance(0.5) {
            format!("HTTP/1.1 200 OK\r\n{close}content-length: {}\r\n\r\n{body}", body.len())
        } else {
            let (one, two) = body.split_at(body.len() / 2);
            format!(
                "HTTP/1.1 200 OK\r\n{close}transfer-encoding: chunked\r\n\r\n\
                 {:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n",
                one.len(),
                two.len()
            )
        };
        text.into_bytes()
    }
}

enum Trouble {
    None,
    Cut,
    Silence,
    End,
}

struct Asked {
    number: u64,
    length: usize,
    sum: u64,
}

/// `None` at the end of the connection.
async fn read_request(stream: &mut TcpStream, held: &mut Vec<u8>) -> io::Result<Option<Asked>> {
    let head_length = loop {
        if let Some(at) = held.windows(4).position(|it| it == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(held).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&held[..head_length]).to_ascii_lowercase();
    let length = after(&head, "\r\ncontent-length: ").unwrap_or(0) as usize;
    while held.len() < head_length + length {
        if stream.read_buf(held).await? == 0 {
            return Ok(None);
        }
    }
    let body = &held[head_length..head_length + length];
    let asked = Asked { number: after(&head, " /").unwrap_or(0), length, sum: sum(body) };
    held.drain(..head_length + length);
    Ok(Some(asked))
}

pub(crate) const PORT: u16 = 80;
