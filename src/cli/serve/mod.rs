//! `evenkeel serve`: a lab, or a few flags, on real sockets until Ctrl-C.

mod flags;
mod happened;
mod status_line;

use std::borrow::Cow;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::engine::{
    AdminSettings, Consent, Engine, ListenerState, ListenerStatus, News, Settings, Status, Watcher,
};
use crate::lab::{self, AccessLogFormat, Checked, Lab};

use super::Streams;
use super::lab_file::{fill_samples, folder_of, read_lab};
use super::outcome::{Answer, Failure};
pub(super) use flags::listen_address;
use flags::{Flags, Output};
use happened::Happened;
use status_line::StatusLine;

/// Balance load on real sockets until Ctrl-C
///
/// Either a lab file, which is watched and taken over when it changes, or flags for the everyday case.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, override_usage = USAGE)]
pub(super) struct Serve {
    /// The lab file
    #[arg(value_name = "LAB.ron")]
    lab: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
    /// Proxy threads; without it one per core, at most four
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    workers: Option<u32>,
    /// Run the commands that the lab names
    #[arg(long)]
    allow_commands: bool,
    /// Serve metrics, status, lab and requests over HTTP here: `[HOST:]PORT`
    #[arg(long, value_name = "ADDR", value_parser = flags::listen_address)]
    admin: Option<SocketAddr>,
    /// What whoever asks there has to send; without it the variable `EVENKEEL_ADMIN_TOKEN` counts
    #[arg(long, value_name = "TOKEN", requires = "admin")]
    admin_token: Option<String>,
    /// Print one JSON object per line: ready, applied, problems (of the file), trouble, recovered (from a trouble),
    /// misbehaved (a client), stopping, stopped. Logs on standard output are JSON, too
    #[arg(long)]
    json: bool,
}

/// One line for machines. A contract: fields are added, never renamed.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line<'a> {
    Ready {
        listeners: Vec<ListenerLine<'a>>,
        servers: usize,
        workers: usize,
        admin: Option<SocketAddr>,
    },
    Applied {
        revision: u64,
    },
    Problems {
        file: String,
        report: &'a str,
    },
    /// Something does not work: a server, a command, a listener, a certificate, a log.
    Trouble {
        what: Cow<'a, str>,
    },
    /// It works again.
    Recovered {
        what: Cow<'a, str>,
    },
    /// A client broke a rule or met a limit.
    Misbehaved {
        what: Cow<'a, str>,
    },
    Stopping,
    Stopped,
}

#[derive(Serialize)]
struct ListenerLine<'a> {
    name: &'a str,
    address: Option<SocketAddr>,
    url: Option<String>,
}

impl Serve {
    pub(super) fn run(&self, streams: &mut Streams<'_>) -> Result<Answer, Failure> {
        let mut watcher = Watcher::start().map_err(Failure::Engine)?;
        let lab = self.lab(streams)?;
        self.look_at_admin(&lab)?;
        if let Some(path) = &self.lab {
            watcher.watch(path).map_err(Failure::Engine)?;
        }
        let engine = Engine::start(lab, self.settings()).map_err(Failure::Engine)?;
        let status = engine.status();
        let shut: Vec<String> = status
            .listeners
            .iter()
            .filter_map(|listener| match &listener.state {
                ListenerState::Trouble { trouble, .. } => {
                    Some(format!("listener {}: {trouble}", listener.name))
                }
                _ => None,
            })
            .collect();
        if !shut.is_empty() {
            return Err(Failure::Shut(shut.join("; ")));
        }
        self.say_ready(&status, streams)?;
        for command in status.commands_waiting() {
            let what = format!("not started: `{command}`; --allow-commands starts it");
            self.say(&Line::Trouble { what: what.as_str().into() }, &what, streams)?;
        }
        let happened = Happened::default();
        let mut session = Session { serve: self, engine, watcher, happened, seen: None };
        session.work(streams)?;
        session.end(streams)
    }

    /// Whoever has the port of the admin address would be this very program.
    fn look_at_admin(&self, lab: &Checked) -> Result<(), Failure> {
        let Some(admin) = self.admin.filter(|admin| admin.port() != 0) else { return Ok(()) };
        let is_taken = |listener: &&lab::Listener| listener.address.parse() == Ok(admin);
        match lab.listeners.iter().filter(|it| it.enabled).find(is_taken) {
            Some(listener) => {
                let problem = format!("listener {} has {admin}: write another port", listener.name);
                Err(Failure::option("--admin", problem))
            }
            None => Ok(()),
        }
    }

    fn lab(&self, streams: &mut Streams<'_>) -> Result<Checked, Failure> {
        match &self.lab {
            None => {
                let output = if self.json { Output::Json } else { Output::People };
                self.flags.lab(self.workers, output)
            }
            Some(path) => match self.read(path)? {
                Ok((lab, warnings)) => {
                    write!(streams.err, "{warnings}")?;
                    Ok(lab)
                }
                Err(report) => {
                    write!(streams.err, "{report}")?;
                    Err(Failure::Lab { path: path.display().to_string() })
                }
            },
        }
    }

