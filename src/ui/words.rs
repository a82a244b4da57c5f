//! Words and numbers that several regions show: how a request ended, when it came, how long it took.

use crate::lab::Key;
use crate::meter::{LimitKind, Outcome, StatusClass, TimeoutKind};

/// How a request, or one try of it, ended, as it stands in a row.
pub(in crate::ui) fn outcome_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Answered(StatusClass::ServerError) => "answered with a server's error",
        Outcome::Answered(StatusClass::ClientError) => "answered with a client's error",
        Outcome::Answered(_) => "answered",
        Outcome::Carried => "carried",
        Outcome::NoServer => "no server could be picked",
        Outcome::QueueFull => "queue full",
        Outcome::TimedOut(kind) => timeout_words(kind),
        Outcome::Refused => "connection refused",
        Outcome::Reset => "connection broke",
        Outcome::BadResponse => "answer not understood",
        Outcome::LimitHit(kind) => limit_words(kind),
        Outcome::ClientLeft => "client left",
        Outcome::BadRequest => "bad request",
    }
}

fn timeout_words(kind: TimeoutKind) -> &'static str {
    match kind {
        TimeoutKind::RequestHead => "request head took too long",
        TimeoutKind::Queue => "waited too long for a server",
        TimeoutKind::Connect => "connecting took too long",
        TimeoutKind::TlsHandshake => "TLS handshake took too long",
        TimeoutKind::Response => "answer took too long",
        TimeoutKind::Idle => "nothing moved for too long",
        TimeoutKind::Total => "all of it took too long",
    }
}

fn limit_words(kind: LimitKind) -> &'static str {
    match kind {
        LimitKind::HeadSize => "head too large",
        LimitKind::HeaderCount => "too many headers",
        LimitKind::BodySize => "body too large",
        LimitKind::Connections => "too many connections",
        LimitKind::Streams => "too many streams",
        LimitKind::Resets => "too many resets",
        LimitKind::Retries => "too many retries",
    }
}

/// What a key-driven algorithm may look at, and what each is called. A name that is there goes over to the others.
pub(in crate::ui) fn key_choices(key: &Key) -> [(&'static str, Key); 7] {
    let mut key = key.clone();
    let named = key_name_mut(&mut key).cloned();
    let name = |usual: &str| named.clone().unwrap_or_else(|| usual.to_owned());
    [
        ("client address", Key::Address),
        ("header", Key::Header(name("x-user"))),
        ("cookie", Key::Cookie(name("user"))),
        ("query field", Key::Query(name("user"))),
        ("path", Key::Path),
        ("path and query", Key::Uri),
        ("TLS server name", Key::Sni),
    ]
}

/// Whether both look at the same thing, whatever its name is.
pub(in crate::ui) fn is_same_sort(key: &Key, other: &Key) -> bool {
    std::mem::discriminant(key) == std::mem::discriminant(other)
}

/// What it names in a request.
pub(in crate::ui) fn key_name_mut(key: &mut Key) -> Option<&mut String> {
    match key {
        Key::Header(name) | Key::Cookie(name) | Key::Query(name) => Some(name),
        Key::Address | Key::Path | Key::Uri | Key::Sni => None,
    }
}

/// `10:42:07.118`, of a time that is counted as the clocks of this place go.
pub(in crate::ui) fn time_of_day(local_ns: u64) -> String {
    let millis = local_ns / 1_000_000;
    let (secs, millis) = (millis / 1_000 % 86_400, millis % 1_000);
    format!("{:02}:{:02}:{:02}.{millis:03}", secs / 3_600, secs / 60 % 60, secs % 60)
}

/// `1,234,567`.
pub(in crate::ui) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `120 B`, `3.4 KiB`, `1.2 MiB`.
pub(in crate::ui) fn bytes_text(n_bytes: u64) -> String {
    let n = n_bytes as f64;
    match n_bytes {
        0..1_024 => format!("{n_bytes} B"),
        1_024..1_048_576 => format!("{:.1} KiB", n / 1_024.0),
        _ => format!("{:.1} MiB", n / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_goes_over_to_the_key_that_is_chosen_instead() {
        let named = key_choices(&Key::Cookie("session".to_owned()));
        let [header, cookie] = [&named[1].1, &named[2].1];
        assert_eq!(*header, Key::Header("session".to_owned()));
        assert_eq!(*cookie, Key::Cookie("session".to_owned()));
        assert_eq!(key_choices(&Key::Path)[1].1, Key::Header("x-user".to_owned()));
    }

    #[test]
    fn times_of_day_and_counts_are_readable() {
        assert_eq!(time_of_day(1_786_272_127_118_999_999), "10:42:07.118");
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
