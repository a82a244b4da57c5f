//! The commands without a window.
//!
//! Every command writes its answer to standard output (`--json` for machines), problems to standard error, and
//! ends with 0, with 1 (what was asked does not hold) or with 2 (it could not be asked).

mod algorithms;
mod check;
mod compare;
mod key_file;
mod keys;
mod lab_file;
mod load;
mod mock;
mod order;
mod outcome;
mod progress;
mod run;
mod run_json;
mod run_text;
mod serve;
mod servers;
mod sim;
mod table;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{CommandFactory as _, Parser, Subcommand};

use outcome::{Answer, Failure};

/// A lab for load balancing: see who gets which request, and why
#[derive(Debug, Parser)]
#[command(name = "evenkeel", version, long_about = LONG_ABOUT, max_term_width = 100)]
#[command(args_conflicts_with_subcommands = true)]
struct Evenkeel {
    /// The lab to open in the window; without one, the starter
    lab: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Order(order::Order),
    Keys(keys::Keys),
    Serve(Box<serve::Serve>),
    Run(run::Run),
    Mock(mock::Mock),
    Load(load::Load),
    Sim(sim::Sim),
    Compare(compare::Compare),
    Check(check::Check),
    Algorithms(algorithms::Algorithms),
}

/// Where a command writes.
pub struct Streams<'a> {
    pub out: &'a mut dyn Write,
    pub err: &'a mut dyn Write,
    /// Whether a person watches standard error, so that progress is worth showing.
    pub shows_progress: bool,
}

/// What came of the arguments.
#[derive(Debug, PartialEq, Eq)]
pub enum Done {
    /// A command was run; this is the exit code.
    Exit(u8),
    /// The window is wanted, on a lab file or on the starter.
    Window { lab: Option<PathBuf> },
}

/// Runs the command that the arguments name, or says that the window is wanted.
pub fn run(arguments: impl IntoIterator<Item = OsString>, streams: &mut Streams<'_>) -> Done {
    match Evenkeel::try_parse_from(arguments) {
        Ok(Evenkeel { command: Some(command), .. }) => Done::Exit(run_command(&command, streams)),
        Ok(Evenkeel { command: None, lab: Some(lab) }) if !lab.exists() => {
            let name = lab.display();
            let why = format!("there is no command and no lab file called `{name}`");
            // Where even this cannot be written, the exit code has to say it.
            writeln!(streams.err, "evenkeel: {why}: see `evenkeel --help`").ok();
            Done::Exit(2)
        }
        Ok(Evenkeel { command: None, lab }) => Done::Window { lab },
        Err(error) => Done::Exit(show_usage(&error, streams)),
    }
}

/// What works where no window can be opened, by name: `order, keys and check`.
pub fn without_a_window() -> String {
    let names = Evenkeel::command();
    let names: Vec<&str> = names.get_subcommands().map(clap::Command::get_name).collect();
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => names.concat(),
    }
}

fn run_command(command: &Command, streams: &mut Streams<'_>) -> u8 {
    let answer = match command {
        Command::Order(order) => order.run(streams),
        Command::Keys(keys) => keys.run(streams),
        Command::Serve(serve) => serve.run(streams),
        Command::Run(run) => run.run(streams),
        Command::Mock(mock) => mock.run(streams),
        Command::Load(load) => load.run(streams),
        Command::Sim(sim) => sim.run(streams),
        Command::Compare(compare) => compare.run(streams),
        Command::Check(check) => check.run(streams),
        Command::Algorithms(algorithms) => algorithms.run(streams),
    };
    match answer.and_then(|answer| Ok(streams.out.flush().map(|()| answer)?)) {
        Ok(Answer::Holds) => 0,
        Ok(Answer::DoesNotHold) => 1,
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(failure) => {
            // Where even this cannot be written, the exit code has to say it.
            writeln!(streams.err, "evenkeel: {failure}").ok();
            2
        }
    }
}

fn show_usage(error: &clap::Error, streams: &mut Streams<'_>) -> u8 {
    let stream = if error.use_stderr() { &mut streams.err } else { &mut streams.out };
    match write!(stream, "{}", error.render()).and_then(|()| stream.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => 2,
        _ if error.use_stderr() => 2,
        _ => 0,
    }
}

const LONG_ABOUT: &str = "A lab for load balancing: see who gets which request, and why.

Without a command it opens the window. Or start with `evenkeel order --servers a=5,b=1,c=1`, which prints the order in which a weighted \
round robin asks its servers, and `evenkeel algorithms`, which lists all others.";