    /// The lab in a file and its warnings, or the report of what keeps it from running.
    fn read(&self, path: &Path) -> Result<Result<(Checked, String), String>, Failure> {
        let name = path.display().to_string();
        let loaded = match read_lab(path)? {
            Ok(loaded) => loaded,
            Err(refused) => {
                return Ok(Err(lab::report(&name, &refused.source, &refused.problems)));
            }
        };
        let warnings = lab::report(&name, &loaded.source, &loaded.warnings);
        let mut lab = loaded.lab.into_lab();
        lab.workers = self.workers.or(lab.workers);
        if self.json {
            let_logs_be_json(&mut lab);
        }
        fill_samples(&mut lab, path)?;
        match Checked::new(lab) {
            Ok(lab) => Ok(Ok((lab, warnings))),
            Err(problems) => Ok(Err(lab::report(&name, &loaded.source, &problems))),
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            folder: self.lab.as_deref().map_or_else(|| PathBuf::from("."), folder_of),
            admin: self.admin.map(|address| AdminSettings { address, token: self.token() }),
            consent: if self.allow_commands { Consent::Given } else { Consent::Ask },
            ..Settings::default()
        }
    }

    fn token(&self) -> Option<String> {
        let token = self.admin_token.clone().or_else(|| std::env::var("EVENKEEL_ADMIN_TOKEN").ok());
        token.filter(|token| !token.is_empty())
    }

    fn say_ready(&self, status: &Status, streams: &mut Streams<'_>) -> Result<(), Failure> {
        let open: Vec<&ListenerStatus> =
            status.listeners.iter().filter(|listener| listener.address().is_some()).collect();
        let urls: Vec<String> = open.iter().filter_map(|listener| url(listener)).collect();
        let listeners = open.iter().map(|listener| ListenerLine {
            name: &listener.name,
            address: listener.address(),
            url: url(listener),
        });
        let (n_servers, workers) = (status.servers.len(), status.workers);
        let line = Line::Ready {
            listeners: listeners.collect(),
            servers: n_servers,
            workers,
            admin: status.admin,
        };
        let admin =
            status.admin.map_or_else(String::new, |admin| format!(", admin http://{admin}"));
        let servers =
            if n_servers == 1 { "1 server".to_owned() } else { format!("{n_servers} servers") };
        let wide = open.iter().any(|it| it.address().is_some_and(|it| !it.ip().is_loopback()));
        let note = if wide { ", which other machines can reach" } else { "" };
        let text = if urls.is_empty() {
            format!("ready, and the lab has no listener, so nobody can send it anything{admin}")
        } else {
            format!("ready: {} -> {servers}{note}{admin}", urls.join(", "))
        };
        self.say(&line, &text, streams)
    }

    /// One line: for machines or for people, who find problems where problems go.
    fn say(&self, line: &Line<'_>, text: &str, streams: &mut Streams<'_>) -> Result<(), Failure> {
        if self.json {
            serde_json::to_writer(&mut *streams.out, line)?;
            writeln!(streams.out)?;
            return Ok(streams.out.flush()?);
        }
        let stream = if line.what().is_some() { &mut streams.err } else { &mut streams.out };
        writeln!(stream, "{text}")?;
        Ok(stream.flush()?)
    }
}

impl Line<'_> {
    /// What works or does not: what comes of a problem is read where the problem was.
    fn what(&self) -> Option<&str> {
        match self {
            Self::Trouble { what } | Self::Recovered { what } | Self::Misbehaved { what } => {
                Some(what)
            }
            Self::Ready { .. }
            | Self::Applied { .. }
            | Self::Problems { .. }
            | Self::Stopping
            | Self::Stopped => None,
        }
    }
}

/// Serving, from the ready line on.
struct Session<'a> {
    serve: &'a Serve,
    engine: Engine,
    watcher: Watcher,
    happened: Happened,
    /// What was wrong when it was last said.
    seen: Option<String>,
}

