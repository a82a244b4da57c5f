//! The way of a request to a server, and of the answer back.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};
use tokio::time::Instant;

use super::super::connection::Connection;
use super::super::headers::{Switching, append_via, strip_response};
use super::super::network::Network;
use super::super::plan::RoutePlan;
use super::super::pool::PoolInForce;
use super::super::server::Server;
use super::answer::Answer;
use super::bond::{Bond, SideBond};
use super::client::Client;
use super::download::{Download, Lease, Relayed};
use super::exchange::{Exchange, Exchanged};
use super::journey::{Journey, headers_of};
use super::refusal::Refusal;
use super::tunnel::{Tunnel, Wish};
use super::upstream::Wanted;
use super::way;
use crate::meter::{Outcome, StatusClass};

/// A request that goes to a server.
pub(super) struct Relaying<'a, N: Network> {
    pub(super) connection: &'a Rc<Connection<N>>,
    pub(super) route: &'a RoutePlan,
    pub(super) client: &'a Client,
    pub(super) bonds: Bonds<'a>,
}

/// What binds the client.
pub(super) struct Bonds<'a> {
    pub(super) bond: Bond,
    pub(super) side: Option<SideBond<'a>>,
}

impl Bonds<'_> {
    fn settle<N: Network>(
        &self,
        exchange: &Exchange<'_, N>,
        server: &Server,
        answer: &mut http::response::Parts,
    ) {
        let shared = &exchange.connection.worker.shared;
        self.bond.settle(server, exchange.own_was_tried.get(), shared, answer);
        if let Some(side) = &self.side {
            side.settle(shared, answer);
        }
    }
}

impl<N: Network> Relaying<'_, N> {
    /// Leads the request to a pool and its answer back.
    pub(super) async fn relay(
        &self,
        pool: Arc<PoolInForce>,
        head: &Parts,
        wish: Option<Wish>,
        mut journey: Box<Journey>,
    ) -> Response<Download<N>> {
        let Self { connection, route, client, bonds } = self;
        if let Some(record) = &mut journey.record {
            record.pool = Some(Arc::clone(&pool.name));
        }
        let key =
            if pool.keyed { way::key_of(&pool.settings.key, connection, head) } else { Vec::new() };
        let source = journey.source.clone();
        let total = route.timeouts.total.map(|most| Duration::from_nanos(most.ns()));
        let exchange = Exchange {
            connection,
            route,
            pool,
            head,
            source: source.as_ref(),
            key,
            own: bonds.bond.own.clone(),
            strict: bonds.bond.strict,
            own_was_tried: Cell::new(false),
            client,
            wanted: if wish.is_some() { Wanted::Upgradable } else { Wanted::Any },
            deadline: total.map(|most| Instant::now() + most),
        };
        match exchange.run(&mut journey).await {
            Ok(exchanged) => self.respond(&exchange, exchanged, wish, journey),
            Err(outcome) => {
                if outcome == Outcome::NoServer && bonds.bond.strict {
                    bonds.bond.note_loss(exchange.own_was_tried.get());
                }
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
        let Self { connection, route, bonds, .. } = self;
        let Exchanged { response, connection: carrier, ticket } = exchanged;
        journey.answer_begins();
        journey.answered_ns = ticket.first_byte_ns();
        let server = Arc::clone(ticket.server());
        let (mut head, answer) = response.into_parts();
        let (received, status) = (head.version, head.status);
        bonds.settle(exchange, &server, &mut head);
        let headers = &mut head.headers;
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
            record.status = Some(status.as_u16());
            let at_server_ns =
                ticket.first_byte_ns().unwrap_or(ticket.started_ns) - ticket.started_ns;
            record.phases.first_byte_ns = at_server_ns.saturating_sub(record.phases.connect_ns);
            record.response_headers = headers_of(headers);
        }
        journey.ticket = Some(ticket);
        match wish.filter(|wish| wish.is_granted_by(status)) {
            Some(wish) => {
                let idle = route.timeouts.tunnel.map(|idle| Duration::from_nanos(idle.ns()));
                let response = Response::from_parts(head, answer);
                return begin_tunnel(connection, wish, upgrade, response, journey, idle);
            }
            // Whoever did not ask for it cannot follow.
            None if status == StatusCode::SWITCHING_PROTOCOLS => {
                return Refusal::of(Outcome::BadResponse).answer(journey);
            }
            None => {}
        }
        let lease = carrier.map(|connection_to_server| Lease {
            worker: Rc::clone(&connection.worker),
            server,
            connection: connection_to_server,
        });
        let relayed = Relayed {
            incoming: answer,
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
