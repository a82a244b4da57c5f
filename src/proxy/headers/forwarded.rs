//! What a server is told about the client: `X-Forwarded-*` and `Forwarded` (RFC 7239).

use std::io::Write as _;
use std::net::IpAddr;

use crate::lab::{Forwarded, ForwardedMode, ForwardedStyle};
use crate::proxy::fields::{Fields, Name};

/// Where a request came from, as we saw it.
#[derive(Debug, Clone, Copy)]
pub(in crate::proxy) struct Origin<'a> {
    pub(in crate::proxy) client: IpAddr,
    pub(in crate::proxy) scheme: Scheme,
    /// The host that the request was for, with its port if it had one; checked.
    pub(in crate::proxy) host: Option<&'a str>,
    /// The port that it came in at.
    pub(in crate::proxy) port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) enum Scheme {
    Http,
    Https,
}

/// Appending keeps what a proxy before us said about the client's side; replacing forgets both styles, since a field
/// that we do not write would be the client's own word.
pub(in crate::proxy) fn forward(fields: &mut Fields, settings: &Forwarded, origin: &Origin<'_>) {
    if settings.mode == ForwardedMode::Off {
        return;
    }
    if settings.mode == ForwardedMode::Replace {
        for name in WRITTEN {
            fields.remove(name);
        }
    }
    if settings.style != ForwardedStyle::Standard {
        forward_x(fields, origin);
    }
    if settings.style != ForwardedStyle::XForwarded {
        let mut element = Vec::new();
        write_element(&mut element, origin);
        append_to_list(fields, Name::Forwarded, &element);
    }
}

fn forward_x(fields: &mut Fields, origin: &Origin<'_>) {
    let mut address = [0; ADDRESS_BYTES_MAX];
    let length = written(&mut address, origin.client);
    append_to_list(fields, Name::XForwardedFor, &address[..length]);
    if !fields.has(Name::XForwardedProto) {
        fields.add(Name::XForwardedProto, origin.scheme.name().as_bytes());
    }
    if !fields.has(Name::XForwardedPort) {
        let mut port = [0; PORT_BYTES_MAX];
        fields.add(Name::XForwardedPort, decimal(&mut port, origin.port));
    }
    if let Some(host) = origin.host.filter(|_| !fields.has(Name::XForwardedHost)) {
        fields.add(Name::XForwardedHost, host.as_bytes());
    }
}

