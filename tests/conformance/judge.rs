//! Compares what was seen and got with what a case expects.

use crate::case::{Case, Gets, Sees};
use crate::client::{Answer, Got};
use crate::message::{Framing, Message, Stop};
use crate::server::Seen;

/// What does not fit, in words.
pub(crate) fn problems_of_sight(sees: &[Sees], seen: &Seen) -> Vec<String> {
    sees.iter().filter_map(|expected| sight(expected, seen, 0).err()).collect()
}

pub(crate) fn problems_of_answer(case: &Case, got: &Got) -> Vec<String> {
    case.gets.iter().filter_map(|expected| answer(expected, got, 0).err()).collect()
}

fn sight(expected: &Sees, seen: &Seen, place: usize) -> Result<(), String> {
    match expected {
        Sees::Nothing => require(seen.requests.is_empty() && seen.stray.is_empty(), || {
            format!("the server saw {}", shown(seen))
        }),
        Sees::NothingComplete => require(seen.requests.iter().all(|it| !it.complete), || {
            format!("the server saw a whole request: {}", shown(seen))
        }),
        Sees::Requests(n) => require(seen.requests.len() == *n, || {
            format!("the server saw {} requests, not {n}: {}", seen.requests.len(), shown(seen))
        }),
        Sees::Second(list) => list.iter().try_for_each(|it| sight(it, seen, 1)),
        Sees::NothingOr(_) if seen.requests.is_empty() && seen.stray.is_empty() => Ok(()),
        Sees::NothingOr(list) => list.iter().try_for_each(|it| sight(it, seen, 0)),
        _ => {
            let missing = || format!("the server did not see request {}", place + 1);
            request(expected, seen.requests.get(place).ok_or_else(missing)?)
        }
    }
}

fn request(expected: &Sees, request: &Message) -> Result<(), String> {
    match expected {
        Sees::Line(line) => same("request line", &request.line, line),
        Sees::Field(name, value) => single(request, name, value),
        Sees::Joined(name, value) => same(name, &request.values(name).join(", "), value),
        Sees::Like(name, fits) => like(request, name, *fits),
        Sees::Without(name) => none(request, name),
        Sees::Body(body) => same("body", &text(&request.body), body)
            .and_then(|()| require(request.complete, || "the body was cut".to_owned())),
        Sees::Trailer(name, value) => {
            same(name, request.trailer(name).unwrap_or("(no trailer)"), value)
        }
        Sees::WithoutTrailer(name) => require(request.trailer(name).is_none(), || {
            format!("trailer {name}: {:?}", request.trailer(name))
        }),
        Sees::Bodiless => {
            none(request, "content-length").and_then(|()| none(request, "transfer-encoding"))
        }
        _ => unreachable!("judged before"),
    }
}

fn answer(expected: &Gets, got: &Got, place: usize) -> Result<(), String> {
    let answer = got.answers.get(place);
    match expected {
        Gets::Closed => require(matches!(got.ended, Some(Stop::End | Stop::Reset)), || {
            format!("the connection was not closed ({:?})", got.ended)
        }),
        Gets::Open => {
            require(got.answered_again == Some(true), || "the connection did not go on".to_owned())
        }
        Gets::Second(list) => list.iter().try_for_each(|it| self::answer(it, got, 1)),
        Gets::Third(list) => list.iter().try_for_each(|it| self::answer(it, got, 2)),
        Gets::CutOr(statuses) => match answer {
            None => Ok(()),
            Some(answer) => {
                let incomplete = is_cut(answer);
                let status = answer.message.status();
                require(incomplete || statuses.contains(&status), || format!("status {status}"))
            }
        },
        _ => {
            let missing = || format!("no answer {} came; got {:?}", place + 1, got.raw);
            one_answer(expected, answer.ok_or_else(missing)?)
        }
    }
}

fn one_answer(expected: &Gets, answer: &Answer) -> Result<(), String> {
    let message = &answer.message;
    match expected {
        Gets::Status(status) => {
            require(message.status() == *status, || format!("{:?}, not {status}", message.line))
        }
        Gets::StatusIn(statuses) => require(statuses.contains(&message.status()), || {
            format!("{:?}, not one of {statuses:?}", message.line)
        }),
        Gets::Field(name, value) => single(message, name, value),
        Gets::Like(name, fits) => like(message, name, *fits),
        Gets::Without(name) => none(message, name),
        Gets::Body(body) => same("body", &text(&message.body), body),
        Gets::Trailer(name, value) => {
            same(name, message.trailer(name).unwrap_or("(no trailer)"), value)
        }
        Gets::Complete => require(!is_cut(answer), || "the answer was cut".to_owned()),
        Gets::Incomplete => require(is_cut(answer), || {
            format!("the answer looks complete: {:?}", text(&message.body))
        }),
        Gets::Interims(statuses) => {
            let came: Vec<u16> = answer.interims.iter().map(Message::status).collect();
            require(came == *statuses, || format!("interim answers {came:?}, not {statuses:?}"))
        }
        Gets::InterimField(name, value) => {
            let first = answer.interims.first().ok_or("no interim answer came")?;
            single(first, name, value)
        }
        Gets::Tunnelled(expected) => require(text(&message.body).contains(expected), || {
            format!("through the tunnel came {:?}", text(&message.body))
        }),
        _ => unreachable!("judged before"),
    }
}

/// Whether it can be told that something is missing. An answer that ends with its connection must not be cut by a
/// plain end, so only a reset tells there.
fn is_cut(answer: &Answer) -> bool {
    !answer.message.complete && answer.framing != Framing::None
}

fn single(message: &Message, name: &str, value: &str) -> Result<(), String> {
    let values = message.values(name);
    require(values == [value], || format!("{name}: {values:?}, not {value:?}"))
}

fn like(message: &Message, name: &str, fits: fn(&str) -> bool) -> Result<(), String> {
    let values = message.values(name);
    require(!values.is_empty() && fits(&values.join(", ")), || {
        format!("{name}: {values:?} does not fit")
    })
}

fn none(message: &Message, name: &str) -> Result<(), String> {
    let values = message.values(name);
    require(values.is_empty(), || format!("{name}: {values:?} should not be there"))
}

fn same(what: &str, found: &str, expected: &str) -> Result<(), String> {
    require(found == expected, || format!("{what}: {found:?}, not {expected:?}"))
}

fn require(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn shown(seen: &Seen) -> String {
    let lines: Vec<&str> = seen.requests.iter().map(|it| it.line.as_str()).collect();
    format!("{lines:?} and {:?}", text(&seen.stray))
}
