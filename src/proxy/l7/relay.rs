//! The way of a request to a server, and of the answer back.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use tokio::time::Instant;

use super::super::connection::Connection;
use super::super::fields::Name;
use super::super::headers::{Switching, append_via, strip_response};
use super::super::network::Network;
use super::super::plan::RoutePlan;
use super::super::pool::PoolInForce;
use super::super::server::Server;
use super::answer::Answer;
use super::bond::{Bond, SideBond};
use super::client::Client;
use super::download::{Download, Relayed};
use super::exchange::{Exchange, Exchanged};
use super::journey::{Journey, headers_of};
use super::message::{AnswerHead, Reply, RequestHead};
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
        answer: &mut AnswerHead,
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
        head: &RequestHead,
        wish: Option<Wish>,
        mut journey: Box<Journey>,
    ) -> Reply<N> {
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
                match client.violation() {
                    Some(violation) => Refusal::of_violation(violation).answer(journey),
                    None => Refusal::of(outcome).answer(journey),
                }
            }
        }
    }

    fn respond(
        &self,
        exchange: &Exchange<'_, N>,
        exchanged: Exchanged<N::Stream>,
        wish: Option<Wish>,
        mut journey: Box<Journey>,
    ) -> Reply<N> {
        let Self { connection, route, bonds, .. } = self;
        let Exchanged { mut head, answer, ticket } = exchanged;
        journey.answered_ns = ticket.first_byte_ns();
        let server = Arc::clone(ticket.server());
        let status = head.status;
        bonds.settle(exchange, &server, &mut head);
        let upgrade =
            if wish.is_some() { head.fields.get(Name::Upgrade).map(Vec::from) } else { None };
        let fields = &mut head.fields;
        strip_response(fields, Switching::No);
        let forwarded = &journey.listener().forwarded;
        if forwarded.via {
            append_via(fields, head.version);
        }
        if forwarded.served_by && server.name.is_ascii() {
            fields.set(Name::XServedBy, server.name.as_bytes());
        }
        route.response_headers.apply(fields);
        if journey.closes {
            fields.set(Name::Connection, b"close");
        }
        if let Some(record) = &mut journey.record {
            record.status = Some(status.as_u16());
            let at_server_ns =
                ticket.first_byte_ns().unwrap_or(ticket.started_ns) - ticket.started_ns;
            record.phases.first_byte_ns = at_server_ns.saturating_sub(record.phases.connect_ns);
            record.response_headers = headers_of(fields);
        }
        journey.ticket = Some(ticket);
        match wish.filter(|wish| wish.is_granted_by(status)) {
            Some(_) => {
                let idle = route.timeouts.tunnel.map(|idle| Duration::from_nanos(idle.ns()));
                return begin_tunnel(connection, upgrade, (head, answer), journey, idle);
            }
            // Whoever did not ask for it cannot follow.
            None if status == StatusCode::SWITCHING_PROTOCOLS => {
                return Refusal::of(Outcome::BadResponse).answer(journey);
            }
            None => {}
        }
        let relayed = Relayed {
            incoming: Some(answer),
            worker: Rc::clone(&connection.worker),
            server,
            status: StatusClass::of(status.as_u16()),
            idle: route.timeouts.idle.map(|idle| Duration::from_nanos(idle.ns())),
            journey,
            stalled: None,
            trailers: None,
            deadline: exchange.deadline.map(|at| Box::pin(tokio::time::sleep_until(at))),
        };
        Reply { head, body: Download::Relayed(Box::new(relayed)) }
    }
}

/// Answers that the connection is a tunnel now, and leaves the tunnel to the connection.
fn begin_tunnel<N: Network>(
    connection: &Connection<N>,
    upgrade: Option<Vec<u8>>,
    (mut head, answer): (AnswerHead, Answer<N::Stream>),
    journey: Box<Journey>,
    idle: Option<Duration>,
) -> Reply<N> {
    // HTTP/2 was not asked.
    let Answer::Http1(answer) = answer else {
        return Refusal::of(Outcome::BadResponse).answer(journey);
    };
    let tunnel = Tunnel::new(answer.into_transport(), journey, idle);
    *connection.tunnel.borrow_mut() = Some(tunnel);
    if let Some(upgrade) = upgrade {
        head.fields.set(Name::Connection, b"upgrade");
        head.fields.set(Name::Upgrade, &upgrade);
    }
    Reply { head, body: Download::own(Bytes::new()) }
}
