//! Latencies from files: which parts of a lab have one, and handing over what is in the file.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Edit, Lab, Server};
use crate::model::{Arrivals, Behaviour, Latency};

impl Lab {
    /// Gives every latency from a file its samples, those that cues bring included. `read` gets the path as it
    /// is written, each one once.
    pub fn fill_samples<E>(
        &mut self,
        mut read: impl FnMut(&str) -> Result<Arc<[u64]>, E>,
    ) -> Result<(), E> {
        let mut known: BTreeMap<String, Arc<[u64]>> = BTreeMap::new();
        for latency in self.latencies_mut() {
            let Some(path) = latency.samples_path().map(str::to_owned) else { continue };
            let samples_ns = match known.get(&path) {
                Some(samples_ns) => Arc::clone(samples_ns),
                None => read(&path)?,
            };
            latency.set_samples(Arc::clone(&samples_ns));
            known.insert(path, samples_ns);
        }
        Ok(())
    }

    fn latencies_mut(&mut self) -> Vec<&mut Latency> {
        let servers = self.pools.iter_mut().flat_map(|pool| &mut pool.servers);
        let of_servers = servers.filter_map(of_server);
        let of_clients = self.clients.iter_mut().filter_map(|client| think(&mut client.arrivals));
        let edits = self.cues.iter_mut().flat_map(|cue| &mut cue.edits);
        of_servers.chain(of_clients).chain(edits.filter_map(of_edit)).collect()
    }
}

fn of_edit(edit: &mut Edit) -> Option<&mut Latency> {
    match edit {
        Edit::SetLatency { latency, .. }
        | Edit::SetBehaviour { mock: Behaviour { latency, .. }, .. } => Some(latency),
        Edit::SetArrivals { arrivals, .. } => think(arrivals),
        Edit::AddServer { server, .. } => of_server(server),
        _ => None,
    }
}

fn of_server(server: &mut Server) -> Option<&mut Latency> {
    server.mock.as_mut().map(|mock| &mut mock.latency)
}

fn think(arrivals: &mut Arrivals) -> Option<&mut Latency> {
    match arrivals {
        Arrivals::Closed { think, .. } => Some(think),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::load;

    #[test]
    fn every_latency_from_a_file_gets_its_samples_and_each_file_is_read_once() {
        let text = r#"(
            listeners: [(name: "front", address: "127.0.0.1:0", pool: "web")],
            pools: [(name: "web", servers: [
                (name: "a", mock: (latency: file(path: "x"))),
                (name: "b", mock: (latency: file(path: "x"))),
            ])],
            clients: [(
                name: "all",
                listener: "front",
                arrivals: closed(users: 1, think: file(path: "y")),
            )],
            cues: [(name: "now", at: "1s", edits: [
                set_latency(server: "a", latency: file(path: "z")),
                set_behaviour(server: "a", mock: (latency: file(path: "u"))),
                set_arrivals(client: "all", arrivals: closed(users: 1, think: file(path: "v"))),
                add_server(pool: "web", server: (name: "c", mock: (latency: file(path: "w")))),
            ])],
        )"#;
        let mut lab = load(text.as_bytes()).unwrap().lab.into_lab();
        let mut read = Vec::new();
        let filled: Result<(), ()> = lab.fill_samples(|path| {
            read.push(path.to_owned());
            Ok(Arc::from([7]))
        });
        assert_eq!((filled, read.join(" ").as_str()), (Ok(()), "x y z u v w"));
        assert!(lab.latencies_mut().iter().all(|latency| latency.mean_ns() == Some(7.0)));
    }
}
