//! Commands about the lab: its file, the labs there are, how servers are chosen, who sends.

use egui::Key;

use super::{Command, Deed, Edit, Group, Keys, command};
use crate::balance::Algorithm;
use crate::lab::PRESETS;
use crate::ui::troubles::remedies;
use crate::ui::verb::{Overlay, Verb};
use crate::ui::workbench::Workbench;

pub(super) fn lab_commands(workbench: &Workbench) -> Vec<Command> {
    let lab = |title: &str, keys, verb| command(Group::Lab, title, keys, Deed::Ask(verb));
    let key = |key| Some(Keys::command(key));
    let desk = &workbench.desk;
    let mut commands = vec![
        lab("Undo", key(Key::Z), Verb::Undo).idle_if(!desk.can_undo()),
        lab("Redo", key(Key::Y), Verb::Redo).idle_if(!desk.can_redo()),
        lab("Open a lab file…", key(Key::O), Verb::ChooseFile),
        lab("Save", key(Key::S), Verb::Save),
        lab("Save as…", Some(Keys::command_shift(Key::S)), Verb::ChooseWhereToSave),
        lab("New lab", key(Key::N), Verb::New),
        lab("Show the gallery of labs", key(Key::G), Verb::Show(Overlay::Gallery)),
    ];
    let presets = PRESETS.iter().enumerate();
    commands.extend(presets.map(|(index, preset)| {
        lab(&format!("Open {}", preset.name), None, Verb::OpenPreset(index))
    }));
    let waiting = workbench.status.iter().flat_map(|status| status.commands_waiting());
    commands.extend(
        waiting.map(|waits| {
            lab(&format!("Run {waits}"), None, Verb::AllowCommands(vec![waits.clone()]))
        }),
    );
    commands.extend(
        workbench.recent.iter().map(|file| {
            lab(&format!("Open {}", file.display()), None, Verb::OpenFile(file.clone()))
        }),
    );
    commands.extend(algorithms(workbench));
    let remedy = |(title, act)| command(Group::Lab, title, None, Deed::Cure(act));
    commands.extend(remedies(workbench).into_iter().map(remedy));
    commands.push(command(Group::Lab, "Copy the address", None, Deed::CopyAddress));
    commands.push(command(Group::Lab, "Open the address in the browser", None, Deed::OpenBrowser));
    commands
}

fn algorithms(workbench: &Workbench) -> Vec<Command> {
    let in_force = workbench.pool().map(|pool| pool.algorithm.about().name);
    let choose = |algorithm: Algorithm| {
        let about = algorithm.about();
        let title = format!("Choose by {}", about.title.to_lowercase());
        let edit = Edit::Algorithm(Box::new(algorithm));
        let is_idle = in_force.is_none_or(|name| name == about.name);
        command(Group::Lab, title, None, Deed::Edit(edit)).idle_if(is_idle)
    };
    Algorithm::all().into_iter().map(choose).collect()
}

pub(super) fn client_commands(workbench: &Workbench) -> Vec<Command> {
    let lab = &workbench.desk.draft;
    let edit = |title: &str, edit| command(Group::Lab, title, None, Deed::Edit(edit));
    let add = edit("Add a client group", Edit::AddClients).idle_if(lab.listeners.is_empty());
    let groups = lab.clients.iter().map(|group| {
        let title = format!("Remove client group {}", group.name);
        edit(&title, Edit::RemoveClients(group.name.clone()))
    });
    [add].into_iter().chain(groups).collect()
}
