//! The small languages inside a lab: addresses, networks, tokens, paths.

use std::net::{IpAddr, SocketAddr};

/// An address to listen on: a number, or `localhost`.
pub(in crate::lab) fn listen_address(text: &str) -> Option<SocketAddr> {
    match text.strip_prefix("localhost:") {
        Some(port) => Some(SocketAddr::from(([127, 0, 0, 1], port.parse().ok()?))),
        None => text.parse().ok(),
    }
}

/// Host and port of a server, where the host may be a name.
pub(super) fn is_server_address(text: &str) -> bool {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return address.port() != 0;
    }
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    port.parse::<u16>().is_ok_and(|port| port != 0) && is_host(host)
}

/// A DNS name: letters, digits and hyphens between dots.
pub(super) fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// A host, a host under `*.`, or a number.
pub(super) fn is_host_pattern(text: &str) -> bool {
    is_host(text.strip_prefix("*.").unwrap_or(text)) || text.parse::<IpAddr>().is_ok()
}

/// `10.0.0.0/8`, `::1`.
pub(super) fn is_network(text: &str) -> bool {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let most = if address.is_ipv4() { 32 } else { 128 };
    length.is_none_or(|length| length.parse::<u8>().is_ok_and(|length| length <= most))
}

/// A token of RFC 9110, section 5.6.2: names of methods, headers and cookies.
pub(super) fn is_token(text: &str) -> bool {
    let is_token_byte = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.len() <= 256 && text.bytes().all(is_token_byte)
}

/// A header value: no line breaks, which would begin another header.
pub(super) fn is_header_value(text: &str) -> bool {
    text.len() <= 8_192 && !text.chars().any(|c| c.is_control() && c != '\t')
}

/// The path of a URL, with or without a query.
pub(super) fn is_path(text: &str) -> bool {
    text.starts_with('/')
        && text.len() <= 8_192
        && !text.chars().any(|c| c.is_control() || c == ' ')
}
