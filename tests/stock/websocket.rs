//! Python's websocket-client.

use crate::stage::Stage;
use crate::tool::Tool;

/// The system's own Python: another one does not see the system's packages.
const PYTHON: Tool = Tool { program: "/usr/bin/python3", package: "python3-websocket" };

#[test]
fn messages_come_back_as_they_were_with_and_without_tls() {
    let stage = Stage::set("websocket", "http", &["--protocol", "websocket", "--latency", "1ms"]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stock/websocket_client.py");
    for url in [stage.url("/chat"), stage.secure_url("/chat")] {
        let url = url.replacen("http", "ws", 1);
        let said = PYTHON.run(&[script, &url, &stage.authority]);
        assert_eq!(said.text(), "all came back\n", "{}", said.err);
    }
    // Closed connections are asked for nothing more.
    assert_eq!(stage.end(), [1, 1]);
}
