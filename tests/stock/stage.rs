//! Mock servers and a load balancer in front of them, all of them the real program.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::Value;

use crate::program::Program;

/// Two mocks and what balances between them. [`Stage::end`] wants both to have ended well.
pub(crate) struct Stage {
    mocks: Program,
    balancer: Program,
    pub(crate) address: SocketAddr,
    /// The port of a second listener, with TLS.
    pub(crate) secure_port: u16,
    /// What its certificate is trusted by.
    pub(crate) authority: String,
}

impl Stage {
    /// `scheme` is how the mocks are spoken to, and `name` is the test's own.
    pub(crate) fn set(name: &str, scheme: &str, mock: &[&str]) -> Self {
        let two = ["mock", "--json", "--listen", "0", "--listen", "0"];
        let mocks = Program::start(&[&two[..], mock].concat());
        let ready: Value = serde_json::from_str(&mocks.line()).unwrap();
        let to = [0, 1].map(|at| {
            let address = ready["mocks"][at]["address"].as_str().unwrap();
            format!("{scheme}://{address}")
        });
        let (authority, key) = certificate(name);
        let secure = format!("127.0.0.1:0,tls={authority}:{key}");
        let listen = ["--listen", "127.0.0.1:0", "--listen", &secure];
        let (balancer, address, ready) =
            Program::serve(&[&listen[..], &["--to", &to[0], "--to", &to[1]]].concat());
        let secure = ready["listeners"][1]["address"].as_str().unwrap();
        let secure_port = secure.parse::<SocketAddr>().unwrap().port();
        Self { mocks, balancer, address, secure_port, authority }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The name in the certificate stands for the address.
    pub(crate) fn secure_url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.secure_port)
    }

    /// Stops everything and tells how many requests each mock was asked.
    pub(crate) fn end(self) -> [u64; 2] {
        self.balancer.interrupt();
        self.balancer.event("stopped");
        assert_eq!(self.balancer.end(), (0, String::new()));
        self.mocks.interrupt();
        let counted: Value = serde_json::from_str(&self.mocks.line()).unwrap();
        assert_eq!(self.mocks.end(), (0, String::new()));
        [0, 1].map(|at| counted["mocks"][at]["requests"].as_u64().unwrap())
    }
}

/// A file of a test's own.
pub(crate) fn file(name: &str, content: &[u8]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// The paths of a certificate that vouches for itself and of its key.
fn certificate(name: &str) -> (String, String) {
    let hosts = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(hosts).unwrap();
    let write = |ending: &str, text: String| {
        let path = file(&format!("stock-{name}-{ending}.pem"), text.as_bytes());
        path.to_str().unwrap().to_owned()
    };
    (write("certificate", made.cert.pem()), write("key", made.signing_key.serialize_pem()))
}
