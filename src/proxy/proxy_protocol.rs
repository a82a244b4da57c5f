//! The PROXY protocol, versions 1 and 2: who the client was, told in front of its bytes.
//!
//! Read strictly and within bounds, by `HAProxy`'s specification (doc/proxy-protocol.txt).

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::lab::ProxyProtocolOut;

/// What stands at the beginning of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parsed {
    /// It may be a header; there is too little to say.
    NeedMore,
    NotThere,
    Header(Header),
    Invalid(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Source and destination; none where the sender speaks for itself or does not know.
    pub addresses: Option<(SocketAddr, SocketAddr)>,
    /// Bytes that belong to the header.
    pub length: usize,
}

/// More than this is never looked at: version 1 has at most 107 bytes, and nobody sends that many fields.
pub(super) const LENGTH_MAX: usize = 16 + 2048;

pub fn parse(bytes: &[u8]) -> Parsed {
    if begins_alike(bytes, SIGNATURE) {
        if bytes.len() < 16 { Parsed::NeedMore } else { parse_v2(bytes) }
    } else if begins_alike(bytes, b"PROXY ") {
        parse_v1(bytes)
    } else {
        Parsed::NotThere
    }
}

/// Appends a header that names the client and the address it came to.
pub(super) fn write(
    out: &mut Vec<u8>,
    version: ProxyProtocolOut,
    source: SocketAddr,
    destination: SocketAddr,
) {
    match version {
        ProxyProtocolOut::Off => {}
        ProxyProtocolOut::V1 => write_v1(out, source, destination),
        ProxyProtocolOut::V2 => write_v2(out, source, destination),
    }
}

fn begins_alike(bytes: &[u8], mark: &[u8]) -> bool {
    let length = bytes.len().min(mark.len());
    bytes[..length] == mark[..length]
}

fn parse_v1(bytes: &[u8]) -> Parsed {
    let line = &bytes[..bytes.len().min(V1_LENGTH_MAX)];
    let Some(end) = line.windows(2).position(|pair| pair == b"\r\n") else {
        let too_long = bytes.len() >= V1_LENGTH_MAX;
        let bare = line.contains(&b'\n');
        return match (bare, too_long) {
            (true, _) => Parsed::Invalid("a PROXY line ends without a carriage return"),
            (false, true) => Parsed::Invalid("a PROXY line is longer than 107 bytes"),
            (false, false) => Parsed::NeedMore,
        };
    };
    let header = |addresses| Parsed::Header(Header { addresses, length: end + 2 });
    let Ok(line) = std::str::from_utf8(&line[..end]) else {
        return Parsed::Invalid("a PROXY line is not text");
    };
    let mut words = line.split(' ').skip(1);
    match words.next() {
        Some("UNKNOWN") => header(None),
        Some(family @ ("TCP4" | "TCP6")) => match v1_addresses(family, words) {
            Some(addresses) => header(Some(addresses)),
            None => Parsed::Invalid("the addresses of a PROXY line are not valid"),
        },
        _ => Parsed::Invalid("a PROXY line names no known protocol"),
    }
}

fn v1_addresses<'a>(
    family: &str,
    mut words: impl Iterator<Item = &'a str>,
) -> Option<(SocketAddr, SocketAddr)> {
    let mut address = || -> Option<IpAddr> {
        let word = words.next()?;
        match family {
            "TCP4" => word.parse::<Ipv4Addr>().ok().map(IpAddr::from),
            _ => word.parse::<Ipv6Addr>().ok().map(IpAddr::from),
        }
    };
    let (source, destination) = (address()?, address()?);
    let mut port = || {
        let word = words.next()?;
        let plain = word == "0" || !word.starts_with(['0', '+']);
        word.parse::<u16>().ok().filter(|_| plain)
    };
    let ports = (port()?, port()?);
    let all = words.next().is_none();
    all.then(|| (SocketAddr::new(source, ports.0), SocketAddr::new(destination, ports.1)))
}

fn parse_v2(bytes: &[u8]) -> Parsed {
    let length = 16 + usize::from(u16::from_be_bytes([bytes[14], bytes[15]]));
    if bytes[12] >> 4 != 2 {
        return Parsed::Invalid("the PROXY header has an unknown version");
    }
    if length > LENGTH_MAX {
        return Parsed::Invalid("the PROXY header is too long");
    }
    let Some(payload) = bytes.get(16..length) else { return Parsed::NeedMore };
    let addresses = match (bytes[12] & 15, bytes[13]) {
        // A health check of the sender itself, and families that have no address and port.
        (0, _) | (1, 0x00 | 0x31 | 0x32) => None,
        (1, 0x11 | 0x12) => match v2_addresses(payload, 4) {
            None => return Parsed::Invalid(TOO_SHORT),
            found => found,
        },
        (1, 0x21 | 0x22) => match v2_addresses(payload, 16) {
            None => return Parsed::Invalid(TOO_SHORT),
            found => found,
        },
        (1, _) => return Parsed::Invalid("the PROXY header has an unknown address family"),
        _ => return Parsed::Invalid("the PROXY header has an unknown command"),
    };
    Parsed::Header(Header { addresses, length })
}

fn v2_addresses(payload: &[u8], width: usize) -> Option<(SocketAddr, SocketAddr)> {
    let ip = |bytes: &[u8]| -> Option<IpAddr> {
        match width {
            4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
            _ => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        }
    };
    let port = |at: usize| Some(u16::from_be_bytes([*payload.get(at)?, *payload.get(at + 1)?]));
    let source = SocketAddr::new(ip(payload.get(..width)?)?, port(2 * width)?);
    let destination = SocketAddr::new(ip(payload.get(width..2 * width)?)?, port(2 * width + 2)?);
    Some((source, destination))
}

