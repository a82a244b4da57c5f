//! Clients of HTTP/2 that others wrote.

use std::path::Path;

use crate::bench::Bench;
use crate::http_kit::{big, http1_server, http2_server, lab_to};
use crate::tool::Tool;

const CURL: Tool = Tool { program: "curl", package: "curl" };
const H2LOAD: Tool = Tool { program: "h2load", package: "nghttp2-client" };
const NGHTTP: Tool = Tool { program: "nghttp", package: "nghttp2-client" };

#[test]
fn curl_speaks_http2_with_prior_knowledge() {
    for (server, protocol) in [(http1_server(), "http1"), (http2_server(), "h2c")] {
        let bench = Bench::run(&lab_to(server, protocol, ""));
        let url = |path: &str| format!("http://{}{path}", bench.address("front"));
        let prior = "--http2-prior-knowledge";
        let text = CURL.run(&["-q", "-sS", "-i", prior, &url("/x")]).text();
        assert!(text.starts_with("HTTP/2 200"), "{text}");
        assert!(text.ends_with("\r\n\r\n/x"), "{text}");
        let got = CURL.run(&["-q", "-sS", prior, &url("/big")]);
        assert!(got.out == big(), "{}", got.err);
        let posted = ["-q", "-sS", prior, "--data-binary", "0123456789", &url("/echo")];
        assert_eq!(CURL.run(&posted).out, b"0123456789");
    }
}

#[test]
fn h2load_has_every_request_answered() {
    for (server, protocol) in [(http1_server(), "http1"), (http2_server(), "h2c")] {
        let bench = Bench::run(&lab_to(server, protocol, ""));
        let url = format!("http://{}/x", bench.address("front"));
        let load = ["-n", "2000", "-c", "4", "-m", "20", &url];
        let text = H2LOAD.run(&load).text();
        assert!(text.contains("2000 succeeded, 0 failed, 0 errored"), "{protocol}: {text}");
    }
}

#[test]
fn nghttp_uploads_and_downloads() {
    let bench = Bench::run(&lab_to(http2_server(), "h2c", ""));
    let url = |path: &str| format!("http://{}{path}", bench.address("front"));
    assert!(NGHTTP.run(&[&url("/big")]).out == big());
    let upload = Path::new(env!("CARGO_TARGET_TMPDIR")).join("nghttp-upload");
    std::fs::write(&upload, big()).unwrap();
    let posted = NGHTTP.run(&["-d", upload.to_str().unwrap(), &url("/echo")]);
    assert!(posted.out == big(), "{}", posted.err);
}
