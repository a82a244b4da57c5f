//! Asking where a chart is to be written, and writing it, on a thread of its own: a dialog may stay open for long.

use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use egui::{Context, Ui};

use super::Format;
use crate::ui::theme::Theme;
use crate::ui::time::chart::Chart;
use crate::ui::verb::Verb;
use crate::ui::workbench::Workbench;

/// One export at a time.
#[derive(Debug, Default)]
pub(in crate::ui) struct Exporter {
    under_way: Option<UnderWay>,
    /// What is to be told, because nothing was begun.
    failed: Option<String>,
}

#[derive(Debug)]
struct UnderWay {
    ended: Receiver<Ended>,
    /// When it was asked for, on the clock of the window.
    asked_secs: f64,
}

enum Ended {
    Written(String),
    Failed(String),
    /// The dialog ended without a place.
    NoPlace,
}

impl Exporter {
    /// Asks for a place and writes the chart there.
    pub(in crate::ui) fn ask(
        &mut self,
        ctx: &Context,
        chart: &Chart,
        theme: &'static Theme,
        format: Format,
    ) {
        let chart = chart.clone();
        let (tell, ended) = sync_channel(1);
        let wake = ctx.clone();
        let begun = std::thread::Builder::new().name("export".to_owned()).spawn(move || {
            let end = save(&chart, theme, format);
            // Who does not wait any more has closed the window.
            drop(tell.try_send(end));
            wake.request_repaint();
        });
        match begun {
            Ok(_) => {
                let asked_secs = ctx.input(|input| input.time);
                self.under_way = Some(UnderWay { ended, asked_secs });
            }
            Err(error) => self.failed = Some(format!("The chart cannot be exported: {error}")),
        }
    }

    /// Tells what came of it, once it is known.
    pub(in crate::ui) fn fetch(&mut self, ui: &Ui, workbench: &mut Workbench) {
        if let Some(failed) = self.failed.take() {
            workbench.ask(Verb::Tell(failed));
        }
        let Some(UnderWay { ended, asked_secs }) = &self.under_way else { return };
        let said = match ended.try_recv() {
            Err(TryRecvError::Empty) => return,
            Err(TryRecvError::Disconnected) => Some("The chart was not exported".to_owned()),
            Ok(Ended::Written(place)) => Some(format!("Wrote {place}")),
            Ok(Ended::Failed(why)) => Some(format!("The chart was not written: {why}")),
            // Nobody reads a dialog and closes it that fast: there was none.
            Ok(Ended::NoPlace) => {
                let took_secs = ui.input(|input| input.time) - asked_secs;
                let none = "No file dialog can be opened on this system, so nothing was exported";
                (took_secs < NOBODY_SECS).then(|| none.to_owned())
            }
        };
        self.under_way = None;
        if let Some(said) = said {
            workbench.ask(Verb::Tell(said));
        }
    }
}

fn save(chart: &Chart, theme: &Theme, format: Format) -> Ended {
    let name = format!("{}.{}", file_name(&chart.title), format.extension());
    let dialog = rfd::FileDialog::new()
        .set_title(format!("Export as {}", format.title()))
        .set_file_name(name)
        .add_filter(format.title(), &[format.extension()]);
    let Some(path) = dialog.save_file() else { return Ended::NoPlace };
    match std::fs::write(&path, format.write(chart, theme)) {
        Ok(()) => Ended::Written(path.display().to_string()),
        Err(error) => Ended::Failed(format!("{}: {error}", path.display())),
    }
}

/// What every system takes as the name of a file.
fn file_name(title: &str) -> String {
    let words =
        title.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_lowercase()
}

const NOBODY_SECS: f64 = 0.4;
