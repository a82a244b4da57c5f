//! A story told from virtual time: what an engine would have shown of a lab, without a socket or a clock.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use super::{FRAME_NS, Story};
use crate::engine::diff::steps;
use crate::engine::{
    Attempt, Begun, Dropped, Event, Kind, ListenerState, ListenerStatus, MockGauges, Observation,
    Phases, PoolGauges, Record, ServerGauges, ServerState, ServerStatus, Status,
};
use crate::lab::{Client, HttpVersion, Lab, Listener};
use crate::meter::{MeterReading, Outcome, StatusClass, TimeoutKind};
use crate::period::Period;
use crate::sim::{Detail, Happening, Journey, PoolNow, Run, ServerNow, Try};

/// What is to be seen of a lab that ran for so long with this seed. The lab has to be a checked one.
pub fn told(lab: &Lab, seed: u64, duration: Period) -> Story {
    let mut story = Story::default();
    let mut teller = Teller::new(lab, seed);
    story.lab_changed(0, Arc::clone(&teller.lab));
    while teller.run.now_ns() < duration.ns() {
        let until_ns = (teller.run.now_ns() + FRAME_NS).min(duration.ns());
        story.tell(teller.look(until_ns));
        for (at_ns, lab) in teller.labs.drain(..) {
            story.lab_changed(at_ns, lab);
        }
    }
    story
}

/// How an engine would stand that runs this lab: everything is open where the lab says.
pub fn status(lab: &Lab) -> Status {
    let listener = |listener: &Listener| ListenerStatus {
        name: listener.name.clone(),
        protocol: listener.protocol,
        encrypted: listener.tls.is_some(),
        state: match listener.address.parse() {
            Ok(address) if listener.enabled => ListenerState::Open { address },
            _ => ListenerState::Off,
        },
    };
    let servers = lab.pools.iter().flat_map(|pool| {
        pool.servers.iter().flat_map(move |server| {
            let state = if server.enabled { ServerState::Known } else { ServerState::Dead };
            server.copy_names().into_iter().map(move |name| ServerStatus {
                pool: pool.name.clone(),
                name,
                addresses: Vec::new(),
                state: state.clone(),
                copy: None,
            })
        })
    });
    Status {
        revision: 1,
        lab: Arc::new(lab.clone()),
        workers: 1,
        admin: None,
        listeners: lab.listeners.iter().map(listener).collect(),
        servers: servers.collect(),
        troubles: Vec::new(),
    }
}

struct Teller {
    run: Run,
    /// The one in force.
    lab: Arc<Lab>,
    names: Names,
    /// Labs that came into force since the last look.
    labs: Vec<(u64, Arc<Lab>)>,
    sampler: Sampler,
    accepted: u64,
}

impl Teller {
    fn new(lab: &Lab, seed: u64) -> Self {
        Self {
            run: Run::followed(lab, seed, Detail::Reasons),
            lab: Arc::new(lab.clone()),
            names: Names::default(),
            labs: Vec::new(),
            sampler: Sampler::default(),
            accepted: 0,
        }
    }

    fn look(&mut self, until_ns: u64) -> Observation {
        self.run.advance(until_ns);
        let events = self.events();
        let begun = self.begun();
        let requests = self.requests();
        let figures = self.run.figures();
        let mut listeners: BTreeMap<String, MeterReading> = BTreeMap::new();
        for client in &self.lab.clients {
            let Some(reading) = figures.clients.get(&client.name) else { continue };
            let sum = listeners.entry(client.listener.clone()).or_default();
            *sum = sum.merge(reading);
        }
        let pools: Vec<PoolGauges> = self.run.pools().into_iter().map(gauges).collect();
        Observation {
            at_ns: until_ns,
            figures,
            listeners,
            connections: self.run.n_under_way(),
            accepted: self.accepted,
            turned_away: 0,
            in_line: pools.iter().map(|pool| pool.waiting).sum(),
            pools,
            events,
            requests,
            begun,
            printed: Vec::new(),
            dropped: Dropped { unsampled: self.sampler.unsampled, ..Dropped::default() },
        }
    }

