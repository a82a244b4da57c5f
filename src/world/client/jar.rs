//! The cookies of each identity, kept and returned as a browser does (RFC 6265), bounded.

use std::collections::HashMap;

use super::cookie_date;

/// The jars of a group's identities.
#[derive(Debug, Default)]
pub(super) struct Jars {
    jars: HashMap<u32, Vec<Cookie>>,
}

#[derive(Debug)]
struct Cookie {
    name: String,
    value: String,
    path: String,
    /// In seconds since 1970; without, it lasts as long as the client.
    ends_secs: Option<i64>,
    secure: bool,
}

impl Jars {
    /// Takes what a `Set-Cookie` header says; what it cannot mean is ignored, as section 5.2 has it.
    pub(super) fn set(&mut self, identity: u32, header: &str, request_path: &str, unix_secs: i64) {
        let Some(cookie) = Cookie::read(header, request_path, unix_secs) else { return };
        let jar = self.jars.entry(identity).or_default();
        jar.retain(|kept| {
            kept.is_there(unix_secs) && (kept.name != cookie.name || kept.path != cookie.path)
        });
        if !cookie.is_there(unix_secs) {
            return;
        }
        if jar.len() >= COOKIES_MAX {
            jar.remove(0);
        }
        jar.push(cookie);
    }

    /// Adds the cookies for a path, `a=1; b=2`, longer paths first (5.4). `trusted` is TLS or this machine.
    pub(super) fn write(
        &self,
        identity: u32,
        path: &str,
        trusted: bool,
        unix_secs: i64,
        out: &mut String,
    ) {
        let Some(jar) = self.jars.get(&identity) else { return };
        let path = path.split('?').next().unwrap_or_default();
        let mut fitting: Vec<&Cookie> = jar
            .iter()
            .filter(|cookie| cookie.is_there(unix_secs) && (trusted || !cookie.secure))
            .filter(|cookie| path_matches(&cookie.path, path))
            .collect();
        fitting.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        for Cookie { name, value, .. } in fitting {
            let between = if out.is_empty() { "" } else { "; " };
            out.extend([between, name, "=", value]);
        }
    }

    pub(super) fn clear(&mut self) {
        self.jars.clear();
    }
}

impl Cookie {
    fn read(header: &str, request_path: &str, unix_secs: i64) -> Option<Self> {
        let mut parts = header.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        let plain = |text: &str| text.bytes().all(|byte| byte > b' ' && byte != 0x7f);
        if name.is_empty()
            || !plain(name)
            || value.bytes().any(|byte| byte < b' ' || byte == 0x7f)
            || header.len() > COOKIE_BYTES_MAX
        {
            return None;
        }
        let mut cookie = Self {
            name: name.to_owned(),
            value: value.to_owned(),
            path: default_path(request_path).to_owned(),
            ends_secs: None,
            secure: false,
        };
        let mut max_age = None;
        for part in parts {
            let (attribute, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim();
            match attribute.trim().to_ascii_lowercase().as_str() {
                "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
                "max-age" => max_age = value.parse::<i64>().ok().or(max_age),
                "expires" => cookie.ends_secs = cookie_date::read(value).or(cookie.ends_secs),
                "secure" => cookie.secure = true,
                _ => {}
            }
        }
        // Max-Age wins over Expires wherever it stands (5.3).
        if let Some(max_age) = max_age {
            cookie.ends_secs =
                Some(if max_age <= 0 { i64::MIN } else { unix_secs.saturating_add(max_age) });
        }
        Some(cookie)
    }

    fn is_there(&self, unix_secs: i64) -> bool {
        self.ends_secs.is_none_or(|ends| ends > unix_secs)
    }
}

/// RFC 6265, 5.1.4.
fn path_matches(cookie: &str, request: &str) -> bool {
    request == cookie
        || request
            .strip_prefix(cookie)
            .is_some_and(|rest| cookie.ends_with('/') || rest.starts_with('/'))
}

/// Up to the last slash of the request's path, without it.
fn default_path(request_path: &str) -> &str {
    let path = request_path.split('?').next().unwrap_or_default();
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(last) => &path[..last],
    }
}

/// As many as RFC 6265 section 6.1 asks a browser to keep for a host at least.
const COOKIES_MAX: usize = 50;
const COOKIE_BYTES_MAX: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(jars: &Jars, path: &str, unix_secs: i64) -> String {
        let mut out = String::new();
        jars.write(0, path, false, unix_secs, &mut out);
        out
    }

    #[test]
    fn a_cookie_comes_back_to_its_identity_only() {
        let mut jars = Jars::default();
        jars.set(0, "a=1; HttpOnly", "/", 0);
        jars.set(1, "a=2", "/", 0);
        assert_eq!(sent(&jars, "/any", 0), "a=1");
    }

    #[test]
    fn a_cookie_ends_by_age_by_date_and_by_deletion() {
        let mut jars = Jars::default();
        jars.set(0, "age=1; Max-Age=10; Expires=Wed, 21 Oct 2015 07:28:00 GMT", "/", 100);
        jars.set(0, "date=1; Expires=Thu, 01 Jan 1970 00:02:00 GMT", "/", 100);
        jars.set(0, "gone=1", "/", 100);
        assert_eq!(sent(&jars, "/", 109), "age=1; date=1; gone=1");
        jars.set(0, "gone=; Max-Age=0", "/", 110);
        assert_eq!(sent(&jars, "/", 110), "date=1");
        assert_eq!(sent(&jars, "/", 120), "");
    }

    #[test]
    fn a_path_holds_whole_segments_and_the_longer_one_comes_first() {
        let mut jars = Jars::default();
        jars.set(0, "wide=1; Path=/", "/x", 0);
        jars.set(0, "narrow=1; Path=/shop", "/x", 0);
        jars.set(0, "default=1", "/shop/cart?x=/y", 0);
        assert_eq!(sent(&jars, "/shop/cart", 0), "narrow=1; default=1; wide=1");
        assert_eq!(sent(&jars, "/shopping", 0), "wide=1");
    }

    #[test]
    fn a_secure_cookie_stays_off_open_ways_and_a_jar_stays_small() {
        let mut jars = Jars::default();
        jars.set(0, "s=1; Secure", "/", 0);
        assert_eq!(sent(&jars, "/", 0), "");
        for number in 0..200 {
            jars.set(0, &format!("c{number}=1"), "/", 0);
        }
        assert_eq!(sent(&jars, "/", 0).split("; ").count(), COOKIES_MAX);
        for bad in ["", "novalue", "=x", "a\u{1}=1", "a=\u{7}"] {
            jars.set(9, bad, "/", 0);
        }
        let mut out = String::new();
        jars.write(9, "/", true, 0, &mut out);
        assert_eq!(out, "");
    }
}
