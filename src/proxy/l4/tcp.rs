//! One TCP connection, from its acceptance to the end of both its directions.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::net::TcpStream;

use super::super::boxed::boxed;
use super::super::connection::Connection;
use super::super::idle::Counted;
use super::super::l7::connect;
use super::super::network::{Network, Wire};
use super::super::plan::ListenerPlan;
use super::super::ticket::Ticket;
use super::super::transport::Transport;
use super::super::worker::Worker;
use super::greeting::name_asked_for;
use super::passage::{Before, Passage};
use super::relay::{End, Ended, Tally, Unfinished, relay};
use super::search::Search;
use super::way::Caller;
use crate::lab::Protocol;
use crate::meter::{LimitKind, Outcome, TimeoutKind};

/// Leads a connection to a server and carries its bytes until it ends.
pub(in super::super) async fn serve<N: Network>(
    mut connection: Connection<N>,
    transport: Transport<N::Stream>,
    listener: Arc<ListenerPlan>,
) {
    // An end in good order would look like an answer of nothing.
    let mut transport = Unfinished::new(transport);
    if listener.protocol == Protocol::TlsPassthrough
        && !overhear(&mut connection, &mut transport, &listener).await
    {
        return;
    }
    let worker = &connection.worker;
    let caller = Caller { address: connection.client, sni: connection.sni.clone() };
    let now_ns = worker.shared.clock.now_ns();
    let before = Before {
        number: connection.number,
        accept_ns: now_ns.saturating_sub(connection.accepted_ns),
        tls_ns: connection.tls_ns,
    };
    let mut passage = Passage::begin(worker, &listener, &caller, before);
    let reached = match boxed(|| reach(&connection, &listener, &caller, &mut passage)).await {
        Ok(reached) => reached,
        Err(outcome) => return passage.end(outcome),
    };
    let Reached { transport: server, mut ticket, counted: _counted } = reached;
    let idle = Duration::from_nanos(listener.tcp.idle_timeout.ns());
    let mut toll = Toll { worker, passage: &mut passage, ticket: &mut ticket };
    let ended = relay(transport, Unfinished::new(server), idle, &mut toll).await;
    let (of_server, of_connection) = outcomes(ended, &passage);
    ticket.end(of_server);
    passage.end(of_connection);
}

/// Finds out which name the client asks for. What speaks no TLS is counted and told like a failed handshake.
async fn overhear<N: Network>(
    connection: &mut Connection<N>,
    transport: &mut Transport<N::Stream>,
    listener: &ListenerPlan,
) -> bool {
    let shared = Arc::clone(&connection.worker.shared);
    let patience = Duration::from_nanos(shared.plan.load().limits.handshake_timeout.ns());
    let why = match tokio::time::timeout(patience, name_asked_for(transport)).await {
        Ok(Ok(name)) => {
            connection.sni = name;
            return true;
        }
        Ok(Err(why)) => why,
        Err(_elapsed) => "the ClientHello did not come in time",
    };
    shared.tallies.failed_handshakes.fetch_add(1, Relaxed);
    connection.misbehaved(listener, why.to_owned());
    false
}

/// A server that took the connection.
struct Reached<S> {
    transport: Transport<S>,
    ticket: Ticket,
    counted: Counted,
}

/// Tries servers until one takes the connection. No byte of the client's was sent yet, so every failure may be
/// made good by another server.
async fn reach<N: Network>(
    connection: &Connection<N>,
    listener: &ListenerPlan,
    caller: &Caller,
    passage: &mut Passage,
) -> Result<Reached<N::Stream>, Outcome> {
    let worker = &connection.worker;
    let route = caller.route(listener).ok_or(Outcome::NoServer)?;
    let mut search = Search::begin(worker, caller, route, passage).ok_or(Outcome::NoServer)?;
    loop {
        let ticket = search.pick(passage).await?;
        let began_ns = worker.shared.clock.now_ns();
        let connected = dial(connection, &ticket).await;
        passage.connected(began_ns);
        match connected {
            Ok((transport, counted)) => {
                search.found(&ticket);
                return Ok(Reached { transport, ticket, counted });
            }
            Err(failure) => {
                ticket.end(failure);
                if !search.may_go_on(passage, failure).await {
                    return Err(failure);
                }
            }
        }
    }
}

async fn dial<N: Network>(
    connection: &Connection<N>,
    ticket: &Ticket,
) -> Result<(Transport<N::Stream>, Counted), Outcome> {
    let server = ticket.server();
    let counted = Counted::take(server).ok_or(Outcome::LimitHit(LimitKind::Connections))?;
    let (transport, _alpn) = connect(connection, server).await?;
    Ok((transport, counted))
}

/// How it ended for the server, and how for the connection.
fn outcomes(ended: Ended, passage: &Passage) -> (Outcome, Outcome) {
    let idle = Outcome::TimedOut(TimeoutKind::Idle);
    match ended {
        Ended::InOrder => (Outcome::Carried, Outcome::Carried),
        // A server that was asked something and never said a word hangs. Otherwise silence is nobody's fault.
        Ended::Idle if passage.n_bytes_in() > 0 && passage.n_bytes_out() == 0 => (idle, idle),
        Ended::Idle => (Outcome::Carried, idle),
        Ended::ClientBroke => (Outcome::ClientLeft, Outcome::ClientLeft),
        Ended::ServerBroke => (Outcome::Reset, Outcome::Reset),
    }
}

/// Counts what is carried.
struct Toll<'a, N: Network> {
    worker: &'a Rc<Worker<N>>,
    passage: &'a mut Passage,
    ticket: &'a mut Ticket,
}

impl<N: Network> Tally for Toll<'_, N> {
    fn carried(&mut self, to_server: u64, to_client: u64) {
        if to_client > 0 && self.passage.n_bytes_out() == 0 {
            self.ticket.first_byte(self.worker.shared.clock.now_ns());
        }
        self.passage.carried(self.ticket.server(), to_server, to_client);
    }
}

impl<S: Wire> End for Transport<S> {
    fn bare(&self) -> Option<&TcpStream> {
        self.bare_wire().and_then(Wire::as_tcp)
    }

    fn abort(&self) {
        if let Some(socket) = self.wire().as_tcp() {
            // It fails where the connection is gone already.
            drop(socket.set_zero_linger());
        }
    }
}
