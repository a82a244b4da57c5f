//! Routes: conditions that the protocol can see, actions that exist, retries that end.

use super::super::route::{Action, Condition, PathCondition, Rewrite, Split, Timeouts};
use super::super::{HeaderEdit, Lab, Listener, Protocol, Retries, RetryOn, Route};
use super::findings::Findings;
use super::written::{is_header_value, is_host_pattern, is_network, is_path, is_token};
use super::{DAY, SHORTEST, pools};
use crate::period::Period;

pub(super) fn check(findings: &mut Findings, at: &str, listener: &Listener, lab: &Lab) {
    let pools: Vec<&str> = lab.pools.iter().map(|pool| pool.name.as_str()).collect();
    for (index, route) in listener.routes.iter().enumerate() {
        let at = format!("{at}.routes[{index}]");
        condition(findings, &format!("{at}.when"), &route.when);
        seen(findings, &at, route, listener);
        action(findings, &format!("{at}.to"), &route.to, &pools);
        changes(findings, &at, route);
        timeouts(findings, &format!("{at}.timeouts"), &route.timeouts);
        retries(findings, &format!("{at}.retries"), &route.retries);
    }
    unreachable_routes(findings, at, listener);
}

/// After a route that takes everything nothing is left.
fn unreachable_routes(findings: &mut Findings, at: &str, listener: &Listener) {
    let takes_all = |route: &Route| route.enabled && route.when == Condition::default();
    let Some(last) = listener.routes.iter().position(takes_all) else { return };
    if last + 1 < listener.routes.len() {
        findings.warn(
            &format!("{at}.routes[{}]", last + 1),
            format!("no request comes here: routes[{last}] takes all of them"),
            "give that route a condition, or put it last",
        );
    } else if listener.pool.is_some() {
        findings.warn(
            &format!("{at}.pool"),
            format!("no request comes here: routes[{last}] takes all of them"),
            "leave pool out",
        );
    }
}

fn condition(findings: &mut Findings, at: &str, condition: &Condition) {
    let Condition { hosts, path, methods, headers, cookies, query, sources, sni, user_agent: _ } =
        condition;
    let mut each = |name: &str, texts: &[String], fits: fn(&str) -> bool, remedy: &str| {
        findings.count(&format!("{at}.{name}"), texts.len(), CONDITIONS_MAX);
        for (index, text) in texts.iter().enumerate().filter(|(_, text)| !fits(text)) {
            let what = format!("`{text}` is not what {name} can hold");
            findings.error(&format!("{at}.{name}[{index}]"), what, remedy);
        }
    };
    each("hosts", hosts, is_host_pattern, "write a name such as shop.example or *.shop.example");
    each("sni", sni, is_host_pattern, "write a name such as shop.example or *.shop.example");
    each("methods", methods, is_token, "write a method such as GET");
    each("sources", sources, is_network, "write a network such as 10.0.0.0/8 or ::1");
    for (name, fields) in [("headers", headers), ("cookies", cookies), ("query", query)] {
        findings.count(&format!("{at}.{name}"), fields.len(), CONDITIONS_MAX);
        for (index, field) in fields.iter().enumerate() {
            let fits = name == "query" && !field.name.is_empty() || is_token(&field.name);
            if !fits {
                let what = format!("`{}` is no name for one of the {name}", field.name);
                findings.error(&format!("{at}.{name}[{index}]"), what, "write a name");
            }
        }
    }
    if let Some(path) = path {
        path_condition(findings, &format!("{at}.path"), path);
    }
}

fn path_condition(findings: &mut Findings, at: &str, condition: &PathCondition) {
    let (PathCondition::Exact(path) | PathCondition::Prefix(path) | PathCondition::Pattern(path)) =
        condition;
    if !is_path(path) {
        findings.error(at, format!("`{path}` is no path"), "begin it with /, without blanks");
    }
    let segments: Vec<&str> = path.split('/').collect();
    let inner = &segments[..segments.len() - 1];
    if matches!(condition, PathCondition::Pattern(_)) && inner.contains(&"**") {
        findings.error(
            at,
            format!("`{path}` has ** before its end"),
            "write ** as the last segment",
        );
    }
}

/// That the listener can see what the route looks at, and do what it asks for.
fn seen(findings: &mut Findings, at: &str, route: &Route, listener: &Listener) {
    let encrypted = listener.tls.is_some() || listener.protocol == Protocol::TlsPassthrough;
    if !route.when.sni.is_empty() && !encrypted {
        findings.error(
            &format!("{at}.when.sni"),
            "only TLS clients name a host by SNI, and this listener speaks without",
            "use hosts, or set tls",
        );
    }
    if listener.protocol == Protocol::Http {
        return;
    }
    let visible = Condition {
        sources: route.when.sources.clone(),
        sni: route.when.sni.clone(),
        ..Condition::default()
    };
    if route.when != visible {
        findings.error(
            &format!("{at}.when"),
            "this listener sees no HTTP, only where a client comes from and its SNI",
            "use sources or sni, or write protocol: http",
        );
    }
    if matches!(route.to, Action::Redirect { .. } | Action::Answer { .. }) {
        findings.error(
            &format!("{at}.to"),
            "this listener speaks no HTTP, so it cannot answer by itself",
            "write to: pool(\"…\"), or protocol: http",
        );
    }
}

