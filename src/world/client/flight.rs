//! One request from when it should be sent to its end.

use std::net::IpAddr;
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::connection::{Connection, Dial};
use super::echo::{self, Echo};
use super::group::{Answered, Group, Plan};
use super::http1::{Answer, Failure, Http1};
use super::http2::{self, Filler};
use super::identity::Shown;
use super::idle::Lane;
use super::measure::LostSession;
use super::notes::Notes;
use super::sheet::{Details, Sheet};
use super::target::{Speaks, Target};
use crate::lab::{HttpVersion, Key, address_of};
use crate::meter::{Outcome, StatusClass, TimeoutKind};

/// A request as it was drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flight {
    pub(super) number: u64,
    pub(super) identity: u32,
    pub(super) kind: u32,
    pub(super) key: u64,
    /// Of a closed loop.
    pub(super) user: Option<u32>,
    /// Latency counts from here.
    pub(super) intended_ns: u64,
    pub(super) gives_up_ns: u64,
}

impl Flight {
    pub(super) fn address(&self) -> IpAddr {
        address_of(self.identity)
    }

    /// Flies to its end, however that comes.
    pub(super) async fn fly(self, mut ticket: Ticket) {
        let group = Rc::clone(&ticket.group);
        let left_ns = self.gives_up_ns.saturating_sub(group.now_ns());
        let sent_ns = &mut ticket.sent_ns;
        let way = async {
            group.released().await;
            *sent_ns = Some(group.now_ns());
            let plan = group.plan();
            Trip { group: &group, plan: &plan, flight: &self }.go().await
        };
        let end = tokio::time::timeout(Duration::from_nanos(left_ns), way).await;
        ticket.outcome = end.unwrap_or(Outcome::TimedOut(TimeoutKind::Total));
    }
}

/// A request's place among those under way. Whatever ends it, it is counted once, and a user goes on.
pub(super) struct Ticket {
    group: Rc<Group>,
    flight: Flight,
    sent_ns: Option<u64>,
    outcome: Outcome,
}

impl Ticket {
    pub(super) fn new(group: &Rc<Group>, flight: Flight) -> Self {
        group.tally.in_flight.fetch_add(1, Relaxed);
        // What is dropped on the way was given up by its own side.
        Self { group: Rc::clone(group), flight, sent_ns: None, outcome: Outcome::ClientLeft }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let Self { group, flight, sent_ns, outcome } = self;
        let tally = &group.tally;
        let now_ns = group.now_ns();
        // A quick refusal must not make a bad choice look fast; who gave up waiting has waited so long.
        if !outcome.is_error() && *outcome != Outcome::ClientLeft
            || matches!(outcome, Outcome::TimedOut(_))
        {
            tally.meter.latency.record(now_ns.saturating_sub(flight.intended_ns));
            tally.from_send.record(now_ns.saturating_sub(sent_ns.unwrap_or(now_ns)));
        }
        tally.last_answer_ns.store(now_ns, Relaxed);
        tally.meter.counters.finish(*outcome);
        tally.in_flight.fetch_sub(1, Relaxed);
        group.traffic.leave();
        if let Some(user) = flight.user {
            group.user_is_free(user, flight.intended_ns, *outcome);
        }
    }
}

impl Group {
    /// Whoever was answered or turned away at once takes a moment all the same, as in virtual time: users who do not
    /// think would otherwise send without a pause.
    pub(super) fn user_is_free(&self, user: u32, intended_ns: u64, outcome: Outcome) {
        let refused = matches!(outcome, Outcome::Refused | Outcome::LimitHit(_));
        let pause_ns = if refused { REFUSED_NS } else { ROUND_TRIP_NS };
        let earliest_ns = intended_ns + pause_ns;
        self.answered.borrow_mut().push(Answered { user, earliest_ns });
        self.wake.notify_one();
    }
}

/// One way of one request, under the settings with which it was sent.
struct Trip<'a> {
    group: &'a Group,
    plan: &'a Plan,
    flight: &'a Flight,
}

