//! The servers of the lab: those that are elsewhere, mocks and commands.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::control::Control;
use super::diff::speaks_tls;
use super::event::Kind;
use super::names::{Found, What};
use super::printed;
use super::status::{Cure, ServerState, Trouble};
use crate::lab::{self, Lab, Pool, Server};
use crate::proxy::Plan;
use crate::world::{
    Command, CommandSettings, CopyStatus, LogStream, Mock, MockSettings, World, WorldSettings,
};

/// A server as it stands.
pub(super) enum Running {
    Elsewhere {
        written: String,
        addresses: Vec<SocketAddr>,
        trouble: Option<Trouble>,
    },
    Mock(Mock),
    /// One copy of a command: a command of its own, so that it can stop while others go on.
    Copy(Command),
    /// A command that waits for a yes.
    Waiting(lab::Command),
    Failed(Trouble),
}

impl Running {
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        match self {
            Self::Elsewhere { addresses, .. } => addresses.clone(),
            Self::Mock(mock) => vec![mock.address()],
            Self::Copy(copy) => vec![copy.address(THE_ONE)],
            Self::Waiting(_) | Self::Failed(_) => Vec::new(),
        }
    }

    /// What its program is doing, if it has one.
    pub(super) fn copy_status(&self) -> Option<CopyStatus> {
        match self {
            Self::Copy(copy) => Some(copy.status(THE_ONE)),
            _ => None,
        }
    }

    /// Its name, if it has to be looked up.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Elsewhere { written, .. } => {
                written.parse::<SocketAddr>().is_err().then_some(written)
            }
            _ => None,
        }
    }

    pub(super) fn state(&self, server: &Server) -> ServerState {
        match self {
            Self::Failed(trouble) => ServerState::Trouble(trouble.clone()),
            Self::Waiting(command) => ServerState::AwaitsConsent(command.clone()),
            _ if !server.enabled => ServerState::Dead,
            Self::Elsewhere { trouble: Some(trouble), .. } => ServerState::Trouble(trouble.clone()),
            Self::Elsewhere { addresses, .. } if addresses.is_empty() => ServerState::Starting,
            Self::Elsewhere { .. } | Self::Mock(_) => ServerState::Known,
            Self::Copy(copy) => match copy.status(THE_ONE) {
                CopyStatus::Starting | CopyStatus::Restarting => ServerState::Starting,
                CopyStatus::Running => ServerState::Known,
                CopyStatus::Exited(code) => {
                    let how = code.map_or_else(String::new, |code| format!(" with code {code}"));
                    let last = last_words(copy);
                    let what = format!("its program ended{how}{last}");
                    let trouble = Trouble::new(what, "look at its output");
                    ServerState::Trouble(trouble.cured_by(Cure::Restart))
                }
                CopyStatus::Failed(why) => {
                    let trouble = Trouble::new(why, "look at its command line");
                    ServerState::Trouble(trouble.cured_by(Cure::Restart))
                }
            },
        }
    }
}

impl Control {
    /// Where requests may go: nowhere for a server that is switched off, or on whose port nobody answers.
    pub(super) fn addresses_in_force(
        &self,
        (pool, server): &(String, String),
        running: &Running,
    ) -> Vec<SocketAddr> {
        let lab = self.lab.pool(pool).and_then(|pool| pool.server(server));
        match running {
            Running::Elsewhere { .. } if lab.is_some_and(|server| !server.enabled) => Vec::new(),
            Running::Copy(copy) if copy.status(THE_ONE) != CopyStatus::Running => Vec::new(),
            _ => running.addresses(),
        }
    }

    fn place(&self, pool: &str, server: &str) -> Option<(&Pool, &Server)> {
        let pool = self.lab.pool(pool)?;
        Some((pool, pool.server(server)?))
    }

