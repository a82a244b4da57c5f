//! A request's way through the picture: where its dot is at a moment. Pure.
//!
//! ```text
//!   came              pick                  end
//!    │  seen + pipe    │  + pipe             │  + pipe, + pipe
//!    ▼                 ▼                     ▼
//!   client ──────► balancer ──────► server ~~~~~ server ──────► balancer ──────► client
//!                     ~~~ waits as long as it really did ~~~
//! ```
//!
//! The way itself is too quick to be seen, so every pipe takes the same while, and what comes after it is shown that
//! much later. How long a request waits at the balancer and at a server is as long as it did.

use crate::engine::{Attempt, Begun, Record};
use crate::meter::{Outcome, StatusClass};
use crate::ui::senders::{Sender, Senders};

/// By what a request is known from its first sign to its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id {
    pub(super) worker: usize,
    pub(super) number: u64,
    pub(super) came_ns: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Track<'a> {
    pub(super) id: Id,
    /// Nobody, if a person sent it.
    pub(super) sender: Option<Sender>,
    pub(super) pool: Option<&'a str>,
    pub(super) tries: Vec<Try<'a>>,
    pub(super) end: Option<End>,
    pub(super) record: Option<&'a std::sync::Arc<Record>>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Try<'a> {
    pub(super) server: &'a str,
    pub(super) began_ns: u64,
    pub(super) ended_ns: Option<u64>,
    pub(super) course: Course,
}

/// How a try went, as far as that matters to the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// Nobody knows yet.
    Open,
    Good,
    Failed(&'static str),
    /// Another try was quicker.
    Dropped,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) at_ns: u64,
    /// Why it stopped, if it did not come back.
    pub(super) failed: Option<&'static str>,
}

/// Where a dot is. `way` counts from the client's end of a pipe, or from the balancer's to the server.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Place {
    ClientPipe {
        way: f32,
        back: bool,
    },
    AtBalancer,
    ServerPipe {
        number: usize,
        way: f32,
        back: bool,
    },
    AtServer {
        number: usize,
        /// When its dot got there.
        since_ns: u64,
    },
    /// It stopped at a server, or without a number at the balancer. `age` goes from 0 to 1.
    Stopped {
        number: Option<usize>,
        age: f32,
        why: &'static str,
    },
}

impl<'a> Track<'a> {
    pub(super) fn of_record(record: &'a std::sync::Arc<Record>, senders: &Senders) -> Self {
        let end_ns = record.at_ns + record.phases.total_ns;
        let Record { attempts, outcome, status, .. } = &**record;
        let tries = attempts.iter().enumerate().map(|(number, attempt)| {
            let next = attempts.get(number + 1);
            let course = course_of(attempt, next.is_none(), *outcome, *status);
            let until_ns = match course {
                Course::Failed(_) => next.map_or(end_ns, |next| next.began_ns),
                _ => end_ns,
            };
            let ended_ns = Some(until_ns.max(attempt.began_ns));
            Try { server: &attempt.server, began_ns: attempt.began_ns, ended_ns, course }
        });
        Self {
            id: Id { worker: record.worker, number: record.number, came_ns: record.at_ns },
            sender: senders.sender_of(record),
            pool: record.pool.as_deref(),
            tries: tries.collect(),
            end: Some(End { at_ns: end_ns, failed: stops(*outcome, *status) }),
            record: Some(record),
        }
    }

    /// Of what is known before the record. Nobody knows yet why another try was made.
    pub(super) fn of_begun(begun: &'a [Begun], senders: &Senders) -> Option<Self> {
        let first = begun.first()?;
        let tries = begun.iter().enumerate().map(|(number, it)| {
            let next = begun.get(number + 1);
            let course = if next.is_some() { Course::Failed("tried again") } else { Course::Open };
            let ended_ns = next.map(|next| next.at_ns);
            Try { server: &it.server, began_ns: it.at_ns, ended_ns, course }
        });
        Some(Self {
            id: Id { worker: first.worker, number: first.number, came_ns: first.came_ns },
            sender: senders.sender_of_begun(first),
            pool: first.pool.as_deref(),
            tries: tries.collect(),
            end: None,
            record: None,
        })
    }

