//! The filter of the table: words that all have to hold.

use std::net::SocketAddr;

use crate::engine::Record;
use crate::period::Period;
use crate::ui::badges::Badges;
use crate::ui::words::outcome_words;

/// What a person typed, taken apart once.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Query {
    terms: Vec<Term>,
    /// What was not understood. The other words still count.
    pub(super) problem: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
struct Term {
    /// Written with a minus before it: it must not hold.
    is_not: bool,
    test: Test,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    /// Anywhere in path, method, status, server, client or outcome. Small letters.
    Text(String),
    Status(u16, u16),
    /// By letter, or by the beginning of the name. Any try counts.
    Server(String),
    Slower(u64),
    Faster(u64),
    Method(String),
    Path(String),
    Client(String),
    Yours,
    Retried,
    Failed,
}

impl Query {
    pub(super) fn read(text: &str) -> Self {
        let mut query = Self::default();
        for word in text.split_whitespace() {
            let (is_not, bare) = match word.strip_prefix('-') {
                Some(rest) if !rest.is_empty() => (true, rest),
                _ => (false, word),
            };
            match Test::read(&bare.to_lowercase()) {
                Ok(test) => query.terms.push(Term { is_not, test }),
                Err(problem) => query.problem = Some(problem),
            }
        }
        query
    }

    pub(super) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    pub(super) fn matches(&self, record: &Record, badges: &Badges) -> bool {
        self.terms.iter().all(|term| term.test.holds(record, badges) != term.is_not)
    }
}

impl Test {
    fn read(word: &str) -> Result<Self, String> {
        let Some((name, value)) = word.split_once(':') else {
            return Ok(Self::Text(word.to_owned()));
        };
        let text = value.to_owned();
        match name {
            "status" => status(value)
                .map(|(least, most)| Self::Status(least, most))
                .ok_or_else(|| format!("status:{value} is no status: 404, 5xx or >=400")),
            "slow" => speed(value).ok_or_else(|| format!("slow:{value} is no time: >100ms or <2s")),
            "server" | "copy" => Ok(Self::Server(text)),
            "method" => Ok(Self::Method(text)),
            "path" => Ok(Self::Path(text)),
            "client" | "is" if value == "you" || value == "yours" => Ok(Self::Yours),
            "client" => Ok(Self::Client(text)),
            "is" if value == "retried" => Ok(Self::Retried),
            "is" if value == "failed" || value == "error" => Ok(Self::Failed),
            "is" => Err(format!("is:{value} is not known: retried, failed or you")),
            // Paths and addresses have colons, too.
            _ => Ok(Self::Text(word.to_owned())),
        }
    }

    fn holds(&self, record: &Record, badges: &Badges) -> bool {
        match self {
            Self::Text(text) => is_somewhere(record, text),
            Self::Status(least, most) => {
                record.status.is_some_and(|status| (*least..=*most).contains(&status))
            }
            Self::Server(text) => has_server(record, text, badges),
            Self::Slower(ns) => record.phases.total_ns > *ns,
            Self::Faster(ns) => record.phases.total_ns < *ns,
            Self::Method(text) => record.method.eq_ignore_ascii_case(text),
            Self::Path(text) => contains(&record.target, text),
            Self::Client(text) => contains(&address(record.client), text),
            Self::Yours => record.is_yours(),
            Self::Retried => record.attempts.len() > 1,
            Self::Failed => record.outcome.is_error(),
        }
    }
}

/// `404`, `5xx`, `>=400`, `<300`.
fn status(text: &str) -> Option<(u16, u16)> {
    if let Some(class) = text.strip_suffix("xx") {
        let class: u16 = class.parse().ok().filter(|class| (1..=9).contains(class))?;
        return Some((class * 100, class * 100 + 99));
    }
    let number = |text: &str| text.parse::<u16>().ok();
    if let Some(least) = text.strip_prefix(">=") {
        return Some((number(least)?, u16::MAX));
    }
    if let Some(below) = text.strip_prefix('<') {
        return Some((0, number(below)?.checked_sub(1)?));
    }
    number(text).map(|status| (status, status))
}

