//! What a process and its children have used, as Linux tells it under `/proc`.

use std::fs;
use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// A process with its children and all their threads: NGINX has a master that works through others.
#[derive(Debug, Clone)]
pub(crate) struct Processes {
    pids: Vec<u32>,
    /// What the names of the threads begin with whose time counts; nothing for all of them.
    called: &'static str,
}

impl Processes {
    /// The process and its children as they are now.
    pub(crate) fn of(pid: u32) -> Self {
        let mut pids = vec![pid];
        let mut next = 0;
        while let Some(&pid) = pids.get(next) {
            pids.extend(children(pid));
            next += 1;
        }
        Self { pids, called: "" }
    }

    /// Only those threads whose names begin so.
    pub(crate) fn threads_called(self, called: &'static str) -> Self {
        Self { called, ..self }
    }

    /// The threads' numbers.
    pub(crate) fn threads(&self) -> Vec<String> {
        let number = |task: &String| task.rsplit('/').next().map(str::to_owned);
        self.tasks().iter().filter_map(number).collect()
    }

    /// CPU time used so far, by the scheduler's own count: `stat` would round to hundredths of a second.
    pub(crate) fn cpu_ns(&self) -> u64 {
        self.tasks().iter().filter_map(|task| first_number(&format!("{task}/schedstat"))).sum()
    }

    /// How often a thread went to sleep and was woken again.
    pub(crate) fn sleeps(&self) -> u64 {
        let counted = |task: &String| status_field(task, "voluntary_ctxt_switches:");
        self.tasks().iter().filter_map(counted).sum()
    }

    /// The most memory held at any time, summed over the processes.
    pub(crate) fn peak_bytes(&self) -> u64 {
        self.kilobytes("VmHWM:") * 1024
    }

    /// Memory held now that no file backs, so that what a parent shares with its children is not in it twice.
    pub(crate) fn anonymous_bytes(&self) -> u64 {
        self.kilobytes("RssAnon:") * 1024
    }

    fn kilobytes(&self, field: &str) -> u64 {
        self.pids.iter().filter_map(|pid| status_field(&format!("/proc/{pid}"), field)).sum()
    }

    fn tasks(&self) -> Vec<String> {
        let folders = self.pids.iter().map(|pid| format!("/proc/{pid}/task"));
        let is_called = |task: &String| {
            let name = fs::read_to_string(format!("{task}/comm"));
            self.called.is_empty() || name.is_ok_and(|name| name.starts_with(self.called))
        };
        folders.flat_map(|folder| entries(&folder)).filter(is_called).collect()
    }
}

/// Lets this process, and those it starts, open enough files for all ends of ten thousand connections, or as many as
/// the system grants.
pub(crate) fn raise_open_files() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.map(|most| most.max(FILES_WISHED));
    let wished = setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most });
    let granted = Rlimit { current: limit.maximum, ..limit };
    wished.or_else(|_| setrlimit(Resource::Nofile, granted)).map_err(Into::into)
}

fn children(pid: u32) -> Vec<u32> {
    let lists = entries(&format!("/proc/{pid}/task"));
    let lists = lists.iter().filter_map(|task| fs::read_to_string(format!("{task}/children")).ok());
    lists.flat_map(|list| numbers(&list)).collect()
}

fn numbers(text: &str) -> Vec<u32> {
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

fn entries(folder: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path().display().to_string()).collect()
}

fn first_number(file: &str) -> Option<u64> {
    fs::read_to_string(file).ok()?.split_whitespace().next()?.parse().ok()
}

fn status_field(folder: &str, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("{folder}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.split_whitespace().next()?.parse().ok()
}

const FILES_WISHED: u64 = 65_536;
