//! Applying a cue: every edit is an edit of the document, so it can be shown, undone and saved.

use super::cue::{Cue, Edit};
use super::suggest::{among, nearest};
use super::{Client, Lab, Pool, Server};
use crate::model::{Arrivals, Behaviour};

impl Cue {
    /// The lab after this cue. All of its edits or, with the number of the first that fails, none.
    pub fn apply(&self, lab: &Lab) -> Result<Lab, (usize, EditError)> {
        let mut edited = lab.clone();
        for (index, edit) in self.edits.iter().enumerate() {
            edit.apply(&mut edited).map_err(|error| (index, error))?;
        }
        Ok(edited)
    }
}

impl Edit {
    pub fn apply(&self, lab: &mut Lab) -> Result<(), EditError> {
        match self {
            Self::SetAlgorithm { pool, algorithm } => {
                pool_mut(lab, pool)?.algorithm = algorithm.clone();
            }
            Self::SetKey { pool, key } => pool_mut(lab, pool)?.key = key.clone(),
            Self::SetStickiness { pool, stickiness } => {
                pool_mut(lab, pool)?.stickiness = stickiness.clone();
            }
            Self::AddServer { pool, server } => return add_server(lab, pool, server),
            Self::SetArrivals { client, arrivals } => {
                client_mut(lab, client)?.arrivals = arrivals.clone();
            }
            Self::SetRate { client, per_second } => {
                return set_rate(client_mut(lab, client)?, *per_second);
            }
            Self::SetUsers { client, users } => return set_users(client_mut(lab, client)?, *users),
            Self::StartClient { client } => client_mut(lab, client)?.enabled = true,
            Self::StopClient { client } => client_mut(lab, client)?.enabled = false,
            Self::HoldTraffic => lab.hold = true,
            Self::ReleaseTraffic => lab.hold = false,
            _ => return self.apply_to_server(lab),
        }
        Ok(())
    }

    fn apply_to_server(&self, lab: &mut Lab) -> Result<(), EditError> {
        let Some(server) = self.server() else { return Ok(()) };
        let (pool, index) = ServerName::new(server).find(lab)?;
        if matches!(self, Self::RemoveServer { .. }) {
            lab.pools[pool].servers.remove(index);
            return Ok(());
        }
        let server = &mut lab.pools[pool].servers[index];
        match self {
            Self::SetWeight { weight, .. } => server.weight = *weight,
            Self::SetConcurrency { concurrency, .. } => server.concurrency = *concurrency,
            Self::SetBehaviour { mock, .. } => *mock_mut(server)? = mock.clone(),
            Self::SetLatency { latency, .. } => mock_mut(server)?.latency = latency.clone(),
            Self::SetFailures { failures, .. } => mock_mut(server)?.failures = failures.clone(),
            Self::Kill { .. } => server.enabled = false,
            Self::Revive { .. } => server.enabled = true,
            Self::Drain { .. } => server.drain = true,
            Self::Undrain { .. } => server.drain = false,
            _ => {}
        }
        Ok(())
    }

    /// The server it names, as it is written.
    pub fn server(&self) -> Option<&str> {
        match self {
            Self::SetWeight { server, .. }
            | Self::SetConcurrency { server, .. }
            | Self::SetBehaviour { server, .. }
            | Self::SetLatency { server, .. }
            | Self::SetFailures { server, .. }
            | Self::Kill { server }
            | Self::Revive { server }
            | Self::Drain { server }
            | Self::Undrain { server }
            | Self::RemoveServer { server } => Some(server),
            _ => None,
        }
    }
}

/// A server as cues name it: `b`, or `web/b` where several pools have a `b`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerName<'a> {
    pool: Option<&'a str>,
    server: &'a str,
}

impl<'a> ServerName<'a> {
    pub fn new(written: &'a str) -> Self {
        match written.split_once('/') {
            Some((pool, server)) => Self { pool: Some(pool), server },
            None => Self { pool: None, server: written },
        }
    }

    /// The index of its pool, and its own in there.
    pub fn find(self, lab: &Lab) -> Result<(usize, usize), EditError> {
        let Self { pool, server } = self;
        if let Some(pool) = pool {
            let _exists = find_pool(lab, pool)?;
        }
        let in_scope =
            |candidate: &&(usize, &Pool)| pool.is_none_or(|name| candidate.1.name == name);
        let pools: Vec<(usize, &Pool)> = lab
            .pools
            .iter()
            .enumerate()
            .collect::<Vec<_>>()
            .iter()
            .filter(in_scope)
            .copied()
            .collect();
        let found: Vec<(usize, usize)> = pools
            .iter()
            .flat_map(|(at, pool)| {
                let named = pool.servers.iter().enumerate();
                named.filter(|(_, known)| known.name == server).map(|(index, _)| (*at, index))
            })
            .collect();
        match found.as_slice() {
            [] => {
                let names = pools.iter().flat_map(|(_, pool)| &pool.servers);
                let names: Vec<&str> = names.map(|server| server.name.as_str()).collect();
                Err(EditError::missing("server", server, &names))
            }
            [only] => Ok(*only),
            [(first, _), ..] => Err(EditError::Ambiguous {
                server: server.to_owned(),
                example: format!("{}/{server}", lab.pools[*first].name),
            }),
        }
    }
}

