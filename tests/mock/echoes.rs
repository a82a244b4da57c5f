//! Mocks that speak TCP, UDP and WebSocket.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream, UdpSocket};

use evenkeel::lab::MockProtocol;
use evenkeel::model::{Behaviour, FailureKind};
use evenkeel::period::Period;
use evenkeel::world::{Mock, MockStatus};

use super::caller::Caller;
use super::stage::{PATIENCE, Stage, Watch, failing, lasting, quick, stage, until};

#[test]
fn tcp_comes_back_until_the_client_has_said_all() {
    let stage = of(MockProtocol::TcpEcho, lasting(20));
    let (watch, mut stream) = (Watch::start(), tcp(&stage.mock));
    let sent: Vec<u8> = (0..1_000_000_u32).map(|number| (number * 7) as u8).collect();
    let mut back = Vec::new();
    std::thread::scope(|scope| {
        let mut writer = stream.try_clone().unwrap();
        let bytes = &sent;
        scope.spawn(move || {
            writer.write_all(bytes).unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        });
        stream.read_to_end(&mut back).unwrap();
    });
    assert!(back == sent, "{} of {} bytes came back", back.len(), sent.len());
    assert!(watch.millis() >= 20);
    until("nothing is left", || stage.mock.reading().connections == 0);
    assert_eq!(stage.mock.reading().served, 1);
}

#[test]
fn tcp_fails_as_it_is_told_to() {
    let stage = of(MockProtocol::TcpEcho, failing("reset"));
    let ask = |bytes: &[u8]| {
        let mut stream = tcp(&stage.mock);
        stream.write_all(bytes).unwrap();
        let mut back = Vec::new();
        stream.read_to_end(&mut back).map(|_| back)
    };
    assert_eq!(ask(b"abcd").unwrap_err().kind(), ErrorKind::ConnectionReset);
    stage.mock.retune(failing("close-mid-body"));
    assert_eq!(ask(b"abcd").unwrap(), b"ab");
    let full = Behaviour { concurrency_limit: Some(1), queue_limit: 0, ..failing("hang") };
    stage.mock.retune(full);
    let mut hanging = tcp(&stage.mock);
    hanging.write_all(b"x").unwrap();
    until("it hangs", || stage.mock.reading().busy == 1);
    assert_eq!(ask(b"abcd").unwrap_err().kind(), ErrorKind::ConnectionReset, "no place");
    drop(hanging);
    until("its place is free", || stage.mock.reading().busy == 0);
}

#[test]
fn a_tcp_probe_is_no_request() {
    let stage = of(MockProtocol::TcpEcho, quick());
    drop(tcp(&stage.mock));
    let mut stream = tcp(&stage.mock);
    stream.write_all(b"x").unwrap();
    stream.read_exact(&mut [0]).unwrap();
    assert_eq!(stage.mock.reading().arrived, 1);
}

#[test]
fn datagrams_come_back() {
    let stage = of(MockProtocol::UdpEcho, lasting(10));
    let socket = udp(&stage.mock);
    for size in [0, 1, 1_400, 9_000] {
        let bytes = vec![7; size];
        socket.send(&bytes).unwrap();
        assert_eq!(answer(&socket), bytes);
    }
    stage.mock.retune(failing("close-mid-body"));
    socket.send(b"abcd").unwrap();
    assert_eq!(answer(&socket), b"ab");
    stage.mock.retune(failing("hang"));
    socket.send(b"lost").unwrap();
    until("it is lost", || stage.mock.reading().failed(FailureKind::Hang) == 1);
    stage.mock.retune(quick());
    socket.send(b"next").unwrap();
    assert_eq!(answer(&socket), b"next");
}