    pub(super) fn world(&mut self) -> Result<&World, Trouble> {
        if self.world.is_none() {
            let settings = WorldSettings {
                seed: self.seed,
                ..WorldSettings::new(Arc::clone(self.board.clock()))
            };
            let world = World::start(settings)
                .map_err(|error| Trouble::new(error.to_string(), "close other programs"))?;
            self.world = Some(world);
        }
        Ok(self.world.as_ref().expect("it was started if it was missing"))
    }

    pub(super) fn start_mock(&mut self, pool: &str, server: &str, plan_before: &Arc<Plan>) {
        let running = match self.mock(pool, server) {
            Ok(mock) => Running::Mock(mock),
            Err(trouble) => {
                self.board.tell(Kind::Trouble, format!("server {pool}/{server}: {trouble}"));
                Running::Failed(trouble)
            }
        };
        self.put_in_place((pool, server), running, plan_before);
    }

    /// Lets a server take the place of whatever had its name.
    pub(super) fn put_in_place(
        &mut self,
        (pool, server): (&str, &str),
        running: Running,
        plan_before: &Arc<Plan>,
    ) {
        let before = self.servers.insert((pool.to_owned(), server.to_owned()), running);
        self.let_go(before, pool, server, plan_before);
    }

    fn mock(&mut self, pool: &str, server: &str) -> Result<Mock, Trouble> {
        let tls = match self.lab.pool(pool) {
            Some(settings) if speaks_tls(settings) => Some(self.certificates.for_mocks()?),
            _ => None,
        };
        let shared = Arc::clone(self.sessions.entry(pool.to_owned()).or_default());
        let Some((settings, member)) = self.place(pool, server) else {
            return Err(Trouble::new("it is not in the lab", ""));
        };
        let mock = MockSettings {
            pool: pool.to_owned(),
            protocol: settings.mocks.protocol,
            behaviour: member.mock.clone().unwrap_or_default(),
            sessions: settings.mocks.sessions,
            shared,
            enabled: member.enabled,
            tls,
            ..MockSettings::new(server)
        };
        let failed = |error: crate::world::WorldError| Trouble::new(error.to_string(), "");
        self.world()?.start_mock(mock).map_err(failed)
    }

    pub(super) fn retune_mock(&self, pool: &str, server: &str) {
        let place = (pool.to_owned(), server.to_owned());
        let Some((settings, member)) = self.place(pool, server) else { return };
        if let Some(Running::Mock(mock)) = self.servers.get(&place) {
            mock.retune(member.mock.clone().unwrap_or_default());
            mock.keep_sessions(settings.mocks.sessions);
        }
    }

    pub(super) fn set_mock_enabled(&self, pool: &str, server: &str, enabled: bool) {
        let place = (pool.to_owned(), server.to_owned());
        if let Some(Running::Mock(mock)) = self.servers.get(&place) {
            mock.set_enabled(enabled);
        }
    }

    pub(super) fn stop_mock(&mut self, pool: &str, server: &str, plan_before: &Arc<Plan>) {
        let before = self.servers.remove(&(pool.to_owned(), server.to_owned()));
        self.let_go(before, pool, server, plan_before);
    }

    /// Stops a server when the last request that was led to it has ended.
    fn let_go(&self, running: Option<Running>, pool: &str, server: &str, plan_before: &Arc<Plan>) {
        let Some(running @ (Running::Mock(_) | Running::Copy(_))) = running else { return };
        let before = plan_before.pools.get(pool).map(Arc::clone);
        let index = before.as_ref().and_then(|pool| pool.balancing().index_of(server));
        let (grace, clock) = (self.grace(), Arc::clone(self.board.clock()));
        tokio::task::spawn_local(async move {
            let until_ns = clock.now_ns() + grace.as_nanos() as u64;
            // Whoever looked at the old plan a moment ago may still be on the way.
            tokio::time::sleep(LINGER).await;
            while let (Some(pool), Some(index)) = (&before, index)
                && pool.in_flight(index) > 0
                && clock.now_ns() < until_ns
            {
                tokio::time::sleep(LINGER).await;
            }
            drop(running);
        });
    }

