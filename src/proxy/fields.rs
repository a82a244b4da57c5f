//! The fields of a head, in the order in which they came, all in one piece of memory.
//!
//! A map by hash costs more than it saves: a request brings ten fields and is asked for a dozen, most of which it does
//! not have. Here the fields that a proxy has to do with are told apart once, when they are read; asking for one that is
//! not there is one look at one number.

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};

/// Names in small letters, and values.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    text: Vec<u8>,
    lines: Vec<Line>,
    /// The names that may be there, as bits.
    present: u32,
}

#[derive(Debug, Clone, Copy)]
struct Line {
    name: Name,
    /// Only of a name that is not known.
    name_at: u32,
    name_length: u32,
    value_at: u32,
    value_length: u32,
}

macro_rules! names {
    ($($name:ident $text:literal)*) => {
        /// The names that mean something here.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Name { $($name,)* Other }

        impl Name {
            /// The name of this text, which is in small letters.
            #[expect(non_upper_case_globals, reason = "the constants are called as the names are")]
            fn of(text: &[u8]) -> Self {
                $(const $name: &[u8] = $text.as_bytes();)*
                match text {
                    $($name => Self::$name,)*
                    _ => Self::Other,
                }
            }

            /// Nothing for [`Name::Other`].
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Other => "",
                }
            }

            /// As HTTP/2 has it: made before anybody asks. Nothing for [`Name::Other`].
            fn header(self) -> Option<HeaderName> {
                static HEADERS: [HeaderName; Name::Other as usize] =
                    [$(HeaderName::from_static($text),)*];
                HEADERS.get(self as usize).cloned()
            }
        }
    };
}

names! {
    Authorization "authorization"
    Connection "connection"
    ContentLength "content-length"
    ContentType "content-type"
    Cookie "cookie"
    Date "date"
    Expect "expect"
    Forwarded "forwarded"
    Host "host"
    Http2Settings "http2-settings"
    KeepAlive "keep-alive"
    Location "location"
    MaxForwards "max-forwards"
    ProxyAuthenticate "proxy-authenticate"
    ProxyAuthorization "proxy-authorization"
    ProxyConnection "proxy-connection"
    SetCookie "set-cookie"
    Te "te"
    Trailer "trailer"
    TransferEncoding "transfer-encoding"
    Upgrade "upgrade"
    Via "via"
    XEvenkeelOutcome "x-evenkeel-outcome"
    XForwardedFor "x-forwarded-for"
    XForwardedHost "x-forwarded-host"
    XForwardedPort "x-forwarded-port"
    XForwardedProto "x-forwarded-proto"
    XRealIp "x-real-ip"
    XRequestId "x-request-id"
    XServedBy "x-served-by"
}

