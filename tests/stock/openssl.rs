//! openssl's client, which tells what a handshake came to.

use crate::stage::{Stage, file};
use crate::tool::Tool;

const OPENSSL: Tool = Tool { program: "openssl", package: "openssl" };

#[test]
fn both_versions_of_tls_are_trusted_and_served() {
    let stage = Stage::set("openssl", "http", &["--latency", "1ms"]);
    let asked = b"GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let request = file("stock-openssl-request", asked);
    let address = format!("localhost:{}", stage.secure_port);
    for (flag, version) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let to = ["s_client", "-4", "-connect", &address, "-servername", "localhost", flag];
        let trust = ["-CAfile", &stage.authority, "-verify_return_error"];
        let talk = ["-verify_hostname", "localhost", "-alpn", "http/1.1", "-ign_eof"];
        let arguments = [&to[..], &trust, &talk].concat();
        let said = OPENSSL.run_with(&arguments, Some(&request));
        let text = said.text();
        for part in [version, "Verify return code: 0 (ok)", "ALPN protocol: http/1.1", "200 OK"] {
            assert!(text.contains(part), "{flag} lacks `{part}`: {text} {}", said.err);
        }
        let offers = [&to[..], &["-alpn", "h2,http/1.1"]].concat();
        let said = OPENSSL.run_with(&offers, None).text();
        assert!(said.contains("ALPN protocol: h2"), "{said}");
    }
    assert_eq!(stage.end(), [1, 1]);
}

#[test]
fn older_versions_of_tls_are_refused() {
    let stage = Stage::set("openssl-old", "http", &["--latency", "1ms"]);
    let address = format!("127.0.0.1:{}", stage.secure_port);
    let old = ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"];
    let said = OPENSSL.run_with(&[&["s_client", "-connect", &address], &old[..]].concat(), None);
    assert!(!said.succeeded, "{}", said.text());
    assert!(said.err.contains("SSL alert number"), "{}", said.err);
    assert_eq!(stage.end(), [0, 0]);
}