/// Why an edit cannot be made. What is wrong, then a colon, then what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("there is no {kind} `{name}`: {remedy}")]
    Missing { kind: &'static str, name: String, remedy: String },
    #[error("several pools have a server `{server}`: write {example}")]
    Ambiguous { server: String, example: String },
    #[error("the server `{0}` is no mock, so its behaviour cannot be set: name a mock")]
    NotAMock(String),
    #[error("the clients `{0}` are a closed loop and have no rate: use set_users or set_arrivals")]
    NoRate(String),
    #[error("the clients `{0}` are an open loop and have no users: use set_rate or set_arrivals")]
    NoUsers(String),
    #[error("the pool `{pool}` has a server `{server}` already: give the new one another name")]
    NameTaken { pool: String, server: String },
}

impl EditError {
    pub(super) fn missing(kind: &'static str, name: &str, names: &[&str]) -> Self {
        let remedy = match names {
            [] => format!("the lab has no {kind}s, add one"),
            names => nearest(name, names).unwrap_or_else(|| among(names)),
        };
        Self::Missing { kind, name: name.to_owned(), remedy }
    }
}

fn find_pool(lab: &Lab, name: &str) -> Result<usize, EditError> {
    lab.pools.iter().position(|pool| pool.name == name).ok_or_else(|| {
        let names: Vec<&str> = lab.pools.iter().map(|pool| pool.name.as_str()).collect();
        EditError::missing("pool", name, &names)
    })
}

fn pool_mut<'a>(lab: &'a mut Lab, name: &str) -> Result<&'a mut Pool, EditError> {
    let index = find_pool(lab, name)?;
    Ok(&mut lab.pools[index])
}

fn client_mut<'a>(lab: &'a mut Lab, name: &str) -> Result<&'a mut Client, EditError> {
    let index = lab.clients.iter().position(|client| client.name == name).ok_or_else(|| {
        let names: Vec<&str> = lab.clients.iter().map(|client| client.name.as_str()).collect();
        EditError::missing("client", name, &names)
    })?;
    Ok(&mut lab.clients[index])
}

fn mock_mut(server: &mut Server) -> Result<&mut Behaviour, EditError> {
    server.mock.as_mut().ok_or_else(|| EditError::NotAMock(server.name.clone()))
}

fn add_server(lab: &mut Lab, pool: &str, server: &Server) -> Result<(), EditError> {
    let pool = pool_mut(lab, pool)?;
    if pool.server(&server.name).is_some() {
        return Err(EditError::NameTaken { pool: pool.name.clone(), server: server.name.clone() });
    }
    pool.servers.push(server.clone());
    Ok(())
}

fn set_rate(client: &mut Client, rate: f64) -> Result<(), EditError> {
    match &mut client.arrivals {
        Arrivals::Steady { per_second }
        | Arrivals::Poisson { per_second }
        | Arrivals::Bursts { per_second, .. } => *per_second = rate,
        Arrivals::Ramp { .. } | Arrivals::Diurnal { .. } => {
            client.arrivals = Arrivals::Poisson { per_second: rate };
        }
        Arrivals::Closed { .. } => return Err(EditError::NoRate(client.name.clone())),
    }
    Ok(())
}

fn set_users(client: &mut Client, count: u32) -> Result<(), EditError> {
    match &mut client.arrivals {
        Arrivals::Closed { users, .. } => {
            *users = count;
            Ok(())
        }
        _ => Err(EditError::NoUsers(client.name.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::load;
    use super::*;

    fn lab() -> Lab {
        let text = r#"(
            listeners: [(name: "front", address: "127.0.0.1:0", pool: "web")],
            pools: [
                (name: "web", servers: [(name: "a", mock: ()), (name: "b", address: "127.0.0.1:3000")]),
                (name: "api", servers: [(name: "a", mock: ())]),
            ],
            clients: [(name: "visitors", listener: "front")],
        )"#;
        load(text.as_bytes()).unwrap().lab.into_lab()
    }

    fn after(edits: &str) -> Result<Lab, String> {
        let cue = format!("(name: \"now\", edits: [{edits}])");
        let cue: Cue = super::super::syntax::options().from_str(&cue).unwrap();
        cue.apply(&lab()).map_err(|(index, error)| format!("{index}: {error}"))
    }

    #[test]
    fn an_edit_changes_what_it_names_and_nothing_else() {
        let mut expected = lab();
        expected.pools[1].servers[0].enabled = false;
        expected.pools[0].servers[1].weight = 7;
        expected.hold = true;
        let edits = r#"kill(server: "api/a"), set_weight(server: "b", weight: 7), hold_traffic"#;
        assert_eq!(after(edits), Ok(expected));
    }

    #[test]
    fn a_killed_server_revived_is_as_before() {
        let there_and_back =
            r#"kill(server: "b"), revive(server: "b"), drain(server: "b"), undrain(server: "b")"#;
        assert_eq!(after(there_and_back), Ok(lab()));
        let added =
            r#"add_server(pool: "web", server: (name: "c", mock: ())), remove_server(server: "c")"#;
        assert_eq!(after(added), Ok(lab()));
    }

    #[test]
    fn an_edit_that_cannot_be_made_says_what_to_do() {
        for (edits, answer) in [
            (r#"kill(server: "a")"#, "0: several pools have a server `a`: write web/a"),
            (
                r#"hold_traffic, kill(server: "web/c")"#,
                "1: there is no server `c`: write one of a, b",
            ),
            (r#"set_key(pool: "wbe", key: uri)"#, "0: there is no pool `wbe`: did you mean `web`?"),
            (
                r#"set_latency(server: "b", latency: constant("1s"))"#,
                "0: the server `b` is no mock, so its behaviour cannot be set: name a mock",
            ),
            (
                r#"set_users(client: "visitors", users: 3)"#,
                "0: the clients `visitors` are an open loop and have no users: use set_rate or set_arrivals",
            ),
        ] {
            assert_eq!(after(edits), Err(answer.to_owned()));
        }
    }
}
