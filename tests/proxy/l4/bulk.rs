//! Much, and slowly.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use evenkeel::hash::xxh64;
use evenkeel::meter::Outcome;

use super::*;

#[test]
fn twenty_mebibytes_arrive_as_they_were_sent_both_ways_at_once() {
    let (up, down) = (pattern(1), pattern(2));
    let (expected_up, sent_down) = (xxh64(&up, 0), down.clone());
    let address = server(move |stream| {
        let (mut reader, writer) = (stream.try_clone().unwrap(), stream);
        let sent_down = sent_down.clone();
        let sending = std::thread::Builder::new().name("sending".to_owned());
        let sending = sending.spawn(move || send(&writer, &sent_down)).unwrap();
        let mut received = Vec::new();
        reader.read_to_end(&mut received).unwrap();
        assert_eq!(xxh64(&received, 0), expected_up);
        sending.join().unwrap();
    });
    let bench = tcp("", &[("a", address)]);
    let mut client = bench.dial("front").0;
    let writer = client.try_clone().unwrap();
    let sending = std::thread::Builder::new().name("sending".to_owned());
    let sending = sending.spawn(move || send(&writer, &up)).unwrap();
    let mut received = Vec::new();
    client.read_to_end(&mut received).unwrap();
    sending.join().unwrap();
    assert_eq!(xxh64(&received, 0), xxh64(&down, 0));
    assert_eq!(received.len(), BYTES);
    wait_for(&bench, Outcome::Carried, 1);
    let counted = counters(&bench);
    assert_eq!((counted.bytes_in, counted.bytes_out), (BYTES as u64, BYTES as u64));
}

#[test]
fn a_slow_reader_slows_the_writer_and_fills_no_memory() {
    let endless = server(|mut stream| {
        let piece = vec![7; 64 * 1024];
        while stream.write_all(&piece).is_ok() {}
    });
    let bench = tcp("", &[("a", endless)]);
    let mut client = bench.dial("front").0;
    client.read_exact(&mut [0]).unwrap();
    // What the sockets of this machine hold is bounded; a proxy that took more would go on and on.
    let carried = || counters(&bench).bytes_out;
    let mut before = carried();
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let now = carried();
        assert!(now < 64 << 20, "{now} bytes were taken from the server and by nobody read");
        if now == before {
            break;
        }
        before = now;
    }
    let mut read = vec![0; 1 << 20];
    for _ in 0..32 {
        client.read_exact(&mut read).unwrap();
        assert!(read.iter().all(|byte| *byte == 7));
    }
}

#[test]
fn an_echo_of_many_small_messages_is_right() {
    let bench = tcp("", &[("a", echo("a"))]);
    let mut client = bench.dial("front").0;
    client.read_exact(&mut [0]).unwrap();
    let mut answer = Vec::new();
    for length in (1..1_000).step_by(7) {
        let message: Vec<u8> = (0..length).map(|at| (at * length) as u8).collect();
        client.write_all(&message).unwrap();
        answer.resize(length, 0);
        client.read_exact(&mut answer).unwrap();
        assert_eq!(answer, message);
    }
}

#[test]
fn a_flow_that_turns_from_bulk_to_talk_and_back_stays_right() {
    let bench = tcp("", &[("a", echo("a"))]);
    let client = bench.dial("front").0;
    let writer = client.try_clone().unwrap();
    let sent: Vec<u8> = pattern(3)[..8 << 20].to_vec();
    let expected = sent.clone();
    let writing = move || {
        let (mut rest, mut turn) = (&sent[..], 0);
        while !rest.is_empty() {
            let piece = if turn % 200 < 100 { 256 * 1024 } else { 500 };
            let (now, later) = rest.split_at(piece.min(rest.len()));
            (&writer).write_all(now).unwrap();
            rest = later;
            turn += 1;
        }
        writer.shutdown(Shutdown::Write).unwrap();
    };
    let writing = std::thread::Builder::new().name("writing".to_owned()).spawn(writing).unwrap();
    let mut received = Vec::new();
    (&client).read_to_end(&mut received).unwrap();
    writing.join().unwrap();
    assert!(received[1..] == expected[..]);
}

#[test]
fn a_reset_in_the_middle_of_bulk_reaches_the_writer() {
    let endless = server(|mut stream| {
        let piece = vec![7; 64 * 1024];
        let error = loop {
            if let Err(error) = stream.write_all(&piece) {
                break error;
            }
        };
        assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe));
    });
    let bench = tcp("", &[("a", endless)]);
    let mut client = bench.dial("front").0;
    client.read_exact(&mut vec![0; 8 << 20]).unwrap();
    reset(client);
    wait_for(&bench, Outcome::ClientLeft, 1);
    assert_eq!(in_flight(&bench, 0), 0);
}

fn send(mut stream: &TcpStream, bytes: &[u8]) {
    stream.write_all(bytes).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
}

fn pattern(seed: u64) -> Vec<u8> {
    let words = (0..BYTES as u64 / 8).map(|at| evenkeel::hash::mix(at ^ (seed << 40)));
    words.flat_map(u64::to_le_bytes).collect()
}

const BYTES: usize = 20 << 20;
