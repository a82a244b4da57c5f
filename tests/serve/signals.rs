//! Signals of the system, and the requests that are under way when they come.

use super::program::PROGRAM;
use super::*;

/// A request that takes a while, under way.
fn slow(address: SocketAddr, admin: SocketAddr) -> std::thread::JoinHandle<Answer> {
    let asking = std::thread::Builder::new().name("asking".to_owned());
    let asking = asking.spawn(move || get(address, "/slow")).unwrap();
    wait_for(|| {
        let status: Value = serde_json::from_str(&get(admin, "/status").body).unwrap();
        status["pools"][0]["servers"][0]["in_flight"] == 1
    });
    asking
}

fn mock(latency: &str) -> (Program, String) {
    let mock = Program::start(&["mock", "--listen", "0", "--latency", latency, "--json"]);
    let ready: Value = serde_json::from_str(&mock.line()).unwrap();
    let address = ready["mocks"][0]["address"].as_str().unwrap().to_owned();
    (mock, address)
}

fn serve(more: &[&str]) -> (Program, SocketAddr, SocketAddr) {
    let (program, address, ready) =
        Program::serve(&[&["--listen", "0", "--admin", "0"], more].concat());
    (program, address, ready["admin"].as_str().unwrap().parse().unwrap())
}

#[test]
fn asked_to_end_it_lets_a_slow_request_finish_and_logs_it() {
    let (_mock, to) = mock("1s");
    let path = file("ended.log", "");
    let (program, address, admin) = serve(&["--to", &to, "--log", path.to_str().unwrap()]);
    let asking = slow(address, admin);
    program.signal("-TERM");
    program.event("stopping");
    wait_for(|| TcpStream::connect(address).is_err());
    assert_eq!(asking.join().unwrap().status, 200);
    assert_eq!(program.end(), (0, String::new()));
    let log = std::fs::read_to_string(&path).unwrap();
    assert!(log.contains("GET /slow"), "{log}");
}

#[test]
fn a_second_interrupt_does_not_wait() {
    let (_mock, to) = mock("60s");
    let (program, address, admin) = serve(&["--to", &to]);
    let asking = std::thread::Builder::new().name("asking".to_owned());
    let asking = asking.spawn(move || {
        TcpStream::connect(address).map(|mut stream| {
            stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
            let mut answer = Vec::new();
            drop(stream.read_to_end(&mut answer));
        })
    });
    let asking = asking.unwrap();
    wait_for(|| {
        let status: Value = serde_json::from_str(&get(admin, "/status").body).unwrap();
        status["pools"][0]["servers"][0]["in_flight"] == 1
    });
    program.interrupt();
    program.event("stopping");
    program.interrupt();
    // It says by its exit code that not everything was finished.
    assert_eq!(program.end(), (1, String::new()));
    asking.join().unwrap().unwrap();
}

#[test]
fn hung_up_it_begins_its_log_anew() {
    let to = server("a").to_string();
    let path = file("hung-up.log", "");
    let (program, address, _) = serve(&["--to", &to, "--log", path.to_str().unwrap()]);
    get(address, "/before");
    let read = || std::fs::read_to_string(&path).unwrap_or_default();
    wait_for(|| read().contains("/before"));
    let old = path.with_extension("old");
    std::fs::rename(&path, &old).unwrap();
    program.signal("-HUP");
    wait_for(|| {
        get(address, "/after");
        read().contains("/after")
    });
    assert!(!read().contains("/before"));
    assert!(std::fs::read_to_string(old).unwrap().contains("/before"));
}

#[test]
fn more_connections_are_held_than_a_shell_lets_a_program_open_files() {
    let (_mock, to) = mock("0s");
    let script = "ulimit -S -n 150 && exec \"$0\" \"$@\"";
    let words = ["-c", script, PROGRAM, "serve", "--json", "--listen", "0", "--to", &to];
    let program = Program::run(std::process::Command::new("sh").args(words));
    let ready: Value = serde_json::from_str(&program.line()).unwrap();
    let address: SocketAddr = ready["listeners"][0]["address"].as_str().unwrap().parse().unwrap();
    let held: Vec<TcpStream> = (0..300)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
            let mut status = [0; 12];
            stream.read_exact(&mut status).unwrap();
            assert_eq!(&status, b"HTTP/1.1 200");
            stream
        })
        .collect();
    assert_eq!(held.len(), 300);
}