impl Scheme {
    pub(in crate::proxy) const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// One field with all that was there and this at its end: many servers look at the first field only.
fn append_to_list(fields: &mut Fields, name: Name, element: &[u8]) {
    if !fields.has(name) {
        return fields.add(name, element);
    }
    let given = fields.all(name).filter(|value| !value.is_empty());
    let list: Vec<&[u8]> = given.chain(std::iter::once(element)).collect();
    let list = list.join(&b", "[..]);
    fields.set(name, &list);
}

fn write_element(element: &mut Vec<u8>, origin: &Origin<'_>) {
    let mut address = [0; ADDRESS_BYTES_MAX];
    let length = written(&mut address, origin.client);
    let address = &address[..length];
    // The colons of an IPv6 address are no token characters (RFC 7239 section 6).
    match origin.client.to_canonical() {
        IpAddr::V4(_) => element.extend([b"for=", address].concat()),
        IpAddr::V6(_) => element.extend([b"for=\"[", address, b"]\""].concat()),
    }
    element.extend_from_slice(b";proto=");
    element.extend_from_slice(origin.scheme.name().as_bytes());
    if let Some(host) = origin.host {
        let quote: &[u8] = if host.contains([':', '[']) { b"\"" } else { b"" };
        element.extend([b";host=", quote, host.as_bytes(), quote].concat());
    }
}

/// An IPv4 client of an IPv6 socket is called by its IPv4 address, or nobody would recognise it.
fn written(room: &mut [u8; ADDRESS_BYTES_MAX], address: IpAddr) -> usize {
    // By hand, because every request is told where it came from; what it saves over the formatting machinery was not
    // measured.
    if let IpAddr::V4(address) = address.to_canonical() {
        let mut length = 0;
        for (index, part) in address.octets().into_iter().enumerate() {
            if index > 0 {
                room[length] = b'.';
                length += 1;
            }
            let mut digits = [0; PORT_BYTES_MAX];
            let digits = decimal(&mut digits, part.into());
            room[length..length + digits.len()].copy_from_slice(digits);
            length += digits.len();
        }
        return length;
    }
    let mut rest = &mut room[..];
    // The room is that of the longest address.
    let _always_fits = write!(rest, "{address}");
    let left = rest.len();
    ADDRESS_BYTES_MAX - left
}

fn decimal(room: &mut [u8; PORT_BYTES_MAX], mut number: u16) -> &[u8] {
    let mut at = room.len();
    loop {
        at -= 1;
        room[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &room[at..];
        }
    }
}

const WRITTEN: [Name; 5] = [
    Name::Forwarded,
    Name::XForwardedFor,
    Name::XForwardedProto,
    Name::XForwardedHost,
    Name::XForwardedPort,
];
/// The longest text of an IPv6 address.
const ADDRESS_BYTES_MAX: usize = 45;
const PORT_BYTES_MAX: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarded(
        given: &[(&str, &str)],
        mode: ForwardedMode,
        style: ForwardedStyle,
        client: &str,
    ) -> Vec<String> {
        let mut fields = Fields::default();
        for (name, value) in given {
            fields.push(name.as_bytes(), value.as_bytes());
        }
        let settings = Forwarded { mode, style, ..Forwarded::default() };
        let client = client.parse().unwrap();
        let origin =
            Origin { client, scheme: Scheme::Https, host: Some("a.example:8443"), port: 8443 };
        forward(&mut fields, &settings, &origin);
        let mut lines: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}: {}", std::str::from_utf8(value).unwrap()))
            .collect();
        lines.sort();
        lines
    }

    const GIVEN: &[(&str, &str)] = &[
        ("x-forwarded-for", "1.1.1.1"),
        ("x-forwarded-for", "2.2.2.2"),
        ("x-forwarded-proto", "http"),
    ];

    #[test]
    fn appending_keeps_what_was_said_before() {
        let lines =
            forwarded(GIVEN, ForwardedMode::Append, ForwardedStyle::XForwarded, "::ffff:10.0.0.9");
        assert_eq!(
            lines,
            [
                "x-forwarded-for: 1.1.1.1, 2.2.2.2, 10.0.0.9",
                "x-forwarded-host: a.example:8443",
                "x-forwarded-port: 8443",
                "x-forwarded-proto: http",
            ]
        );
        let given = [("forwarded", "for=1.1.1.1")];
        let lines =
            forwarded(&given, ForwardedMode::Append, ForwardedStyle::Standard, "2001:db8::1");
        let expected =
            r#"forwarded: for=1.1.1.1, for="[2001:db8::1]";proto=https;host="a.example:8443""#;
        assert_eq!(lines, [expected]);
    }

    #[test]
    fn replacing_believes_nothing() {
        let given = [GIVEN, &[("forwarded", "for=6.6.6.6")]].concat();
        let lines =
            forwarded(&given, ForwardedMode::Replace, ForwardedStyle::XForwarded, "10.0.0.9");
        assert_eq!(lines[0], "x-forwarded-for: 10.0.0.9");
        assert_eq!(lines[3], "x-forwarded-proto: https");
        assert_eq!(lines.len(), 4);
        let both = forwarded(&given, ForwardedMode::Replace, ForwardedStyle::Both, "10.0.0.9");
        assert_eq!(both[0], r#"forwarded: for=10.0.0.9;proto=https;host="a.example:8443""#);
        assert_eq!(both.len(), 5);
    }

    #[test]
    fn off_touches_nothing() {
        assert_eq!(forwarded(GIVEN, ForwardedMode::Off, ForwardedStyle::Both, "10.0.0.9").len(), 3);
    }

    #[test]
    fn the_longest_address_fits() {
        let longest: IpAddr = "1111:2222:3333:4444:5555:6666:7777:8888".parse().unwrap();
        let mut room = [0; ADDRESS_BYTES_MAX];
        let length = written(&mut room, longest);
        assert_eq!(&room[..length], longest.to_string().as_bytes());
    }

    #[test]
    fn numbers_are_written_as_they_are_read() {
        for number in [0, 9, 10, 80, 443, 8_080, u16::MAX] {
            assert_eq!(decimal(&mut [0; 5], number), number.to_string().as_bytes());
        }
        for text in ["0.0.0.0", "127.0.0.1", "255.255.255.255", "::ffff:10.1.0.200"] {
            let mut room = [0; ADDRESS_BYTES_MAX];
            let length = written(&mut room, text.parse().unwrap());
            assert_eq!(&room[..length], text.trim_start_matches("::ffff:").as_bytes());
        }
    }
}
