//! A request goes to a server, and its answer comes back.

use crate::bench::{Bench, named_server};

fn lab_of(servers: &[(&str, std::net::SocketAddr)]) -> String {
    let servers: Vec<String> = servers
        .iter()
        .map(|(name, address)| format!("(name: \"{name}\", address: \"{address}\")"))
        .collect();
    format!(
        "(version: 1, listeners: [(name: \"front\", address: \"127.0.0.1:0\", pool: \"web\")], \
         pools: [(name: \"web\", servers: [{}])])",
        servers.join(", ")
    )
}

#[test]
fn requests_on_one_connection_take_turns() {
    let (a, b) = (named_server("a"), named_server("b"));
    let bench = Bench::run(&lab_of(&[("a", a), ("b", b)]));
    let mut client = bench.dial("front");
    let mut answers = String::new();
    for _ in 0..4 {
        client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
        let head = client.read_until("\r\n\r\n");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        answers += &client.read_until(if answers.len().is_multiple_of(2) { "a" } else { "b" });
    }
    assert_eq!(answers, "abab");
}

#[test]
fn a_dead_server_is_passed_over() {
    let b = named_server("b");
    let bench = Bench::run(&lab_of(&[("a", "127.0.0.1:9".parse().unwrap()), ("b", b)]));
    let mut client = bench.dial("front");
    for _ in 0..4 {
        client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
        assert!(client.read_until("\r\n\r\n").contains("x-served-by: b"));
        client.read_until("b");
    }
}

#[test]
fn ambiguous_framing_is_refused_with_a_reason_and_a_closed_connection() {
    let bench = Bench::run(&lab_of(&[("a", named_server("a"))]));
    let mut client = bench.dial("front");
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n");
    let answer = client.read_to_end();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    assert!(answer.contains("both Content-Length and Transfer-Encoding"), "{answer}");
}

#[test]
fn a_connection_is_closed_in_good_order_after_its_last_request() {
    let lab = lab_of(&[("a", named_server("a"))])
        .replace("pool: \"web\")", "pool: \"web\", http: (keep_alive_requests: 2))");
    let bench = Bench::run(&lab);
    let mut client = bench.dial("front");
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(!client.read_until("\r\n\r\n").contains("connection: close"));
    client.read_until("a");
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    let answer = client.read_to_end();
    assert!(answer.contains("connection: close") && answer.ends_with("\r\n\r\na"), "{answer}");
}

#[test]
fn who_comes_when_it_is_full_is_told_so() {
    let lab = lab_of(&[("a", named_server("a"))])
        .replace("listeners:", "limits: (connections: 1), listeners:");
    let bench = Bench::run(&lab);
    let mut first = bench.dial("front");
    first.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    first.read_until("a");
    let answer = bench.dial("front").read_to_end();
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("too many"), "{answer}");
    first.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    first.read_until("\r\n\r\na");
}

#[test]
fn a_record_tells_how_long_each_step_took() {
    let bench = Bench::run(&lab_of(&[("a", named_server("a"))]));
    let mut client = bench.dial("front");
    client.send("GET /what?x=1 HTTP/1.1\r\nhost: x\r\n\r\n");
    client.read_until("\r\n\r\na");
    let record = bench.next_record();
    let phases = record.phases;
    let steps = [phases.queue_ns, phases.connect_ns, phases.first_byte_ns, phases.body_ns];
    assert!(phases.connect_ns > 0 && phases.first_byte_ns > 0, "{phases:?}");
    assert!(steps.iter().sum::<u64>() <= phases.total_ns, "{phases:?}");
    assert_eq!((record.target.as_str(), record.status), ("/what?x=1", Some(200)));
    assert_eq!(&*record.attempts[0].server, "a");
    assert!(record.attempts[0].decision.is_some());
}

#[test]
fn a_record_of_what_is_refused_has_what_was_read_of_it() {
    let bench = Bench::run(&lab_of(&[("a", named_server("a"))]));
    let recorded = |request: &str| {
        let mut client = bench.dial("front");
        client.send(request);
        assert!(client.read_to_end().starts_with("HTTP/1.1 400 "), "{request}");
        let record = bench.next_record();
        (record.method, record.target)
    };
    let two_lengths = "content-length: 1\r\ncontent-length: 2\r\n\r\n";
    let read = recorded(&format!("POST /pay HTTP/1.1\r\nhost: x\r\n{two_lengths}"));
    assert_eq!(read, ("POST".to_owned(), "/pay".to_owned()));
    let read = recorded("hello world\r\n\r\n");
    assert_eq!(read, ("-".to_owned(), "-".to_owned()));
}

#[test]
fn asking_for_what_is_not_there_is_the_clients_own_doing() {
    let lab = lab_of(&[("a", named_server("a"))]).replace(
        "pool: \"web\")",
        "routes: [(when: (path: prefix(\"/api\")), to: pool(\"web\"))])",
    );
    let bench = Bench::run(&lab);
    let mut client = bench.dial("front");
    client.send("GET /other HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 404 "));
    let counters = bench.shared().plan().listener(0).unwrap().meter.counters.read();
    assert_eq!((counters.finished(), counters.errors()), (1, 0));
}

#[test]
fn whoever_ends_before_its_body_is_told_that_it_was_itself() {
    // Nobody answers there, so that the answer is the proxy's.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let bench = Bench::run(&lab_of(&[("a", silent.local_addr().unwrap())]));
    let mut client = bench.dial("front");
    client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n1234");
    client.0.shutdown(std::net::Shutdown::Write).unwrap();
    let answer = client.read_to_end();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("ended before all of it had come"), "{answer}");
}