    fn events(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        for (at_ns, happening) in self.run.take_happened() {
            match happening {
                Happening::Cue { index, lab } => {
                    let cue = &lab.cues[index as usize];
                    let text = if cue.caption.is_empty() { &cue.name } else { &cue.caption };
                    let kind = Kind::Cue { name: cue.name.clone() };
                    events.push(Event { at_ns, kind, text: text.clone() });
                    events.extend(steps(&self.lab, &lab).iter().map(|step| Event {
                        at_ns,
                        kind: Kind::Step,
                        text: step.to_string(),
                    }));
                    self.labs.push((at_ns, Arc::clone(&lab)));
                    self.lab = lab;
                }
                Happening::Health { pool: _, server, change } => {
                    if let Some((pool, server)) = self.run.server(server) {
                        let about = (pool.to_owned(), server.to_owned());
                        events.push(Event::health(at_ns, about, change.to, change.cause));
                    }
                }
            }
        }
        events
    }

    fn begun(&mut self) -> Vec<Begun> {
        let mut begun = Vec::new();
        for (journey, attempt) in self.run.take_begun() {
            if !self.sampler.takes(&journey) {
                continue;
            }
            let Journey { number, came_ns, worker, .. } = journey;
            let listener = self.listener(&journey).to_owned();
            begun.push(Begun {
                at_ns: journey.tries[attempt].began_ns,
                came_ns,
                number,
                worker: worker as usize,
                attempt,
                listener: self.names.shared(&listener),
                pool: self.pool(&journey),
                server: self.server(&journey.tries[attempt]),
                client: self.address(&journey),
                is_yours: false,
            });
        }
        begun
    }

    fn requests(&mut self) -> Vec<Arc<Record>> {
        let ended = self.run.take_ended();
        self.accepted += ended.len() as u64;
        let mut records = Vec::new();
        for journey in ended {
            if self.sampler.takes(&journey) {
                records.push(Arc::new(self.record(&journey)));
            }
            self.sampler.forget(&journey);
        }
        records
    }

    fn record(&mut self, journey: &Journey) -> Record {
        let asked = journey.asked.as_deref().cloned().unwrap_or_default();
        let outcome = journey.outcome.unwrap_or(Outcome::ClientLeft);
        let status = status_of(journey, outcome);
        let answered_by = journey.tries.last().map(|last| self.server(last));
        let headers = answered_by.filter(|_| journey.status.is_some()).map(|server| {
            vec![
                ("x-evenkeel-server".to_owned(), server.to_string()),
                ("content-type".to_owned(), "text/plain; charset=utf-8".to_owned()),
            ]
        });
        let listener = self.listener(journey).to_owned();
        let host = match (asked.host.is_empty(), self.lab.listener(&listener)) {
            (true, Some(listener)) => listener.address.clone(),
            _ => asked.host,
        };
        // Built-in clients number what they send, and are known by that.
        let number = ("x-evenkeel-request".to_owned(), journey.number.to_string());
        Record {
            at_ns: journey.came_ns,
            number: journey.number,
            worker: journey.worker as usize,
            connection: self.connection(journey),
            route: self.route(journey),
            pool: self.pool(journey),
            client: self.address(journey),
            method: asked.method,
            target: asked.target,
            version: self.version(journey),
            status,
            outcome,
            attempts: journey.tries.iter().map(|it| self.attempt(it)).collect(),
            phases: phases(journey),
            bytes_in: 0,
            bytes_out: 0,
            request_headers: [("host".to_owned(), host.clone()), number]
                .into_iter()
                .chain(asked.headers)
                .collect(),
            response_headers: headers.unwrap_or_default(),
            listener: self.names.shared(&listener),
            host,
        }
    }

    fn attempt(&mut self, attempt: &Try) -> Attempt {
        Attempt {
            server: self.server(attempt),
            decision: attempt.decision.clone(),
            began_ns: attempt.began_ns,
            outcome: attempt.outcome,
            reused_connection: false,
        }
    }