impl Trip<'_> {
    async fn go(&self) -> Outcome {
        let Self { group, plan, flight } = self;
        let sheet = plan.sheet(flight.kind);
        let key = plan.client.keys.text(flight.key);
        let path = sheet.path(&key);
        let echo = match plan.target.speaks {
            Speaks::Tcp => {
                let dial = self.dial(Target::name_of(&sheet.host));
                echo::over_tcp(&dial, flight.number, sheet.body_bytes()).await
            }
            Speaks::Udp => echo::over_udp(group, plan, flight, sheet.body_bytes()).await,
            Speaks::Http => {
                let mut notes = Notes::new(flight.number, plan.client.cookies);
                let asked = Asking { sheet, key: &key, path: &path };
                let end = match plan.client.http {
                    HttpVersion::Http1 => self.over_http1(&asked, &mut notes).await,
                    HttpVersion::Http2 => self.over_http2(&asked, &mut notes).await,
                };
                return end
                    .map_or_else(|outcome| outcome, |answer| self.take(answer, &notes, &path));
            }
        };
        self.take_echo(&echo)
    }

    async fn over_http1(&self, asked: &Asking<'_>, notes: &mut Notes) -> Result<Answer, Outcome> {
        let Self { group, plan, .. } = self;
        let lane = self.lane(asked);
        let mut kept = self.kept(lane);
        loop {
            let is_old = kept.is_some();
            let mut connection = match kept.take() {
                Some(connection) => connection,
                None => Http1::new(Connection::dial(&self.dial(asked.server_name())).await?),
            };
            asked.sheet.write_head(self.details(asked), &mut connection.head);
            let body_bytes = asked.sheet.body_bytes();
            let sent_bytes = (connection.head.len() + body_bytes) as u64;
            match connection.exchange(body_bytes, asked.sheet.is_head(), notes).await {
                Ok(answer) => {
                    group.tally.meter.counters.carry(sent_bytes, answer.bytes);
                    if answer.keeps_alive && group.keeps(plan) {
                        group.idle.borrow_mut().give(lane, connection);
                    }
                    return Ok(answer);
                }
                // Closed before it saw the request, as kept connections are: once more, on a new one.
                Err(Failure { unanswered: true, .. }) if is_old => group.count_stale(),
                Err(failure) => return Err(failure.outcome),
            }
        }
    }

    async fn over_http2(&self, asked: &Asking<'_>, notes: &mut Notes) -> Result<Answer, Outcome> {
        let Self { group, plan, .. } = self;
        let lane = self.lane(asked);
        let scheme = if plan.target.tls.is_some() { "https" } else { "http" };
        let body_bytes = asked.sheet.body_bytes();
        for _ in 0..2 {
            let dial = self.dial(asked.server_name());
            let way = group.streams.way(lane, group.keeps(plan), &dial).await?;
            let body = Filler::new(body_bytes);
            let request = asked.sheet.request(scheme, self.details(asked), body);
            let request = request.ok_or(Outcome::BadResponse)?;
            match http2::exchange(way, request, notes).await {
                Ok(answer) => {
                    group.tally.meter.counters.carry(body_bytes as u64, answer.bytes);
                    return Ok(answer);
                }
                Err(Failure { unanswered: true, .. }) => {
                    group.streams.forget(lane);
                    group.count_stale();
                }
                Err(failure) => return Err(failure.outcome),
            }
        }
        Err(Outcome::Reset)
    }

    /// A connection of this lane that is still open.
    fn kept(&self, lane: Lane) -> Option<Http1> {
        let Self { group, plan, .. } = self;
        if !group.keeps(plan) {
            return None;
        }
        loop {
            let mut connection = group.idle.borrow_mut().take(lane)?;
            if connection.is_quiet() {
                return Some(connection);
            }
            group.count_stale();
        }
    }

    /// Requests for different names over TLS need connections of their own.
    fn lane(&self, asked: &Asking<'_>) -> Lane {
        let Self { plan, flight, .. } = self;
        let name = match (&plan.target.tls, &plan.client.key_in) {
            (None, _) => 0,
            (Some(_), Some(Key::Sni)) => 1 + flight.key,
            (Some(_), _) => {
                plan.sheets.iter().position(|sheet| sheet.host == asked.sheet.host).unwrap_or(0)
                    as u64
            }
        };
        (flight.identity, name)
    }

    fn details<'a>(&'a self, asked: &Asking<'a>) -> Details<'a> {
        let Self { group, plan, flight } = self;
        let mut cookies = String::new();
        if plan.client.cookies {
            let path = std::str::from_utf8(asked.path).unwrap_or("/");
            let trusted = plan.target.tls.is_some() || plan.target.address.ip().is_loopback();
            let jars = group.jars.borrow();
            jars.write(flight.identity, path, trusted, group.unix_secs(), &mut cookies);
        }
        Details {
            path: asked.path,
            key: asked.key,
            number: flight.number,
            forwarded_for: (plan.shown == Shown::Forwarded).then(|| flight.address()),
            cookies,
            keep_alive: plan.client.keep_alive,
        }
    }

    fn dial<'a>(&'a self, server_name: &'a str) -> Dial<'a> {
        let Self { group, plan, flight } = self;
        Dial {
            target: &plan.target,
            shown: plan.shown,
            identity: flight.address(),
            number: flight.number,
            server_name,
            tally: &group.tally,
        }
    }

    /// Learns from an answer.
    fn take(&self, answer: Answer, notes: &Notes, path: &[u8]) -> Outcome {
        let Self { group, plan, flight } = self;
        let tally = &group.tally;
        tally.answered_by(notes.server());
        tally.wrong_answers.fetch_add(u64::from(notes.echoes_other), Relaxed);
        if notes.session_lost {
            tally.lost_sessions.fetch_add(1, Relaxed);
            tally.lost.push(LostSession {
                at_ns: group.now_ns(),
                identity: flight.identity,
                number: flight.number,
                server: notes.server().map(|name| String::from_utf8_lossy(name).into_owned()),
            });
        }
        let path = std::str::from_utf8(path).unwrap_or("/");
        for cookie in notes.set_cookies.iter().filter(|_| group.remembers(plan)) {
            group.jars.borrow_mut().set(flight.identity, cookie, path, group.unix_secs());
        }
        // As in virtual time: a request that the balancer refused has that for its outcome, not a mere 503.
        let refused_as = notes.refused_as.filter(|_| answer.status >= 400);
        refused_as.unwrap_or_else(|| Outcome::Answered(StatusClass::of(answer.status)))
    }

    fn take_echo(&self, echo: &Echo) -> Outcome {
        let tally = &self.group.tally;
        tally.meter.counters.carry(echo.bytes_sent, echo.bytes_back);
        tally.wrong_answers.fetch_add(u64::from(echo.is_wrong), Relaxed);
        echo.outcome
    }
}

/// What is asked for.
struct Asking<'a> {
    sheet: &'a Sheet,
    key: &'a str,
    path: &'a [u8],
}

impl Asking<'_> {
    fn server_name(&self) -> &str {
        self.sheet.server_name(self.key)
    }
}

/// About what a round trip on loopback takes.
const ROUND_TRIP_NS: u64 = 100_000;
/// Whoever is refused comes back less eagerly, or a closed listener would keep a whole core busy.
const REFUSED_NS: u64 = 1_000_000;
