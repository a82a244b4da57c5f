//! One HTTP request, from its head to the head of its answer.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};
use tokio::time::Instant;

use super::super::connection::Connection;
use super::super::framing::Violation;
use super::super::headers::{Switching, Toward, append_via, strip_response};
use super::super::network::Network;
use super::super::plan::{Goal, ListenerPlan, RoutePlan};
use super::super::pool::PoolInForce;
use super::answer::Answer;
use super::client::Client;
use super::download::{Download, Lease, Relayed};
use super::exchange::{Exchange, Exchanged};
use super::head::{self, Outbound};
use super::journey::{Journey, headers_of, record_of};
use super::refusal::Refusal;
use super::rewrite;
use super::tunnel::{Tunnel, Wish};
use super::upload::{Received, Source, UploadLimits};
use super::upstream::Wanted;
use super::way;
use crate::lab::UpstreamProtocol;
use crate::meter::{Outcome, StatusClass};

/// A request as a client's connection hands it over.
pub(super) struct Inbound {
    pub(super) head: Parts,
    pub(super) body: Received,
    pub(super) client: Client,
    /// Counts the requests of its connection.
    pub(super) number: u64,
}

/// Answers a request whose framing was not valid.
pub(super) fn refuse<N: Network>(
    connection: &Rc<Connection<N>>,
    head: &Parts,
    violation: Violation,
    client: Client,
) -> Response<Download<N>> {
    let Some(listener) = connection.listener() else { return gone() };
    let mut journey = begin(connection, &listener, head);
    journey.guard = client.guard();
    Refusal::of_violation(violation).answer(journey)
}

