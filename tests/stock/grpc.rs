//! gRPC's own library for Python.

use crate::program::Program;
use crate::stage::Stage;
use crate::tool::Tool;

/// The system's own Python: another one does not see the system's packages.
const PYTHON: Tool = Tool { program: "/usr/bin/python3", package: "python3-grpcio" };
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stock/grpc_client.py");

#[test]
fn calls_end_with_their_message_and_status() {
    let stage = Stage::set("grpc", "h2c", &["--protocol", "grpc", "--latency", "1ms"]);
    let plain = stage.address.to_string();
    let secure = format!("localhost:{}", stage.secure_port);
    for (target, authority) in [(&plain, ""), (&secure, stage.authority.as_str())] {
        let said = PYTHON.run(&[SCRIPT, target, authority, "echo"]);
        assert_eq!(said.text(), "OK\n", "{}", said.err);
    }
    let [a, b] = stage.end();
    assert_eq!((a, a + b), (b, 2 * CALLS), "each call in turn, none twice");
}

#[test]
fn an_error_status_reaches_the_caller_in_its_own_words() {
    let mock = ["--protocol", "grpc", "--latency", "1ms", "--fail", "403:100%"];
    let stage = Stage::set("grpc-error", "h2c", &mock);
    let said = PYTHON.run(&[SCRIPT, &stage.address.to_string(), "", "fail"]);
    assert_eq!(said.text(), "PERMISSION_DENIED a: fails with 403, as it was told to\n");
    assert_eq!(stage.end(), [1, 0]);
}

#[test]
fn without_a_server_a_call_is_unavailable() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let to = format!("h2c://{free}");
    let (_balancer, address, _) = Program::serve(&["--listen", "127.0.0.1:0", "--to", &to]);
    let said = PYTHON.run(&[SCRIPT, &address.to_string(), "", "fail"]).text();
    assert!(said.starts_with("UNAVAILABLE "), "{said}");
}

/// How many the script makes.
const CALLS: u64 = 104;
