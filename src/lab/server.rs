//! A server: one element of a pool, and where it comes from.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::balance::pool::Terms;
use crate::model::Behaviour;

/// Exactly one of `address`, `mock` and `command` is set in a checked lab.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Its identity: load, estimates and keys belong to the name, so a new address moves nothing.
    pub name: String,
    /// A number that stays with it while others come and go, which HAProxy's dialects hash; without
    /// one, the lowest that is free.
    pub id: Option<u32>,
    /// What stickiness cookies call it; without it, a short hash of the name.
    pub cookie: Option<String>,
    /// A server that is not enabled is dead: it refuses connections.
    pub enabled: bool,
    /// 0 drains.
    pub weight: u32,
    /// Takes no new clients; those that stick to it may finish.
    pub drain: bool,
    /// 0 serves first; 1 is what other programs call a backup.
    pub priority: u32,
    pub zone: Option<String>,
    /// Requests at once that the proxy sends to it; none sets no limit.
    pub concurrency: Option<u32>,
    /// A server that is there already: `127.0.0.1:3000`, `localhost:3000`.
    pub address: Option<String>,
    /// A server that the lab starts and whose behaviour it sets.
    pub mock: Option<Behaviour>,
    /// A dev server that the lab starts from a command line.
    pub command: Option<Command>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            name: String::new(),
            id: None,
            cookie: None,
            enabled: true,
            weight: 1,
            drain: false,
            priority: 0,
            zone: None,
            concurrency: None,
            address: None,
            mock: None,
            command: None,
        }
    }
}

impl Server {
    /// Where it comes from; `None` in a lab that was not checked and names none or several.
    pub fn source(&self) -> Option<Source<'_>> {
        match (&self.address, &self.mock, &self.command) {
            (Some(address), None, None) => Some(Source::Address(address)),
            (None, Some(behaviour), None) => Some(Source::Mock(behaviour)),
            (None, None, Some(command)) => Some(Source::Command(command)),
            _ => None,
        }
    }

    /// The terms on which it joins its pool, once for each copy.
    pub fn terms(&self) -> Vec<Terms> {
        let copy = |(number, name): (usize, String)| Terms {
            id: self.id.filter(|_| number == 0),
            limit: self.concurrency.unwrap_or(0),
            drained: self.drain,
            priority: self.priority,
            zone: self.zone.clone(),
            ..Terms::new(&name, self.weight)
        };
        self.copy_names().into_iter().enumerate().map(copy).collect()
    }

    /// How many it is started as. A number that the check refuses is not taken at its word.
    pub fn n_copies(&self) -> u32 {
        self.command.as_ref().map_or(1, |command| command.copies.clamp(1, Command::COPIES_MAX))
    }

    /// What its copies are called: `name`, `name-2`, `name-3`, …
    pub fn copy_names(&self) -> Vec<String> {
        let others = (2..=self.n_copies()).map(|number| format!("{}-{number}", self.name));
        std::iter::once(self.name.clone()).chain(others).collect()
    }

    pub fn draining(&self) -> bool {
        self.drain || self.weight == 0
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Source<'a> {
    Address(&'a str),
    Mock(&'a Behaviour),
    Command(&'a Command),
}

/// A program that is told its port and started in one or more copies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Command {
    /// Program and arguments, without a shell; `{port}` stands for the port.
    pub line: String,
    /// Copies are called `name`, `name-2`, `name-3`, …
    pub copies: u32,
    pub env: BTreeMap<String, String>,
    /// The environment variable that tells the program its port.
    pub port_variable: String,
    /// Where it runs; without one, in the folder of the lab file.
    pub directory: Option<String>,
}

impl Default for Command {
    fn default() -> Self {
        Self {
            line: String::new(),
            copies: 1,
            env: BTreeMap::new(),
            port_variable: "PORT".to_owned(),
            directory: None,
        }
    }
}

/// What it would do to a machine, for somebody who has to say yes to it.
impl fmt::Display for Command {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, copies: _, env, port_variable: _, directory } = self;
        write!(out, "{line}")?;
        if let Some(directory) = directory {
            write!(out, "  in {directory}")?;
        }
        env.iter().try_for_each(|(name, value)| write!(out, "  with {name}={value}"))
    }
}

impl Command {
    pub const COPIES_MAX: u32 = 64;

    /// Whether it runs the same program in the same way; how many copies of it is no matter.
    pub fn does_the_same(&self, other: &Self) -> bool {
        let Self { line, copies: _, env, port_variable, directory } = self;
        *line == other.line
            && *env == other.env
            && *port_variable == other.port_variable
            && *directory == other.directory
    }

    /// The program and its arguments: split at blanks, with `"` and `'` around what belongs together
    /// and `\\` before a character that stands for itself. `None` if a quote is never closed.
    pub fn words(&self) -> Option<Vec<String>> {
        let mut words = Vec::new();
        let mut word: Option<String> = None;
        let mut quote = None;
        let mut chars = self.line.chars();
        while let Some(c) = chars.next() {
            match (c, quote) {
                (c, Some(open)) if c == open => quote = None,
                ('\\', None | Some('"')) => word.get_or_insert_default().push(chars.next()?),
                ('"' | '\'', None) => {
                    quote = Some(c);
                    word.get_or_insert_default();
                }
                (c, None) if c.is_whitespace() => words.extend(word.take()),
                (c, _) => word.get_or_insert_default().push(c),
            }
        }
        words.extend(word);
        quote.is_none().then_some(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Option<Vec<String>> {
        Command { line: line.to_owned(), ..Command::default() }.words()
    }

    #[test]
    fn a_command_line_is_split_without_a_shell() {
        let expected = ["npm", "run", "my dev", "it's", "", "$HOME"];
        assert_eq!(words(r#" npm  run "my dev" it\'s '' $HOME "#).unwrap(), expected);
        assert_eq!(words("a 'b"), None);
        assert_eq!(words("").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn copies_have_names_of_their_own() {
        let command = Command { copies: 3, ..Command::default() };
        let server = Server { name: "web".to_owned(), command: Some(command), ..Server::default() };
        assert_eq!(server.copy_names(), ["web", "web-2", "web-3"]);
        let names: Vec<String> = server.terms().into_iter().map(|terms| terms.name).collect();
        assert_eq!(names, ["web", "web-2", "web-3"]);
    }
}
