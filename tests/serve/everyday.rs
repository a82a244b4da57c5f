//! The flags of `serve`, each doing what it says.

use std::net::UdpSocket;

use super::*;

#[test]
fn tcp_is_carried_as_it_is() {
    let to = server("a").to_string();
    let (_program, address, _) = Program::serve(&["--listen", "0", "--to", &to, "--l4"]);
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(b"one\r\n\r\ntwo\r\n\r\n").unwrap();
    // The server ends when it hears that this was all.
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut back = String::new();
    stream.read_to_string(&mut back).unwrap();
    assert_eq!(back, "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na".repeat(2));
}

#[test]
fn datagrams_are_carried() {
    let echo = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = echo.local_addr().unwrap().to_string();
    let serve = move || {
        let mut bytes = [0; 2_000];
        while let Ok((length, from)) = echo.recv_from(&mut bytes) {
            echo.send_to(&bytes[..length], from).unwrap();
        }
    };
    std::thread::Builder::new().name("echo".to_owned()).spawn(serve).unwrap();
    let (_program, address, _) = Program::serve(&["--listen", "0", "--to", &to, "--udp"]);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket.send_to(b"hello", address).unwrap();
    let mut bytes = [0; 100];
    let (length, from) = socket.recv_from(&mut bytes).unwrap();
    assert_eq!((&bytes[..length], from), (&b"hello"[..], address));
}

#[test]
fn a_cookie_keeps_a_client_on_its_server() {
    let (a, b) = (server("a").to_string(), server("b").to_string());
    let flags = ["--listen", "0", "--to", &a, "--to", &b, "--sticky", "cookie"];
    let (_program, address, _) = Program::serve(&flags);
    let first = get(address, "/");
    let cookie = first.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    // Names and values as they came: only the head's small letters would change them.
    assert!(cookie.contains("httponly") && !cookie.contains("127.0.0.1"), "{cookie}");
    let raw = raw_cookie(address);
    let server = with_cookie(address, &raw).body;
    for _ in 0..5 {
        assert_eq!(with_cookie(address, &raw).body, server);
    }
    let without: Vec<String> = (0..4).map(|_| get(address, "/").body).collect();
    assert!(without.contains(&"a".to_owned()) && without.contains(&"b".to_owned()));
}

fn raw_cookie(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let field = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("set-cookie").then(|| value.split(';').next().unwrap().to_owned())
    };
    answer.lines().find_map(field).unwrap()
}

fn with_cookie(address: SocketAddr, cookie: &str) -> Answer {
    let head = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncookie";
    ask(address, &format!("{head}: {cookie}\r\n\r\n"))
}

#[test]
fn a_server_that_fails_its_check_gets_nothing_until_it_passes() {
    let well = server("a").to_string();
    // It accepts, and answers nothing that is HTTP.
    let ill = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = ill.local_addr().unwrap().to_string();
    let flags =
        ["--listen", "0", "--to", &well, "--to", &to, "--health", "http:/ok", "--admin", "0"];
    let (_program, address, ready) = Program::serve(&flags);
    let serve = move || {
        for stream in ill.incoming() {
            drop(stream.unwrap().write_all(b"what?\r\n\r\n"));
        }
    };
    std::thread::Builder::new().name("ill".to_owned()).spawn(serve).unwrap();
    let admin: SocketAddr = ready["admin"].as_str().unwrap().parse().unwrap();
    wait_for(|| {
        let status: Value = serde_json::from_str(&get(admin, "/status").body).unwrap();
        let health = |index: usize| status["pools"][0]["servers"][index]["health"].clone();
        (health(0), health(1)) == ("up".into(), "down".into())
    });
    for _ in 0..4 {
        assert_eq!(get(address, "/").body, "a");
    }
}

#[test]
fn a_log_on_standard_output_is_json_where_that_is_asked_for() {
    let to = server("a").to_string();
    let flags = ["--listen", "0", "--to", &to, "--log", "-", "--log-format", "json"];
    let (program, address, _) = Program::serve(&flags);
    get(address, "/seen?by=log");
    let line: Value = serde_json::from_str(&program.line()).unwrap();
    assert_eq!((&line["target"], &line["status"]), (&"/seen?by=log".into(), &200.into()));
    assert_eq!(line["server"], to);
}

