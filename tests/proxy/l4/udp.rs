//! Datagrams and their sessions.

use std::collections::BTreeSet;
use std::net::UdpSocket;

use evenkeel::meter::{LimitKind, Outcome};

use super::*;

fn udp(listener: &str, pool: &str, servers: &[(&str, SocketAddr)]) -> Bench {
    Bench::run(&lab(&format!("protocol: udp, {listener}"), pool, servers))
}

/// Answers each datagram with its name and the datagram.
fn echo(name: &'static str) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let serve = move || {
        let mut bytes = vec![0; 65_536];
        while let Ok((n_bytes, from)) = socket.recv_from(&mut bytes) {
            let answer = [name.as_bytes(), &bytes[..n_bytes]].concat();
            socket.send_to(&answer, from).unwrap();
        }
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(serve).unwrap();
    address
}

struct Client(UdpSocket);

impl Client {
    fn of(bench: &Bench) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(bench.address("front")).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        Self(socket)
    }

    fn ask(&self, question: &[u8]) -> Vec<u8> {
        self.0.send(question).unwrap();
        let mut answer = vec![0; 65_536];
        let n_bytes = self.0.recv(&mut answer).unwrap();
        answer.truncate(n_bytes);
        answer
    }

    /// The name of the server that answers.
    fn server(&self) -> String {
        String::from_utf8(self.ask(b"")).unwrap()
    }
}

#[test]
fn a_session_stays_with_its_server_and_sessions_take_turns() {
    let bench = udp("", "", &[("a", echo("a")), ("b", echo("b"))]);
    let clients = [Client::of(&bench), Client::of(&bench), Client::of(&bench)];
    for _ in 0..3 {
        let servers: Vec<String> = clients.iter().map(Client::server).collect();
        assert_eq!(servers, ["a", "b", "a"]);
    }
    assert_eq!((in_flight(&bench, 0), in_flight(&bench, 1)), (2, 1));
    assert_eq!(counters(&bench).started, 3);
}

#[test]
fn datagrams_of_all_sizes_keep_their_borders() {
    let bench = udp("", "", &[("a", echo("a"))]);
    let client = Client::of(&bench);
    // The longest that IPv4 takes is 65 507, of which the server's name is one byte.
    for length in [0, 1, 1_472, 9_000, 65_506] {
        let question: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        let answer = client.ask(&question);
        assert_eq!(answer.len(), length + 1);
        assert!(answer[1..] == question[..]);
    }
}

#[test]
fn silence_ends_a_session_and_the_next_datagram_begins_another() {
    let bench = udp("udp: (session_timeout: \"100ms\")", "", &[("a", echo("a")), ("b", echo("b"))]);
    let client = Client::of(&bench);
    assert_eq!(client.server(), "a");
    wait_for(&bench, Outcome::Carried, 1);
    assert_eq!(in_flight(&bench, 0), 0);
    assert_eq!(client.server(), "b");
    wait_for(&bench, Outcome::Carried, 2);
    let counted = counters(&bench);
    assert_eq!((counted.bytes_in, counted.bytes_out), (0, 2));
}

#[test]
fn sessions_beyond_the_limit_are_refused_and_counted() {
    let bench = udp("udp: (sessions: 2)", "", &[("a", echo("a"))]);
    let (first, second, third) = (Client::of(&bench), Client::of(&bench), Client::of(&bench));
    assert_eq!((first.server(), second.server()), ("a".to_owned(), "a".to_owned()));
    third.0.send(b"").unwrap();
    wait_for(&bench, Outcome::LimitHit(LimitKind::Connections), 1);
    assert_eq!((first.server(), second.server()), ("a".to_owned(), "a".to_owned()));
}

#[test]
fn a_server_that_is_not_there_ends_the_session_as_refused() {
    let gone = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let bench = udp("", "", &[("a", gone), ("b", echo("b"))]);
    let client = Client::of(&bench);
    client.0.send(b"lost").unwrap();
    wait_for(&bench, Outcome::Refused, 1);
    assert_eq!(in_flight(&bench, 0), 0);
    assert_eq!(client.server(), "b");
}

#[test]
fn a_removed_servers_sessions_move_on() {
    let mut bench = udp("", "", &[("a", echo("a")), ("b", echo("b"))]);
    let client = Client::of(&bench);
    assert_eq!(client.server(), "a");
    bench.lab.pools[0].servers.remove(0);
    bench.publish();
    wait_for(&bench, Outcome::Carried, 1);
    assert_eq!(client.server(), "b");
}

#[test]
fn many_sessions_over_several_workers_are_kept_apart() {
    let servers = [("a", echo("a")), ("b", echo("b")), ("c", echo("c"))];
    let text =
        lab("protocol: udp", "", &servers).replace("(version: 1,", "(version: 1, workers: 3,");
    let bench = Bench::run(&text);
    let clients: Vec<Client> = (0..60).map(|_| Client::of(&bench)).collect();
    let mut names = BTreeSet::new();
    for round in 0..3_u8 {
        for (number, client) in clients.iter().enumerate() {
            let answer = client.ask(&[round, number as u8]);
            assert_eq!(answer[1..], [round, number as u8]);
            names.insert((number, answer[0]));
        }
    }
    assert_eq!(names.len(), 60, "a session changed its server");
    assert_eq!((0..3).map(|server| in_flight(&bench, server)).collect::<Vec<_>>(), [20, 20, 20]);
}
