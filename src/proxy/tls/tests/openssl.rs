//! A stock client: `openssl s_client`. It must be installed where the tests run.

use std::net::SocketAddr;
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::process::Command;

use super::*;

#[tokio::test]
async fn openssl_trusts_the_local_authority_in_both_versions() {
    let folder = Folder::new();
    let hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let tls = Tls { certificates: Certificates::Local { hosts }, ..Tls::default() };
    let termination = Termination::new(&tls, HTTP, &folder.surroundings()).unwrap();
    let authority = termination.authority_path().unwrap().to_str().unwrap().to_owned();
    let address = serve(&termination, 2).await;
    for (flag, version) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let said = client(
            address,
            &[
                flag,
                "-CAfile",
                &authority,
                "-verify_return_error",
                "-verify_hostname",
                "localhost",
                "-servername",
                "localhost",
                "-x509_strict",
                "-alpn",
                "http/1.1",
            ],
        )
        .await;
        for part in ["Verify return code: 0 (ok)", version, "ALPN protocol: http/1.1", "served"] {
            assert!(said.contains(part), "{flag} lacks `{part}`:\n{said}");
        }
    }
}

#[tokio::test]
async fn openssl_resumes_a_session_in_both_versions() {
    let folder = Folder::new();
    let issuer = authority(&folder);
    let pair = certificate(&folder, &issuer, "a", &["a.test"]);
    let termination = Termination::new(&files(&[&pair]), HTTP, &folder.surroundings()).unwrap();
    let address = serve(&termination, 4).await;
    for flag in ["-tls1_2", "-tls1_3"] {
        let session = folder.0.join(format!("session{flag}"));
        let session = session.to_str().unwrap();
        let first = client(address, &[flag, "-sess_out", session]).await;
        assert!(first.contains("New, TLS"), "{first}");
        let second = client(address, &[flag, "-sess_in", session]).await;
        assert!(second.contains("Reused, TLS"), "{second}");
    }
}

#[tokio::test]
async fn openssl_below_the_lowest_version_is_refused() {
    let folder = Folder::new();
    let issuer = authority(&folder);
    let pair = certificate(&folder, &issuer, "a", &["a.test"]);
    let tls = Tls { min_version: crate::lab::TlsVersion::Tls13, ..files(&[&pair]) };
    let termination = Termination::new(&tls, HTTP, &folder.surroundings()).unwrap();
    let address = serve(&termination, 1).await;
    let said = client(address, &["-tls1_2"]).await;
    assert!(said.contains("alert protocol version"), "{said}");
}

/// Accepts so many connections, says `served` on each and closes it.
pub(super) async fn serve(termination: &Termination, connections: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = Arc::clone(termination.config());
    tokio::spawn(async move {
        for _ in 0..connections {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut secured) = accept(stream, &config, Duration::from_secs(20)).await else {
                continue;
            };
            secured.stream.write_all(b"served\n").await.unwrap();
            secured.stream.shutdown().await.unwrap();
        }
    });
    address
}

/// What openssl says about its handshake with this address.
pub(super) async fn client(address: SocketAddr, arguments: &[&str]) -> String {
    let run = Command::new("openssl")
        .args(["s_client", "-connect", &address.to_string(), "-ign_eof"])
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(20), run).await.expect("openssl hangs");
    let output = output.expect("openssl must be installed for this test");
    [output.stdout, output.stderr]
        .map(|text| String::from_utf8_lossy(&text).into_owned())
        .join("\n")
}
