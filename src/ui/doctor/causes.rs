//! The causes, asked one after the other: the first that holds is the diagnosis.

use super::chance::Band;
use super::diagnosis::{Cause, Diagnosis, Level, Row};
use super::expected::Way;
use super::sight::{RESERVE, Sight};
use super::words::{counted, in_flight, shares, weights};
use super::{keys, sticky};
use crate::balance::Algorithm;
use crate::lab::{Key, WorkerState, algorithm_text};

/// What is said, before the evidence is added.
pub(super) struct Finding {
    pub(super) level: Level,
    pub(super) cause: Cause,
    pub(super) sentence: String,
    pub(super) emphasis: Option<String>,
    pub(super) remedy: Option<&'static str>,
}

impl Finding {
    pub(super) fn new(level: Level, cause: Cause, sentence: impl Into<String>) -> Self {
        Self { level, cause, sentence: sentence.into(), emphasis: None, remedy: None }
    }

    fn with(self, emphasis: &str) -> Self {
        Self { emphasis: Some(emphasis.to_owned()), ..self }
    }

    pub(super) fn remedy(self, remedy: &'static str) -> Self {
        Self { remedy: Some(remedy), ..self }
    }
}

pub(super) fn judge(sight: &Sight<'_>) -> Diagnosis {
    let asked = [nobody, one_serves, one_open_connection, too_few, one_key, few_keys];
    let found = asked.iter().find_map(|ask| ask(sight));
    let Finding { level, cause, sentence, emphasis, remedy } = found.unwrap_or_else(|| {
        if sight.way == Way::ByLoad {
            by_load(sight)
        } else if sight.rows.iter().any(|row| row.band.is_none()) {
            let what =
                format!("Keys decide, and which they are is not known: {}", shares(&sight.rows));
            Finding::new(Level::Quiet, Cause::Unknown, what)
        } else if sight.rows.iter().all(Row::fits) {
            fits(sight)
        } else {
            misses(sight)
        }
    });
    Diagnosis {
        level,
        cause,
        sentence,
        emphasis,
        remedy: remedy.map(str::to_owned),
        rows: sight.rows.clone(),
        facts: facts(sight),
    }
}

fn nobody(sight: &Sight<'_>) -> Option<Finding> {
    let none = sight.rows.is_empty() || sight.usable().next().is_some();
    let why = states(sight);
    (!none).then(|| {
        let sentence = format!("No server can take a request: {why}");
        Finding::new(Level::Bad, Cause::NobodyServes, sentence).remedy("revive or undrain one")
    })
}

fn one_serves(sight: &Sight<'_>) -> Option<Finding> {
    let mut usable = sight.usable();
    let only = usable.next().filter(|_| usable.next().is_none())?;
    let letter = &only.server;
    if sight.rows.len() == 1 {
        let sentence = format!("{letter} is the only server, so it gets everything");
        return Some(Finding::new(Level::Ok, Cause::OneServes, sentence));
    }
    let mut others = sight.rows.iter().filter_map(|row| row.state);
    if others.all(|state| state == RESERVE) {
        let sentence = format!("{letter} gets everything: {}", states(sight));
        return Some(Finding::new(Level::Ok, Cause::OneServes, sentence));
    }
    let sentence = format!("Only {letter} can serve: {}", states(sight));
    let found = Finding::new(Level::Warn, Cause::OneServes, sentence);
    Some(found.with(&format!("Only {letter} can serve:")).remedy("revive or undrain another"))
}

/// `B is down, C is drained`.
fn states(sight: &Sight<'_>) -> String {
    let states = sight.rows.iter().filter_map(|row| Some((row, row.state?)));
    let parts: Vec<String> =
        states.map(|(row, state)| format!("{} is {state}", row.server)).collect();
    parts.join(", ")
}

/// Where connections are balanced, one that stays open takes all its requests to one server.
fn one_open_connection(sight: &Sight<'_>) -> Option<Finding> {
    if !sight.balances_connections() {
        return None;
    }
    let total: f64 = sight.rows.iter().map(|row| row.in_flight).sum();
    let top = most(sight, |row| row.in_flight)?;
    let few = total > 0.5 && (sight.n + total.round() as u64) < 2 * sight.rows.len() as u64;
    let nearly_all = top.in_flight >= NEARLY_ALL * total;
    (few && nearly_all).then(|| {
        let (letter, open) = (&top.server, (total.round() as u64).max(1));
        let what = match sight.sent {
            0 => "everything".to_owned(),
            sent => counted(sent, "request"),
        };
        let verb = if open == 1 { "carries" } else { "carry" };
        let sentence = format!(
            "{} {verb} {what} to {letter}: without HTTP a connection is balanced once, when it opens",
            counted(open, "kept-alive connection")
        );
        Finding::new(Level::Warn, Cause::OneConnection, sentence)
            .with(&counted(open, "kept-alive connection"))
            .remedy("open more connections, close them sooner, or let the listener speak HTTP")
    })
}