/// Answers a request: by a server, or with a refusal that says why.
pub(super) async fn handle<N: Network>(
    connection: &Rc<Connection<N>>,
    inbound: Inbound,
) -> Response<Download<N>> {
    let Inbound { mut head, body, client, number } = inbound;
    let worker = &connection.worker;
    let (listener, body_bytes) = {
        let plan = worker.shared.plan.load();
        (plan.listener(connection.slot).map(Arc::clone), plan.limits.body_bytes)
    };
    let Some(listener) = listener else { return gone() };
    let mut journey = begin(connection, &listener, &head);
    journey.guard = client.guard();
    let most = listener.http.keep_alive_requests;
    journey.closes = most.is_some_and(|most| number + 1 >= u64::from(most));
    let checked = head::check(&mut head, &listener);
    let (host, wish) =
        match checked.and_then(|host| Ok((host, Wish::of(&mut head, &listener.http)?))) {
            Ok(checked) => checked,
            Err(refusal) => return refusal.answer(journey),
        };
    let Some(route) = way::route(&listener, connection, &head, &host) else {
        let why = "no route matches the request";
        return Refusal::new(StatusCode::NOT_FOUND, Outcome::NoServer, why).answer(journey);
    };
    if let Some(record) = &mut journey.record {
        record.route = Some(way::name_of(route));
    }
    let pool = match &route.goal {
        Goal::Pool(pool) => Arc::clone(pool),
        Goal::Split { sides, .. } => side(sides, worker.dice.borrow_mut().roll()),
        Goal::Redirect { status, .. } | Goal::Answer { status, .. } => {
            return answer_at_once(*status, &route.goal, &host, &head, journey);
        }
    };
    if head::ends_here(&mut head) {
        return options_of_ours(journey);
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
    let relaying = Relaying { connection, route, client: &client };
    relaying.relay(pool, &head, wish, journey).await
}

/// Counts a request in, and records it if its turn has come.
fn begin<N: Network>(
    connection: &Connection<N>,
    listener: &Arc<ListenerPlan>,
    head: &Parts,
) -> Box<Journey> {
    let worker = &connection.worker;
    let now_ns = worker.shared.clock.now_ns();
    let mut journey = Journey::begin(&worker.shared, Arc::clone(listener), now_ns);
    let number = worker.next_request();
    if worker.samples(now_ns) {
        journey.record = Some(record_of(connection, listener, head, now_ns, number));
    }
    journey
}

/// Whether the client sends its body only when it is told to (RFC 9110 section 10.1.1).
pub(super) fn expects_continue(head: &Parts) -> bool {
    let expectation = head.headers.get(header::EXPECT);
    head.version != http::Version::HTTP_10
        && expectation.is_some_and(|it| it.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// A request that goes to a server.
struct Relaying<'a, N: Network> {
    connection: &'a Rc<Connection<N>>,
    route: &'a RoutePlan,
    client: &'a Client,
}

impl<N: Network> Relaying<'_, N> {
    /// Leads the request to a pool and its answer back.
    async fn relay(
        &self,
        pool: Arc<PoolInForce>,
        head: &Parts,
        wish: Option<Wish>,
        mut journey: Box<Journey>,
    ) -> Response<Download<N>> {
        let Self { connection, route, client } = self;
        if let Some(record) = &mut journey.record {
            record.pool = Some(Arc::clone(&pool.name));
        }
        let key = match pool.keyed {
            true => way::key_of(&pool.settings.key, connection, head),
            false => Vec::new(),
        };
        let source = journey.source.clone();
        let total = route.timeouts.total.map(|most| Duration::from_nanos(most.ns()));
        let exchange = Exchange {
            connection,
            route,
            pool,
            head,
            source: source.as_ref(),
            key,
            own: None,
            strict: false,
            client,
            wanted: if wish.is_some() { Wanted::Upgradable } else { Wanted::Any },
            deadline: total.map(|most| Instant::now() + most),
        };
        match exchange.run(&mut journey).await {
            Ok(exchanged) => self.respond(&exchange, exchanged, wish, journey),
            Err(outcome) => {
                match journey.guard.as_ref().and_then(|guard| guard.broken().copied()) {
                    Some(violation) => Refusal::of_violation(violation).answer(journey),
                    None => Refusal::of(outcome).answer(journey),
                }
            }
        }
    }

    fn respond(
        &self,
        exchange: &Exchange<'_, N>,
        exchanged: Exchanged,
        wish: Option<Wish>,
        mut journey: Box<Journey>,
    ) -> Response<Download<N>> {
        let Self { connection, route, .. } = self;
        let Exchanged { mut response, connection: carrier, ticket } = exchanged;
        let server = Arc::clone(ticket.server());
        let received = response.version();
        let headers = response.headers_mut();
        let upgrade = headers.get(header::UPGRADE).cloned();
        strip_response(headers, Switching::No);
        let forwarded = &journey.listener().forwarded;
        if forwarded.via {
            append_via(headers, received);
        }
        if forwarded.served_by
            && let Ok(name) = HeaderValue::from_str(&server.name)
        {
            headers.insert("x-served-by", name);
        }
        route.response_headers.apply(headers);
        if journey.closes {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(record) = &mut journey.record {
            record.status = Some(response.status().as_u16());
            record.response_headers = headers_of(response.headers());
        }
        journey.ticket = Some(ticket);
        let status = response.status();
        match wish.filter(|wish| wish.is_granted_by(status)) {
            Some(wish) => {
                let idle = route.timeouts.tunnel.map(|idle| Duration::from_nanos(idle.ns()));
                return begin_tunnel(connection, wish, upgrade, response, journey, idle);
            }
            // Whoever did not ask for it cannot follow.
            None if status == StatusCode::SWITCHING_PROTOCOLS => {
                return Refusal::of(Outcome::BadResponse).answer(journey);
            }
            None => {}
        }
        let (head, incoming) = response.into_parts();
        let lease = carrier.map(|connection_to_server| Lease {
            worker: Rc::clone(&connection.worker),
            server,
            connection: connection_to_server,
        });
        let relayed = Relayed {
            incoming,
            status: StatusClass::of(status.as_u16()),
            idle: route.timeouts.idle.map(|idle| Duration::from_nanos(idle.ns())),
            journey,
            lease,
            stalled: None,
            deadline: exchange.deadline.map(|at| Box::pin(tokio::time::sleep_until(at))),
        };
        Response::from_parts(head, Download::Relayed(Box::new(relayed)))
    }
}

/// Answers that the connection is a tunnel now, and leaves the tunnel to the connection.
fn begin_tunnel<N: Network>(
    connection: &Connection<N>,
    wish: Wish,
    upgrade: Option<HeaderValue>,
    mut response: Response<Answer>,
    journey: Box<Journey>,
    idle: Option<Duration>,
) -> Response<Download<N>> {
    let server = hyper::upgrade::on(&mut response);
    if let Some(guard) = &journey.guard {
        guard.become_tunnel();
    }
    let tunnel = Tunnel::new(wish.into_client(), server, journey, idle);
    *connection.tunnel.borrow_mut() = Some(tunnel);
    let (mut head, _nothing) = response.into_parts();
    head.extensions.clear();
    if let Some(upgrade) = upgrade {
        head.headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        head.headers.insert(header::UPGRADE, upgrade);
    }
    Response::from_parts(head, Download::Own { text: Bytes::new(), _journey: None })
}

fn side(sides: &[(u64, Arc<PoolInForce>)], draw: u64) -> Arc<PoolInForce> {
    let total = sides.last().map_or(1, |(total, _)| *total).max(1);
    let at = sides.partition_point(|(up_to, _)| *up_to <= draw % total);
    Arc::clone(&sides[at.min(sides.len() - 1)].1)
}

fn answer_at_once<N: Network>(
    status: u16,
    goal: &Goal,
    host: &str,
    head: &Parts,
    mut journey: Box<Journey>,
) -> Response<Download<N>> {
    let text = match goal {
        Goal::Answer { body, .. } => body.clone(),
        _ => Bytes::new(),
    };
    let mut response = Response::new(Download::Own { text, _journey: None });
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    match goal {
        Goal::Redirect { location, .. } => {
            if let Some(location) = rewrite::location(location, host, &head.uri) {
                response.headers_mut().insert(header::LOCATION, location);
            }
        }
        Goal::Answer { content_type: Some(content_type), .. } => {
            response.headers_mut().insert(header::CONTENT_TYPE, content_type.clone());
        }
        _ => {}
    }
    journey.end(Outcome::Answered(StatusClass::of(status)));
    response
}

/// An answer for a request that may go no further.
fn options_of_ours<N: Network>(mut journey: Box<Journey>) -> Response<Download<N>> {
    journey.end(Outcome::Answered(StatusClass::Success));
    let mut response = Response::new(Download::Own { text: Bytes::new(), _journey: None });
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// The listener was removed while the connection was idle.
fn gone<N: Network>() -> Response<Download<N>> {
    let text = Bytes::from_static(b"503 Service Unavailable this listener was closed\n");
    let mut response = Response::new(Download::Own { text, _journey: None });
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
