//! Commands about time: which moment is shown, how much of it, and in which charts.

use egui::Key;

use super::{Command, Deed, Edit, Group, Keys, Switch, command};
use crate::ui::export::Format;
use crate::ui::playhead::Playhead;
use crate::ui::signal::Signal;
use crate::ui::time::{SPAN_LEAST, SPAN_MOST, SPAN_USUAL, SPEEDS, speed_text};
use crate::ui::verb::Verb;
use crate::ui::view::{ChartKind, View};
use crate::ui::workbench::Workbench;

pub(super) fn time_commands(workbench: &Workbench) -> [Command; 3] {
    let time = |title, keys, deed| command(Group::Time, title, keys, deed);
    let stands = matches!(workbench.playhead, Playhead::Paused { .. });
    let pause = if stands { "Back to live" } else { "Pause the view" };
    let hold = if workbench.desk.draft.hold { "Release traffic" } else { "Hold traffic" };
    let anew = "Begin anew: forget ejections, bonds, learned latencies and cookies";
    [
        time(pause, Some(Keys::plain(Key::Space)), Deed::TogglePause),
        time(hold, Some(Keys::shift(Key::Space)), Deed::Edit(Edit::ToggleHold)),
        time(anew, None, Deed::Ask(Verb::BeginAnew)),
    ]
}

pub(super) fn moment_commands(workbench: &Workbench) -> Vec<Command> {
    let time = |title: &str, keys, signal| {
        command(Group::Time, title, Option::map(keys, Keys::plain), Deed::Signal(signal))
    };
    let now = command(Group::Time, "To now", Some(Keys::plain(Key::End)), Deed::ToNow);
    let is_live = workbench.playhead.is_live();
    let stands = matches!(workbench.playhead, Playhead::Paused { .. });
    let mut commands = vec![
        time("To the event before", Some(Key::ArrowLeft), Signal::StepBack),
        time("To the event after", Some(Key::ArrowRight), Signal::StepForward).idle_if(is_live),
        time("To the first moment", Some(Key::Home), Signal::Oldest),
        now.idle_if(is_live),
        time("Play from here", None, Signal::Play).idle_if(!stands),
    ];
    commands.extend(SPEEDS.iter().enumerate().map(|(place, speed)| {
        time(&format!("Playback speed {}", speed_text(*speed)), None, Signal::Speed(place))
    }));
    commands
}

pub(super) fn chart_commands(workbench: &Workbench) -> Vec<Command> {
    let view = &workbench.view;
    let chart = |title: &str, deed| command(Group::View, title, None, deed);
    let key = |key| Some(Keys::plain(key));
    let signal =
        |title: &str, keys, signal| command(Group::View, title, keys, Deed::Signal(signal));
    let scale = if view.latency_log { "Linear scale for latency" } else { "Log scale for latency" };
    let is_live = workbench.playhead.is_live();
    let mut commands = vec![
        signal("Fit all that is kept into the charts", key(Key::F), Signal::Fit),
        signal("Reset the zoom of time", key(Key::Num0), Signal::ResetZoom)
            .idle_if((view.span_secs - SPAN_USUAL).abs() < 0.01),
        signal("Zoom in on time", None, Signal::Closer).idle_if(view.span_secs <= SPAN_LEAST),
        signal("Zoom out of time", None, Signal::Wider).idle_if(view.span_secs >= SPAN_MOST),
        signal("Pan the charts to earlier times", None, Signal::Earlier),
        signal("Pan the charts to later times", None, Signal::Later).idle_if(is_live),
        signal("Pin the cursor of the charts, or unpin it", None, Signal::Pin),
        signal("Next cursor mode of the charts", key(Key::C), Signal::NextCursorMode),
        chart(scale, Deed::Switch(Switch::LogScale)),
        chart("Add a chart", Deed::AddChart).idle_if(view.charts.len() >= View::CHARTS_MOST),
    ];
    let slots = view.charts.iter().enumerate().take(View::CHARTS_MOST);
    commands.extend(slots.flat_map(|(slot, kind)| slot_commands(view, slot, *kind)));
    commands
}

/// What can be done with one chart.
fn slot_commands(view: &View, slot: usize, shown: ChartKind) -> Vec<Command> {
    let chart = |title: &str, deed| command(Group::View, title, None, deed);
    let number = slot + 1;
    let mut commands = Vec::from(ChartKind::ALL.map(|kind| {
        let title = format!("Chart {number}: {}", kind.title());
        chart(&title, Deed::Chart { slot, kind }).idle_if(kind == shown)
    }));
    let remove = chart(&format!("Remove chart {number}"), Deed::RemoveChart(slot));
    commands.push(remove.idle_if(view.charts.len() == 1));
    commands.extend(Format::ALL.map(|format| {
        let title = format!("Export chart {number} as {}…", format.title());
        chart(&title, Deed::Signal(Signal::Export { slot, format }))
    }));
    commands
}
