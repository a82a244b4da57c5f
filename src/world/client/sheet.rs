//! One kind of request, prepared so that sending it is copying bytes.

use std::io::Write as _;

use http::{HeaderName, HeaderValue, Method, Request, Uri};

use super::target::Target;
use crate::lab::{Key, RequestKind};

/// What is the same for every request of a kind.
#[derive(Debug)]
pub(super) struct Sheet {
    kind: RequestKind,
    pub(super) host: String,
    /// Header lines that never change, as HTTP/1.1 writes them.
    lines: Vec<u8>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Cookies that the kind itself names.
    cookie: Option<String>,
    key_in: Option<Key>,
}

/// What differs from one request to the next.
pub(super) struct Details<'a> {
    /// From [`Sheet::path`].
    pub(super) path: &'a [u8],
    pub(super) key: &'a str,
    pub(super) number: u64,
    pub(super) forwarded_for: Option<std::net::IpAddr>,
    /// From the jar; gains what else belongs into the header.
    pub(super) cookies: String,
    pub(super) keep_alive: bool,
}

impl Sheet {
    pub(super) fn new(kind: &RequestKind, key_in: Option<&Key>, target: &Target) -> Self {
        let named = |name: &str| {
            let found = kind.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone())
        };
        let host =
            kind.host.clone().or_else(|| named("host")).unwrap_or_else(|| target.host.clone());
        let mut sheet = Self {
            cookie: named("cookie"),
            kind: kind.clone(),
            host,
            lines: Vec::new(),
            headers: Vec::new(),
            key_in: key_in.cloned(),
        };
        if named("user-agent").is_none() {
            sheet.add("user-agent", "evenkeel");
        }
        for (name, value) in &kind.headers {
            if !OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours))
                && !sheet.is_key_header(name)
            {
                sheet.add(name, value);
            }
        }
        sheet
    }

    pub(super) fn is_head(&self) -> bool {
        self.kind.method == "HEAD"
    }

    pub(super) fn body_bytes(&self) -> usize {
        self.kind.body_bytes as usize
    }

    /// Writes the head of an HTTP/1.1 request.
    pub(super) fn write_head(&self, mut details: Details<'_>, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(self.kind.method.as_bytes());
        out.push(b' ');
        out.extend_from_slice(details.path);
        out.extend_from_slice(b" HTTP/1.1\r\nhost: ");
        out.extend_from_slice(self.host.as_bytes());
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.lines);
        line(out, NUMBER, details.number);
        if let Some(address) = details.forwarded_for {
            line(out, FORWARDED_FOR, address);
        }
        if let Some((name, text)) = self.key_header(&details) {
            line(out, name, text);
        }
        self.join_cookies(&mut details);
        if !details.cookies.is_empty() {
            line(out, "cookie", &details.cookies);
        }
        if self.body_bytes() > 0 || MAY_HAVE_BODY.contains(&self.kind.method.as_str()) {
            line(out, "content-length", self.body_bytes());
        }
        if !details.keep_alive {
            line(out, "connection", "close");
        }
        out.extend_from_slice(b"\r\n");
    }

    /// The same for HTTP/2; `None` where it cannot be said there.
    pub(super) fn request<B>(
        &self,
        scheme: &str,
        mut details: Details<'_>,
        body: B,
    ) -> Option<Request<B>> {
        let uri = Uri::builder()
            .scheme(scheme)
            .authority(self.host.as_str())
            .path_and_query(details.path)
            .build()
            .ok()?;
        let mut request = Request::new(body);
        *request.method_mut() = Method::from_bytes(self.kind.method.as_bytes()).ok()?;
        *request.uri_mut() = uri;
        self.join_cookies(&mut details);
        let headers = request.headers_mut();
        for (name, value) in &self.headers {
            headers.append(name.clone(), value.clone());
        }
        headers.insert(HeaderName::from_static(NUMBER), HeaderValue::from(details.number));
        if let Some(address) = details.forwarded_for {
            headers.insert(HeaderName::from_static(FORWARDED_FOR), value_of(&address.to_string())?);
        }
        if let Some((name, text)) = self.key_header(&details) {
            headers.insert(HeaderName::from_bytes(name.as_bytes()).ok()?, value_of(text)?);
        }
        if !details.cookies.is_empty() {
            headers.insert(http::header::COOKIE, value_of(&details.cookies)?);
        }
        Some(request)
    }

    /// Path and query of a request with this key.
    pub(super) fn path(&self, key: &str) -> Vec<u8> {
        let mut out = Vec::new();
        match &self.key_in {
            // A path begins with a slash, so the key is what follows it.
            Some(Key::Path | Key::Uri) if !self.kind.path.contains("{key}") => {
                out.push(b'/');
                out.extend_from_slice(key.as_bytes());
            }
            key_in => {
                write_path(&self.kind.path, key, &mut out);
                if let Some(Key::Query(name)) = key_in {
                    out.push(if out.contains(&b'?') { b'&' } else { b'?' });
                    out.extend([name.as_str(), "=", key].concat().bytes());
                }
            }
        }
        out
    }

    /// The name for TLS: where the key is the server's name, it is that.
    pub(super) fn server_name<'a>(&'a self, key: &'a str) -> &'a str {
        match self.key_in {
            Some(Key::Sni) => key,
            _ => Target::name_of(&self.host),
        }
    }

    fn key_header<'a>(&'a self, details: &Details<'a>) -> Option<(&'a str, &'a str)> {
        let Some(Key::Header(name)) = &self.key_in else { return None };
        Some((name, details.key))
    }

    fn is_key_header(&self, name: &str) -> bool {
        matches!(&self.key_in, Some(Key::Header(own)) if own.eq_ignore_ascii_case(name))
    }

    fn join_cookies(&self, details: &mut Details<'_>) {
        let mut add = |text: &str| {
            if !details.cookies.is_empty() {
                details.cookies.push_str("; ");
            }
            details.cookies.push_str(text);
        };
        if let Some(own) = &self.cookie {
            add(own);
        }
        if let Some(Key::Cookie(name)) = &self.key_in {
            add(&[name.as_str(), "=", details.key].concat());
        }
    }

    fn add(&mut self, name: &str, value: &str) {
        let header = HeaderName::from_bytes(name.as_bytes()).ok().zip(value_of(value));
        // The check refuses what cannot be a header; one that comes past it is left out.
        let Some(header) = header else { return };
        self.headers.push(header);
        line(&mut self.lines, name, value);
    }
}