    pub(super) fn start_command(&mut self, pool: &str, server: &str, plan_before: &Arc<Plan>) {
        self.start_copies((pool, server), 1, plan_before);
    }

    /// Starts the copies of a command from the one with this number on.
    fn start_copies(
        &mut self,
        (pool, server): (&str, &str),
        first_copy: u32,
        plan_before: &Arc<Plan>,
    ) {
        let Some((_, member)) = self.place(pool, server) else { return };
        let n_more = member.n_copies().saturating_sub(first_copy - 1);
        let names = member.copy_names().into_iter().skip(first_copy as usize - 1);
        let Some(command) = member.command.clone().filter(|_| n_more > 0) else { return };
        if !self.commands.cover(&command) {
            for copy in names {
                self.put_in_place((pool, &copy), Running::Waiting(command.clone()), plan_before);
            }
            return;
        }
        let command = lab::Command { copies: n_more, ..command };
        let settings = CommandSettings {
            first_copy,
            listener: Some(printed::listener(&self.board, pool)),
            ..CommandSettings::new(server, command, self.settings.folder.clone())
        };
        let failed = |error: crate::world::WorldError| Trouble::new(error.to_string(), "");
        let started = self.world().and_then(|world| world.start_command(settings).map_err(failed));
        match started {
            Ok(command) => {
                for (name, copy) in names.zip(command.apart()) {
                    self.follow_copy((pool.to_owned(), name.clone()), &copy);
                    self.put_in_place((pool, &name), Running::Copy(copy), plan_before);
                }
            }
            Err(trouble) => {
                for name in names {
                    self.board.tell(Kind::Trouble, format!("server {pool}/{name}: {trouble}"));
                    let failed = Running::Failed(trouble.clone());
                    self.put_in_place((pool, &name), failed, plan_before);
                }
            }
        }
    }

    /// More copies, or fewer; those that stay do not notice.
    pub(super) fn scale_command(
        &mut self,
        (pool, server): (&str, &str),
        from: u32,
        to: u32,
        plan_before: &Arc<Plan>,
    ) {
        if to > from {
            return self.start_copies((pool, server), from + 1, plan_before);
        }
        for number in to + 1..=from {
            let copy = format!("{server}-{number}");
            let running = self.servers.remove(&(pool.to_owned(), copy.clone()));
            self.let_go(running, pool, &copy, plan_before);
        }
    }

    pub(super) fn restart_copy(&self, pool: String, server: String) {
        let place = (pool, server);
        if let Some(Running::Copy(copy)) = self.servers.get(&place) {
            let (pool, server) = &place;
            let told = format!("command {pool}/{server} is told to start again");
            self.board.tell(Kind::Restarted, told);
            copy.restart(THE_ONE);
        }
    }

    /// Lets the control thread know when a copy starts or ends, and when it does neither.
    fn follow_copy(&self, place: (String, String), copy: &Command) {
        let (mut status, found) = (copy.watch(THE_ONE), self.found.clone());
        tokio::task::spawn_local(async move {
            let mut is_silent = false;
            loop {
                let patience = match *status.borrow() {
                    CopyStatus::Starting | CopyStatus::Restarting if !is_silent => ANSWERS_WITHIN,
                    _ => Duration::MAX,
                };
                let what = match tokio::time::timeout(patience, status.changed()).await {
                    Ok(Ok(())) => What::Copy,
                    Ok(Err(_stopped)) => return,
                    Err(_elapsed) => What::Silence,
                };
                is_silent = matches!(what, What::Silence);
                if found.send(Found { place: place.clone(), what }).await.is_err() {
                    return;
                }
            }
        });
    }