impl Session<'_> {
    /// Until somebody interrupts. Where nobody watches, it sleeps until something happens.
    fn work(&mut self, streams: &mut Streams<'_>) -> Result<(), Failure> {
        let shows = streams.shows_progress && !self.serve.json;
        let mut status_line = shows.then(StatusLine::default);
        if !shows {
            self.engine.ring_at_events(self.watcher.bell());
        }
        // What happened before it was ready, and before the bell.
        self.look(&mut status_line, streams);
        let (mut looked_ns, mut is_due) = (self.engine.now_ns(), shows);
        loop {
            let patience = is_due.then(|| rest(looked_ns, self.engine.now_ns()));
            let news = self.watcher.next(patience);
            if shows {
                StatusLine::clear(streams);
            }
            match news {
                Some(News::Interrupted) => {
                    self.look(&mut None, streams);
                    return Ok(());
                }
                Some(News::HungUp) => self.engine.reopen_logs(),
                Some(News::Changed) => self.reload(streams)?,
                Some(News::Rung) | None => {}
            }
            let now_ns = self.engine.now_ns();
            let looks = shows || rest(looked_ns, now_ns).is_zero();
            if looks {
                self.look(&mut status_line, streams);
                looked_ns = now_ns;
            }
            // A bell is not heard where the box of news is full, so that whatever comes may stand for it.
            is_due = shows || !looks;
        }
    }

    /// Says what has happened, and shows how much to a person.
    fn look(&mut self, status_line: &mut Option<StatusLine>, streams: &mut Streams<'_>) {
        let now = self.engine.observe();
        for line in self.happened.lines(&now) {
            let what = line.what().unwrap_or_default();
            // A line that nobody reads any more is no reason to stop serving.
            self.serve.say(&line, what, streams).ok();
        }
        if let Some(status_line) = status_line {
            status_line.show(now, streams);
        }
    }

    /// The file is different: takes it over, or says what is wrong with it while the old one serves on.
    fn reload(&mut self, streams: &mut Streams<'_>) -> Result<(), Failure> {
        let Some(path) = &self.serve.lab else { return Ok(()) };
        let problem = match self.serve.read(path) {
            Ok(Ok((lab, warnings))) => {
                self.seen = None;
                // Touched, but the same.
                if *self.engine.lab() == *lab {
                    return Ok(());
                }
                write!(streams.err, "{warnings}")?;
                return self.apply(lab, streams);
            }
            Ok(Err(report)) => report,
            Err(failure) => format!("{failure}\n"),
        };
        if self.seen.as_deref() == Some(&*problem) {
            return Ok(());
        }
        let name = path.display().to_string();
        let kept = format!("{problem}{name} was not taken over; what served before goes on");
        let line = Line::Problems { file: name, report: &problem };
        if self.serve.json {
            self.serve.say(&line, "", streams)?;
        } else {
            writeln!(streams.err, "{kept}")?;
        }
        self.seen = Some(problem);
        Ok(())
    }

    fn apply(&self, lab: Checked, streams: &mut Streams<'_>) -> Result<(), Failure> {
        let revision = self.engine.apply(lab);
        self.engine.wait_for(revision, APPLYING);
        let text = format!("applied: revision {revision}");
        // What is in trouble now happened, and is said as what happens.
        self.serve.say(&Line::Applied { revision }, &text, streams)
    }

    /// Lets requests finish. A second interrupt does not wait for them.
    fn end(self, streams: &mut Streams<'_>) -> Result<Answer, Failure> {
        let Self { serve, engine, watcher, .. } = self;
        serve.say(&Line::Stopping, "stopping: requests under way may finish", streams)?;
        let bell = watcher.bell();
        let stopping = std::thread::Builder::new().name("stopping".to_owned()).spawn(move || {
            engine.stop();
            bell.ring();
        });
        let stopping = stopping.map_err(Failure::Output)?;
        while !stopping.is_finished() {
            // Short, because a bell is not heard where the box of news is full.
            if watcher.next(Some(STOPPED_EVERY)) == Some(News::Interrupted) {
                return Ok(Answer::DoesNotHold);
            }
        }
        serve.say(&Line::Stopped, "stopped", streams)?;
        Ok(Answer::Holds)
    }
}

/// Whoever reads JSON from standard output can read nothing else there.
fn let_logs_be_json(lab: &mut Lab) {
    let logs = lab.listeners.iter_mut().filter_map(|listener| listener.access_log.as_mut());
    for log in logs.filter(|log| log.file.is_none()) {
        log.format = AccessLogFormat::Json;
    }
}

/// Until it is time to look again.
fn rest(looked_ns: u64, now_ns: u64) -> Duration {
    LOOK_EVERY.saturating_sub(Duration::from_nanos(now_ns.saturating_sub(looked_ns)))
}

fn url(listener: &ListenerStatus) -> Option<String> {
    let mut address = listener.address()?;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    Some(match (listener.protocol, listener.encrypted) {
        (lab::Protocol::Http, false) => format!("http://{address}"),
        (lab::Protocol::Http, true) => format!("https://{address}"),
        (lab::Protocol::Udp, _) => format!("udp {address}"),
        (lab::Protocol::Tcp | lab::Protocol::TlsPassthrough, _) => format!("tcp {address}"),
    })
}

/// So often a person sees new figures, and at most so often it is said what happens.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const STOPPED_EVERY: Duration = Duration::from_millis(200);
const APPLYING: Duration = Duration::from_secs(10);

const USAGE: &str = "evenkeel serve [OPTIONS] <LAB.ron>
       evenkeel serve [OPTIONS] --listen <ADDR> --to <ADDR>";

const EXAMPLES: &str = "Examples:
  evenkeel serve --listen 127.0.0.1:8080 --to 127.0.0.1:3000 --to 127.0.0.1:3001
  evenkeel serve --listen 8443,tls=cert.pem:key.pem --to localhost:3000,weight=2 --to localhost:3001
  evenkeel serve --listen 5432 --l4 --to 10.0.0.1:5432 --to 10.0.0.2:5432,backup
  evenkeel serve shop.ron";