fn write_v1(out: &mut Vec<u8>, source: SocketAddr, destination: SocketAddr) {
    let mut line = String::with_capacity(V1_LENGTH_MAX);
    let family = if source.is_ipv4() && destination.is_ipv4() { "TCP4" } else { "TCP6" };
    let (from, to) = match family {
        "TCP4" => (source.ip(), destination.ip()),
        _ => (IpAddr::V6(as_v6(source.ip())), IpAddr::V6(as_v6(destination.ip()))),
    };
    let (from_port, to_port) = (source.port(), destination.port());
    write!(line, "PROXY {family} {from} {to} {from_port} {to_port}\r\n")
        .expect("a string takes what is written");
    out.extend_from_slice(line.as_bytes());
}

fn write_v2(out: &mut Vec<u8>, source: SocketAddr, destination: SocketAddr) {
    out.extend_from_slice(SIGNATURE);
    match (source.ip(), destination.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            out.extend_from_slice(&[0x21, 0x11, 0, 12]);
            out.extend_from_slice(&from.octets());
            out.extend_from_slice(&to.octets());
        }
        (from, to) => {
            out.extend_from_slice(&[0x21, 0x21, 0, 36]);
            out.extend_from_slice(&as_v6(from).octets());
            out.extend_from_slice(&as_v6(to).octets());
        }
    }
    out.extend_from_slice(&source.port().to_be_bytes());
    out.extend_from_slice(&destination.port().to_be_bytes());
}

fn as_v6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const V1_LENGTH_MAX: usize = 107;
const TOO_SHORT: &str = "the PROXY header is too short for its addresses";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn found(source: &str, destination: &str, length: usize) -> Parsed {
        Parsed::Header(Header { addresses: Some((at(source), at(destination))), length })
    }

    #[test]
    fn the_specifications_line_is_understood() {
        let line = b"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET / HTTP/1.1\r\n";
        assert_eq!(parse(line), found("192.168.0.1:56324", "192.168.0.11:443", 47));
        let longest = b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n";
        let nobody = Parsed::Header(Header { addresses: None, length: longest.len() });
        assert_eq!(parse(longest), nobody);
    }

    #[test]
    fn what_is_not_exactly_a_line_is_refused() {
        for line in [
            "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 1 70000\r\n",
            "PROXY TCP4 ::1 ::1 1 2\r\n",
            "PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n",
            "PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n",
            "PROXY  TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
        ] {
            assert!(matches!(parse(line.as_bytes()), Parsed::Invalid(_)), "{line:?}");
        }
        assert!(matches!(parse(&[b"PROXY ", &[b'x'; 200][..]].concat()), Parsed::Invalid(_)));
        assert_eq!(parse(b"GET / HTTP/1.1\r\n"), Parsed::NotThere);
        assert_eq!(parse(b"PROX"), Parsed::NeedMore);
    }

    #[test]
    fn version_2_is_understood_with_fields_behind_its_addresses() {
        let mut bytes =
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x10\x0a\0\0\x01\x0a\0\0\x02\x1f\x90\0\x50".to_vec();
        bytes.extend_from_slice(&[4, 0, 1, 0]);
        assert_eq!(parse(&bytes), found("10.0.0.1:8080", "10.0.0.2:80", 32));
        assert_eq!(parse(&bytes[..31]), Parsed::NeedMore);
        let local = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
        assert_eq!(parse(local), Parsed::Header(Header { addresses: None, length: 16 }));
        for (at, byte) in [(12, 0x11), (12, 0x22), (13, 0x41), (14, 0xff), (15, 4)] {
            let mut wrong = bytes.clone();
            wrong[at] = byte;
            assert!(matches!(parse(&wrong), Parsed::Invalid(_)), "{at}");
        }
    }

    #[test]
    fn a_client_of_one_family_and_a_server_of_the_other_are_written_as_one() {
        let mut line = Vec::new();
        write(&mut line, ProxyProtocolOut::V1, at("1.2.3.4:5"), at("[::1]:6"));
        assert_eq!(line, b"PROXY TCP6 ::ffff:1.2.3.4 ::1 5 6\r\n");
    }

    fn any_address() -> impl Strategy<Value = SocketAddr> {
        (any::<[u8; 16]>(), any::<bool>(), any::<u16>()).prop_map(|(bytes, v4, port)| {
            let short = [bytes[0], bytes[1], bytes[2], bytes[3]];
            let ip = if v4 { IpAddr::from(short) } else { IpAddr::from(bytes) };
            SocketAddr::new(ip, port)
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(a in any_address(), b in any_address(), v2: bool, more in any::<Vec<u8>>()) {
            let version = if v2 { ProxyProtocolOut::V2 } else { ProxyProtocolOut::V1 };
            let mut bytes = Vec::new();
            write(&mut bytes, version, a, b);
            let length = bytes.len();
            for cut in 1..length {
                prop_assert_eq!(parse(&bytes[..cut]), Parsed::NeedMore);
            }
            bytes.extend(more);
            let same = |x: SocketAddr| if a.is_ipv4() == b.is_ipv4() { x } else {
                SocketAddr::new(as_v6(x.ip()).into(), x.port())
            };
            let expected = Header { addresses: Some((same(a), same(b))), length };
            prop_assert_eq!(parse(&bytes), Parsed::Header(expected));
        }

        #[test]
        fn no_bytes_make_it_panic_or_read_too_far(tail in any::<Vec<u8>>(), kind in 0..3_usize) {
            let bytes = [[&b""[..], b"PROXY TCP4 ", SIGNATURE][kind], &tail].concat();
            if let Parsed::Header(header) = parse(&bytes) {
                prop_assert!(header.length <= bytes.len().min(LENGTH_MAX));
            }
        }
    }
}
