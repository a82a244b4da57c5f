//! A finished request as one line, in the forms that people and tools read.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::lab::AccessLogFormat;
use crate::meter::Outcome;
use crate::proxy::Record;

/// One line without its end. `unix_ns` is when the request came.
pub(super) fn line(format: AccessLogFormat, record: &Record, unix_ns: u64) -> String {
    match format {
        AccessLogFormat::Plain => plain(record, unix_ns),
        AccessLogFormat::Common => common(record, unix_ns),
        AccessLogFormat::Combined => {
            let field = |name| escaped(header(record, name).unwrap_or("-"));
            let (from, agent) = (field("referer"), field("user-agent"));
            format!("{} \"{from}\" \"{agent}\"", common(record, unix_ns))
        }
        AccessLogFormat::Json => json(record, unix_ns).to_string(),
    }
}

/// `time listener client "request" status bytes duration server (outcome)`
fn plain(record: &Record, unix_ns: u64) -> String {
    let time = Moment::of(unix_ns).iso();
    let status = record.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
    let servers: Vec<&str> = record.attempts.iter().map(|attempt| &*attempt.server).collect();
    let servers = if servers.is_empty() { "-".to_owned() } else { servers.join(">") };
    let took_ms = record.phases.total_ns as f64 / 1e6;
    let Record { listener, client, bytes_out, outcome, .. } = record;
    let request = request(record);
    format!(
        "{time} {listener} {client} \"{request}\" {status} {bytes_out}B {took_ms:.3}ms {servers} {}",
        outcome.name()
    )
}

/// What the first web servers wrote: host, identity, user, time, request, status, bytes.
fn common(record: &Record, unix_ns: u64) -> String {
    let time = Moment::of(unix_ns).common();
    // Tools want a number: NGINX's one for a client that left before it was answered.
    let left = if record.outcome == Outcome::ClientLeft { 499 } else { 0 };
    let status = record.status.unwrap_or(left);
    let Record { client, bytes_out, .. } = record;
    format!("{} - - [{time}] \"{}\" {status:03} {bytes_out}", client.ip(), request(record))
}

/// Everything, under names that never change.
pub(in crate::engine) fn json(record: &Record, unix_ns: u64) -> Value {
    let attempts: Vec<Value> = record
        .attempts
        .iter()
        .map(|attempt| {
            json!({
                "server": &*attempt.server,
                "outcome": attempt.outcome.unwrap_or(record.outcome).name(),
                "reused_connection": attempt.reused_connection,
            })
        })
        .collect();
    let phases = &record.phases;
    let us = |ns: u64| ns as f64 / 1e3;
    json!({
        "time": Moment::of(unix_ns).iso(),
        "listener": &*record.listener,
        "route": record.route.as_deref(),
        "pool": record.pool.as_deref(),
        "server": record.attempts.last().map(|attempt| &*attempt.server),
        "client": record.client.to_string(),
        "worker": record.worker,
        "connection": record.connection,
        "method": record.method,
        "target": record.target,
        "host": record.host,
        "version": record.version,
        "status": record.status,
        "outcome": record.outcome.name(),
        "bytes_in": record.bytes_in,
        "bytes_out": record.bytes_out,
        "total_us": us(phases.total_ns),
        "queue_us": us(phases.queue_ns),
        "connect_us": us(phases.connect_ns),
        "first_byte_us": us(phases.first_byte_ns),
        "attempts": attempts,
        "referer": header(record, "referer"),
        "user_agent": header(record, "user-agent"),
    })
}

fn request(record: &Record) -> String {
    let Record { method, target, version, .. } = record;
    escaped(&format!("{method} {target} HTTP/{version}"))
}

fn header<'a>(record: &'a Record, name: &str) -> Option<&'a str> {
    let mut headers = record.request_headers.iter();
    headers.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// A line stays one line and a quote ends where it should, whatever a client sent (NGINX's escapes).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '"' || c == '\\' || c.is_control() {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a string does not fail.
                write!(out, "\\x{byte:02X}").ok();
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// A time of day in UTC.
struct Moment {
    year: i64,
    month: usize,
    day: u64,
    secs: u64,
    millis: u64,
}

