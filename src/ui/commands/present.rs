//! Commands of a talk.

use egui::Key;

use super::{Command, Deed, Group, Keys, command};
use crate::ui::verb::{CueStep, Verb};
use crate::ui::workbench::Workbench;

pub(in crate::ui) fn present_commands(workbench: &Workbench) -> [Command; 4] {
    let present = |title, key, deed| command(Group::Present, title, Some(Keys::plain(key)), deed);
    let cue = |title, key, step| present(title, key, Deed::Ask(Verb::Cue(step)));
    let has_cues = !workbench.desk.draft.cues.is_empty();
    [
        cue("The next cue", Key::PageDown, CueStep::Next).idle_if(!has_cues),
        cue("Back a cue; all begins anew", Key::PageUp, CueStep::Back),
        cue("Back to the start; all begins anew", Key::Home, CueStep::First),
        present("Freeze the picture", Key::B, Deed::TogglePause),
    ]
}
