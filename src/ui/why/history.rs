//! Which key a recorded request had, and what had ended shortly before it.

use crate::balance::{Decision, Sample};
use crate::engine::Record;
use crate::lab::{Key, Pool};
use crate::ui::story::Story;

use super::one_step::Moment;

/// The moment of a recorded pick, for asking other algorithms.
pub(super) fn moment_of(
    record: &Record,
    began_ns: u64,
    decision: &Decision,
    pool: &Pool,
    story: &Story,
) -> Moment {
    Moment {
        key: key_of(&pool.key, record),
        address: Some(record.client.ip()),
        now_ns: began_ns,
        history: history(story, decision, pool, began_ns),
        ..Moment::of(decision, pool)
    }
}

/// The bytes that a key-driven algorithm would have looked at. Empty if the request had none.
pub(super) fn key_of(key: &Key, record: &Record) -> Vec<u8> {
    let header = |name: &str| {
        let mut headers = record.request_headers.iter();
        headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    };
    let (path, query) = record.target.split_once('?').unwrap_or((&record.target, ""));
    let text = match key {
        Key::Address => return record.client.ip().to_string().into_bytes(),
        Key::Header(name) => header(name),
        Key::Cookie(name) => {
            let mut cookies = header("cookie").unwrap_or_default().split(';');
            cookies.find_map(|cookie| cookie.trim().strip_prefix(name.as_str())?.strip_prefix('='))
        }
        Key::Query(name) => {
            let mut fields = query.split('&').filter_map(|field| field.split_once('='));
            fields.find(|(field, _)| field == name).map(|(_, value)| value)
        }
        Key::Path => Some(path),
        Key::Uri => Some(record.target.as_str()),
        // Of connections that are not decrypted it is recorded as the host; of others it is not.
        Key::Sni => record.method.is_empty().then_some(record.host.as_str()),
    };
    text.unwrap_or_default().into()
}

/// What ended at whom shortly before. Nothing if a part of that was not recorded.
fn history(story: &Story, decision: &Decision, pool: &Pool, until_ns: u64) -> Vec<(u32, Sample)> {
    let from_ns = until_ns.saturating_sub(HISTORY_NS);
    let mut frames = story.frames_between(from_ns, until_ns);
    if frames.any(|frame| frame.unsampled > 0) {
        return Vec::new();
    }
    let ended = |record: &&std::sync::Arc<Record>| {
        (from_ns..until_ns).contains(&record.ended_ns())
            && record.pool.as_deref() == Some(pool.name.as_str())
    };
    // Newest first, so that what is looked at is bounded, too.
    let newest = story.requests().iter().rev().skip_while(|record| record.ended_ns() >= until_ns);
    let recent = newest.take(HISTORY_MAX).filter(ended);
    let mut samples: Vec<(u32, Sample)> = recent
        .filter_map(|record| {
            let attempt = record.attempts.last()?;
            let mut known = decision.candidates.iter();
            let member = known.find(|candidate| candidate.name == attempt.server)?.member;
            let now_ns = record.ended_ns();
            let latency_ns = now_ns.saturating_sub(attempt.began_ns);
            let first_byte_ns = latency_ns.saturating_sub(record.phases.body_ns);
            let succeeded = !record.outcome.is_error();
            Some((member, Sample { now_ns, beside: 0, first_byte_ns, latency_ns, succeeded }))
        })
        .collect();
    samples.sort_by_key(|(_, sample)| sample.now_ns);
    samples
}

/// Several times as long as estimates of latency remember by default.
const HISTORY_NS: u64 = 30_000_000_000;
const HISTORY_MAX: usize = 12_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::stage::specimen::record;

    #[test]
    fn a_key_is_read_from_where_the_pool_looks() {
        let mut record = record(1);
        record.target = "/cart/7?a=1&user=u-3".to_owned();
        record.request_headers = vec![
            ("x-user".to_owned(), "u-1".to_owned()),
            ("cookie".to_owned(), "n=5; sid=u-2".to_owned()),
        ];
        let key = |key: Key| String::from_utf8(key_of(&key, &record)).unwrap();
        assert_eq!(key(Key::Address), "127.0.0.1");
        assert_eq!(key(Key::Header("X-User".to_owned())), "u-1");
        assert_eq!(key(Key::Cookie("sid".to_owned())), "u-2");
        assert_eq!(key(Key::Query("user".to_owned())), "u-3");
        assert_eq!(key(Key::Path), "/cart/7");
        assert_eq!(key(Key::Uri), "/cart/7?a=1&user=u-3");
        assert_eq!(key(Key::Sni), "");
    }
}
