//! Every command there is, in one table: the palette, the sheet of keys and the keyboard all read it.

mod deeds;
mod servers;

use egui::{Key, Modifiers};

use super::export::Format;
use super::signal::Signal;
use super::verb::{Overlay, Verb};
use super::view::{Arrangement, Tab, ThemeChoice};
use super::workbench::Workbench;
use crate::balance::Algorithm;
use crate::lab::PRESETS;

pub(super) use deeds::perform;
use servers::server_commands;

/// Something that can be done, by name or by key.
#[derive(Debug, Clone)]
pub(super) struct Command {
    pub(super) group: Group,
    pub(super) title: String,
    pub(super) keys: Option<Keys>,
    pub(super) deed: Deed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    View,
    Time,
    Servers,
    Lab,
    Window,
}

impl Group {
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::View => "View",
            Self::Time => "Time and traffic",
            Self::Servers => "Servers",
            Self::Lab => "Lab",
            Self::Window => "Window",
        }
    }
}

/// A key with what has to be held down with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Keys {
    pub(super) modifiers: Modifiers,
    pub(super) key: Key,
}

impl Keys {
    const fn plain(key: Key) -> Self {
        Self { modifiers: Modifiers::NONE, key }
    }

    const fn shift(key: Key) -> Self {
        Self { modifiers: Modifiers::SHIFT, key }
    }

    const fn command(key: Key) -> Self {
        Self { modifiers: Modifiers::COMMAND, key }
    }

    const fn command_shift(key: Key) -> Self {
        Self { modifiers: Modifiers::COMMAND.plus(Modifiers::SHIFT), key }
    }

    /// Whether it does nothing to a text that is being typed.
    pub(super) fn passes_text(self) -> bool {
        let is_function = matches!(self.key, Key::F1 | Key::F5 | Key::F11);
        let belongs_to_text = matches!(self.key, Key::Z | Key::Y);
        is_function || self.modifiers.command && !belongs_to_text
    }

    pub(super) fn text(self) -> String {
        let key = match self.key {
            Key::Space => "Space".to_owned(),
            Key::ArrowLeft => "←".to_owned(),
            Key::ArrowRight => "→".to_owned(),
            Key::PageDown => "Page Down".to_owned(),
            Key::PageUp => "Page Up".to_owned(),
            key => key.symbol_or_name().to_owned(),
        };
        let Modifiers { command, shift, .. } = self.modifiers;
        let held = if cfg!(target_os = "macos") { "Cmd " } else { "Ctrl " };
        format!("{}{}{key}", if command { held } else { "" }, if shift { "Shift " } else { "" })
    }
}