impl Name {
    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl Fields {
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Makes room for a head of this length.
    pub(super) fn reserve(&mut self, n_bytes: usize, n_lines: usize) {
        self.text.reserve(n_bytes);
        self.lines.reserve(n_lines);
    }

    /// One more, called as it was written.
    pub fn push(&mut self, name: &[u8], value: &[u8]) {
        let name_at = self.text.len();
        self.text.extend_from_slice(name);
        self.text[name_at..].make_ascii_lowercase();
        let known = Name::of(&self.text[name_at..]);
        if known != Name::Other {
            self.text.truncate(name_at);
        }
        self.add_line(known, name_at, self.text.len() - name_at, value);
    }

    /// One more beside those of its name.
    pub fn add(&mut self, name: Name, value: &[u8]) {
        self.add_line(name, 0, 0, value);
    }

    /// This one and no other of its name.
    pub fn set(&mut self, name: Name, value: &[u8]) {
        self.remove(name);
        self.add(name, value);
    }

    pub fn has(&self, name: Name) -> bool {
        self.present & name.bit() != 0
    }

    /// The first of this name.
    pub fn get(&self, name: Name) -> Option<&[u8]> {
        self.all(name).next()
    }

    /// The first of this name as text.
    pub(super) fn text_of(&self, name: Name) -> Option<&str> {
        std::str::from_utf8(self.get(name)?).ok()
    }

    pub fn all(&self, name: Name) -> impl Iterator<Item = &[u8]> + Clone {
        let lines = if self.has(name) { &self.lines[..] } else { &[] };
        lines.iter().filter(move |line| line.name == name).map(|line| self.value(line))
    }

    pub fn remove(&mut self, name: Name) {
        if self.has(name) {
            self.lines.retain(|line| line.name != name);
            self.present &= !name.bit();
        }
    }

    /// The first that is called so, in any case.
    pub fn get_named(&self, name: &str) -> Option<&[u8]> {
        let is_meant = |(it, _): &(&str, &[u8])| it.eq_ignore_ascii_case(name);
        self.iter().find(is_meant).map(|(_, value)| value)
    }

    /// Those that are called so, in small letters.
    pub fn remove_named(&mut self, name: &str) {
        match Name::of(name.as_bytes()) {
            Name::Other => {
                let Self { text, lines, .. } = self;
                lines.retain(|line| {
                    line.name != Name::Other || name_of(text, line) != name.as_bytes()
                });
            }
            known => self.remove(known),
        }
    }

    /// Names in small letters, with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.lines.iter().map(|line| {
            let name = match line.name {
                // Names are tokens, hence ASCII.
                Name::Other => std::str::from_utf8(name_of(&self.text, line)).unwrap_or_default(),
                known => known.text(),
            };
            (name, self.value(line))
        })
    }

    /// Writes them as HTTP/1.1 has them.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.reserve(self.text.len() + self.lines.len() * LINE_BYTES);
        for line in &self.lines {
            let name = match line.name {
                Name::Other => name_of(&self.text, line),
                known => known.text().as_bytes(),
            };
            out.extend_from_slice(name);
            out.extend_from_slice(b": ");
            out.extend_from_slice(self.value(line));
            out.extend_from_slice(b"\r\n");
        }
    }

    /// As HTTP/2 has them.
    pub(super) fn to_map(&self) -> HeaderMap {
        self.clone().into_map()
    }

    /// The same, with values that share the one piece of memory.
    pub(super) fn into_map(self) -> HeaderMap {
        let Self { text, lines, .. } = self;
        let text = Bytes::from(text);
        let mut map = HeaderMap::with_capacity(lines.len());
        for line in &lines {
            let name = line.name.header();
            let name = name.or_else(|| HeaderName::from_bytes(name_of(&text, line)).ok());
            let value_at = line.value_at as usize;
            let value = text.slice(value_at..value_at + line.value_length as usize);
            // What was read here or by h2 is valid for both.
            if let (Some(name), Ok(value)) = (name, HeaderValue::from_maybe_shared(value)) {
                map.append(name, value);
            }
        }
        map
    }

    pub(super) fn from_map(map: &HeaderMap) -> Self {
        let mut fields = Self::default();
        fields.reserve(map.len() * 64, map.len() + 8);
        for (name, value) in map {
            fields.push(name.as_str().as_bytes(), value.as_bytes());
        }
        fields
    }

    fn add_line(&mut self, name: Name, name_at: usize, name_length: usize, value: &[u8]) {
        let value_at = self.text.len();
        self.text.extend_from_slice(value);
        self.lines.push(Line {
            name,
            name_at: name_at as u32,
            name_length: name_length as u32,
            value_at: value_at as u32,
            value_length: value.len() as u32,
        });
        self.present |= name.bit();
    }

    fn value(&self, line: &Line) -> &[u8] {
        &self.text[line.value_at as usize..][..line.value_length as usize]
    }
}

fn name_of<'a>(text: &'a [u8], line: &Line) -> &'a [u8] {
    &text[line.name_at as usize..][..line.name_length as usize]
}

/// What a line takes beside its value and a name that is not known.
const LINE_BYTES: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn written(fields: &Fields) -> String {
        let mut out = Vec::new();
        fields.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn fields_keep_their_order_and_number() {
        let mut fields = Fields::default();
        for (name, value) in [("Host", "a"), ("X-A", "1"), ("set-cookie", "b"), ("x-a", "2")] {
            fields.push(name.as_bytes(), value.as_bytes());
        }
        fields.add(Name::SetCookie, b"c");
        assert_eq!(
            written(&fields),
            "host: a\r\nx-a: 1\r\nset-cookie: b\r\nx-a: 2\r\nset-cookie: c\r\n"
        );
        assert_eq!(fields.all(Name::SetCookie).collect::<Vec<_>>(), [b"b", b"c"]);
        assert_eq!(fields.get_named("X-a"), Some(&b"1"[..]));
    }

    #[test]
    fn what_is_removed_is_gone() {
        let mut fields = Fields::default();
        for name in ["via", "x-a", "Via", "x-b"] {
            fields.push(name.as_bytes(), b"1");
        }
        fields.remove(Name::Via);
        fields.remove_named("x-a");
        assert_eq!((fields.has(Name::Via), fields.len()), (false, 1));
        fields.set(Name::Via, b"2");
        assert_eq!(written(&fields), "x-b: 1\r\nvia: 2\r\n");
    }

    #[test]
    fn every_name_is_known_by_its_text_and_has_a_bit_of_its_own() {
        let map = HeaderMap::from_iter([
            (HeaderName::from_static("via"), HeaderValue::from_static("1")),
            (HeaderName::from_static("x-other"), HeaderValue::from_static("2")),
        ]);
        let fields = Fields::from_map(&map);
        assert_eq!(fields.get(Name::Via), Some(&b"1"[..]));
        assert_eq!(fields.to_map(), map);
        assert_eq!(Name::of(b"x-served-by"), Name::XServedBy);
        assert_eq!(Name::of(Name::Te.text().as_bytes()), Name::Te);
        assert_eq!(Name::XServedBy.header(), Some(HeaderName::from_static("x-served-by")));
        assert_eq!(Name::Other.header(), None);
        assert!((Name::Other as u32) < u32::BITS);
    }
}
