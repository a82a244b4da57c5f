//! A connection's passage through the proxy: what is counted and recorded of it, from its arrival to its end.

use std::rc::Rc;
use std::sync::Arc;

use super::super::network::Network;
use super::super::plan::ListenerPlan;
use super::super::record::{Attempt, Phases, Record};
use super::super::server::Server;
use super::super::shared::Shared;
use super::super::ticket::Ticket;
use super::super::worker::Worker;
use super::way::Caller;
use crate::balance::Notes;
use crate::meter::Outcome;

/// One connection or session, ended exactly once; dropped before its end, its client has left.
pub(super) struct Passage {
    shared: Arc<Shared>,
    listener: Arc<ListenerPlan>,
    started_ns: u64,
    n_bytes_in: u64,
    n_bytes_out: u64,
    /// Everything about it, if it was sampled.
    record: Option<Box<Record>>,
    ended: bool,
}

/// What came before a passage began.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Before {
    /// Counts the connections of a worker.
    pub(super) number: u64,
    pub(super) accept_ns: u64,
    pub(super) tls_ns: u64,
}

impl Passage {
    pub(super) fn begin<N: Network>(
        worker: &Rc<Worker<N>>,
        listener: &Arc<ListenerPlan>,
        caller: &Caller,
        before: Before,
    ) -> Self {
        let now_ns = worker.shared.clock.now_ns();
        let number = worker.next_request();
        listener.meter.counters.start();
        let record = worker.samples(now_ns).then(|| {
            let mut record = Box::new(record_of(listener, caller, before));
            record.at_ns = now_ns;
            record.number = number;
            record.worker = worker.index;
            record
        });
        Self {
            shared: Arc::clone(&worker.shared),
            listener: Arc::clone(listener),
            started_ns: now_ns,
            n_bytes_in: 0,
            n_bytes_out: 0,
            record,
            ended: false,
        }
    }

    /// Whether the reasons of a pick are wanted.
    pub(super) fn notes(&self) -> Notes {
        if self.record.is_some() { Notes::on() } else { Notes::off() }
    }

    pub(super) fn led(&mut self, route: &Arc<str>, pool: &Arc<str>) {
        if let Some(record) = &mut self.record {
            record.route = Some(Arc::clone(route));
            record.pool = Some(Arc::clone(pool));
        }
    }

    pub(super) fn tries_again(&self) {
        self.listener.meter.counters.retry();
    }

    /// A try begins.
    pub(super) fn tries(&mut self, ticket: &Ticket, notes: Notes, asked_ns: u64) {
        if let Some(record) = &mut self.record {
            record.phases.queue_ns += ticket.started_ns.saturating_sub(asked_ns);
            record.attempts.push(Attempt {
                server: Arc::clone(&ticket.server().name),
                decision: notes.take().map(Box::new),
                began_ns: ticket.started_ns,
                outcome: None,
                reused_connection: false,
            });
            self.shared.tell_begun(record);
        }
    }

    /// The try that began last has failed.
    pub(super) fn failed(&mut self, outcome: Outcome) {
        let attempt = self.record.as_mut().and_then(|record| record.attempts.last_mut());
        if let Some(attempt) = attempt {
            attempt.outcome = Some(outcome);
        }
    }

    pub(super) fn connected(&mut self, began_ns: u64) {
        let now_ns = self.shared.clock.now_ns();
        if let Some(record) = &mut self.record {
            record.phases.connect_ns += now_ns.saturating_sub(began_ns);
        }
    }

    /// Counts bytes while they move: a connection may last for days.
    pub(super) fn carried(&mut self, server: &Server, bytes_in: u64, bytes_out: u64) {
        if self.n_bytes_out == 0
            && bytes_out > 0
            && let Some(record) = &mut self.record
        {
            let now_ns = self.shared.clock.now_ns();
            record.phases.first_byte_ns = now_ns.saturating_sub(self.started_ns);
        }
        self.n_bytes_in += bytes_in;
        self.n_bytes_out += bytes_out;
        self.listener.meter.counters.carry(bytes_in, bytes_out);
        server.meter.counters.carry(bytes_in, bytes_out);
    }

    pub(super) fn n_bytes_in(&self) -> u64 {
        self.n_bytes_in
    }

    pub(super) fn n_bytes_out(&self) -> u64 {
        self.n_bytes_out
    }

    pub(super) fn end(mut self, outcome: Outcome) {
        self.finish(outcome);
    }

    fn finish(&mut self, outcome: Outcome) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let latency_ns = self.shared.clock.now_ns().saturating_sub(self.started_ns);
        let meter = &self.listener.meter;
        meter.latency.record(latency_ns);
        meter.counters.finish(outcome);
        if let Some(mut record) = self.record.take() {
            record.outcome = outcome;
            record.phases.total_ns = latency_ns;
            record.bytes_in = self.n_bytes_in;
            record.bytes_out = self.n_bytes_out;
            if let Some(attempt) = record.attempts.last_mut() {
                attempt.outcome.get_or_insert(outcome);
            }
            self.shared.records.push(*record);
        }
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        self.finish(Outcome::ClientLeft);
    }
}

fn record_of(listener: &ListenerPlan, caller: &Caller, before: Before) -> Record {
    Record {
        at_ns: 0,
        number: 0,
        worker: 0,
        connection: before.number,
        listener: Arc::clone(&listener.name),
        route: None,
        pool: None,
        client: caller.address,
        method: String::new(),
        target: String::new(),
        host: caller.sni.as_deref().unwrap_or_default().to_owned(),
        version: match listener.protocol {
            crate::lab::Protocol::Udp => "udp",
            crate::lab::Protocol::TlsPassthrough => "tls",
            crate::lab::Protocol::Tcp | crate::lab::Protocol::Http => "tcp",
        },
        status: None,
        outcome: Outcome::ClientLeft,
        attempts: Vec::new(),
        phases: Phases { accept_ns: before.accept_ns, tls_ns: before.tls_ns, ..Phases::default() },
        bytes_in: 0,
        bytes_out: 0,
        request_headers: Vec::new(),
        response_headers: Vec::new(),
    }
}