/// `>100ms`, the same without the sign, or `<2s`.
fn speed(text: &str) -> Option<Test> {
    let period = |text: &str| text.parse::<Period>().ok().map(Period::ns);
    match text.strip_prefix('<') {
        Some(text) => period(text).map(Test::Faster),
        None => period(text.strip_prefix('>').unwrap_or(text)).map(Test::Slower),
    }
}

fn is_somewhere(record: &Record, text: &str) -> bool {
    let Record { target, method, status, attempts, client, outcome, .. } = record;
    contains(target, text)
        || contains(method, text)
        || status.is_some_and(|status| status.to_string().starts_with(text))
        || attempts.iter().any(|attempt| contains(&attempt.server, text))
        || contains(outcome_words(*outcome), text)
        || (text == "you" && record.is_yours())
        || contains(&address(*client), text)
}

fn has_server(record: &Record, text: &str, badges: &Badges) -> bool {
    let pool = record.pool.as_deref().unwrap_or_default();
    record.attempts.iter().any(|attempt| {
        let begins = attempt.server.get(..text.len());
        begins.is_some_and(|begin| begin.eq_ignore_ascii_case(text))
            || badges.of(pool, &attempt.server).letter().eq_ignore_ascii_case(text)
    })
}

fn address(client: SocketAddr) -> String {
    client.to_string()
}

/// `needle` is in small letters.
fn contains(text: &str, needle: &str) -> bool {
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    needle.is_empty() || text.windows(needle.len()).any(|part| part.eq_ignore_ascii_case(needle))
}

/// What can be typed, and what it means.
pub(super) const HELP: [(&str, &str); 8] = [
    ("cart", "in path, method, status, server, client or outcome"),
    ("status:5xx", "also status:404, status:>=400"),
    ("server:b", "a copy's letter or name, in any try"),
    ("slow:>100ms", "also slow:<2s"),
    ("client:you", "also client:127.0.0.3"),
    ("method:post", "also path:/api"),
    ("is:retried", "also is:failed"),
    ("-cart", "must not hold; several words must all hold"),
];

#[cfg(test)]
mod tests {
    use super::super::specimen::record;
    use super::*;
    use crate::lab::{Lab, Pool, Server};
    use crate::meter::{Outcome, StatusClass};

    fn badges() -> Badges {
        let server = |name: &str| Server { name: name.to_owned(), ..Server::default() };
        let servers = ["front", "back"].map(server).to_vec();
        let pools = vec![Pool { name: "web".to_owned(), servers, ..Pool::default() }];
        let mut badges = Badges::default();
        badges.learn(&Lab { pools, ..Lab::default() });
        badges
    }

    fn found(text: &str) -> bool {
        let mut record = record(1);
        record.status = Some(503);
        record.outcome = Outcome::Answered(StatusClass::ServerError);
        record.attempts[0].server = "back".into();
        Query::read(text).matches(&record, &badges())
    }

    #[test]
    fn every_word_of_a_filter_has_to_hold() {
        for text in [
            "",
            "CART",
            "get cart 503",
            "status:5xx",
            "status:>=500 server:b",
            "server:back",
            "slow:>20ms",
            "slow:<1s",
            "client:you is:failed",
            "-status:404 -is:retried",
            "127.0.0.1:40001",
            "method:get path:/cart client:127.0.0.1",
        ] {
            assert!(found(text), "{text}");
        }
        for text in ["status:4xx", "server:a", "server:front", "slow:>1s", "cart post", "-cart"] {
            assert!(!found(text), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_said_and_the_rest_counts() {
        for text in ["status:5x", "slow:often", "is:blue"] {
            let query = Query::read(&format!("{text} cart"));
            assert!(query.problem.is_some_and(|it| it.contains(text)) && query.terms.len() == 1);
        }
    }
}
