//! Keys from a file, one on each line.

use std::net::IpAddr;
use std::path::Path;

use super::Streams;
use super::keys::KEYS_MAX;
use super::lab_file::read_bounded;
use super::outcome::Failure;
use super::table::grouped;

pub(super) fn read(path: &Path) -> Result<Vec<String>, Failure> {
    // One byte more than is allowed, so that a file that is too long is told from one that just fits.
    let text = read_bounded(path, KEYS_FILE_BYTES_MAX + 1)?;
    if text.len() as u64 > KEYS_FILE_BYTES_MAX {
        let limit = KEYS_FILE_BYTES_MAX >> 20;
        return Err(refused(path, &format!("it has more than {limit} MiB: keep a part of it")));
    }
    let text = String::from_utf8(text)
        .map_err(|_not_text| refused(path, "it is not UTF-8: save it as UTF-8"))?;
    // Some editors put a mark in front of a file that they do not show or count.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if text.lines().nth(KEYS_MAX as usize).is_some() {
        let problem = format!("it has more than {} keys: keep a part of them", grouped(KEYS_MAX));
        return Err(refused(path, &problem));
    }
    let keys: Vec<String> = text.lines().map(str::to_owned).collect();
    if keys.is_empty() {
        return Err(refused(path, "it is empty: write one key on each line"));
    }
    Ok(keys)
}

/// NGINX gives all clients that it knows no address of to one server, and so does its dialect.
pub(super) fn warn_of_no_addresses(
    keys: &[String],
    streams: &mut Streams<'_>,
) -> Result<(), Failure> {
    let mut others = keys.iter().enumerate().filter(|(_, key)| key.parse::<IpAddr>().is_err());
    if let Some((index, key)) = others.next() {
        let (line, n) = (index + 1, others.count() + 1);
        writeln!(
            streams.err,
            "evenkeel: --keys-file: `{}` on line {line} is no address: ip-hash gives it and all like it \
             ({} of {} keys) to one server",
            key.escape_debug(),
            grouped(n as u64),
            grouped(keys.len() as u64),
        )?;
    }
    Ok(())
}

fn refused(path: &Path, problem: &str) -> Failure {
    Failure::option("--keys-file", format!("{}: {problem}", path.display()))
}

const KEYS_FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
