//! A stock program that is run to its end, which must come in time.

use std::fs::File;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::Command;

/// A program, and the Debian package that has it.
#[derive(Clone, Copy)]
pub(crate) struct Tool {
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
}

/// What a program wrote, and whether it was content.
pub(crate) struct Said {
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
    pub(crate) succeeded: bool,
}

impl Tool {
    /// Runs it and wants it to succeed.
    pub(crate) fn run(self, arguments: &[&str]) -> Said {
        let said = self.run_with(arguments, None);
        let Self { program, package } = self;
        let all = format!("{}{}", said.text(), said.err);
        assert!(said.succeeded, "{program} (with Debian's {package}) {arguments:?}: {all}");
        said
    }

    /// Runs it with a file for its input.
    pub(crate) fn run_with(self, arguments: &[&str], input: Option<&Path>) -> Said {
        let mut command = self.command(arguments);
        command.stdin(input.map_or_else(Stdio::null, |path| File::open(path).unwrap().into()));
        let output = in_time(async { command.output().await });
        let Output { status, stdout, stderr } = output.unwrap_or_else(|error| self.lack(&error));
        let err = String::from_utf8_lossy(&stderr).into_owned();
        Said { out: stdout, err, succeeded: status.success() }
    }

    /// Ready to start. It ends at the latest when it is dropped.
    pub(crate) fn command(self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.program);
        command.args(arguments).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // What is asked here is on this machine.
        for name in ["http_proxy", "https_proxy", "all_proxy", "grpc_proxy"] {
            command.env_remove(name).env_remove(name.to_ascii_uppercase());
        }
        command
    }

    /// It could not be started.
    pub(crate) fn lack(self, error: &std::io::Error) -> ! {
        let Self { program, package } = self;
        panic!("this test needs `{program}` (Debian's package {package}): {error}")
    }
}

impl Said {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }
}

pub(crate) fn in_time<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let work = async { tokio::time::timeout(DEADLINE, work).await };
    runtime.block_on(work).expect("the program ends in time")
}

/// Far more than any of them takes.
const DEADLINE: Duration = Duration::from_mins(1);
