//! The little of HTTP/1.1 and WebSocket that servers and clients of the bench have to read and write.

/// What the bodies of all messages consist of, so that a wrong one is noticed.
pub(crate) const FILLER: u8 = b'e';

/// Where a message's head ends, and how much body its head announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) head_bytes: usize,
    pub(crate) body_bytes: u64,
}

/// `None` as long as the head is not whole.
pub(crate) fn find_head(bytes: &[u8]) -> Option<Found> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = &bytes[..end + 2];
    let length = field(head, b"content-length").and_then(|value| value.parse().ok());
    Some(Found { head_bytes: end + 4, body_bytes: length.unwrap_or(0) })
}

/// The value of a header; the name is given in lower case.
pub(crate) fn field<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a str> {
    let is_it = |line: &&[u8]| {
        line.len() > name.len()
            && line[name.len()] == b':'
            && line[..name.len()].eq_ignore_ascii_case(name)
    };
    let line = head.split(|&byte| byte == b'\n').find(is_it)?;
    std::str::from_utf8(&line[name.len() + 1..]).ok().map(str::trim)
}

/// Whether a text, given in lower case, stands somewhere in these bytes.
pub(crate) fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|part| part.eq_ignore_ascii_case(text))
}

/// The answer that begins a WebSocket conversation (RFC 6455, section 4.2.2).
pub(crate) fn switch(head: &[u8]) -> Vec<u8> {
    let key = field(head, b"sec-websocket-key").unwrap_or_default();
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    .into_bytes()
}

/// A masked text frame (RFC 6455, section 5.2) of at most 125 bytes.
pub(crate) fn masked_frame(payload: &[u8]) -> Vec<u8> {
    assert!(payload.len() <= 125, "longer frames have another header");
    let mut frame = vec![0x81, 0x80 | payload.len() as u8];
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// Reads one masked frame and adds its unmasked twin; says how long it was. `None` if it is not whole.
pub(crate) fn unmask(bytes: &[u8], twin: &mut Vec<u8>) -> Option<usize> {
    let &[first, length, ref rest @ ..] = bytes else { return None };
    let length = usize::from(length & 0x7f);
    let (mask, payload) = rest.split_at_checked(4)?;
    let payload = payload.get(..length)?;
    twin.extend([first, length as u8]);
    twin.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    Some(6 + length)
}

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
