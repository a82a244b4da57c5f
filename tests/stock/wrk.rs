//! wrk: as many requests as go in, and none may fail.

use crate::stage::Stage;
use crate::tool::Tool;

const WRK: Tool = Tool { program: "wrk", package: "wrk" };

#[test]
fn wrk_meets_no_error() {
    let stage = Stage::set("wrk", "http", &["--latency", "1ms"]);
    for url in [stage.url("/"), stage.secure_url("/")] {
        let said = WRK.run(&["-t", "2", "-c", "32", "-d", "2s", &url]).text();
        // It speaks of these only when there are any.
        assert!(!said.contains("Socket errors") && !said.contains("Non-2xx"), "{said}");
        let before = said.split(" requests in ").next().unwrap();
        let n_requests: u64 = before.split_whitespace().last().unwrap().parse().unwrap();
        assert!(n_requests >= 32, "{said}");
    }
    let [a, b] = stage.end();
    assert!(a.abs_diff(b) <= 64, "in turn, but for those cut off at the ends: {a}, {b}");
}