    /// Where its dots are. More than one only if tries overlap or a failure is still shown.
    pub(super) fn places(&self, moment_ns: u64, mut visit: impl FnMut(Place)) {
        let sets_out_ns = self.id.came_ns + SEEN_NS;
        let arrives_ns = sets_out_ns + PIPE_NS;
        if moment_ns < sets_out_ns {
            return;
        }
        if moment_ns < arrives_ns {
            return visit(Place::ClientPipe { way: part(sets_out_ns, moment_ns), back: false });
        }
        // What a try that failed took for its way, the next one sets out later.
        let mut later_ns = SEEN_NS + PIPE_NS;
        // From when on it stands at the balancer, if it does.
        let mut free_ns = arrives_ns;
        for (number, it) in self.tries.iter().enumerate() {
            let leaves_ns = it.began_ns + later_ns;
            if moment_ns < leaves_ns {
                if moment_ns >= free_ns {
                    visit(Place::AtBalancer);
                }
                return;
            }
            let reaches_ns = leaves_ns + PIPE_NS;
            let gone_ns = it.ended_ns.map_or(u64::MAX, |at_ns| at_ns + later_ns + PIPE_NS);
            let gone_ns = gone_ns.max(reaches_ns);
            free_ns = u64::MAX;
            if moment_ns < reaches_ns {
                let way = part(leaves_ns, moment_ns);
                visit(Place::ServerPipe { number, way, back: false });
            } else if moment_ns < gone_ns {
                visit(Place::AtServer { number, since_ns: reaches_ns });
            } else {
                let has_next = number + 1 < self.tries.len();
                after_server(number, it.course, has_next, moment_ns - gone_ns, &mut visit);
            }
            if matches!(it.course, Course::Failed(_)) {
                later_ns += 2 * PIPE_NS;
                free_ns = gone_ns + PIPE_NS;
            }
        }
        if self.tries.is_empty() {
            self.after_balancer(moment_ns, visit);
        }
    }

    /// It never got to a server: refused, or answered by the balancer itself.
    fn after_balancer(&self, moment_ns: u64, mut visit: impl FnMut(Place)) {
        let Some(end) = self.end else { return visit(Place::AtBalancer) };
        let Some(since_ns) = moment_ns.checked_sub(end.at_ns + SEEN_NS + PIPE_NS) else {
            return visit(Place::AtBalancer);
        };
        match end.failed {
            Some(why) if since_ns < STOPPED_NS => {
                visit(Place::Stopped { number: None, age: part_of(since_ns, STOPPED_NS), why });
            }
            None if since_ns < PIPE_NS => {
                visit(Place::ClientPipe { way: 1.0 - part_of(since_ns, PIPE_NS), back: true });
            }
            _ => {}
        }
    }

    /// When the newest of its tries left the balancer, and for whom, as the picture shows it.
    pub(super) fn last_pick(&self, moment_ns: u64) -> Option<(u64, &'a str)> {
        let left = |it: &&Try<'_>| it.began_ns + SEEN_NS + PIPE_NS <= moment_ns;
        self.tries.iter().rev().find(left).map(|it| (it.began_ns, it.server))
    }
}

fn after_server(
    number: usize,
    course: Course,
    has_next: bool,
    since_ns: u64,
    visit: &mut impl FnMut(Place),
) {
    let pipe = |way| Place::ServerPipe { number, way, back: true };
    match course {
        Course::Good if since_ns < PIPE_NS => visit(pipe(1.0 - part_of(since_ns, PIPE_NS))),
        Course::Good if since_ns < 2 * PIPE_NS => {
            let way = 1.0 - part_of(since_ns - PIPE_NS, PIPE_NS);
            visit(Place::ClientPipe { way, back: true });
        }
        Course::Failed(why) => {
            if has_next && since_ns < PIPE_NS {
                visit(pipe(1.0 - part_of(since_ns, PIPE_NS)));
            }
            if since_ns < STOPPED_NS {
                let age = part_of(since_ns, STOPPED_NS);
                visit(Place::Stopped { number: Some(number), age, why });
            }
        }
        Course::Good | Course::Open | Course::Dropped => {}
    }
}