    /// A copy runs, and nobody has answered on its port for a while.
    pub(super) fn note_silence(&mut self, place: &(String, String)) {
        let Some(Running::Copy(copy)) = self.servers.get(place) else { return };
        let (pool, server) = place;
        if matches!(copy.status(THE_ONE), CopyStatus::Starting | CopyStatus::Restarting) {
            let what = format!(
                "command {pool}/{server} has not answered at {} for {} s",
                copy.address(THE_ONE),
                ANSWERS_WITHIN.as_secs()
            );
            let known = self.lab.pool(pool).and_then(|pool| pool.server_of(server));
            let command = known.and_then(|server| server.command.as_ref());
            let variable = command.map_or("PORT", |command| &command.port_variable);
            let remedy = format!("let it listen on the port that ${variable} says");
            let trouble = Trouble::new(what, remedy);
            self.board.tell(Kind::Trouble, trouble.to_string());
            self.amiss.insert(place.clone());
        }
    }

    /// A copy has another status. Returns whether the plan has to know, which is so where its address is final.
    pub(super) fn note_copy(&mut self, place: &(String, String)) -> bool {
        let Some(Running::Copy(copy)) = self.servers.get(place) else { return false };
        let (pool, server) = place;
        let status = copy.status(THE_ONE);
        if matches!(status, CopyStatus::Exited(_) | CopyStatus::Failed(_)) {
            self.amiss.insert(place.clone());
        }
        let (kind, text) = match status {
            CopyStatus::Starting => (Kind::Step, "starts".to_owned()),
            CopyStatus::Restarting => (Kind::Step, "restarts".to_owned()),
            CopyStatus::Running => {
                let was_amiss = self.amiss.remove(place);
                let kind = if was_amiss { Kind::Recovered } else { Kind::Step };
                (kind, format!("runs at {}", copy.address(THE_ONE)))
            }
            CopyStatus::Exited(code) => {
                let code = code.map_or_else(|| "by a signal".to_owned(), |it| format!("with {it}"));
                (Kind::Trouble, format!("ended {code}{}", last_words(copy)))
            }
            CopyStatus::Failed(why) => (Kind::Trouble, why),
        };
        self.board.tell(kind, format!("command {pool}/{server} {text}"));
        true
    }

    pub(super) fn stop_command(
        &mut self,
        pool: &str,
        server: &str,
        before: &Lab,
        plan_before: &Arc<Plan>,
    ) {
        let member = before.pool(pool).and_then(|pool| pool.server(server));
        for copy in member.map_or_else(Vec::new, Server::copy_names) {
            let running = self.servers.remove(&(pool.to_owned(), copy.clone()));
            self.let_go(running, pool, &copy, plan_before);
        }
    }

    /// Somebody said yes to these: those of them that wait, start.
    pub(super) fn allow_commands(&mut self, agreed: Vec<lab::Command>) {
        self.commands.add(agreed);
        let commands: Vec<(String, String)> = self
            .lab
            .pools
            .iter()
            .flat_map(|pool| {
                let agreed = |server: &&Server| {
                    let command = server.command.as_ref();
                    server.enabled && command.is_some_and(|it| self.commands.cover(it))
                };
                let servers = pool.servers.iter().filter(agreed);
                servers.map(|server| (pool.name.clone(), server.name.clone()))
            })
            .collect();
        for (pool, server) in commands {
            let waits = matches!(
                self.servers.get(&(pool.clone(), server.clone())),
                Some(Running::Waiting(_))
            );
            if waits {
                let plan = self.board.shared.plan();
                self.start_command(&pool, &server, &plan);
            }
        }
        self.publish();
        self.show();
    }
}

/// The end of what a program said, to see what was wrong without looking further.
fn last_words(copy: &Command) -> String {
    let lines = copy.log(THE_ONE, 0).lines;
    let said = lines.iter().rev().find(|line| line.stream == LogStream::Errors);
    said.map_or_else(String::new, |line| format!(", its last words: {}", line.text))
}

/// Commands here have one copy.
const THE_ONE: usize = 0;
/// Some dev servers build everything first. What comes later is told as a recovery.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);
const LINGER: Duration = Duration::from_millis(100);
