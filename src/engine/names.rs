//! Where servers are: addresses as they are written, and names that are looked up now and then.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::control::{Control, Inbox};
use super::event::Kind;
use super::servers::Running;
use super::status::Trouble;
use crate::lab::Lab;
use crate::proxy::Plan;

/// What a name stands for.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) place: (String, String),
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Name {
        written: String,
        addresses: io::Result<Vec<SocketAddr>>,
    },
    /// A copy of a command started, ended or failed.
    Copy,
    /// A copy of a command starts, and takes long for that.
    Silence,
}

impl Control {
    pub(super) fn find_server(
        &mut self,
        pool: &str,
        server: &str,
        written: &str,
        plan_before: &Arc<Plan>,
    ) {
        let place = (pool.to_owned(), server.to_owned());
        let address: Option<SocketAddr> = written.parse().ok();
        let known = Running::Elsewhere {
            written: written.to_owned(),
            addresses: address.into_iter().collect(),
            trouble: None,
        };
        self.put_in_place((pool, server), known, plan_before);
        if address.is_none() {
            self.look_up(place, written.to_owned());
        }
    }

    pub(super) fn forget_server(&mut self, pool: &str, server: &str, _before: &Lab) {
        self.servers.remove(&(pool.to_owned(), server.to_owned()));
    }

    /// Asks the system in the background, because that may take seconds.
    fn look_up(&mut self, place: (String, String), written: String) {
        if !self.looking.insert(place.clone()) {
            return;
        }
        let found = self.found.clone();
        tokio::task::spawn_local(async move {
            let patience = tokio::time::timeout(PATIENCE, tokio::net::lookup_host(&written));
            let addresses = match patience.await {
                Ok(addresses) => addresses.map(Iterator::collect),
                Err(_elapsed) => Err(io::Error::other("nobody answered the lookup in time")),
            };
            // Where nobody wants to know any more, everything has stopped.
            let what = What::Name { written, addresses };
            drop(found.send(Found { place, what }).await);
        });
    }

    /// Gives names a moment before the first plan that needs them.
    pub(super) async fn wait_for_names(&mut self, inbox: &mut Inbox) {
        let all = async {
            while !self.looking.is_empty() {
                let Some(found) = inbox.names.recv().await else { return };
                self.note(found);
            }
        };
        // Whatever is not there by then comes with a later plan.
        drop(tokio::time::timeout(FIRST_PATIENCE, all).await);
    }

    /// A name has resolved, or not.
    pub(super) fn found(&mut self, found: Found) {
        if self.note(found) {
            self.publish();
        }
        self.show();
    }

    /// Returns whether anything is different now.
    fn note(&mut self, found: Found) -> bool {
        let Found { place, what } = found;
        let (asked, answer) = match what {
            What::Name { written, addresses } => (written, addresses),
            What::Copy => return self.note_copy(&place),
            What::Silence => {
                self.note_silence(&place);
                return false;
            }
        };
        self.looking.remove(&place);
        let Some(Running::Elsewhere { written, addresses, trouble }) = self.servers.get_mut(&place)
        else {
            return false;
        };
        if *written != asked {
            return false;
        }
        let (pool, server) = &place;
        match answer {
            Ok(new) if !new.is_empty() => {
                let was_nowhere = trouble.take().is_some();
                // Many resolvers turn the list with every answer, which changes nothing.
                let same =
                    new.len() == addresses.len() && new.iter().all(|it| addresses.contains(it));
                if !same {
                    let list: Vec<String> = new.iter().map(ToString::to_string).collect();
                    let text = format!("server {pool}/{server}: {asked} is {}", list.join(", "));
                    let kind = if was_nowhere { Kind::Recovered } else { Kind::Step };
                    self.board.tell(kind, text);
                    *addresses = new;
                } else if was_nowhere {
                    let text = format!("server {pool}/{server}: {asked} is where it was");
                    self.board.tell(Kind::Recovered, text);
                }
                !same
            }
            Ok(_) | Err(_) => {
                let why = answer.err().map_or_else(String::new, |error| format!(" ({error})"));
                let problem = Trouble::new(
                    format!("{asked} is nowhere{why}"),
                    "write a name that exists, or an address",
                );
                if trouble.is_none() {
                    self.board.tell(Kind::Trouble, format!("server {pool}/{server}: {problem}"));
                }
                *trouble = Some(problem);
                // Old addresses are better than none.
                false
            }
        }
    }

    /// Looks all names up anew.
    pub(super) fn look_up_names(&mut self) {
        let names: Vec<_> = self
            .servers
            .iter()
            .filter_map(|(place, running)| Some((place.clone(), running.name()?.to_owned())))
            .collect();
        for (place, written) in names {
            self.look_up(place, written);
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(10);
const FIRST_PATIENCE: Duration = Duration::from_secs(1);
