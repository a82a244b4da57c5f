//! Asking where a chart is to be written, and writing it on a thread of its own.

use std::path::{Path, PathBuf};

use egui::{Context, Ui};

use super::Format;
use crate::ui::chooser::{Chooser, Wanted};
use crate::ui::errand::{Errand, fetch};
use crate::ui::theme::Theme;
use crate::ui::time::chart::Chart;
use crate::ui::verb::Verb;
use crate::ui::workbench::Workbench;

/// One export at a time.
#[derive(Default)]
pub(in crate::ui) struct Exporter {
    chooser: Chooser<Job>,
    /// Gives what is to be told.
    writing: Option<Errand<Result<String, String>>>,
}

/// A chart as it was when somebody asked for it.
struct Job {
    chart: Chart,
    theme: &'static Theme,
    format: Format,
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
        let name = format!("{}.{}", file_name(&chart.title), format.extension());
        let wanted = Wanted {
            title: format!("Export as {}", format.title()),
            verb: "Export",
            sort: (format.title(), format.extension()),
            may_be_new: true,
            near: PathBuf::from(name),
        };
        self.chooser.start(ctx, wanted, Job { chart: chart.clone(), theme, format });
    }

    /// Shows what is asked, and tells what came of it, once it is known.
    pub(in crate::ui) fn ui(&mut self, ui: &Ui, workbench: &mut Workbench) {
        let chosen = self.chooser.fetch(ui.ctx());
        let chosen = chosen.or_else(|| self.chooser.ui(ui.ctx()));
        if let Some((job, file)) = chosen {
            match Errand::run("export", ui.ctx(), move || write(&job, &file)) {
                Ok(writing) => self.writing = Some(writing),
                Err(error) => workbench.ask(Verb::Fail(format!("Nothing is exported: {error}"))),
            }
        }
        match fetch(&mut self.writing) {
            Some(Ok(text)) => workbench.ask(Verb::Tell(text)),
            Some(Err(why)) => workbench.ask(Verb::Fail(why)),
            None => {}
        }
    }
}

fn write(job: &Job, file: &Path) -> Result<String, String> {
    let Job { chart, theme, format } = job;
    match std::fs::write(file, format.write(chart, theme)) {
        Ok(()) => Ok(format!("Wrote {}", file.display())),
        Err(error) => Err(format!("The chart is not written: {}: {error}", file.display())),
    }
}

/// What every system takes as the name of a file.
fn file_name(title: &str) -> String {
    let words =
        title.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::export::samples;

    #[test]
    fn a_chart_is_written_where_it_was_asked_for_or_it_is_said_why_not() {
        let folder = std::env::temp_dir().join(format!("evenkeel-export-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for format in Format::ALL {
            let chart = samples::shares();
            let job = Job { chart: chart.clone(), theme: &crate::ui::theme::LIGHT, format };
            let file = folder.join(file_name(&chart.title)).with_extension(format.extension());
            assert_eq!(write(&job, &file), Ok(format!("Wrote {}", file.display())));
            assert_eq!(std::fs::read(&file).unwrap(), format.write(&chart, job.theme));
            let nowhere = write(&job, &folder.join("none").join("chart"));
            assert!(nowhere.unwrap_err().starts_with("The chart is not written: "));
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
