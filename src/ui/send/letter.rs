//! A request that is sent by hand, as bytes and as a line for a shell.

use std::net::SocketAddr;

use crate::engine::Record;

/// What can be sent again of a recorded request. Its body is not recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) struct Letter {
    pub(in crate::ui) method: String,
    pub(in crate::ui) target: String,
    pub(in crate::ui) host: String,
    /// Without those that speak of one connection or of the body.
    headers: Vec<(String, String)>,
    pub(in crate::ui) had_body: bool,
}

impl Letter {
    /// Nothing for a connection that was carried without being read.
    pub(in crate::ui) fn of(record: &Record) -> Option<Self> {
        let Record { method, target, host, request_headers, bytes_in, .. } = record;
        let stays = |name: &str| !DROPPED.contains(&name) && !name.starts_with("proxy-");
        let kept = request_headers.iter().filter(|(name, _)| stays(&name.to_ascii_lowercase()));
        (!method.is_empty()).then(|| Self {
            method: method.clone(),
            target: if target.starts_with('/') { target.clone() } else { "/".to_owned() },
            host: host.clone(),
            headers: kept.cloned().collect(),
            had_body: *bytes_in > 0,
        })
    }

    /// Whether sending it once more may change something (RFC 9110, section 9.2.1).
    pub(in crate::ui) fn is_safe(&self) -> bool {
        ["GET", "HEAD", "OPTIONS", "TRACE"].contains(&self.method.as_str())
    }

    /// As HTTP/1.1 writes it. What was recorded came through a parser, so it holds no line breaks.
    pub(super) fn bytes(&self, to: SocketAddr) -> Vec<u8> {
        let Self { method, target, headers, .. } = self;
        let mut text = format!("{method} {target} HTTP/1.1\r\nhost: {}\r\n", self.host_or(to));
        for (name, value) in headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        if !self.is_safe() {
            text.push_str("content-length: 0\r\n");
        }
        text.push_str("connection: close\r\n\r\n");
        text.into_bytes()
    }

    fn host_or(&self, to: SocketAddr) -> String {
        if self.host.is_empty() { to.to_string() } else { self.host.clone() }
    }

    /// A command line that sends the same to an address. Certificates of the lab's own authority are not known to
    /// curl, so it is told not to ask.
    pub(in crate::ui) fn curl(&self, to: SocketAddr, encrypted: bool) -> String {
        let scheme = if encrypted { "https" } else { "http" };
        let mut words = vec!["curl".to_owned(), "-i".to_owned()];
        if encrypted {
            words.push("-k".to_owned());
        }
        match self.method.as_str() {
            "GET" => {}
            "HEAD" => words.push("-I".to_owned()),
            method => words.extend(["-X".to_owned(), quoted(method)]),
        }
        words.push(quoted(&format!("{scheme}://{to}{}", self.target)));
        let host = (!self.host.is_empty() && self.host != to.to_string())
            .then(|| ("host".to_owned(), self.host.clone()));
        for (name, value) in host.iter().chain(&self.headers) {
            words.extend(["-H".to_owned(), quoted(&format!("{name}: {value}"))]);
        }
        words.join(" ")
    }
}

/// As one word of a POSIX shell, whatever it holds.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The last one is how built-in clients number their requests, which these are none of.
const DROPPED: [&str; 11] = [
    "host",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "expect",
    "http2-settings",
    "x-evenkeel-request",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(method: &str, target: &str, headers: &[(&str, &str)]) -> Letter {
        let headers = headers.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        Letter {
            method: method.to_owned(),
            target: target.to_owned(),
            host: "shop.localhost".to_owned(),
            headers: headers.collect(),
            had_body: false,
        }
    }

    #[test]
    fn a_line_for_curl_holds_whatever_the_request_held() {
        let to: SocketAddr = "127.0.0.1:8080".parse().unwrap();
        let plain = letter("GET", "/cart", &[("accept", "*/*")]);
        assert_eq!(
            plain.curl(to, false),
            "curl -i http://127.0.0.1:8080/cart -H 'host: shop.localhost' -H 'accept: */*'"
        );
        let odd = letter("DELETE", "/a?b=$(id)&c='d'", &[("cookie", "n=\"1\"; o='2'")]);
        assert_eq!(
            odd.curl(to, true),
            r#"curl -i -k -X DELETE 'https://127.0.0.1:8080/a?b=$(id)&c='\''d'\''' -H 'host: shop.localhost' -H 'cookie: n="1"; o='\''2'\'''"#
        );
    }

    #[test]
    fn a_letter_closes_its_connection_and_says_that_it_has_no_body() {
        let bytes = letter("POST", "/cart", &[("x", "1")]).bytes("127.0.0.1:80".parse().unwrap());
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(
            text,
            "POST /cart HTTP/1.1\r\nhost: shop.localhost\r\nx: 1\r\ncontent-length: 0\r\n\
             connection: close\r\n\r\n"
        );
    }
}
