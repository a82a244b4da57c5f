//! A secret from the system's own randomness, for signatures that nobody else may make.

use std::io;

use ring::rand::{SecureRandom as _, SystemRandom};

/// 32 bytes that nobody can guess.
pub fn secret() -> io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    let fill = SystemRandom::new().fill(&mut bytes);
    fill.map_err(|_said_nothing_more| io::Error::other("the system gives no random numbers"))?;
    Ok(bytes)
}