fn too_few(sight: &Sight<'_>) -> Option<Finding> {
    let over = match sight.over_secs.round() {
        _ if sight.changed => "since the last change".to_owned(),
        secs if secs > 1.0 => format!("in the last {secs:.0} s"),
        _ => "in the last second".to_owned(),
    };
    if sight.n == 0 {
        let sentence = if sight.lab.hold {
            "Traffic is held, so there is nothing to judge".to_owned()
        } else {
            format!("No request came here {over}")
        };
        return Some(Finding::new(Level::Quiet, Cause::NothingSent, sentence));
    }
    (sight.n < SAMPLES_EACH * sight.usable().count() as u64).then(|| {
        let sentence = format!("Too few requests to tell chance from cause: {} {over}", sight.n);
        Finding::new(Level::Quiet, Cause::TooFew, sentence).remedy("wait, or raise the rate")
    })
}

fn one_key(sight: &Sight<'_>) -> Option<Finding> {
    let (keys, n) = keys_seen(sight)?;
    let (key, count) = keys.first()?;
    (*count as f64 >= NEARLY_ALL * n as f64).then(|| {
        let percent = (count * 100) as f64 / n as f64;
        let owner = most(sight, |row| row.share).map_or("", |row| row.server.as_str());
        let one = format!("One {}", key_word(&sight.pool.key));
        let sentence = format!(
            "{one}, {key}, is in {percent:.0} % of the requests, and it belongs to {owner}"
        );
        let found = Finding::new(Level::Warn, Cause::OneKey, sentence).with(&one);
        found.remedy("take a key that differs from request to request, or an algorithm without one")
    })
}

fn few_keys(sight: &Sight<'_>) -> Option<Finding> {
    let (keys, _) = keys_seen(sight)?;
    let few = keys.len() <= KEYS_EACH * sight.rows.len();
    (few && !is_by_weight(sight)).then(|| {
        let count = counted(keys.len() as u64, key_word(&sight.pool.key));
        let only =
            format!("Only {} different {}", keys.len(), &count[count.find(' ').unwrap_or(0) + 1..]);
        let sentence = format!(
            "{only} for {} servers are too few to spread: {}",
            sight.rows.len(),
            shares(&sight.rows)
        );
        let found = Finding::new(Level::Warn, Cause::FewKeys, sentence).with(&only);
        found.remedy("take a key with more values")
    })
}

/// The keys of the sampled requests, most frequent first, where keys decide and are known.
fn keys_seen(sight: &Sight<'_>) -> Option<(Vec<(String, usize)>, usize)> {
    let keys = sight.count(|record| keys::key_of(record, &sight.pool.key));
    let n: usize = keys.iter().map(|(_, count)| count).sum();
    (sight.way == Way::ByKey && n >= SAMPLES_LEAST && n * 2 > sight.requests.len())
        .then_some((keys, n))
}

fn key_word(key: &Key) -> &'static str {
    match key {
        Key::Address => "address",
        Key::Header(_) => "header value",
        Key::Cookie(_) => "cookie",
        Key::Query(_) => "query value",
        Key::Path => "path",
        Key::Uri => "URI",
        Key::Sni => "server name",
    }
}

/// Shares are as the algorithm means them to be.
fn fits(sight: &Sight<'_>) -> Finding {
    let shares = shares(&sight.rows);
    if let Some((letter, held, total)) = hoarder(sight) {
        let even = if is_fair(sight) { "are even" } else { "are as expected" };
        let sentence = format!(
            "Shares {even}: {shares}, within chance. Waiting is not: {letter} holds {held} of {total} requests in flight"
        );
        return Finding::new(Level::Warn, Cause::Waiting, sentence)
            .with("Waiting is not:")
            .remedy("choose an algorithm that looks at load");
    }
    if sight.way == Way::ByKey && !is_by_weight(sight) {
        return key_spread(sight);
    }
    let out = states(sight);
    let others = super::words::shares(&among_usable(sight));
    if !is_fair(sight) || heeds_weights(sight) && weights_differ(sight) {
        let sentence = if out.is_empty() {
            format!("Shares fit the weights {}: {shares}, within chance", weights(&sight.rows))
        } else {
            format!("{out}; the shares of the others fit their weights: {others}, within chance")
        };
        return Finding::new(Level::Ok, Cause::Weights, sentence);
    }
    if counts_apart(sight) && sight.way == Way::InTurn && !is_exact(sight) {
        let workers = sight.workers;
        let sentence =
            format!("{workers} workers count for themselves: {shares}; one count would be exact");
        return Finding::new(Level::Ok, Cause::SeveralBalancers, sentence);
    }
    if weights_differ(sight) {
        let deaf = format!("{} ignores weights", sight.pool.algorithm.about().title);
        let sentence = format!("{deaf}, so shares are even: {shares}, within chance");
        return Finding::new(Level::Ok, Cause::WeightsIgnored, sentence)
            .with(&deaf)
            .remedy("choose an algorithm that heeds them, such as weighted round robin");
    }
    let sentence = if out.is_empty() {
        format!("Shares are even: {shares}, within chance")
    } else {
        format!("{out}; the shares of the others are even: {others}, within chance")
    };
    Finding::new(Level::Ok, Cause::WithinChance, sentence)
}

