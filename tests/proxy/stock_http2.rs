//! Clients of HTTP/2 that others wrote.

use std::process::{Command, Output};

use crate::bench::Bench;
use crate::http_kit::{big, http1_server, http2_server, lab_to};

/// Runs a program, unless it is not installed here.
fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    Command::new(program).args(arguments).output().ok()
}

#[test]
fn curl_speaks_http2_with_prior_knowledge() {
    for (server, protocol) in [(http1_server(), "http1"), (http2_server(), "h2c")] {
        let bench = Bench::run(&lab_to(server, protocol, ""));
        let url = |path: &str| format!("http://{}{path}", bench.address("front"));
        let prior = "--http2-prior-knowledge";
        let Some(got) = run("curl", &["-sS", "-i", prior, &url("/x")]) else { return };
        let text = String::from_utf8_lossy(&got.stdout).into_owned();
        assert!(text.starts_with("HTTP/2 200"), "{text} {got:?}");
        assert!(text.ends_with("\r\n\r\n/x"), "{text}");
        let got = run("curl", &["-sS", prior, &url("/big")]).unwrap();
        assert!(got.stdout == big(), "{}", String::from_utf8_lossy(&got.stderr));
        let posted = ["-sS", prior, "--data-binary", "0123456789", &url("/echo")];
        assert_eq!(run("curl", &posted).unwrap().stdout, b"0123456789");
    }
}

#[test]
fn h2load_has_every_request_answered() {
    for (server, protocol) in [(http1_server(), "http1"), (http2_server(), "h2c")] {
        let bench = Bench::run(&lab_to(server, protocol, ""));
        let url = format!("http://{}/x", bench.address("front"));
        let load = ["-n", "2000", "-c", "4", "-m", "20", &url];
        let Some(got) = run("h2load", &load) else { return };
        let text = String::from_utf8_lossy(&got.stdout).into_owned();
        assert!(text.contains("2000 succeeded, 0 failed, 0 errored"), "{protocol}: {text}");
    }
}

#[test]
fn nghttp_uploads_and_downloads() {
    let bench = Bench::run(&lab_to(http2_server(), "h2c", ""));
    let url = |path: &str| format!("http://{}{path}", bench.address("front"));
    let Some(got) = run("nghttp", &[&url("/big")]) else { return };
    assert!(got.stdout == big());
}
