//! HTTP/1.x towards clients: a connection's requests, one after the other.
//!
//! Not hyper's, for what it costs (see `http1_server`), and because its parser forgives: it takes bare line feeds, two
//! equal Content-Lengths, and Content-Length beside Transfer-Encoding. What it forgave would be sent on in a cleaned form,
//! and the client's next proxy may have read it otherwise. Here each head is read once, by [`Framing`], and what it
//! refuses is answered in its turn, after the requests that came before it.
//!
//! **Upgrades.** After a request that asks to switch protocols, the bytes that follow are either the tunnel's or a next
//! request, and only the answer tells which. They are held back, unread, until then: read as a request, a tunnel's first
//! bytes would be refused; passed on unread, a request would be smuggled. An honest client sends nothing before the
//! answer, so nobody waits for this.
//!
//! [`Framing`]: super::super::framing::Framing

mod head;
mod line;
mod settings;
mod writing;

#[cfg(test)]
mod tests;

pub(super) use line::Near;

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

use http::{Method, Version};

use super::super::boxed::boxed;
use super::super::connection::Connection;
use super::super::fields::Name;
use super::super::framing::{Body, Violation};
use super::super::headers::has_word;
use super::super::network::Network;
use super::super::transport::Transport;
use super::client::Client;
use super::message::{Reply, RequestHead};
use super::request::{Inbound, expects_continue, handle, refuse};
use super::upload::Received;
use head::Reading;
use line::{End, Line, Linger};
use settings::Settings;
use writing::Writing;

/// Serves requests until the connection ends, or until its listener closes.
pub(super) fn serve<N: Network>(
    connection: Connection<N>,
    transport: Transport<N::Stream>,
) -> impl Future<Output = ()> {
    let shared = &connection.worker.shared;
    let settings = Settings::from(&shared.plan.load().limits);
    let line = Rc::new(RefCell::new(Line::new(transport, settings, Arc::clone(&shared.clock))));
    Serving { connection: Rc::new(connection), line }.run()
}

/// A connection that is being served.
struct Serving<N: Network> {
    connection: Rc<Connection<N>>,
    line: Rc<RefCell<Line<N::Stream>>>,
}

/// What becomes of the connection after a request.
enum Ended {
    GoesOn,
    /// All is said.
    Closes,
    /// The client may still be sending what nobody will read.
    Lingers,
    /// It broke, or has to look as if it had.
    Breaks,
    Switches,
}

/// What is known of a request while it is answered.
struct Asked {
    version: Version,
    method: Method,
    /// The client would go on after it.
    goes_on: bool,
    /// It takes fields behind the body.
    trailers: bool,
}

impl<N: Network> Serving<N> {
    async fn run(self) {
        let mut number = 0;
        let ended = loop {
            let ended = self.serve_one(number).await;
            match ended {
                Ended::GoesOn => number += 1,
                ended => break ended,
            }
        };
        boxed(|| self.end(ended)).await;
    }

    /// Whether the listener closes. Whoever waits for the closed door has this task woken by every move of it.
    fn closes(&self) -> bool {
        self.connection.door.has_changed().unwrap_or(true)
    }

    async fn serve_one(&self, number: u64) -> Ended {
        let mut reading = Reading::default();
        let read = poll_fn(|ctx| {
            let polled = self.line.borrow_mut().poll_head(ctx, &mut reading);
            // A request that is there is served, and nobody waits for the next one.
            if polled.is_pending() && self.closes() && self.line.borrow().is_idle() {
                return Poll::Ready(Err(End::Closed));
            }
            polled
        });
        let body = match read.await {
            Ok(body) => body,
            Err(End::Closed) => return Ended::Closes,
            Err(End::Refused(violation)) => return Box::pin(self.refuse(reading, violation)).await,
        };
        let head = match reading.head() {
            Ok(head) => head,
            Err(violation) => return Box::pin(self.refuse(reading, violation)).await,
        };
        let asked = Asked::of(&head);
        // In a box for as long as it is under way: it takes thousands of bytes, which would otherwise lie in every
        // connection, also while that rests. The next request gets the same ones, which are in the cache.
        let inbound = self.inbound(head, body, number);
        let mut answering = boxed(|| handle(&self.connection, inbound));
        let reply = poll_fn(|ctx| self.poll_reply(ctx, answering.as_mut())).await;
        drop(answering);
        let Some(reply) = reply else { return Ended::Breaks };
        self.answer(reply, &asked, self.closes()).await
    }

