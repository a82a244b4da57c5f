//! curl, in every version of HTTP that it speaks.

use tokio::io::{AsyncBufReadExt as _, BufReader};

use evenkeel::hash::xxh64;

use crate::stage::{Stage, file};
use crate::tool::{Tool, in_time};

const CURL: Tool = Tool { program: "curl", package: "curl" };

/// curl's arguments before those that matter: nobody's settings, no progress, but errors.
fn quiet<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["-q", "-sS", "--max-time", "30"], more].concat()
}

#[test]
fn every_version_gets_its_answer_and_keeps_its_connection() {
    let stage = Stage::set("curl-versions", "http", FAST);
    let report = "%{http_version} %{response_code} %{size_download} %{num_connects}\n";
    let (url, secure_url) = (stage.url("/a?b=c"), stage.secure_url("/a?b=c"));
    for (flag, url, said) in [
        // HTTP/1.0 asks for a connection each time.
        ("--http1.0", &url, "1 200 1024 1\n1 200 1024 1\n"),
        ("--http1.1", &url, "1.1 200 1024 1\n1.1 200 1024 0\n"),
        // An upgrade to HTTP/2 that is not taken leaves HTTP/1.1.
        ("--http2", &url, "1.1 200 1024 1\n1.1 200 1024 0\n"),
        ("--http1.1", &secure_url, "1.1 200 1024 1\n1.1 200 1024 0\n"),
        ("--http2", &secure_url, "2 200 1024 1\n2 200 1024 0\n"),
    ] {
        let twice = ["-o", "/dev/null", "-o", "/dev/null", url, url];
        let trusting = [flag, "-w", report, "--cacert", &stage.authority];
        let got = CURL.run(&quiet(&[&trusting[..], &twice].concat())).text();
        // Releases of curl differ in how they write 1.0.
        let got = got.replace("1.0 ", "1 ");
        assert_eq!(got, said, "{flag} {url}");
    }
    // curl 7.88 breaks a second request itself (its issue 10634).
    let once = ["--http2-prior-knowledge", "-w", report, "-o", "/dev/null", &url];
    assert_eq!(CURL.run(&quiet(&once)).text(), "2 200 1024 1\n");
    assert_eq!(stage.end(), [6, 5], "in turn");
}

#[test]
fn uploads_arrive_whole_in_every_framing() {
    let stage = Stage::set("curl-uploads", "http", FAST);
    let body: Vec<u8> = (0..3_000_000_u32).map(|at| (at * 7 / 5) as u8).collect();
    let path = file("stock-upload", &body);
    let path = path.to_str().unwrap();
    let posted = format!("@{path}");
    let hash = format!("x-evenkeel-body-hash: {:016x}", xxh64(&body, 0));
    for (flag, framing) in [
        ("--http1.1", ["-H", "Expect: 100-continue", "--data-binary", &posted]),
        ("--http1.1", ["-H", "Expect:", "--data-binary", &posted]),
        ("--http1.1", ["-H", "Transfer-Encoding: chunked", "--upload-file", path]),
        ("--http2-prior-knowledge", ["-H", "Expect:", "--data-binary", &posted]),
    ] {
        let said = CURL.run(&quiet(&[&[flag, "-v"], &framing[..], &[&stage.url("/up")]].concat()));
        assert!(said.err.contains("x-evenkeel-body-bytes: 3000000"), "{framing:?}: {}", said.err);
        assert!(said.err.contains(&hash), "{framing:?}: {}", said.err);
        let is_told = said.err.contains("< HTTP/1.1 100 Continue");
        let asks = said.err.contains("> Expect: 100-continue");
        assert_eq!(is_told, asks, "{framing:?}: {}", said.err);
    }
    assert_eq!(stage.end(), [2, 2]);
}

#[test]
fn a_head_has_a_length_and_no_body() {
    let stage = Stage::set("curl-head", "http", FAST);
    for flag in ["--http1.1", "--http2-prior-knowledge"] {
        let said = CURL.run(&quiet(&[flag, "--head", &stage.url("/x")])).text();
        assert!(said.contains("content-length: 1024\r\n") && said.ends_with("\r\n\r\n"), "{said}");
        assert!(said.contains("via: 1.1 evenkeel\r\n"), "{said}");
    }
    assert_eq!(stage.end(), [1, 1]);
}

/// The key and its answer are the example of RFC 6455, section 1.3.
#[test]
fn an_upgrade_to_websocket_is_agreed_to() {
    let stage = Stage::set("curl-upgrade", "http", &["--protocol", "websocket"]);
    let fields = [
        "-H",
        "Connection: Upgrade",
        "-H",
        "Upgrade: websocket",
        "-H",
        "Sec-WebSocket-Version: 13",
        "-H",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    let url = stage.url("/chat");
    let arguments = quiet(&[&["-v", "--http1.1"], &fields[..], &[&url]].concat());
    // It would wait for messages until its time is over.
    let lines = in_time(errors_until(&arguments, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    let agreed = |line: &String| line.starts_with("< HTTP/1.1 101 Switching Protocols");
    assert!(lines.iter().any(agreed), "{lines:?}");
    assert_eq!(stage.end(), [1, 0]);
}

/// The lines that curl writes to its standard error up to one with this in it. Then it is stopped.
async fn errors_until(arguments: &[&str], mark: &str) -> Vec<String> {
    let mut child = CURL.command(arguments).spawn().unwrap_or_else(|error| CURL.lack(&error));
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut read = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        let is_last = line.contains(mark);
        read.push(line);
        if is_last {
            return read;
        }
    }
    panic!("curl ended without `{mark}`: {read:?}");
}

const FAST: &[&str] = &["--latency", "1ms"];
