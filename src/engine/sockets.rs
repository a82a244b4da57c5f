//! Who listens where on this machine, read from Linux's `/proc`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// A socket that listens for TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Socket {
    pub(super) address: SocketAddr,
    /// By which the process that has it open is found.
    pub(super) inode: u64,
}

/// Whoever has a socket open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) number: u32,
    pub(super) program: String,
}

/// All of them, whoever they belong to.
pub(super) fn listening() -> Vec<Socket> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let texts = tables.iter().filter_map(|table| fs::read_to_string(table).ok());
    texts.flat_map(|text| text.lines().skip(1).filter_map(socket).collect::<Vec<_>>()).collect()
}

/// The processes that have sockets open, by inode. Only one's own, unless one is root: others cannot be looked into.
pub(super) fn owners(inodes: &BTreeSet<u64>) -> BTreeMap<u64, Process> {
    let mut owners = BTreeMap::new();
    let Ok(processes) = fs::read_dir("/proc") else { return owners };
    for process in processes.filter_map(Result::ok) {
        let name = process.file_name();
        let Some(number) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        let open: Vec<u64> =
            sockets_of(&process.path()).filter(|inode| inodes.contains(inode)).collect();
        if open.is_empty() {
            continue;
        }
        let owner = Process { number, program: program(&process.path()) };
        for inode in open {
            // A child that has inherited a socket counts for less than the parent, who comes first.
            owners.entry(inode).or_insert_with(|| owner.clone());
        }
        if owners.len() == inodes.len() {
            break;
        }
    }
    owners
}

/// Where a process runs.
pub(super) fn folder(process: u32) -> Option<std::path::PathBuf> {
    fs::read_link(format!("/proc/{process}/cwd")).ok()
}

/// The lines are described in proc(5): local address in the second column, state in the fourth (0A listens), inode in
/// the tenth.
fn socket(line: &str) -> Option<Socket> {
    let columns: Vec<&str> = line.split_whitespace().collect();
    let (host, port) = columns.get(1)?.split_once(':')?;
    if *columns.get(3)? != "0A" {
        return None;
    }
    let address = SocketAddr::new(host_of(host)?, u16::from_str_radix(port, 16).ok()?);
    Some(Socket { address, inode: columns.get(9)?.parse().ok()? })
}

/// An address as the kernel writes it: words of four bytes in the machine's own order.
fn host_of(written: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let word = u32::from_str_radix(written.get(at..at + 8)?, 16).ok()?;
        Some(word.to_ne_bytes())
    };
    match written.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            let octets = <[u8; 16]>::try_from(words.concat()).ok()?;
            Some(Ipv6Addr::from(octets).into())
        }
        _ => None,
    }
}

fn sockets_of(process: &Path) -> impl Iterator<Item = u64> {
    let files = fs::read_dir(process.join("fd")).into_iter().flatten();
    files.filter_map(|file| {
        let link = fs::read_link(file.ok()?.path()).ok()?;
        let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
        inode.parse().ok()
    })
}

/// What it is called, and for an interpreter what it runs: `node vite`.
fn program(process: &Path) -> String {
    let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
    let line = fs::read(process.join("cmdline")).unwrap_or_default();
    let words: Vec<String> =
        line.split(|&byte| byte == 0).map(|it| String::from_utf8_lossy(it).into_owned()).collect();
    let name = match (name.trim(), words.first()) {
        // Some runtimes call themselves after their thread.
        ("MainThread", Some(path)) => file_name(path),
        (name, _) => name.to_owned(),
    };
    match script(&words) {
        Some(script) if is_interpreter(&name) && script != name => format!("{name} {script}"),
        _ => name,
    }
}

/// The first argument that is no option, without its folder. Nothing where the program itself is an argument: that can
/// be as long as it likes.
fn script(words: &[String]) -> Option<String> {
    let mut arguments = words.iter().skip(1).map(String::as_str);
    let argument = arguments.find(|word| {
        let is_option = word.is_empty() || word.starts_with('-');
        !is_option || ["-c", "-e", "--eval", "-p", "--print"].contains(word)
    })?;
    let name = Some(file_name(argument)).filter(|_| !argument.starts_with('-'))?;
    let is_name = |c: char| !c.is_control();
    Some(name).filter(|name| {
        (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && name.chars().all(is_name)
    })
}

fn file_name(path: &str) -> String {
    Path::new(path).file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn is_interpreter(name: &str) -> bool {
    INTERPRETERS.iter().any(|known| name.starts_with(known))
}

const NAME_CHARS_MAX: usize = 60;
const INTERPRETERS: [&str; 7] = ["node", "python", "ruby", "php", "deno", "bun", "perl"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernel_is_read() {
        let line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 0 4711 1";
        let found = socket(line).unwrap();
        if cfg!(target_endian = "little") {
            assert_eq!(found.address, "127.0.0.1:8080".parse().unwrap());
        }
        assert_eq!(found.inode, 4711);
        assert_eq!(socket(&line.replace(" 0A ", " 01 ")), None, "it does not listen");
        assert_eq!(host_of(&"0".repeat(32)), Some(Ipv6Addr::UNSPECIFIED.into()));
        assert_eq!(host_of("123"), None);
    }

    #[test]
    fn an_interpreter_is_named_with_what_it_runs() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(script(&words("node --inspect /x/bin/vite --port 1")).unwrap(), "vite");
        assert_eq!(script(&words("python3 -m http.server 8000")).unwrap(), "http.server");
        assert_eq!(script(&words("node")), None);
        assert_eq!(script(&words("python3 -u -c print(1)")), None, "no name");
        assert_eq!(script(&["node".to_owned(), "a\nb".to_owned()]), None);
    }
}
