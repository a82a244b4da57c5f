//! Other programs in the proxy's place, to find mistakes of the table: `EVENKEEL_PEER=nginx` or `haproxy`.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    child: Child,
    folder: PathBuf,
}

impl Peer {
    pub(crate) fn is_wanted() -> bool {
        std::env::var(PROGRAM).is_ok()
    }

    /// The program that the environment asks for, in front of one server.
    pub(crate) fn wanted(server: SocketAddr) -> Option<Self> {
        let program = std::env::var(PROGRAM).ok()?;
        // The port may be taken again before the program binds it; this is no part of the gate.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let folder = std::env::temp_dir().join(format!("evenkeel-peer-{}", address.port()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("conf");
        let mut command = Command::new(&program);
        let text = if program == "nginx" {
            command.args(["-p", folder.to_str().unwrap(), "-e", "stderr"]);
            command.args(["-c", file.to_str().unwrap()]);
            nginx(address, server)
        } else {
            command.args(["-f", file.to_str().unwrap()]);
            haproxy(address, server)
        };
        fs::write(&file, text).unwrap();
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let peer = Self { address, child, folder };
        for _ in 0..500 {
            if TcpStream::connect(address).is_ok() {
                return Some(peer);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{program} did not begin to listen");
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        drop(fs::remove_dir_all(&self.folder));
    }
}

fn nginx(address: SocketAddr, server: SocketAddr) -> String {
    format!(
        "daemon off; master_process off; pid nginx.pid; error_log stderr crit; events {{}} \
         http {{ access_log off; client_body_temp_path body; proxy_temp_path proxy; \
         fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi; \
         upstream web {{ server {server} max_fails=0; keepalive 8; }} \
         server {{ listen {address}; location / {{ proxy_pass http://web; proxy_http_version 1.1; \
         proxy_request_buffering off; proxy_set_header Connection \"\"; \
         proxy_set_header Host $http_host; }} }} }}"
    )
}

fn haproxy(address: SocketAddr, server: SocketAddr) -> String {
    format!(
        "defaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n\
         frontend front\n bind {address}\n default_backend web\n\
         backend web\n http-reuse always\n server a {server}\n"
    )
}

const PROGRAM: &str = "EVENKEEL_PEER";