/// Keys lie where the algorithm put them, and servers have more or less of them than their weights say.
fn key_spread(sight: &Sight<'_>) -> Finding {
    let shares = shares(&sight.rows);
    let not = if heeds_weights(sight) && weights_differ(sight) {
        format!("fit the weights {}", weights(&sight.rows))
    } else {
        "fall evenly".to_owned()
    };
    let sentence = format!("Shares follow the keys, and those do not {not}: {shares}");
    Finding::new(Level::Warn, Cause::KeySpread, sentence).remedy(match sight.pool.algorithm {
        Algorithm::Ring(_) => {
            "more points on the ring, a table such as Maglev, or keys that are less hot"
        }
        _ => "more keys, or keys that are less hot",
    })
}

/// Shares are not as the algorithm means them to be.
fn misses(sight: &Sight<'_>) -> Finding {
    if let Some(found) = sticky::held(sight) {
        return found;
    }
    let shares = shares(&sight.rows);
    if counts_apart(sight) {
        return several(sight, &format!("{shares} is more than chance"));
    }
    if algorithm_text::print(&sight.pool.algorithm).contains("load_bound") {
        let sentence =
            format!("The load bound sends on what is too much for the keys' own servers: {shares}");
        return Finding::new(Level::Ok, Cause::ByLoad, sentence);
    }
    let due: Vec<Row> = sight.rows.iter().map(as_due).collect();
    let sentence = format!(
        "Shares are {shares}, where {} was due, and no known cause explains it",
        super::words::shares(&due)
    );
    let found = Finding::new(Level::Warn, Cause::Unknown, sentence);
    found.remedy("look for retries, full servers or a slow start among the requests")
}

fn as_due(row: &Row) -> Row {
    Row { share: row.band.map_or(row.share, |band| band.expected), ..row.clone() }
}

/// Where load decides no share is due to anybody, so waiting is judged.
fn by_load(sight: &Sight<'_>) -> Finding {
    let title = sight.pool.algorithm.about().title;
    let lopsided = most(sight, |row| row.share)
        .is_some_and(|top| top.share > 2.0 * fair(sight, top) && top.share > 0.5);
    if let Some(found) = sticky::held(sight).filter(|_| lopsided) {
        return found;
    }
    if let Some(found) = one_busy_connection(sight).filter(|_| lopsided) {
        return found;
    }
    let shares = shares(&sight.rows);
    if let Some((letter, held, total)) = hoarder(sight) {
        let what = format!("{letter} holds {held} of {total} requests in flight");
        if counts_apart(sight) {
            return several(sight, &what);
        }
        let sentence = format!("{title} shares out by load: {shares}. Waiting is uneven: {what}");
        return Finding::new(Level::Warn, Cause::Waiting, sentence).with("Waiting is uneven:");
    }
    let sentence = format!(
        "{title} shares out by load: {shares}, and what is in flight is even: {}",
        in_flight(&sight.rows)
    );
    Finding::new(Level::Ok, Cause::ByLoad, sentence)
}

fn several(sight: &Sight<'_>, what: &str) -> Finding {
    let sentence = format!(
        "{} workers balance for themselves and do not see each other: {what}",
        sight.workers
    );
    Finding::new(Level::Warn, Cause::SeveralBalancers, sentence)
        .with(&format!("{} workers", sight.workers))
        .remedy("let workers share their state")
}

/// One connection that sends one request after the other never shows load to those who look at it.
fn one_busy_connection(sight: &Sight<'_>) -> Option<Finding> {
    let connections = sight.count(|record| Some((record.worker, record.connection)));
    let n = sight.requests.len();
    let (_, count) = connections.first()?;
    let busy = n >= SAMPLES_LEAST && *count as f64 >= NEARLY_ALL * n as f64;
    busy.then(|| {
        let percent = (count * 100) as f64 / n as f64;
        let sentence = format!(
            "One kept-alive connection carries {percent:.0} % of the requests, one after the other: {} sees idle servers only",
            sight.pool.algorithm.about().title
        );
        Finding::new(Level::Warn, Cause::OneConnection, sentence)
            .with("One kept-alive connection")
            .remedy("send from several connections at once")
    })
}

