//! One certificate for everybody: ECDSA on P-256, which every proxy signs with fast.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Writes the certificate and its key into the folder.
pub(crate) fn write(folder: &Path) -> io::Result<(PathBuf, PathBuf)> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
    let made = made.map_err(io::Error::other)?;
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    fs::write(&certificate, made.cert.pem())?;
    fs::write(&key, made.signing_key.serialize_pem())?;
    Ok((certificate, key))
}
