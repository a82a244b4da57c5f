//! A request's journey: what is counted and recorded of it, from its head to the end of its answer.

use std::rc::Rc;
use std::sync::Arc;

use super::super::fields::{Fields, Name};
use super::super::network::Network;
use super::super::plan::ListenerPlan;
use super::super::record::Record;
use super::super::shared::Shared;
use super::super::ticket::Ticket;
use super::message::RequestHead;
use super::upload::Source;
use crate::meter::Outcome;

#[expect(
    clippy::struct_excessive_bools,
    reason = "four answers that have nothing to do with each other"
)]
/// One request, ended exactly once; dropped before its end, its client has left.
pub(super) struct Journey {
    shared: Arc<Shared>,
    listener: Arc<ListenerPlan>,
    pub(super) started_ns: u64,
    /// The try that is under way.
    pub(super) ticket: Option<Ticket>,
    pub(super) source: Option<Rc<Source>>,
    /// What a tunnel carried towards its server.
    pub(super) n_bytes_up: u64,
    pub(super) n_bytes_out: u64,
    /// When the head of the server's answer came.
    pub(super) answered_ns: Option<u64>,
    /// Everything about it, if it was sampled.
    pub(super) record: Option<Box<Record>>,
    /// The connection is not used for another request.
    pub(super) closes: bool,
    /// The request has a body, of which nothing was read yet.
    pub(super) has_body: bool,
    /// Recorded to be looked at, and not only to be written down.
    pub(super) sampled: bool,
    ended: bool,
}

impl Journey {
    pub(super) fn begin(
        shared: &Arc<Shared>,
        listener: Arc<ListenerPlan>,
        started_ns: u64,
    ) -> Box<Self> {
        listener.meter.counters.start();
        Box::new(Self {
            shared: Arc::clone(shared),
            listener,
            started_ns,
            ticket: None,
            source: None,
            n_bytes_up: 0,
            n_bytes_out: 0,
            answered_ns: None,
            record: None,
            closes: false,
            has_body: false,
            sampled: false,
            ended: false,
        })
    }

    pub(super) fn listener(&self) -> &Arc<ListenerPlan> {
        &self.listener
    }

    /// Shows a sampled request on its way.
    pub(super) fn tell_begun(&self) {
        if let Some(record) = self.record.as_deref().filter(|_| self.sampled) {
            self.shared.tell_begun(record);
        }
    }

    /// Whether an answer that the proxy gives now is the last on its connection: what is left of the request's body
    /// would be read as the next request.
    pub(super) fn is_last(&self) -> bool {
        let unread = self.source.as_ref().map_or(self.has_body, |source| !source.has_ended());
        self.closes || unread
    }

    pub(super) fn end(&mut self, outcome: Outcome) {
        if !self.ended {
            self.end_at(outcome, self.shared.clock.now_ns());
        }
    }

    /// The same for whoever has looked at the clock already.
    pub(super) fn end_at(&mut self, outcome: Outcome, now_ns: u64) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        if let Some(ticket) = self.ticket.take() {
            ticket.end_at(outcome, now_ns);
        }
        let latency_ns = now_ns.saturating_sub(self.started_ns);
        let meter = &self.listener.meter;
        let n_bytes_in =
            self.source.as_ref().map_or(0, |source| source.n_bytes()) + self.n_bytes_up;
        meter.latency.record(latency_ns);
        meter.counters.carry(n_bytes_in, self.n_bytes_out);
        meter.counters.finish(outcome);
        if let Some(mut record) = self.record.take() {
            record.outcome = outcome;
            record.phases.total_ns = latency_ns;
            record.phases.body_ns = self
                .answered_ns
                .map_or(0, |at_ns| (self.started_ns + latency_ns).saturating_sub(at_ns));
            record.bytes_in = n_bytes_in;
            record.bytes_out = self.n_bytes_out;
            match (&self.listener.log, self.sampled) {
                (Some(log), true) => {
                    log.write((*record).clone());
                    self.shared.records.push(*record);
                }
                (Some(log), false) => log.write(*record),
                (None, _) => self.shared.records.push(*record),
            }
        }
    }
}

impl Drop for Journey {
    fn drop(&mut self) {
        self.end(Outcome::ClientLeft);
    }
}

/// Where a request came from, for what is recorded of it.
pub(super) fn record_of<N: Network>(
    connection: &super::super::connection::Connection<N>,
    listener: &ListenerPlan,
    head: &RequestHead,
    at_ns: u64,
    number: u64,
) -> Box<Record> {
    let host = head.fields.get(Name::Host).unwrap_or_default();
    Box::new(Record {
        at_ns,
        number,
        worker: connection.worker.index,
        connection: connection.number,
        listener: Arc::clone(&listener.name),
        route: None,
        pool: None,
        client: connection.client,
        method: head.method.to_string(),
        // HTTP/2 brings scheme and host along, which stand beside it.
        target: head.uri.path_and_query().map_or_else(|| head.uri.to_string(), ToString::to_string),
        host: String::from_utf8_lossy(host).into_owned(),
        version: match head.version {
            http::Version::HTTP_10 => "1.0",
            http::Version::HTTP_2 => "2",
            _ => "1.1",
        },
        status: None,
        outcome: Outcome::ClientLeft,
        attempts: Vec::new(),
        phases: super::super::record::Phases {
            accept_ns: at_ns.saturating_sub(connection.accepted_ns),
            tls_ns: connection.tls_ns,
            ..Default::default()
        },
        bytes_in: 0,
        bytes_out: 0,
        request_headers: headers_of(&head.fields),
        response_headers: Vec::new(),
    })
}

pub(super) fn headers_of(fields: &Fields) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    fields.iter().map(|(name, value)| (name.to_owned(), text(value))).collect()
}
