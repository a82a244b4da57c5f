//! What the two ends of a connection see of each other.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use evenkeel::meter::{Outcome, TimeoutKind};

use super::*;

/// A proxy before one server, with one connection: the client's end and the server's.
fn ends(listener: &str) -> (Bench, TcpStream, TcpStream) {
    let (address, arrivals) = handed_over();
    let bench = Bench::run(&lab(&format!("protocol: tcp, {listener}"), "", &[("a", address)]));
    let client = bench.dial("front").0;
    let mut server = arrivals.recv_timeout(DEADLINE).unwrap();
    // One byte on its way, so that the proxy has seen its connection to the server come about.
    (&client).write_all(b"!").unwrap();
    server.read_exact(&mut [0]).unwrap();
    (bench, client, server)
}

fn read_to_end(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_clients_half_close_reaches_the_server_which_goes_on() {
    let (bench, mut client, mut server) = ends("");
    client.write_all(b"question").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_to_end(&mut server), "question");
    server.write_all(b"answer").unwrap();
    drop(server);
    assert_eq!(read_to_end(&mut client), "answer");
    wait_for(&bench, Outcome::Carried, 1);
    assert_eq!((counters(&bench).bytes_in, counters(&bench).bytes_out), (9, 6));
}

#[test]
fn a_servers_half_close_reaches_the_client_which_goes_on() {
    let (bench, mut client, mut server) = ends("");
    server.write_all(b"greeting").unwrap();
    server.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_to_end(&mut client), "greeting");
    client.write_all(b"still here").unwrap();
    drop(client);
    assert_eq!(read_to_end(&mut server), "still here");
    wait_for(&bench, Outcome::Carried, 1);
}

#[test]
fn a_clients_reset_reaches_the_server() {
    let (bench, client, mut server) = ends("");
    reset(client);
    assert_eq!(server.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    wait_for(&bench, Outcome::ClientLeft, 1);
    assert_eq!(in_flight(&bench, 0), 0);
}

#[test]
fn a_servers_reset_reaches_the_client() {
    let (bench, mut client, server) = ends("");
    reset(server);
    assert_eq!(client.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    wait_for(&bench, Outcome::Reset, 1);
    assert_eq!(in_flight(&bench, 0), 0);
}

#[test]
fn a_reset_reaches_the_other_side_in_the_middle_of_bytes() {
    let (bench, mut client, mut server) = ends("");
    client.write_all(b"question").unwrap();
    server.read_exact(&mut [0; 8]).unwrap();
    server.write_all(b"answer").unwrap();
    client.read_exact(&mut [0; 6]).unwrap();
    reset(client);
    assert_eq!(server.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    wait_for(&bench, Outcome::ClientLeft, 1);
}

#[test]
fn silence_ends_a_connection() {
    let (bench, mut client, mut server) = ends("tcp: (idle_timeout: \"100ms\")");
    assert!(client.read(&mut [0]).is_err());
    assert!(server.read(&mut [0]).is_err());
    wait_for(&bench, Outcome::TimedOut(TimeoutKind::Idle), 1);
}

#[test]
fn a_talking_connection_outlives_the_idle_time() {
    let (bench, mut client, mut server) = ends("tcp: (idle_timeout: \"400ms\")");
    for _ in 0..12 {
        std::thread::sleep(Duration::from_millis(50));
        client.write_all(b"x").unwrap();
        server.read_exact(&mut [0]).unwrap();
    }
    drop((client, server));
    wait_for(&bench, Outcome::Carried, 1);
}

#[test]
fn a_listener_that_closes_lets_connections_finish() {
    let (address, arrivals) = handed_over();
    let bench = tcp("", &[("a", address)]);
    let mut client = bench.dial("front").0;
    let mut server = arrivals.recv_timeout(DEADLINE).unwrap();
    bench.close("front", DEADLINE);
    let refused = || TcpStream::connect(bench.address("front")).is_err();
    wait_until(refused, || "the listener still accepts".to_owned());
    client.write_all(b"late").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_to_end(&mut server), "late");
}

#[test]
fn a_connection_is_recorded_with_its_decision() {
    let bench = tcp("", &[("a", nowhere()), ("b", echo("b"))]);
    let mut client = bench.dial("front").0;
    client.read_exact(&mut [0]).unwrap();
    client.write_all(b"12345").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    read_to_end(&mut client);
    wait_for(&bench, Outcome::Carried, 1);
    let records: Vec<_> = bench.shared().records.drain().collect();
    let [record] = &records[..] else { panic!("{} records", records.len()) };
    let tried: Vec<_> =
        record.attempts.iter().map(|attempt| (&*attempt.server, attempt.outcome)).collect();
    assert_eq!(tried, [("a", Some(Outcome::Refused)), ("b", Some(Outcome::Carried))]);
    assert!(record.attempts.iter().all(|attempt| attempt.decision.is_some()));
    assert_eq!((record.bytes_in, record.bytes_out, record.version), (5, 6, "tcp"));
    assert_eq!(record.pool.as_deref(), Some("web"));
}
