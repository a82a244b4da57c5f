//! Processes as the system tells of them.

use std::process::Command;

pub(crate) struct Process {
    group: u32,
    /// It has ended, and its parent has not collected it.
    pub(crate) is_zombie: bool,
}

/// All that a group has, zombies as well.
pub(crate) fn members(group: u32) -> Vec<Process> {
    let columns = ["-A", "-o", "pgid=", "-o", "stat="];
    let told = Command::new("ps").args(columns).output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let text = String::from_utf8(told.stdout).unwrap();
    text.lines().map(process).filter(|process| process.group == group).collect()
}

fn process(line: &str) -> Process {
    let mut words = line.split_whitespace();
    let group = words.next().unwrap().parse().unwrap();
    Process { group, is_zombie: words.next().unwrap().starts_with('Z') }
}
