//! The lab's own authority.

use super::*;

#[tokio::test]
async fn the_local_authority_vouches_for_names_and_addresses() {
    let folder = Folder::new();
    let termination = local(&folder, &["localhost", "shop.test", "127.0.0.1", "[::1]"]);
    let path = termination.authority_path().unwrap();
    for name in ["localhost", "shop.test", "127.0.0.1", "::1"] {
        let trust = UpstreamTls {
            authority_file: Some(path.to_str().unwrap().to_owned()),
            server_name: Some(name.to_owned()),
            ..UpstreamTls::default()
        };
        let origination = Origination::new(&trust, HTTP, &folder.surroundings()).unwrap();
        meet(&termination, &origination).await.connected.unwrap();
    }
}

#[test]
fn the_local_authority_is_made_once_and_kept() {
    let folder = Folder::new();
    let read = |name: &str| fs::read(folder.0.join("authority").join(name)).unwrap();
    local(&folder, &["a.test"]);
    let before = (read("local-authority.key"), read("local-authority.pem"));
    local(&folder, &["b.test"]);
    assert_eq!(before, (read("local-authority.key"), read("local-authority.pem")));
    // A lost certificate is made again for the same key.
    fs::remove_file(folder.0.join("authority/local-authority.pem")).unwrap();
    local(&folder, &["b.test"]);
    assert_eq!(before.0, read("local-authority.key"));
    let entries = fs::read_dir(folder.0.join("authority")).unwrap();
    assert_eq!(entries.count(), 2, "no drafts are left");
}

#[test]
fn an_authority_about_to_expire_is_renewed_with_its_key() {
    let folder = Folder::new();
    let read = |name: &str| fs::read(folder.0.join("authority").join(name)).unwrap();
    local(&folder, &["a.test"]);
    let before = (read("local-authority.key"), read("local-authority.pem"));
    let later = folder.surroundings_in(Duration::from_hours(3_400 * 24));
    Termination::new(&settings(&["a.test"]), HTTP, &later).unwrap();
    assert_eq!(before.0, read("local-authority.key"));
    assert_ne!(before.1, read("local-authority.pem"));
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_authoritys_key() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    local(&folder, &["a.test"]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.0.join("authority")), 0o700);
    assert_eq!(mode(&folder.0.join("authority/local-authority.key")), 0o600);
}

#[test]
fn authorities_opened_at_once_agree_on_one_key() {
    let folder = Folder::new();
    let made: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    local(&folder, &["a.test"]);
                    fs::read(folder.0.join("authority/local-authority.key")).unwrap()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(made.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_broken_authority_and_bad_hosts_are_said() {
    let folder = Folder::new();
    let said = |hosts: &[&str]| {
        let refused = Termination::new(&settings(hosts), HTTP, &folder.surroundings());
        refused.err().unwrap().to_string()
    };
    assert!(said(&[]).contains("no host"));
    assert!(said(&["ümlaut.test"]).contains("ümlaut.test"));
    fs::write(folder.0.join("authority/local-authority.key"), "broken").unwrap();
    assert!(said(&["a.test"]).contains("delete it"));
}

fn settings(hosts: &[&str]) -> Tls {
    let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
    Tls { certificates: Certificates::Local { hosts }, ..Tls::default() }
}

fn local(folder: &Folder, hosts: &[&str]) -> Termination {
    Termination::new(&settings(hosts), HTTP, &folder.surroundings()).unwrap()
}
