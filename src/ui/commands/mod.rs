//! Every command there is, in one table: the palette, the sheet of keys and the keyboard all read it.

mod deeds;
mod edits;
mod keys;
mod lab;
mod present;
mod servers;
mod tabs;
mod time;
mod view;

use super::signal::Signal;
use super::troubles::Act;
use super::verb::Verb;
use super::view::{Arrangement, ChartKind, Tab, ThemeChoice};
use super::workbench::Workbench;
use crate::balance::Algorithm;
use crate::lab::Key;

pub(super) use deeds::perform;
pub(super) use keys::Keys;
pub(super) use present::present_commands;

/// Something that can be done, by name or by key.
#[derive(Debug, Clone)]
pub(super) struct Command {
    pub(super) group: Group,
    pub(super) title: String,
    pub(super) keys: Option<Keys>,
    pub(super) deed: Deed,
    /// Nothing would come of it now: it keeps its key, and is not offered by its name.
    pub(super) idle: bool,
}

impl Command {
    fn idle_if(self, idle: bool) -> Self {
        Self { idle, ..self }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    View,
    Time,
    Servers,
    Lab,
    Window,
    Present,
}

impl Group {
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::View => "View",
            Self::Time => "Time and traffic",
            Self::Servers => "Servers",
            Self::Lab => "Lab",
            Self::Window => "Window",
            Self::Present => "While presenting",
        }
    }
}

#[derive(Debug, Clone)]
pub(super) enum Deed {
    Ask(Verb),
    Signal(Signal),
    /// Opens a tab, which is to hear this.
    At(Tab, Signal),
    Go(Tab),
    Theme(ThemeChoice),
    Switch(Switch),
    Chart {
        slot: usize,
        kind: ChartKind,
    },
    AddChart,
    RemoveChart(usize),
    Compare,
    TogglePause,
    /// Follows again what happens.
    ToNow,
    Select {
        pool: String,
        server: String,
    },
    ToSelected(super::side::server_menu::Action),
    Edit(Edit),
    Cure(Act),
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
    LogScale,
}

/// A change of the draft.
#[derive(Debug, Clone)]
pub(super) enum Edit {
    Algorithm(Box<Algorithm>),
    Key(Key),
    ToggleHold,
    AddServer,
    Server { pool: String, server: String, action: super::side::server_menu::Action },
    OneCopyMore { pool: String, server: String },
    OneCopyFewer { pool: String, server: String },
    AddClients,
    RemoveClients(String),
}

/// All of them, as they stand for what is open now.
pub(super) fn table(workbench: &Workbench) -> Vec<Command> {
    let mut table = Vec::new();
    let presents = workbench.view.arrangement == Arrangement::Present;
    table.extend(view::view_commands(workbench));
    table.extend(time::time_commands(workbench));
    // There are no charts in a talk, and what moves through time moves through its cues.
    if presents {
        table.extend(present_commands(workbench));
    } else {
        table.extend(time::moment_commands(workbench));
        table.extend(time::chart_commands(workbench));
    }
    table.extend(tabs::tab_commands(workbench));
    table.extend(servers::server_commands(workbench));
    table.extend(lab::lab_commands(workbench));
    table.extend(lab::client_commands(workbench));
    table.extend(view::window_commands(workbench));
    table
}

fn command(group: Group, title: impl Into<String>, keys: Option<Keys>, deed: Deed) -> Command {
    Command { group, title: title.into(), keys, deed, idle: false }
}
