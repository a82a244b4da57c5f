//! `evenkeel algorithms`: names, what each does, parameters and defaults.

use clap::Args;
use serde::Serialize;

use crate::balance::{Algorithm, Setting};
use crate::lab::algorithm_text;

use super::Streams;
use super::outcome::{Answer, Failure};

/// List the algorithms with their parameters and defaults
#[derive(Debug, Args)]
pub(super) struct Algorithms {
    /// Tell everything about one of them
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Print `{"algorithms": [{"name", "summary", "weights", "keyed", "parameters", "text"}, …]}`
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Json {
    algorithms: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    summary: &'static str,
    weights: &'static str,
    keyed: bool,
    parameters: serde_json::Value,
    text: &'static str,
}

impl Algorithms {
    pub(super) fn run(&self, streams: &mut Streams<'_>) -> Result<Answer, Failure> {
        let algorithms = match &self.name {
            None => Algorithm::all(),
            Some(name) => {
                let found = algorithm_text::parse(name);
                vec![found.map_err(|error| Failure::option("NAME", error.to_string()))?]
            }
        };
        if self.json {
            let entries = algorithms.iter().map(entry).collect::<Result<_, _>>()?;
            serde_json::to_writer(&mut *streams.out, &Json { algorithms: entries })?;
            writeln!(streams.out)?;
        } else if self.name.is_some() {
            tell(&algorithms[0], streams)?;
        } else {
            list(&algorithms, streams)?;
        }
        Ok(Answer::Holds)
    }
}

fn list(algorithms: &[Algorithm], streams: &mut Streams<'_>) -> Result<(), Failure> {
    let width = algorithms.iter().map(|algorithm| algorithm.about().name.len()).max().unwrap_or(0);
    for algorithm in algorithms {
        let about = algorithm.about();
        writeln!(streams.out, "{:<width$}  {}", about.name, about.summary)?;
        let parameters = parameters(algorithm)?;
        if !parameters.is_empty() {
            writeln!(streams.out, "{:<width$}    {parameters}", "")?;
        }
    }
    Ok(())
}

fn tell(algorithm: &Algorithm, streams: &mut Streams<'_>) -> Result<(), Failure> {
    let about = algorithm.about();
    writeln!(streams.out, "{}: {}\n\n{}\n", about.title, about.summary, about.text)?;
    writeln!(streams.out, "Weights: {}", about.weights)?;
    writeln!(streams.out, "Chooses by key: {}", if about.keyed { "yes" } else { "no" })?;
    if !about.settings.is_empty() {
        writeln!(streams.out, "Settings, with their defaults:")?;
    }
    let values = values(algorithm)?;
    let width = about.settings.iter().map(|setting| setting.name.len()).max().unwrap_or(0);
    for Setting { name, text, range } in about.settings {
        let range = range.map(|(least, most)| format!(", {least} to {most}")).unwrap_or_default();
        let value = values.get(*name).map(shown).unwrap_or_default();
        writeln!(streams.out, "  {name:<width$}  {value}: {text}{range}")?;
    }
    Ok(())
}

fn entry(algorithm: &Algorithm) -> Result<Entry, serde_json::Error> {
    let about = algorithm.about();
    Ok(Entry {
        name: about.name,
        summary: about.summary,
        weights: about.weights,
        keyed: about.keyed,
        parameters: values(algorithm)?,
        text: about.text,
    })
}

/// The parameters by name, with their values.
fn values(algorithm: &Algorithm) -> Result<serde_json::Value, serde_json::Error> {
    let named = serde_json::to_value(algorithm)?;
    Ok(named.get(algorithm.about().name).cloned().unwrap_or_default())
}

/// `dialect: nginx, points: none, load_bound: none`.
fn parameters(algorithm: &Algorithm) -> Result<String, serde_json::Error> {
    let values = values(algorithm)?;
    let named = algorithm.about().settings.iter().filter_map(|setting| {
        Some(format!("{}: {}", setting.name, shown(values.get(setting.name)?)))
    });
    Ok(named.collect::<Vec<String>>().join(", "))
}

fn shown(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => "none".to_owned(),
        value => value.to_string(),
    }
}