fn course_of(attempt: &Attempt, is_last: bool, outcome: Outcome, status: Option<u16>) -> Course {
    match (attempt.outcome, is_last) {
        // The answer began well, and its end decides.
        (_, true) => stops(outcome, status).map_or(Course::Good, Course::Failed),
        (Some(outcome), false) => match stops(outcome, None) {
            Some(why) => Course::Failed(why),
            // It was asked again because of its status, or won against the tries after it.
            None => Course::Failed("tried again"),
        },
        (None, false) => Course::Dropped,
    }
}

/// Why a request with this end does not come back, in a few words.
fn stops(outcome: Outcome, status: Option<u16>) -> Option<&'static str> {
    let stops = outcome.is_error() || outcome == Outcome::ClientLeft;
    stops.then(|| reason(outcome, status))
}

/// The end of a request in a few words.
pub(super) fn reason(outcome: Outcome, status: Option<u16>) -> &'static str {
    use crate::meter::{LimitKind as Limit, TimeoutKind as Timeout};
    match outcome {
        Outcome::Answered(StatusClass::ServerError) => match status {
            Some(500) => "status 500",
            Some(502) => "status 502",
            Some(503) => "status 503",
            Some(504) => "status 504",
            _ => "server error",
        },
        Outcome::Answered(StatusClass::ClientError) => "client error",
        Outcome::Answered(_) => "answered",
        Outcome::Carried => "carried",
        Outcome::NoServer => "no server",
        Outcome::QueueFull => "queue full",
        Outcome::TimedOut(Timeout::RequestHead) => "client too slow",
        Outcome::TimedOut(Timeout::Queue) => "waited too long",
        Outcome::TimedOut(Timeout::Connect) => "no connection in time",
        Outcome::TimedOut(Timeout::TlsHandshake) => "no TLS in time",
        Outcome::TimedOut(Timeout::Response) => "no answer in time",
        Outcome::TimedOut(Timeout::Idle) => "went silent",
        Outcome::TimedOut(Timeout::Total) => "out of time",
        Outcome::Refused => "refused",
        Outcome::Reset => "broke off",
        Outcome::BadResponse => "bad answer",
        Outcome::LimitHit(Limit::HeadSize) => "head too large",
        Outcome::LimitHit(Limit::HeaderCount) => "too many headers",
        Outcome::LimitHit(Limit::BodySize) => "body too large",
        Outcome::LimitHit(Limit::Connections) => "too many connections",
        Outcome::LimitHit(Limit::Streams) => "too many streams",
        Outcome::LimitHit(Limit::Resets) => "too many resets",
        Outcome::LimitHit(Limit::Retries) => "too many retries",
        Outcome::ClientLeft => "client left",
        Outcome::BadRequest => "bad request",
    }
}

fn part(from_ns: u64, moment_ns: u64) -> f32 {
    part_of(moment_ns - from_ns, PIPE_NS)
}

fn part_of(since_ns: u64, of_ns: u64) -> f32 {
    since_ns as f32 / of_ns as f32
}

/// What happens is heard of up to a frame of the story later; drawn that much later, nothing has to jump.
pub(super) const SEEN_NS: u64 = 120_000_000;
/// How long a dot is in a pipe.
pub(super) const PIPE_NS: u64 = 500_000_000;
/// How long the sign of a failure stays.
pub(super) const STOPPED_NS: u64 = 1_500_000_000;
/// How much later than it happened the last of a request is shown, retries apart.
pub(super) const LAG_MAX_NS: u64 = SEEN_NS + 4 * PIPE_NS + STOPPED_NS;
/// How much later than it happened the picture shows what goes on at servers.
pub(super) const SERVER_LAG_NS: u64 = SEEN_NS + 2 * PIPE_NS;

#[cfg(test)]
#[path = "track_tests.rs"]
mod tests;
