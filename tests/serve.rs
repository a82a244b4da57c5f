//! The real program as a load balancer: started, asked, changed, broken, stopped.

#![expect(clippy::unwrap_used, reason = "a program that does not do what it should has failed")]

#[cfg(unix)]
#[path = "serve/commands.rs"]
mod commands;
#[path = "serve/everyday.rs"]
mod everyday;
#[cfg(unix)]
#[path = "serve/processes.rs"]
mod processes;
#[path = "serve/program.rs"]
mod program;
#[cfg(unix)]
#[path = "serve/signals.rs"]
mod signals;
#[path = "serve/told.rs"]
mod told;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use program::{DEADLINE, Program};

/// A server that names itself.
fn server(name: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = move || {
        for stream in listener.incoming() {
            let answer = move || {
                let mut stream = stream.unwrap();
                let mut head = Vec::new();
                let mut byte = [0];
                while stream.read(&mut byte).is_ok_and(|n| n > 0) {
                    head.push(byte[0]);
                    if head.ends_with(b"\r\n\r\n") {
                        head.clear();
                        let n = name.len();
                        let answer =
                            format!("HTTP/1.1 200 OK\r\ncontent-length: {n}\r\n\r\n{name}");
                        drop(stream.write_all(answer.as_bytes()));
                    }
                }
            };
            std::thread::Builder::new().name(name.to_owned()).spawn(answer).unwrap();
        }
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(serve).unwrap();
    address
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

fn ask(address: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head[9..12].parse().unwrap();
    Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

fn get(address: SocketAddr, path: &str) -> Answer {
    ask(address, &format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"))
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = file_of(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn file_of(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn lab(server: SocketAddr) -> String {
    format!(
        r#"(
            version: 1,
            listeners: [(name: "front", address: "127.0.0.1:0", pool: "web")],
            pools: [(name: "web", servers: [(name: "s", address: "{server}")])],
        )"#
    )
}

/// Until something is so.
fn wait_for(mut is_so: impl FnMut() -> bool) {
    let step = Duration::from_millis(10);
    for _ in 0..DEADLINE.as_millis() / step.as_millis() {
        if is_so() {
            return;
        }
        std::thread::sleep(step);
    }
    panic!("it did not come about in time");
}

#[test]
fn flags_make_a_load_balancer_that_drains_at_an_interrupt() {
    let (a, b) = (server("a").to_string(), server("b").to_string());
    let (program, address, _) = Program::serve(&["--listen", "0", "--to", &a, "--to", &b]);
    let bodies: Vec<String> = (0..4).map(|_| get(address, "/").body).collect();
    assert_eq!((bodies[0].clone(), bodies[1].clone()), (bodies[2].clone(), bodies[3].clone()));
    assert_ne!(bodies[0], bodies[1]);
    program.interrupt();
    program.event("stopped");
    assert_eq!(program.end(), (0, String::new()));
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_weight_that_is_written_counts() {
    let (a, b) = (server("a").to_string(), server("b").to_string() + ",weight=3");
    let (_program, address, _) = Program::serve(&["--listen", "0", "--to", &a, "--to", &b]);
    let bodies: Vec<String> = (0..8).map(|_| get(address, "/").body).collect();
    assert_eq!(bodies.iter().filter(|body| *body == "b").count(), 6, "{bodies:?}");
}

#[test]
fn a_port_that_somebody_has_is_named_with_its_owner() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, err) = Program::start(&["serve", "--listen", &port, "--to", "127.0.0.1:1"]).end();
    assert_eq!(code, 2);
    assert!(err.contains(&format!("port {port} is in use")), "{err}");
    if cfg!(target_os = "linux") {
        assert!(err.contains(&format!("(process {})", std::process::id())), "{err}");
    }
}

#[test]
fn two_programs_do_not_share_a_port_by_accident() {
    let to = server("a").to_string();
    let (_first, address, _) = Program::serve(&["--listen", "0", "--to", &to]);
    let port = address.port().to_string();
    let (code, err) = Program::start(&["serve", "--listen", &port, "--to", &to]).end();
    assert_eq!(code, 2);
    assert!(err.contains("in use"), "{err}");
}

#[test]
fn a_file_that_changes_is_taken_over_and_a_broken_one_is_not() {
    let (a, b) = (server("a"), server("b"));
    let path = file("live.ron", &lab(a));
    let (program, address, _) = Program::serve(&[path.to_str().unwrap()]);
    assert_eq!(get(address, "/").body, "a");
    std::fs::write(&path, lab(b)).unwrap();
    program.event("applied");
    assert_eq!(get(address, "/").body, "b");
    std::fs::write(&path, lab(a).replace("pool: \"web\"", "pool: \"wbe\"")).unwrap();
    let problems = program.event("problems");
    let report = problems["report"].as_str().unwrap();
    assert!(report.contains("live.ron:3:") && report.contains("did you mean `web`"), "{report}");
    assert_eq!(get(address, "/").body, "b", "the old plan serves on");
    std::fs::write(&path, lab(a)).unwrap();
    program.event("applied");
    assert_eq!(get(address, "/").body, "a");
}

#[test]
fn the_admin_address_shows_and_takes() {
    let (a, b) = (server("a"), server("b"));
    let path = file("admin.ron", &lab(a));
    let (_program, address, ready) = Program::serve(&[path.to_str().unwrap(), "--admin", "0"]);
    let admin: SocketAddr = ready["admin"].as_str().unwrap().parse().unwrap();
    assert_eq!(get(address, "/seen").body, "a");
    let metrics = get(admin, "/metrics").body;
    let counted = r#"evenkeel_requests_total{listener="front",outcome="2xx"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");
    assert!(metrics.contains(r#"evenkeel_server_up{pool="web",server="s"} 1"#), "{metrics}");
    let status: Value = serde_json::from_str(&get(admin, "/status").body).unwrap();
    assert_eq!(
        (&status["revision"], &status["listeners"][0]["state"]),
        (&1.into(), &"open".into())
    );
    let request: Value = serde_json::from_str(get(admin, "/requests").body.trim()).unwrap();
    assert_eq!((&request["target"], &request["server"]), (&"/seen".into(), &"s".into()));
    let put = |text: &str| {
        let n = text.len();
        let head = format!(
            "PUT /lab HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-length: {n}"
        );
        ask(admin, &format!("{head}\r\n\r\n{text}"))
    };
    let refused = put(&lab(b).replace("127.0.0.1:0", "nowhere"));
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("no address to listen on"), "{}", refused.body);
    assert_eq!(put(&lab(b)).status, 200);
    assert_eq!(get(address, "/").body, "b");
    assert!(get(admin, "/lab").body.contains(&b.to_string()));
    let rebound = ask(admin, "GET /lab HTTP/1.1\r\nhost: evil.test\r\nconnection: close\r\n\r\n");
    assert_eq!(rebound.status, 403);
    assert_eq!(get(admin, "/nothing").status, 404);
}

#[test]
fn the_admin_address_asks_for_its_token() {
    let to = server("a").to_string();
    let arguments =
        ["--listen", "0", "--to", &to, "--admin", "127.0.0.1:0", "--admin-token", "secret"];
    let (_program, _, ready) = Program::serve(&arguments);
    let admin: SocketAddr = ready["admin"].as_str().unwrap().parse().unwrap();
    let with = |line: &str| {
        ask(admin, &format!("GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{line}\r\n"))
    };
    assert_eq!(with("").status, 401);
    assert!(with("").head.contains("www-authenticate: bearer"));
    assert_eq!(with("authorization: Bearer wrong\r\n").status, 401);
    assert_eq!(with("authorization: Bearer secret\r\n").status, 200);
    let wide = ["serve", "--listen", "0", "--to", &to, "--admin", "0.0.0.0:0"];
    let (code, err) = Program::start(&wide).end();
    assert_eq!(code, 2);
    assert!(err.contains("set a token"), "{err}");
}

#[test]
fn requests_are_logged_and_a_log_that_was_moved_away_begins_anew() {
    let to = server("a").to_string();
    let path = file("access.log", "");
    let log = path.to_str().unwrap();
    let (_program, address, _) =
        Program::serve(&["--listen", "0", "--to", &to, "--log", log, "--log-format", "common"]);
    get(address, "/one");
    let read = || std::fs::read_to_string(&path).unwrap_or_default();
    wait_for(|| read().contains("\"GET /one HTTP/1.1\" 200 1\n"));
    let line = read();
    assert!(line.starts_with("127.0.0.1 - - ["), "{line}");
    std::fs::rename(&path, path.with_extension("old")).unwrap();
    // The writer looks once a second whether its file is still there.
    wait_for(|| {
        get(address, "/two");
        read().contains("/two")
    });
    assert!(!read().contains("/one"));
}

#[test]
fn run_judges_and_says_so_in_its_exit_code() {
    let text = |max: u8| {
        format!(
            r#"(
                version: 1,
                duration: "1s",
                listeners: [(name: "front", address: "127.0.0.1:0", pool: "web")],
                pools: [(name: "web", servers: [(name: "a", mock: (failures: (status: {{500: 0.5}})))])],
                clients: [(name: "all", listener: "front", arrivals: steady(per_second: 100))],
                expectations: [(name: "errors", claim: errors(max_percent: {max}))],
            )"#
        )
    };
    for (max, code, mark) in [(90, 0, "holds  errors"), (1, 1, "FAILS  errors")] {
        let path = file(&format!("run-{max}.ron"), &text(max));
        let program = Program::start(&["run", path.to_str().unwrap()]);
        let said: Vec<String> = program.out.iter().collect();
        assert_eq!(program.end(), (code, String::new()));
        assert!(said.iter().any(|line| line.starts_with(mark)), "{said:?}");
    }
    let (code, _) = Program::start(&["run", "no-such-lab.ron"]).end();
    assert_eq!(code, 2);
}

#[test]
fn a_mock_is_loaded_and_both_count_the_same() {
    let mock = Program::start(&["mock", "--listen", "0", "--latency", "1ms", "--json"]);
    let ready: Value = serde_json::from_str(&mock.line()).unwrap();
    let address = ready["mocks"][0]["address"].as_str().unwrap().to_owned();
    let url = format!("http://{address}/");
    let load = Program::start(&["load", &url, "--rate", "100/s", "--for", "1s", "--json"]);
    let report: Value = serde_json::from_str(&load.line()).unwrap();
    assert_eq!(load.end().0, 0);
    mock.interrupt();
    let counted: Value = serde_json::from_str(&mock.line()).unwrap();
    assert_eq!(report["requests"], counted["mocks"][0]["requests"]);
    assert_eq!(report["answers"]["a"], report["requests"]);
}