fn action(findings: &mut Findings, at: &str, action: &Action, pools: &[&str]) {
    match action {
        Action::Pool(pool) => findings.reference(at, "pool", pool, pools),
        Action::Split(split) => parts(findings, at, split, pools),
        Action::Redirect { location, status } => {
            findings.text(&format!("{at}.location"), location, 1, 8_192);
            if !is_header_value(location) {
                let what = "the location has a character that no header may have";
                findings.error(&format!("{at}.location"), what, "take it away");
            }
            if !matches!(status, 301 | 302 | 303 | 307 | 308) {
                findings.error(
                    &format!("{at}.status"),
                    format!("status {status} does not redirect"),
                    "write 301, 302, 303, 307 or 308",
                );
            }
        }
        Action::Answer { status, body, content_type } => {
            findings.range(&format!("{at}.status"), *status, 200, 599);
            findings.text(&format!("{at}.body"), body, 0, 65_536);
            if matches!(status, 204 | 205 | 304) && !body.is_empty() {
                let what = format!("an answer with status {status} has no body");
                findings.error(&format!("{at}.body"), what, "leave the body out, or write 200");
            }
            if content_type.as_ref().is_some_and(|text| !is_header_value(text)) {
                let what = "the content type has a character that no header may have";
                findings.error(&format!("{at}.content_type"), what, "take it away");
            }
        }
    }
}

fn parts(findings: &mut Findings, at: &str, split: &Split, pools: &[&str]) {
    findings.count(&format!("{at}.parts"), split.parts.len(), PARTS_MAX);
    for (index, part) in split.parts.iter().enumerate() {
        let at = format!("{at}.parts[{index}]");
        findings.reference(&format!("{at}.pool"), "pool", &part.pool, pools);
        findings.range(&format!("{at}.weight"), part.weight, 0, 65_535);
    }
    if split.parts.iter().all(|part| part.weight == 0) {
        findings.error(at, "this split sends nothing anywhere", "add a part with a weight above 0");
    }
    if let Some(cookie) = &split.sticky {
        pools::inserted(findings, &format!("{at}.sticky"), cookie);
    }
}

fn changes(findings: &mut Findings, at: &str, route: &Route) {
    if let Some(Rewrite::Path(path) | Rewrite::Prefix(path)) = &route.rewrite
        && !is_path(path)
    {
        let what = format!("`{path}` is no path");
        findings.error(&format!("{at}.rewrite"), what, "begin it with /, without blanks");
    }
    let matches_prefix = matches!(route.when.path, Some(PathCondition::Prefix(_)));
    if matches!(route.rewrite, Some(Rewrite::Prefix(_))) && !matches_prefix {
        findings.error(
            &format!("{at}.rewrite"),
            "there is no prefix to rewrite",
            "add path: prefix(\"…\") to when, or use path(\"…\") here",
        );
    }
    for (name, edits) in
        [("request_headers", &route.request_headers), ("response_headers", &route.response_headers)]
    {
        findings.count(&format!("{at}.{name}"), edits.len(), CONDITIONS_MAX);
        for (index, edit) in edits.iter().enumerate() {
            let (header, value) = match edit {
                HeaderEdit::Add { name, value } | HeaderEdit::Set { name, value } => {
                    (name, value.as_str())
                }
                HeaderEdit::Remove { name } => (name, ""),
            };
            if !is_token(header) || !is_header_value(value) {
                let what = format!("`{header}: {value}` cannot be a header");
                findings.error(
                    &format!("{at}.{name}[{index}]"),
                    what,
                    "write a plain name and value",
                );
            }
        }
    }
}

fn timeouts(findings: &mut Findings, at: &str, timeouts: &Timeouts) {
    let Timeouts { response, total, idle, tunnel } = timeouts;
    for (name, value) in
        [("response", response), ("total", total), ("idle", idle), ("tunnel", tunnel)]
    {
        if let Some(value) = value {
            findings.period(&format!("{at}.{name}"), *value, SHORTEST, DAY);
        }
    }
}

fn retries(findings: &mut Findings, at: &str, retries: &Retries) {
    let Retries {
        attempts,
        on,
        per_try_timeout,
        budget,
        backoff,
        replay_bytes,
        hedge,
        non_idempotent: _,
    } = retries;
    findings.range(&format!("{at}.attempts"), *attempts, 1, 16);
    findings.count(&format!("{at}.on"), on.len(), CONDITIONS_MAX);
    for (index, on) in on.iter().enumerate() {
        if let RetryOn::Status(status) = on {
            findings.range(&format!("{at}.on[{index}]"), *status, 400, 599);
        }
    }
    if on.is_empty() && *attempts > 1 && *retries != Retries::default() {
        findings.warn(&format!("{at}.on"), "nothing is ever tried again", "write on: [connect, …]");
    }
    if let Some(timeout) = per_try_timeout {
        findings.period(&format!("{at}.per_try_timeout"), *timeout, SHORTEST, DAY);
    }
    findings.percent(&format!("{at}.budget.percent"), budget.percent);
    findings.range(&format!("{at}.budget.floor"), budget.floor, 0, 10_000);
    findings.period(&format!("{at}.backoff.base"), backoff.base, Period::ZERO, backoff.max);
    findings.period(&format!("{at}.backoff.max"), backoff.max, Period::ZERO, DAY);
    findings.range(&format!("{at}.replay_bytes"), *replay_bytes, 0, 16 << 20);
    if let Some(hedge) = hedge {
        findings.period(&format!("{at}.hedge.after"), hedge.after, SHORTEST, DAY);
        findings.range(&format!("{at}.hedge.extra"), hedge.extra, 1, 4);
    }
}

const CONDITIONS_MAX: usize = 64;
const PARTS_MAX: usize = 16;