impl Moment {
    /// Howard Hinnant's calendar arithmetic: years that begin in March have their leap day at the end.
    fn of(unix_ns: u64) -> Self {
        let secs = unix_ns / 1_000_000_000;
        let shifted = (secs / 86_400).cast_signed() + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * march_month + 2) / 5 + 1;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month: month as usize,
            day: day as u64,
            secs: secs % 86_400,
            millis: unix_ns / 1_000_000 % 1_000,
        }
    }

    fn clock(&self) -> String {
        let Self { secs, .. } = self;
        format!("{:02}:{:02}:{:02}", secs / 3_600, secs / 60 % 60, secs % 60)
    }

    fn iso(&self) -> String {
        let Self { year, month, day, millis, .. } = self;
        format!("{year:04}-{month:02}-{day:02}T{}.{millis:03}Z", self.clock())
    }

    fn common(&self) -> String {
        let Self { year, month, day, .. } = self;
        format!("{day:02}/{}/{year:04}:{} +0000", MONTHS[month - 1], self.clock())
    }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::StatusClass;
    use crate::proxy::{Attempt, Phases};

    fn record() -> Record {
        Record {
            at_ns: 0,
            number: 7,
            worker: 0,
            connection: 3,
            listener: "front".into(),
            route: Some("1".into()),
            pool: Some("web".into()),
            client: "192.0.2.9:5000".parse().unwrap(),
            method: "GET".to_owned(),
            target: "/a?b=\"c\"".to_owned(),
            host: "shop.test".to_owned(),
            version: "1.1",
            status: Some(200),
            outcome: Outcome::Answered(StatusClass::Success),
            attempts: vec![Attempt {
                server: "a".into(),
                decision: None,
                began_ns: 0,
                outcome: None,
                reused_connection: true,
            }],
            phases: Phases { total_ns: 12_345_678, ..Phases::default() },
            bytes_in: 0,
            bytes_out: 2326,
            request_headers: vec![
                ("referer".to_owned(), "http://x.test/\n".to_owned()),
                ("user-agent".to_owned(), "curl/8".to_owned()),
            ],
            response_headers: Vec::new(),
        }
    }

    /// The 29th of February 2024, 13:55:36.123.
    const LEAP_DAY_NS: u64 = 1_709_214_936_123_000_000;

    #[test]
    fn every_form_has_its_fields_in_their_places() {
        let of = |format| line(format, &record(), LEAP_DAY_NS);
        let common =
            "192.0.2.9 - - [29/Feb/2024:13:55:36 +0000] \"GET /a?b=\\x22c\\x22 HTTP/1.1\" 200 2326";
        assert_eq!(of(AccessLogFormat::Common), common);
        let combined = format!("{common} \"http://x.test/\\x0A\" \"curl/8\"");
        assert_eq!(of(AccessLogFormat::Combined), combined);
        assert_eq!(
            of(AccessLogFormat::Plain),
            "2024-02-29T13:55:36.123Z front 192.0.2.9:5000 \"GET /a?b=\\x22c\\x22 HTTP/1.1\" 200 2326B 12.346ms a 2xx"
        );
        let json: Value = serde_json::from_str(&of(AccessLogFormat::Json)).unwrap();
        assert_eq!(json["time"], "2024-02-29T13:55:36.123Z");
        assert_eq!((&json["status"], &json["server"]), (&json!(200), &json!("a")));
        assert_eq!(
            (&json["target"], &json["total_us"]),
            (&json!("/a?b=\"c\""), &json!(12_345.678))
        );
    }

    #[test]
    fn a_client_that_left_has_a_number_all_the_same() {
        let left = Record { status: None, outcome: Outcome::ClientLeft, ..record() };
        assert!(line(AccessLogFormat::Common, &left, 0).contains("\" 499 "));
        assert!(line(AccessLogFormat::Plain, &left, 0).contains(" - 2326B "));
    }

    #[test]
    fn days_are_told_right_around_the_turns_of_years() {
        for (unix_secs, day) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399, "2000-02-28T23:59:59.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_735_689_599, "2024-12-31T23:59:59.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(Moment::of(unix_secs * 1_000_000_000).iso(), day);
        }
    }
}
