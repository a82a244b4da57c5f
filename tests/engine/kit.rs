//! A lab that runs, what is asked of it, and waiting for what comes about.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use evenkeel::engine::{Engine, Settings};
use evenkeel::lab::{self, Checked, Lab};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

pub(crate) struct Running {
    pub(crate) engine: Engine,
    pub(crate) settings: Settings,
}

/// A folder of this test's own.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("engine").join(name);
    drop(std::fs::remove_dir_all(&path));
    std::fs::create_dir_all(&path).unwrap();
    path
}

pub(crate) fn settings(name: &str) -> Settings {
    let folder = folder(name);
    let authority_folder = folder.join("authority");
    Settings { folder, authority_folder, ..Settings::default() }
}

pub(crate) fn load(text: &str) -> Lab {
    lab::load(text.as_bytes())
        .unwrap_or_else(|it| panic!("{:#?}\n{text}", it.problems))
        .lab
        .into_lab()
}

pub(crate) fn checked(lab: &Lab) -> Checked {
    Checked::new(lab.clone()).unwrap_or_else(|it| panic!("{it:#?}"))
}

impl Running {
    /// A lab in which nothing is wrong.
    pub(crate) fn start(name: &str, text: &str) -> Self {
        let running = Self::start_with(settings(name), text);
        assert_eq!(running.engine.status().all_troubles(), Vec::<String>::new());
        running
    }

    pub(crate) fn start_with(settings: Settings, text: &str) -> Self {
        let engine = Engine::start(checked(&load(text)), settings.clone()).unwrap();
        Self { engine, settings }
    }

    pub(crate) fn address(&self, listener: &str) -> SocketAddr {
        let status = self.engine.status();
        status.address_of(listener).unwrap_or_else(|| panic!("{:?}", status.all_troubles()))
    }

    /// Changes the lab and waits until it is in force.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Lab)) {
        let mut lab = Lab::clone(&self.engine.lab());
        change(&mut lab);
        let revision = self.engine.apply(checked(&lab));
        assert!(self.engine.wait_for(revision, DEADLINE), "it comes into force");
    }

    /// What a client of this machine trusts that was told so.
    pub(crate) fn trusting(&self) -> Arc<ClientConfig> {
        let folder = &self.settings.authority_folder;
        let mut files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let certificate = files.find_map(|path| CertificateDer::from_pem_file(path).ok());
        trusting(certificate.unwrap())
    }
}

pub(crate) fn trusting(authority: CertificateDer<'static>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(authority).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let versions = builder.with_safe_default_protocol_versions().unwrap();
    Arc::new(versions.with_root_certificates(roots).with_no_client_auth())
}

pub(crate) type Secured = StreamOwned<ClientConnection, TcpStream>;

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// A connection after its handshake, which the client only ends well with a server it trusts.
pub(crate) fn connect_tls(address: SocketAddr, name: &str, config: &Arc<ClientConfig>) -> Secured {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut session = ClientConnection::new(Arc::clone(config), name).unwrap();
    let mut stream = connect(address);
    while session.is_handshaking() {
        session.complete_io(&mut stream).unwrap();
    }
    StreamOwned::new(session, stream)
}

/// Asks on a connection that stays open. The status and the whole head, in small letters, and the body.
pub(crate) fn ask(
    stream: &mut (impl std::io::Read + std::io::Write),
    path: &str,
) -> (u16, String, String) {
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |it| it.trim().parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    (head[9..12].parse().unwrap(), head, String::from_utf8_lossy(&body).into_owned())
}

pub(crate) fn get(address: SocketAddr, path: &str) -> (u16, String, String) {
    ask(&mut connect(address), path)
}

/// Which server answered.
pub(crate) fn served_by(head: &str) -> String {
    let named = head.lines().find_map(|line| line.strip_prefix("x-served-by: "));
    named.unwrap_or_else(|| panic!("{head}")).to_owned()
}

/// Sends bytes, says that this was all, and returns what comes back until the other side has said so too.
pub(crate) fn echo(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(address);
    stream.write_all(bytes).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut back = Vec::new();
    stream.read_to_end(&mut back).unwrap();
    back
}

pub(crate) fn echo_udp(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket.send_to(bytes, address).unwrap();
    let mut back = [0; 2_000];
    let (length, from) = socket.recv_from(&mut back).unwrap();
    assert_eq!(from, address);
    back[..length].to_vec()
}

/// Until something is so.
pub(crate) fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let step = Duration::from_millis(10);
    for _ in 0..DEADLINE.as_millis() / step.as_millis() {
        if is_so() {
            return;
        }
        std::thread::sleep(step);
    }
    panic!("{what} did not come about in time");
}

pub(crate) const DEADLINE: Duration = Duration::from_secs(20);
