//! What happens while it serves is said where nobody watches a terminal: problems to standard error, JSON in line.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use super::*;

/// A server that answers, and is well or not as it is told.
fn moody() -> (SocketAddr, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, well) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(true)));
    let is_well = Arc::clone(&well);
    let serve = move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n > 0) {
                head.push(byte[0]);
            }
            let status = if is_well.load(SeqCst) { "200 OK" } else { "503 Service Unavailable" };
            let rest = "content-length: 0\r\nconnection: close";
            drop(stream.write_all(format!("HTTP/1.1 {status}\r\n{rest}\r\n\r\n").as_bytes()));
        }
    };
    std::thread::Builder::new().name("moody".to_owned()).spawn(serve).unwrap();
    (address, well)
}

fn checked_lab(server: SocketAddr) -> String {
    let health = r#"health: (active: (probe: http(path: "/"), interval: "50ms")), servers"#;
    lab(server).replace("servers", health)
}

/// The next line of standard error.
fn problem(program: &Program) -> String {
    program.err.recv_timeout(DEADLINE).expect("the program says what is wrong in time")
}

#[test]
fn a_server_that_goes_down_and_comes_back_is_said_to_standard_error() {
    let (address, well) = moody();
    let path = file("told.ron", &checked_lab(address));
    let program = Program::start(&["serve", path.to_str().unwrap()]);
    assert!(program.line().starts_with("ready: "));
    well.store(false, SeqCst);
    let line = problem(&program);
    assert!(line.starts_with("web/s is down: ") && line.ends_with(" failed"), "{line}");
    well.store(true, SeqCst);
    let line = problem(&program);
    assert!(line.starts_with("web/s is up: ") && line.ends_with(" passed"), "{line}");
}

#[test]
fn a_server_that_goes_down_and_comes_back_is_a_line_of_json_each() {
    let (address, well) = moody();
    let path = file("told-json.ron", &checked_lab(address));
    let (program, _, _) = Program::serve(&[path.to_str().unwrap()]);
    let said = |program: &Program| {
        let line: Value = serde_json::from_str(&program.line()).unwrap();
        let word = |name: &str| line[name].as_str().unwrap().to_owned();
        (word("event"), word("what"))
    };
    well.store(false, SeqCst);
    let (event, what) = said(&program);
    assert!(event == "trouble" && what.starts_with("web/s is down: "), "{event}: {what}");
    well.store(true, SeqCst);
    let (event, what) = said(&program);
    assert!(event == "recovered" && what.starts_with("web/s is up: "), "{event}: {what}");
}

#[cfg(unix)]
#[test]
fn a_command_that_ends_is_said_once() {
    let line = said_of_a_command("told-command", r#"line: "sh -c 'echo oops >&2; exit 3'""#);
    assert!(line.starts_with("command web/s ended with 3"), "{line}");
}

#[cfg(unix)]
#[test]
fn a_command_that_never_answers_is_said_once() {
    let line = said_of_a_command("told-silent", r#"line: "sleep 60", port_variable: "TOLD""#);
    assert!(line.starts_with("command web/s has not answered at 127.0.0.1:"), "{line}");
    assert!(line.contains("the port that $TOLD says"), "{line}");
}

/// The only line on standard error about a lab whose server is this command.
#[cfg(unix)]
fn said_of_a_command(name: &str, command: &str) -> String {
    let command = format!("command: ({command})");
    let text = lab(([127, 0, 0, 1], 1).into()).replace(r#"address: "127.0.0.1:1""#, &command);
    let path = file(&format!("{name}.ron"), &text);
    let program = Program::start(&["serve", path.to_str().unwrap(), "--allow-commands"]);
    let said = problem(&program);
    program.interrupt();
    assert_eq!(program.end(), (0, String::new()));
    said
}

#[cfg(unix)]
#[test]
fn what_is_wrong_from_the_start_is_said_once_and_to_standard_error() {
    let program = Program::start(&["serve", "--listen", "0", "--to", "nope.invalid:80"]);
    assert!(program.line().starts_with("ready: "));
    let line = problem(&program);
    assert!(line.contains("web/nope.invalid:80: nope.invalid:80 is nowhere"), "{line}");
    program.interrupt();
    let out: Vec<String> = program.out.iter().collect();
    assert_eq!(out, ["stopping: requests under way may finish", "stopped"]);
    let (code, err) = program.end();
    assert_eq!((code, err.contains("nowhere")), (0, false), "{err}");
}