    fn inbound(&self, head: RequestHead, body: Body, number: u64) -> Inbound {
        let near: Rc<dyn Near> = Rc::<RefCell<Line<N::Stream>>>::clone(&self.line);
        let is_http10 = head.version == Version::HTTP_10;
        if body != Body::None && expects_continue(&head) {
            self.line.borrow_mut().await_body();
        }
        let client = Client::Http1 { line: Rc::clone(&near), hints: !is_http10 };
        Inbound { head, body: Received::Http1(near), may_switch: true, client, number }
    }

    /// Waits for the reply, and sends what comes before it. Nothing once the client has left.
    fn poll_reply(
        &self,
        ctx: &mut Context<'_>,
        answering: Pin<&mut impl Future<Output = Reply<N>>>,
    ) -> Poll<Option<Reply<N>>> {
        if let Poll::Ready(reply) = answering.poll(ctx) {
            return Poll::Ready(Some(reply));
        }
        let mut line = self.line.borrow_mut();
        if let Poll::Ready(Err(_lost)) = line.poll_interims(ctx) {
            return Poll::Ready(None);
        }
        line.poll_gone(ctx).map(|()| None)
    }

    async fn refuse(&self, reading: Reading, violation: Violation) -> Ended {
        let head = reading.refused();
        let asked = Asked { goes_on: false, ..Asked::of(&head) };
        let reply = refuse(&self.connection, &head, violation);
        match self.answer(reply, &asked, true).await {
            Ended::Closes => Ended::Lingers,
            ended => ended,
        }
    }

    /// Writes the reply, and says what becomes of the connection.
    async fn answer(&self, reply: Reply<N>, asked: &Asked, leaves: bool) -> Ended {
        let Reply { head, mut body } = reply;
        self.line.borrow_mut().begin_answer();
        let mut writing = Writing::begin(
            &mut self.line.borrow_mut().out,
            head,
            &body,
            asked,
            leaves,
            &self.connection.worker,
        );
        let written = poll_fn(|ctx| writing.poll(ctx, &self.line, &mut body)).await;
        drop(body);
        if written.is_err() {
            return Ended::Breaks;
        }
        if self.connection.tunnel.borrow().is_some() {
            return Ended::Switches;
        }
        let mut line = self.line.borrow_mut();
        // What is left of a body would be read as the next request.
        let is_read = line.drain();
        match (writing.goes_on(), is_read) {
            (true, true) => {
                line.go_on();
                Ended::GoesOn
            }
            (false, true) if line.is_idle() => Ended::Closes,
            _ => Ended::Lingers,
        }
    }

    async fn end(self, ended: Ended) {
        let Self { connection, line } = self;
        let n_dropped = line.borrow().n_interims_dropped();
        if n_dropped > 0 {
            connection.worker.shared.tallies.interims_dropped.fetch_add(n_dropped, Relaxed);
        }
        match ended {
            Ended::GoesOn | Ended::Breaks => {}
            Ended::Closes | Ended::Lingers => {
                let lingers = matches!(ended, Ended::Lingers);
                let closed = poll_fn(|ctx| line.borrow_mut().poll_shutdown(ctx, lingers)).await;
                if closed.is_ok() && lingers {
                    let mut linger = Linger::default();
                    poll_fn(|ctx| line.borrow_mut().poll_linger(ctx, &mut linger)).await;
                }
            }
            Ended::Switches => {
                // Run here and not by a task of its own, so that the connection counts as open, and ends when the door
                // is closed.
                let tunnel = connection.tunnel.take();
                if let (Some(tunnel), Some(line)) = (tunnel, Rc::into_inner(line)) {
                    tunnel.run(line.into_inner().into_transport()).await;
                }
            }
        }
    }
}

impl Asked {
    fn of(head: &RequestHead) -> Self {
        let fields = &head.fields;
        let says = |word: &[u8]| has_word(fields, Name::Connection, word);
        Self {
            version: head.version,
            method: head.method.clone(),
            goes_on: if head.version == Version::HTTP_10 {
                says(b"keep-alive") && !says(b"close")
            } else {
                !says(b"close")
            },
            trailers: has_word(fields, Name::Te, b"trailers"),
        }
    }
}