    fn client(&self, journey: &Journey) -> Option<&Client> {
        self.lab.clients.get(journey.client as usize)
    }

    fn listener(&self, journey: &Journey) -> &str {
        self.client(journey).map_or("", |client| &client.listener)
    }

    fn route(&self, journey: &Journey) -> Option<Arc<str>> {
        let (route, _) = journey.way?;
        let listener = self.lab.listener(self.listener(journey))?;
        let routes = listener.routes_in_force();
        let name = &routes.get(route as usize)?.name;
        Some(if name.is_empty() { (route + 1).to_string().into() } else { name.as_str().into() })
    }

    fn pool(&mut self, journey: &Journey) -> Option<Arc<str>> {
        let (_, pool) = journey.way?;
        let name = &self.lab.pools.get(pool as usize)?.name;
        Some(self.names.shared(name))
    }

    fn server(&mut self, attempt: &Try) -> Arc<str> {
        let name = self.run.server(attempt.server).map_or("", |(_, name)| name);
        self.names.shared(name)
    }

    fn version(&self, journey: &Journey) -> &'static str {
        match self.client(journey).map(|client| client.http) {
            Some(HttpVersion::Http2) => "HTTP/2",
            Some(HttpVersion::Http1) | None => "HTTP/1.1",
        }
    }

    /// Whoever keeps connections has one for all requests of an identity.
    fn connection(&self, journey: &Journey) -> u64 {
        match self.client(journey) {
            Some(client) if client.keep_alive => {
                u64::from(journey.client) << 32 | u64::from(journey.identity)
            }
            _ => journey.number,
        }
    }

    fn address(&self, journey: &Journey) -> SocketAddr {
        let port = FIRST_PORT + (self.connection(journey) % PORTS) as u16;
        SocketAddr::new(journey.address, port)
    }
}

/// Names that come again and again, each kept once.
#[derive(Default)]
struct Names(BTreeSet<Arc<str>>);

impl Names {
    fn shared(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.get(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        self.0.insert(Arc::clone(&name));
        name
    }
}

/// Lets as many requests a second into the record as one worker of an engine does.
#[derive(Default)]
struct Sampler {
    second: u64,
    taken: u64,
    unsampled: u64,
    /// What was said of requests that are under way.
    said: BTreeMap<u64, bool>,
}

impl Sampler {
    fn takes(&mut self, journey: &Journey) -> bool {
        if let Some(&said) = self.said.get(&journey.number) {
            return said;
        }
        let second = journey.came_ns / 1_000_000_000;
        if second > self.second {
            (self.second, self.taken) = (second, 0);
        }
        let takes = self.taken < SAMPLES_A_SECOND;
        self.taken += u64::from(takes);
        self.unsampled += u64::from(!takes);
        self.said.insert(journey.number, takes);
        takes
    }

    fn forget(&mut self, journey: &Journey) {
        self.said.remove(&journey.number);
    }
}

fn gauges(pool: PoolNow) -> PoolGauges {
    let server = |server: ServerNow| ServerGauges {
        name: server.name,
        in_flight: server.in_flight,
        health: server.health,
        health_since_ns: server.health_since_ns,
        weight: server.weight,
        draining: server.draining,
        reachable: true,
        connections: server.in_flight,
        mock: Some(MockGauges { busy: server.busy, waiting: server.waiting }),
    };
    PoolGauges {
        name: pool.name,
        waiting: pool.waiting,
        servers: pool.servers.into_iter().map(server).collect(),
    }
}

fn phases(journey: &Journey) -> Phases {
    let ended_ns = journey.ended_ns.unwrap_or(journey.came_ns);
    let first_ns = journey.tries.first().map_or(ended_ns, |first| first.began_ns);
    let last_ns = journey.tries.last().map_or(ended_ns, |last| last.began_ns);
    Phases {
        queue_ns: first_ns - journey.came_ns,
        first_byte_ns: ended_ns - last_ns,
        total_ns: ended_ns - journey.came_ns,
        ..Phases::default()
    }
}

/// What the client was answered: a server's own status, or the one the proxy gives for such an end.
fn status_of(journey: &Journey, outcome: Outcome) -> Option<u16> {
    match outcome {
        Outcome::Answered(class) => Some(journey.status.unwrap_or(match class {
            StatusClass::ClientError => 404,
            StatusClass::ServerError => 503,
            _ => 200,
        })),
        Outcome::NoServer
        | Outcome::QueueFull
        | Outcome::LimitHit(_)
        | Outcome::TimedOut(TimeoutKind::Queue) => Some(503),
        Outcome::TimedOut(_) => Some(504),
        Outcome::Refused | Outcome::Reset | Outcome::BadResponse => Some(502),
        Outcome::BadRequest => Some(400),
        Outcome::Carried | Outcome::ClientLeft => None,
    }
}

const SAMPLES_A_SECOND: u64 = 200;
/// Where systems begin to give out ports by themselves.
const FIRST_PORT: u16 = 49_152;
const PORTS: u64 = 16_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::PRESETS;

