//! Everything of one workload at work: servers, proxies and a folder for what they write.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Failure;
use crate::certificate;
use crate::proxies::{Proxy, Running, free_addresses};
use crate::servers::Servers;
use crate::setup::{Place, Setup};

pub(crate) struct Stage {
    pub(crate) running: Vec<Running>,
    setup: Setup,
    servers: Servers,
    folder: Folder,
}

impl Stage {
    /// Servers only; proxies come with [`Stage::start`].
    pub(crate) fn set(setup: &Setup) -> Result<Self, Failure> {
        let servers = Servers::start(setup.front, setup.n_servers)?;
        let folder = Folder::new()?;
        certificate::write(&folder.0)?;
        Ok(Self { running: Vec::new(), setup: setup.clone(), servers, folder })
    }

    /// Servers and those proxies that can do the job.
    pub(crate) fn with(setup: &Setup, proxies: &[Proxy]) -> Result<Self, Failure> {
        let mut stage = Self::set(setup)?;
        for &proxy in proxies.iter().filter(|proxy| proxy.unable(setup).is_none()) {
            let mut running = stage.start(proxy)?;
            running.wait(setup)?;
            stage.running.push(running);
        }
        Ok(stage)
    }

    /// Starts one proxy without waiting for it.
    pub(crate) fn start(&self, proxy: Proxy) -> Result<Running, Failure> {
        let place = Place {
            listen: free_addresses(self.setup.n_listeners)?,
            servers: self.servers.addresses.clone(),
            folder: self.folder.0.join(proxy.name()),
            certificate: self.folder.0.join("cert.pem"),
            key: self.folder.0.join("key.pem"),
        };
        // One worker has core 0 for itself; more of them need more than one.
        let cores = if self.setup.workers > 1 { "0,1" } else { "0" };
        Running::start(proxy, &self.setup, &place, cores)
    }
}

/// A folder that goes away with this value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Failure> {
        let name = format!("evenkeel-peers-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        remove(&folder);
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

fn remove(folder: &Path) {
    // It may not be there, and what is left of it in a temporary folder harms nobody.
    drop(fs::remove_dir_all(folder));
}