#[derive(Debug, Clone)]
pub(super) enum Deed {
    Ask(Verb),
    Signal(Signal),
    Go(Tab),
    Theme(ThemeChoice),
    Switch(Switch),
    Algorithm(Box<Algorithm>),
    Compare,
    TogglePause,
    ToggleHold,
    /// Follows again what happens.
    ToNow,
    Select {
        pool: String,
        server: String,
    },
    Server {
        pool: String,
        server: String,
        action: super::side::server_menu::Action,
    },
    ToSelected(super::side::server_menu::Action),
    AddServer,
    CopyAddress,
    OpenBrowser,
    Zoom(f32),
    FullScreen,
    Focus(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Switch {
    ReducedMotion,
    AllControls,
    Question,
}

/// All of them, as they stand for what is open now.
pub(super) fn table(workbench: &Workbench) -> Vec<Command> {
    let mut table = Vec::new();
    table.extend(view_commands(workbench));
    table.extend(time_commands(workbench));
    table.extend(server_commands(workbench));
    table.extend(lab_commands(workbench));
    table.extend(window_commands(workbench));
    table
}

fn command(group: Group, title: impl Into<String>, keys: Option<Keys>, deed: Deed) -> Command {
    Command { group, title: title.into(), keys, deed }
}

fn view_commands(workbench: &Workbench) -> Vec<Command> {
    let view = |title: &str, keys, deed| command(Group::View, title, keys, deed);
    let mut commands: Vec<Command> = Tab::ALL
        .into_iter()
        .map(|tab| view(&format!("Show {}", tab.title()), None, Deed::Go(tab)))
        .collect();
    let key = |key| Some(Keys::plain(key));
    commands.extend([
        view("Open Compare, or swap its lanes", key(Key::A), Deed::Compare),
        view("Fit the picture", key(Key::F), Deed::Signal(Signal::Fit)),
        view("Reset the zoom of the picture", key(Key::Num0), Deed::Signal(Signal::ResetZoom)),
        view("Next cursor mode of the charts", key(Key::C), Deed::Signal(Signal::NextCursorMode)),
        view("Send the selected request again", key(Key::R), Deed::Signal(Signal::SendAgain)),
    ]);
    let arrangements = [(Arrangement::Learn, Key::F3), (Arrangement::Serve, Key::F4)];
    commands.extend(arrangements.map(|(arrangement, its)| {
        let title = format!("Arrange to {}", arrangement.title().to_lowercase());
        view(&title, key(its), Deed::Ask(Verb::Arrange(arrangement)))
    }));
    commands.push(view("Present", key(Key::F5), Deed::Ask(Verb::Arrange(Arrangement::Present))));
    commands.extend(ThemeChoice::ALL.map(|theme| {
        view(&format!("Theme: {}", theme.title().to_lowercase()), None, Deed::Theme(theme))
    }));
    let motion = if workbench.view.reduced_motion { "Let things travel" } else { "Reduce motion" };
    let controls =
        if workbench.view.all_controls { "Show fewer controls" } else { "Show all controls" };
    let dot = Some(Keys::command(Key::Period));
    commands.push(view(motion, None, Deed::Switch(Switch::ReducedMotion)));
    commands.push(view(controls, dot, Deed::Switch(Switch::AllControls)));
    commands.push(view("Show or hide the question", None, Deed::Switch(Switch::Question)));
    let charts = workbench.view.charts.iter().enumerate();
    commands.extend(charts.flat_map(|(slot, kind)| {
        Format::ALL.map(|format| {
            let chart = kind.title().to_lowercase();
            let title = format!("Export the chart {chart} as {}…", format.title());
            view(&title, None, Deed::Signal(Signal::Export { slot, format }))
        })
    }));
    commands
}

fn time_commands(workbench: &Workbench) -> Vec<Command> {
    let time = |title: &str, keys, deed| command(Group::Time, title, Some(keys), deed);
    let pause = if workbench.playhead.is_live() { "Pause the view" } else { "Back to live" };
    let hold = if workbench.desk.draft.hold { "Release traffic" } else { "Hold traffic" };
    vec![
        time(pause, Keys::plain(Key::Space), Deed::TogglePause),
        time(hold, Keys::shift(Key::Space), Deed::ToggleHold),
        time("To the event before", Keys::plain(Key::ArrowLeft), Deed::Signal(Signal::StepBack)),
        time("To the event after", Keys::plain(Key::ArrowRight), Deed::Signal(Signal::StepForward)),
        time("To the first moment", Keys::plain(Key::Home), Deed::Signal(Signal::Oldest)),
        time("To now", Keys::plain(Key::End), Deed::ToNow),
        command(
            Group::Time,
            "Begin anew: forget ejections, bonds, learned latencies and cookies",
            None,
            Deed::Ask(Verb::BeginAnew),
        ),
    ]
}

fn lab_commands(workbench: &Workbench) -> Vec<Command> {
    let lab = |title: &str, keys, verb| command(Group::Lab, title, keys, Deed::Ask(verb));
    let key = |key| Some(Keys::command(key));
    let mut commands = vec![
        lab("Undo", key(Key::Z), Verb::Undo),
        lab("Redo", key(Key::Y), Verb::Redo),
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
    commands.extend(Algorithm::all().into_iter().map(|algorithm| {
        let title = format!("Choose by {}", algorithm.about().title.to_lowercase());
        command(Group::Lab, title, None, Deed::Algorithm(Box::new(algorithm)))
    }));
    commands.push(command(Group::Lab, "Copy the address", None, Deed::CopyAddress));
    commands.push(command(Group::Lab, "Open the address in the browser", None, Deed::OpenBrowser));
    commands
}

fn window_commands(workbench: &Workbench) -> Vec<Command> {
    let window = |title: &str, keys, deed| command(Group::Window, title, keys, deed);
    let key = |key| Some(Keys::command(key));
    let mut commands = vec![
        window("Find a command", key(Key::P), Deed::Ask(Verb::Show(Overlay::Palette))),
        window(
            "Show the keys",
            Some(Keys::plain(Key::Questionmark)),
            Deed::Ask(Verb::Show(Overlay::Sheet)),
        ),
        window("Full screen", Some(Keys::plain(Key::F11)), Deed::FullScreen),
        window("Larger", key(Key::Plus), Deed::Zoom(1.1)),
        window("Smaller", key(Key::Minus), Deed::Zoom(1.0 / 1.1)),
        window("As large as designed", key(Key::Num0), Deed::Zoom(0.0)),
        window("Quit", key(Key::Q), Deed::Ask(Verb::Quit)),
    ];
    let pools = workbench.desk.draft.pools.iter().enumerate();
    let several = workbench.desk.draft.pools.len() > 1;
    commands.extend(pools.filter(|_| several).map(|(index, pool)| {
        window(&format!("Look at pool {}", pool.name), None, Deed::Focus(index))
    }));
    commands
}