#[test]
fn a_log_between_lines_of_json_is_json_and_can_be_nothing_else() {
    let to = server("a").to_string();
    let flags = ["--listen", "0", "--to", &to, "--log", "-"];
    let (program, address, _) = Program::serve(&flags);
    get(address, "/seen?by=log");
    let line: Value = serde_json::from_str(&program.line()).unwrap();
    assert_eq!(line["target"], "/seen?by=log");
    let other = [&["serve", "--json"][..], &flags, &["--log-format", "common"]].concat();
    let (code, err) = Program::start(&other).end();
    assert_eq!(code, 2);
    assert!(err.contains("--log-format") && err.contains("leave it out"), "{err}");
}

#[test]
fn a_log_of_a_lab_is_json_between_lines_of_json() {
    let text = lab(server("a")).replace("pool: \"web\")", "pool: \"web\", access_log: ())");
    let path = file("logged.ron", &text);
    let (program, address, _) = Program::serve(&[path.to_str().unwrap()]);
    get(address, "/seen");
    let line: Value = serde_json::from_str(&program.line()).unwrap();
    assert_eq!(line["target"], "/seen");
}

#[test]
fn whoever_names_neither_a_lab_nor_listeners_and_servers_is_told_of_both_ways() {
    for arguments in [&["serve"][..], &["serve", "--listen", "8080"], &["serve", "--to", "8080"]] {
        let (code, err) = Program::start(arguments).end();
        assert_eq!(code, 2);
        let ways = ["a lab file", "--listen", "--to"];
        assert!(ways.iter().all(|way| err.contains(way)), "{arguments:?}: {err}");
    }
}

#[test]
fn what_only_http_can_do_is_refused_with_a_remedy_in_flags() {
    for (carried, flag, value, remedy) in [
        ("--l4", "--sticky", "cookie", "use --sticky source, or leave --l4 out"),
        ("--udp", "--sticky", "cookie", "use --sticky source, or leave --udp out"),
        ("--l4", "--key", "header:x-user", "use --key address, or leave --l4 out"),
    ] {
        let flags = ["serve", "--listen", "0", "--to", "127.0.0.1:3001", carried];
        let flags = [&flags[..], &[flag, value, "--algorithm", "ring"]].concat();
        let (code, err) = Program::start(&flags).end();
        assert!(code == 2 && err.contains(flag) && err.contains(remedy), "{err}");
    }
}

#[test]
fn a_port_that_cannot_be_is_refused_with_its_reason() {
    let flags = ["--listen", "8081", "--to", "127.0.0.1:3001"];
    let too_high = ["serve", "--listen", "8081", "--to", "127.0.0.1:70000"];
    let (code, err) = Program::start(&too_high).end();
    assert!(code == 2 && err.contains("write one up to 65535"), "{err}");
    let taken = [&["serve"][..], &flags, &["--admin", "8081"]].concat();
    let (code, err) = Program::start(&taken).end();
    assert!(code == 2 && err.contains("--admin: listener front has 127.0.0.1:8081"), "{err}");
}

#[cfg(unix)]
#[test]
fn a_server_without_a_process_is_neither_up_nor_drained() {
    let servers = r#"servers: [
        (name: "ended", command: (line: "sh -c 'exit 3'")),
        (name: "missing", command: (line: "no-such-program-anywhere")),
        (name: "drained", command: (line: "sh -c 'sleep 60'"), weight: 0),
    ])]"#;
    let text = lab(([127, 0, 0, 1], 1).into());
    let (head, tail) = text.split_once("servers: ").unwrap();
    let (_, tail) = tail.split_once("])]").unwrap();
    let path = file("processes.ron", &format!("{head}{servers}{tail}"));
    for (more, state) in [(&["--allow-commands"][..], "trouble"), (&[], "awaits_consent")] {
        let flags = [&[path.to_str().unwrap(), "--admin", "0"], more].concat();
        let (_program, _, ready) = Program::serve(&flags);
        let admin: SocketAddr = ready["admin"].as_str().unwrap().parse().unwrap();
        let status = || serde_json::from_str::<Value>(&get(admin, "/status").body).unwrap();
        wait_for(|| (0..2).all(|server| status()["servers"][server]["state"] == state));
        let servers = status()["pools"][0]["servers"].clone();
        let fields = |name| (0..3).map(|server| servers[server][name].clone()).collect::<Vec<_>>();
        assert_eq!(fields("health"), ["down", "down", "down"]);
        assert_eq!(fields("draining"), [false, false, true]);
        let metrics = get(admin, "/metrics").body;
        let up = r#"evenkeel_server_up{pool="web",server="ended"} 0"#;
        assert!(metrics.contains(up), "{metrics}");
    }
}