fn write_path(path: &str, key: &str, out: &mut Vec<u8>) {
    let (before, after) = path.split_once("{key}").map_or((path, None), |(a, b)| (a, Some(b)));
    out.extend_from_slice(before.as_bytes());
    if let Some(after) = after {
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(after.as_bytes());
    }
}

fn line(out: &mut Vec<u8>, name: &str, value: impl std::fmt::Display) {
    write!(out, "{name}: {value}\r\n").expect("memory takes every byte");
}

fn value_of(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}

pub(super) const NUMBER: &str = "x-evenkeel-request";
const FORWARDED_FOR: &str = "x-forwarded-for";
/// Written by the client itself: framing, and what it needs to check the answer.
const OURS: [&str; 6] =
    ["host", "cookie", "content-length", "transfer-encoding", "connection", NUMBER];
/// Methods for which a server waits for a length (RFC 9110, 8.6).
const MAY_HAVE_BODY: [&str; 3] = ["POST", "PUT", "PATCH"];

#[cfg(test)]
mod tests {
    use super::*;

    fn head(kind: &RequestKind, key_in: Option<&Key>) -> String {
        let sheet = Sheet::new(kind, key_in, &Target::http("127.0.0.1:8080".parse().unwrap()));
        let details = Details {
            path: &sheet.path("key-5"),
            key: "key-5",
            number: 9,
            forwarded_for: Some([127, 0, 0, 4].into()),
            cookies: "jar=1".to_owned(),
            keep_alive: false,
        };
        let mut out = Vec::new();
        sheet.write_head(details, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_request_carries_its_number_its_key_and_its_sender() {
        let headers = [("Connection", "upgrade"), ("X-Own", "1"), ("cookie", "own=2")];
        let kind = RequestKind {
            method: "POST".to_owned(),
            path: "/cart/{key}?a=1".to_owned(),
            host: Some("shop.test".to_owned()),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            body_bytes: 3,
            ..RequestKind::default()
        };
        assert_eq!(
            head(&kind, Some(&Key::Cookie("k".to_owned()))),
            "POST /cart/key-5?a=1 HTTP/1.1\r\nhost: shop.test\r\nuser-agent: evenkeel\r\nX-Own: 1\r\n\
             x-evenkeel-request: 9\r\nx-forwarded-for: 127.0.0.4\r\ncookie: jar=1; own=2; k=key-5\r\n\
             content-length: 3\r\nconnection: close\r\n\r\n"
        );
    }

    #[test]
    fn a_key_goes_where_the_lab_says() {
        let first = |key_in: &Key| {
            head(&RequestKind::default(), Some(key_in)).lines().next().unwrap().to_owned()
        };
        assert_eq!(first(&Key::Query("q".to_owned())), "GET /?q=key-5 HTTP/1.1");
        assert_eq!(first(&Key::Path), "GET /key-5 HTTP/1.1");
        assert!(
            head(&RequestKind::default(), Some(&Key::Header("x-k".to_owned())))
                .contains("\r\nx-k: key-5\r\n")
        );
    }
}