    fn preset(index: usize) -> Lab {
        crate::lab::load(PRESETS[index].text.as_bytes()).unwrap().lab.into_lab()
    }

    #[test]
    fn a_told_story_adds_up_to_the_report_of_the_run() {
        for (index, preset_) in PRESETS.iter().enumerate() {
            let lab = preset(index);
            let duration = Period::from_secs(22);
            let story = told(&lab, 7, duration);
            let report = crate::sim::run(&lab, 7, duration);
            for pool in &report.overall.pools {
                for (server, reading) in &pool.servers {
                    let parts = story.frames().iter().filter_map(|frame| {
                        Some(frame.pool(&pool.name)?.server(server)?.measured.clone())
                    });
                    let told = parts.fold(MeterReading::default(), |sum, part| sum.merge(&part));
                    // A server that leaves is in no later frame, but still finishes what it has.
                    let stays = lab
                        .pool(&pool.name)
                        .is_some_and(|it| it.servers.iter().any(|known| known.name == *server));
                    if stays {
                        assert_eq!(told.counters, reading.counters, "{} {server}", preset_.file);
                    }
                }
            }
            assert_eq!(story.reach_ns(), (FRAME_NS, duration.ns()));
        }
    }

    #[test]
    fn every_request_of_a_quiet_lab_is_recorded_with_its_reason() {
        let lab = preset(0);
        let story = told(&lab, 7, Period::from_secs(5));
        let finished: u64 = story.frames().iter().map(|it| it.proxied.counters.finished()).sum();
        assert_eq!(story.requests().len() as u64, finished);
        for record in story.requests() {
            let decision = record.attempts[0].decision.as_ref().expect("it was asked for");
            let chosen =
                &lab.pools[0].servers[decision.choice.expect("somebody was chosen") as usize];
            assert_eq!(*record.attempts[0].server, *chosen.name);
            assert_eq!((record.status, &*record.target), (Some(200), "/"));
        }
        let under_way = story.frame_at(5_000_000_000).map_or(0, |it| it.pools[0].in_flight());
        assert_eq!(story.under_way().count(), under_way as usize);
        assert!(under_way > 0);
    }

    #[test]
    fn cues_are_marks_and_bring_their_lab_into_force() {
        let lab = preset(1);
        assert_eq!(PRESETS[1].name, "Slow server", "the order of presets");
        let story = told(&lab, 7, Period::from_secs(22));
        let marks: Vec<&str> = story.marks().iter().map(|mark| mark.text.as_str()).collect();
        assert!(marks.contains(&"c now needs 300 ms for a request"), "{marks:?}");
        let algorithm_at =
            |secs: u64| &story.lab_at(secs * 1_000_000_000).unwrap().pools[0].algorithm;
        assert_eq!(algorithm_at(15), &lab.pools[0].algorithm);
        assert_eq!(algorithm_at(21).about().name, "least-connections");
    }
}
