//! The proxies that are compared: each turns a [`Setup`] into its own configuration and a command.

mod drawn;
mod evenkeel;
mod haproxy;
mod nginx;
mod pingora;

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Failure;
use crate::measure::Processes;
use crate::setup::{Front, Place, Setup};
use drawn::{Awake, Screen};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proxy {
    Nginx,
    Haproxy,
    Pingora,
    /// Evenkeel as it was: another build, to see what a change gained.
    Before,
    /// Evenkeel as it carries the same bytes without reading them: what reading them costs.
    Carried,
    /// Evenkeel with its window open and drawing.
    Drawn,
    Evenkeel,
}

impl Proxy {
    pub(crate) const ALL: [Self; 7] = [
        Self::Nginx,
        Self::Haproxy,
        Self::Pingora,
        Self::Before,
        Self::Carried,
        Self::Drawn,
        Self::Evenkeel,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nginx => "NGINX",
            Self::Haproxy => "HAProxy",
            Self::Pingora => "Pingora",
            Self::Before => "before",
            Self::Carried => "carried",
            Self::Drawn => "drawn",
            Self::Evenkeel => "Evenkeel",
        }
    }

    /// Whether it is Evenkeel in one form or another, which nobody else is compared with.
    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Self::Before | Self::Carried | Self::Drawn | Self::Evenkeel)
    }

    /// Why it cannot run here at all, as one says it.
    pub(crate) fn missing(self) -> Option<String> {
        match self {
            Self::Nginx => absent("nginx"),
            Self::Haproxy => absent("haproxy"),
            Self::Pingora => pingora::missing(),
            Self::Before => {
                evenkeel::before().is_none().then(|| format!("no {}", evenkeel::BEFORE))
            }
            Self::Drawn => drawn::missing(),
            Self::Carried | Self::Evenkeel => None,
        }
    }

    /// Why it cannot do this job, as one says it.
    pub(crate) fn unable(self, setup: &Setup) -> Option<&'static str> {
        match self {
            Self::Nginx => nginx::unable(setup),
            Self::Haproxy => haproxy::unable(setup),
            Self::Pingora => pingora::unable(setup),
            Self::Before | Self::Carried | Self::Drawn | Self::Evenkeel => None,
        }
    }

    /// What it does in place of an algorithm that it does not have.
    pub(crate) fn instead(self, setup: &Setup) -> Option<&'static str> {
        match self {
            Self::Nginx => nginx::instead(setup),
            Self::Haproxy => haproxy::instead(setup),
            Self::Pingora => pingora::instead(setup),
            Self::Before | Self::Carried | Self::Drawn | Self::Evenkeel => None,
        }
    }

    /// The screen is there for whoever draws.
    fn command(
        self,
        setup: &Setup,
        place: &Place,
        screen: Option<&Screen>,
    ) -> io::Result<Vec<String>> {
        match self {
            Self::Nginx => nginx::command(setup, place),
            Self::Haproxy => haproxy::command(setup, place),
            Self::Pingora => Ok(pingora::command(setup, place)),
            Self::Before => {
                evenkeel::command(&evenkeel::before().unwrap_or_default(), setup, place)
            }
            Self::Carried => {
                let setup = Setup { front: Front::Tcp, ..setup.clone() };
                evenkeel::command(env!("CARGO_BIN_EXE_evenkeel"), &setup, place)
            }
            Self::Drawn => match screen {
                Some(screen) => drawn::command(setup, place, screen),
                None => Err(io::Error::other("there is no screen to draw on")),
            },
            Self::Evenkeel => evenkeel::command(env!("CARGO_BIN_EXE_evenkeel"), setup, place),
        }
    }
}

/// A proxy at work; it ends with this value.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) proxy: Proxy,
    pub(crate) listen: Vec<SocketAddr>,
    child: Child,
    log: PathBuf,
    _screen: Option<Screen>,
}

impl Running {
    /// Starts it on the given cores, without waiting for it.
    pub(crate) fn start(
        proxy: Proxy,
        setup: &Setup,
        place: &Place,
        cores: &str,
    ) -> Result<Self, Failure> {
        fs::create_dir_all(&place.folder)?;
        let screen = if proxy == Proxy::Drawn { Some(Screen::open()?) } else { None };
        let words = proxy.command(setup, place, screen.as_ref())?;
        let log = place.folder.join("log");
        let child = Command::new("taskset")
            .args(["-c", cores])
            .args(&words)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log)?)
            .spawn()?;
        Ok(Self { proxy, listen: place.listen.clone(), child, log, _screen: screen })
    }

    /// Waits until it accepts connections. Datagrams are tried by whoever sends them.
    pub(crate) fn wait(&mut self, setup: &Setup) -> Result<(), Failure> {
        let until = Instant::now() + START_TIMEOUT;
        let accepts = || self.listen.iter().all(|address| TcpStream::connect(address).is_ok());
        while setup.front != Front::Udp && !accepts() {
            if self.child.try_wait()?.is_some() || Instant::now() > until {
                let said = fs::read_to_string(&self.log).unwrap_or_default();
                return Err(Failure::Start { proxy: self.proxy.name(), said });
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        if self.proxy == Proxy::Drawn {
            drawn::part(self.child.id())?;
        }
        Ok(())
    }

    /// Its processes, as they are now.
    pub(crate) fn processes(&self) -> Processes {
        Processes::of(self.child.id())
    }

    /// The threads of ours that carry requests.
    pub(crate) fn workers(&self) -> Processes {
        self.processes().threads_called(drawn::WORKERS)
    }

    /// Its turn has come, for as long as this value lasts. Only what draws does something while nobody asks it.
    pub(crate) fn awake(&self) -> io::Result<Option<Awake>> {
        if self.proxy != Proxy::Drawn {
            return Ok(None);
        }
        Awake::new(Pid::from_child(&self.child)).map(Some)
    }

    /// What it wrote to standard error.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // NGINX's workers would outlive a master that is killed.
        let pid = Pid::from_child(&self.child);
        // Whoever is stopped would not hear it.
        let heard = kill_process(pid, Signal::CONT);
        let asked = heard.and_then(|()| kill_process(pid, Signal::TERM));
        let until = Instant::now() + STOP_TIMEOUT;
        while asked.is_ok() && Instant::now() < until {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        // Whether it was gone already makes no difference.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Addresses nobody listens on. Somebody could take one before the proxy does; then the proxy says so.
pub(crate) fn free_addresses(count: usize) -> io::Result<Vec<SocketAddr>> {
    let any = |_| TcpListener::bind(("127.0.0.1", 0));
    // All at once, or one could be given twice.
    let held: Vec<TcpListener> = (0..count).map(any).collect::<io::Result<_>>()?;
    held.iter().map(TcpListener::local_addr).collect()
}

fn absent(program: &str) -> Option<String> {
    which(program).is_none().then(|| format!("there is no `{program}` on this machine"))
}

fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian keeps both where only root's path leads.
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn path_of(program: &str) -> String {
    which(program).unwrap_or_else(|| PathBuf::from(program)).display().to_string()
}

fn write(folder: &Path, name: &str, text: &str) -> io::Result<String> {
    let path = folder.join(name);
    fs::write(&path, text)?;
    Ok(path.display().to_string())
}

const START_TIMEOUT: Duration = Duration::from_secs(20);
const STOP_TIMEOUT: Duration = Duration::from_millis(500);