#[test]
fn a_dead_mock_takes_no_datagrams() {
    let stage = of(MockProtocol::UdpEcho, quick());
    stage.mock.set_enabled(false);
    until("it is dead", || stage.mock.status() == MockStatus::Dead);
    let socket = udp(&stage.mock);
    socket.send(b"x").unwrap();
    // Linux tells the sender; other systems may stay silent.
    if cfg!(target_os = "linux") {
        assert_eq!(socket.recv(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    }
    stage.mock.set_enabled(true);
    until("it serves", || stage.mock.status() == MockStatus::Serving);
    socket.send(b"x").unwrap();
    assert_eq!(answer(&socket), b"x");
}

#[test]
fn messages_come_back_over_websocket() {
    let stage = of(MockProtocol::Websocket, quick());
    let mut caller = handshake(&stage.mock);
    for length in [0, 5, 125, 126, 65_535, 65_536] {
        let text = vec![b'a'; length];
        caller.send_bytes(&frame(&text, 0x81)).unwrap();
        assert!(caller.frame().unwrap() == (0x81, text), "{length} bytes");
    }
    caller.send_bytes(&frame(b"tick", 0x89)).unwrap();
    assert_eq!(caller.frame().unwrap(), (0x8a, b"tick".to_vec()), "a ping is answered");
    caller.send_bytes(&frame(&1_000_u16.to_be_bytes(), 0x88)).unwrap();
    assert_eq!(caller.frame().unwrap().0, 0x88, "a farewell is answered");
    assert!(caller.is_at_end().unwrap());
}

#[test]
fn websocket_fails_as_it_is_told_to() {
    let stage = of(MockProtocol::Websocket, failing("close-mid-body"));
    let mut caller = handshake(&stage.mock);
    caller.send_bytes(&frame(b"hello", 0x81)).unwrap();
    assert_eq!(caller.frame().unwrap_err().kind(), ErrorKind::UnexpectedEof);

    let mut slow = failing("slow-body");
    slow.failures.slow_body_lasts = Period::from_millis(30);
    stage.mock.retune(slow);
    let (watch, mut caller) = (Watch::start(), handshake(&stage.mock));
    caller.send_bytes(&frame(b"hello", 0x82)).unwrap();
    assert_eq!(caller.frame().unwrap(), (0x82, b"hello".to_vec()));
    assert!(watch.millis() >= 30);

    stage.mock.retune(failing("503"));
    let mut caller = Caller::connect(stage.mock.address()).unwrap();
    assert_eq!(caller.ask("GET", "/", UPGRADE, b"").unwrap().status, 503);
}

#[test]
fn a_websocket_mock_says_goodbye_when_it_stops() {
    let Stage { mock, world } = of(MockProtocol::Websocket, quick());
    let mut caller = handshake(&mock);
    caller.send_bytes(&frame(b"hello", 0x81)).unwrap();
    caller.frame().unwrap();
    mock.stop();
    assert_eq!(caller.frame().unwrap().0, 0x88);
    drop(caller);
    drop(world);
}

fn of(protocol: MockProtocol, behaviour: Behaviour) -> Stage {
    stage(|settings| {
        settings.protocol = protocol;
        settings.behaviour = behaviour;
    })
}

fn tcp(mock: &Mock) -> TcpStream {
    let stream = TcpStream::connect(mock.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn udp(mock: &Mock) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(mock.address()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn answer(socket: &UdpSocket) -> Vec<u8> {
    let mut bytes = vec![0; 65_536];
    let n_read = socket.recv(&mut bytes).unwrap();
    bytes.truncate(n_read);
    bytes
}

fn handshake(mock: &Mock) -> Caller {
    let mut caller = Caller::connect(mock.address()).unwrap();
    let reply = caller.ask("GET", "/chat", UPGRADE, b"").unwrap();
    assert_eq!(reply.status, 101);
    // The example of RFC 6455, 1.3.
    let accept = reply.header("sec-websocket-accept");
    assert_eq!(accept, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    caller
}

/// A frame as a client sends it: masked, here with zeros.
fn frame(payload: &[u8], first: u8) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..=125 => bytes.push(0x80 | short as u8),
        medium @ 126..=65_535 => {
            bytes.push(0x80 | 0x7e);
            bytes.extend((medium as u16).to_be_bytes());
        }
        long => {
            bytes.push(0x80 | 0x7f);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend_from_slice(payload);
    bytes
}

const UPGRADE: &str = "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                       sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
