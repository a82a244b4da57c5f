//! One HTTP request, from its head to the head of its answer.

use std::rc::Rc;
use std::sync::Arc;

use http::StatusCode;

use super::super::connection::Connection;
use super::super::fields::{Fields, Name};
use super::super::framing::Violation;
use super::super::headers::Toward;
use super::super::network::Network;
use super::super::plan::{Goal, ListenerPlan, RoutePlan};
use super::super::pool::PoolInForce;
use super::bond::{Bond, SideBond};
use super::client::Client;
use super::head::{self, Outbound};
use super::journey::{Journey, record_of};
use super::message::{Reply, RequestHead};
use super::own;
use super::refusal::Refusal;
use super::relay::{Bonds, Relaying};
use super::tunnel::Wish;
use super::upload::{Received, Source, UploadLimits};
use super::way;
use crate::lab::UpstreamProtocol;
use crate::meter::{Outcome, StatusClass};

/// A request as a client's connection hands it over.
pub(super) struct Inbound {
    pub(super) head: RequestHead,
    pub(super) body: Received,
    /// Whether the connection can become something else.
    pub(super) may_switch: bool,
    pub(super) client: Client,
    /// Counts the requests of its connection.
    pub(super) number: u64,
}

/// Answers a request whose framing was not valid.
pub(super) fn refuse<N: Network>(
    connection: &Rc<Connection<N>>,
    head: &RequestHead,
    violation: Violation,
) -> Reply<N> {
    let Some(listener) = connection.listener() else { return own::gone() };
    let journey = begin(connection, &listener, head);
    Refusal::of_violation(violation).answer(journey)
}

/// Answers a request: by a server, or with a refusal that says why.
pub(super) async fn handle<N: Network>(
    connection: &Rc<Connection<N>>,
    inbound: Inbound,
) -> Reply<N> {
    let Inbound { mut head, body, may_switch, client, number } = inbound;
    let worker = &connection.worker;
    let (listener, body_bytes) = {
        let plan = worker.shared.plan.load();
        (plan.listener(connection.slot).map(Arc::clone), plan.limits.body_bytes)
    };
    let Some(listener) = listener else { return own::gone() };
    let mut journey = begin(connection, &listener, &head);
    journey.has_body = !body.is_end_stream();
    let most = listener.http.keep_alive_requests;
    journey.closes = most.is_some_and(|most| number + 1 >= u64::from(most));
    let checked = head::check(&head, &listener);
    let (host, wish) =
        match checked.and_then(|host| Ok((host, Wish::of(&head, may_switch, &listener.http)?))) {
            Ok(checked) => checked,
            Err(refusal) => return refusal.answer(journey),
        };
    let Some(route) = way::route(&listener, connection, &head, &host) else {
        let why = "no route matches the request";
        let outcome = Outcome::Answered(StatusClass::ClientError);
        return Refusal::new(StatusCode::NOT_FOUND, outcome, why).answer(journey);
    };
    if let Some(record) = &mut journey.record {
        record.route = Some(way::name_of(route));
    }
    let Some((pool, side)) = lead(connection, route, &mut head) else {
        return match &route.goal {
            Goal::Redirect { .. } | Goal::Answer { .. } => {
                own::answer(&route.goal, &host, &head, journey)
            }
            Goal::Pool(_) | Goal::Split { .. } => Refusal::of(Outcome::NoServer).answer(journey),
        };
    };
    if head::ends_here(&mut head) {
        return own::no_further(journey);
    }
    let expects_continue = expects_continue(&head);
    let toward = match pool.settings.upstream.protocol {
        UpstreamProtocol::Http1 => Toward::Http1,
        UpstreamProtocol::H2c | UpstreamProtocol::Https => Toward::Http2,
    };
    let outbound = Outbound { host: &host, toward, wish: wish.as_ref() };
    if let Err(refusal) = head::prepare(&mut head, connection, &listener, route, &outbound) {
        return refusal.answer(journey);
    }
    let upload_limits = UploadLimits::of(route, &head.method, body_bytes);
    let source = Source::new(body, upload_limits);
    if let Some(source) = source.as_ref().filter(|_| expects_continue) {
        source.hold_back();
    }
    journey.source.clone_from(&source);
    let bond = Bond::find(&pool, connection, &mut head);
    let bonds = Bonds { bond, side };
    Relaying { connection, route, client: &client, bonds }.relay(pool, &head, wish, journey).await
}

/// The pool that a route leads to, and what binds the client to its side of a split. None where the route is
/// answered here, or all sides have weight 0.
fn lead<'a, N: Network>(
    connection: &Connection<N>,
    route: &'a RoutePlan,
    head: &mut RequestHead,
) -> Option<(Arc<PoolInForce>, Option<SideBond<'a>>)> {
    let worker = &connection.worker;
    match &route.goal {
        Goal::Pool(pool) => Some((Arc::clone(pool), None)),
        Goal::Split { sides, sticky } => {
            let draw = || side(sides, worker.dice.borrow_mut().roll());
            let Some(sticky) = sticky else { return draw().map(|pool| (pool, None)) };
            let fields: &mut Fields = &mut head.fields;
            SideBond::find(&worker.shared, sticky, &route.name, sides, fields, draw)
                .map(|(bond, pool)| (pool, Some(bond)))
        }
        Goal::Redirect { .. } | Goal::Answer { .. } => None,
    }
}

/// Counts a request in, and records it if its turn has come.
fn begin<N: Network>(
    connection: &Connection<N>,
    listener: &Arc<ListenerPlan>,
    head: &RequestHead,
) -> Box<Journey> {
    let worker = &connection.worker;
    let now_ns = worker.shared.clock.now_ns();
    let mut journey = Journey::begin(&worker.shared, Arc::clone(listener), now_ns);
    let number = worker.next_request();
    journey.sampled = worker.samples(now_ns);
    if journey.sampled || listener.log.is_some() {
        journey.record = Some(record_of(connection, listener, head, now_ns, number));
    }
    journey
}

/// Whether the client sends its body only when it is told to (RFC 9110 section 10.1.1).
pub(super) fn expects_continue(head: &RequestHead) -> bool {
    let expectation = head.fields.get(Name::Expect);
    head.version != http::Version::HTTP_10
        && expectation.is_some_and(|it| it.eq_ignore_ascii_case(b"100-continue"))
}

/// A side by weight; none where all have weight 0.
fn side(sides: &[(u64, Arc<PoolInForce>)], draw: u64) -> Option<Arc<PoolInForce>> {
    let total = sides.last().map_or(1, |(total, _)| *total).max(1);
    let at = sides.partition_point(|(up_to, _)| *up_to <= draw % total);
    sides.get(at).map(|(_, pool)| Arc::clone(pool))
}