/// Who holds far more of what is in flight than is its due: letter, held, in all.
fn hoarder(sight: &Sight<'_>) -> Option<(String, u64, u64)> {
    let total: f64 = sight.rows.iter().map(|row| row.in_flight).sum();
    let top = most(sight, |row| row.in_flight)?;
    let fair = fair(sight, top);
    let hoards = total >= WAITING_LEAST && top.in_flight / total >= fair + (1.0 - fair) / 2.0;
    hoards.then(|| (top.server.clone(), top.in_flight.round() as u64, total.round() as u64))
}

fn most<'a>(sight: &'a Sight<'_>, of: impl Fn(&Row) -> f64) -> Option<&'a Row> {
    sight.rows.iter().max_by(|a, b| of(a).total_cmp(&of(b)))
}

/// A server's part of the weights of those who can serve, where weights are heeded; else of their number.
fn fair(sight: &Sight<'_>, row: &Row) -> f64 {
    if row.state.is_some() {
        return 0.0;
    }
    let weight = |row: &Row| if heeds_weights(sight) { f64::from(row.weight) } else { 1.0 };
    weight(row) / sight.usable().map(weight).sum::<f64>().max(1.0)
}

/// Whether everybody who can serve has the same part, or near it, by what was due or by what came.
fn is_fair(sight: &Sight<'_>) -> bool {
    let even = 1.0 / sight.usable().count().max(1) as f64;
    is_near(sight, |_| even)
}

/// Whether everybody who can serve has the part that its weight says, or near it; an even one where weights do not count.
fn is_by_weight(sight: &Sight<'_>) -> bool {
    is_near(sight, |row| fair(sight, row))
}

fn is_near(sight: &Sight<'_>, part: impl Fn(&Row) -> f64) -> bool {
    let rows = among_usable(sight);
    let n = rows.iter().map(|row| row.requests).sum();
    rows.iter().all(|row| Band::new(part(row), n).holds(row.share))
}

/// Those who can serve, with their shares of what they had together: what went to others before those were out does not
/// count.
fn among_usable(sight: &Sight<'_>) -> Vec<Row> {
    let n: u64 = sight.usable().map(|row| row.requests).sum();
    let part = |row: &Row| Row { share: row.requests as f64 / n.max(1) as f64, ..row.clone() };
    sight.usable().map(part).collect()
}

/// Counts of turns that one counter would make differ by one at most.
fn is_exact(sight: &Sight<'_>) -> bool {
    sight.rows.iter().all(|row| {
        let due = row.band.map_or(row.share, |band| band.expected) * sight.n as f64;
        (row.requests as f64 - due).abs() <= EXACT
    })
}

fn heeds_weights(sight: &Sight<'_>) -> bool {
    sight.pool.algorithm.about().heeds_weights()
}

fn weights_differ(sight: &Sight<'_>) -> bool {
    let mut weights = sight.usable().map(|row| row.weight);
    let first = weights.next();
    weights.any(|weight| Some(weight) != first)
}

fn counts_apart(sight: &Sight<'_>) -> bool {
    sight.workers > 1 && sight.lab.state == WorkerState::PerWorker
}

fn facts(sight: &Sight<'_>) -> Vec<(&'static str, String)> {
    let about = sight.pool.algorithm.about();
    let mut facts = vec![
        ("Algorithm", format!("{}: {}", about.title, about.summary)),
        ("Weights", about.weights.to_owned()),
        ("Judged", format!("{} in {:.0} s", counted(sight.n, "request"), sight.over_secs)),
        ("Sampled", counted(sight.requests.len() as u64, "request")),
    ];
    let connections = sight.count(|record| Some((record.worker, record.connection)));
    if !connections.is_empty() {
        facts.push(("Sent over", counted(connections.len() as u64, "connection")));
    }
    if let Some((keys, _)) = keys_seen(sight) {
        facts.push(("Different keys", keys.len().to_string()));
    }
    let state = if counts_apart(sight) { "each for itself" } else { "together" };
    facts.push(("Workers", format!("{}, counting {state}", sight.workers)));
    facts
}

/// The part from which on one of something is nearly everything.
const NEARLY_ALL: f64 = 0.8;
/// Requests for each server before a share says anything.
const SAMPLES_EACH: u64 = 5;
const SAMPLES_LEAST: usize = 10;
/// Keys for each server up to which they are few.
const KEYS_EACH: usize = 3;
/// In flight before waiting is looked at: less is the ordinary coming and going.
const WAITING_LEAST: f64 = 3.0;
/// Requests by which turns of one counter may differ from what is due, the edges of the time looked at included.
const EXACT: f64 = 2.0;
