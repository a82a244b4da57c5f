//! Commands about how the window looks at things, and about the window itself.

use egui::Key;

use super::{Command, Deed, Group, Keys, Switch, command};
use crate::ui::signal::Signal;
use crate::ui::verb::{Overlay, Verb};
use crate::ui::view::{Arrangement, Tab, ThemeChoice};
use crate::ui::workbench::Workbench;

pub(super) fn view_commands(workbench: &Workbench) -> Vec<Command> {
    let view = |title: &str, keys, deed| command(Group::View, title, keys, deed);
    let shown = &workbench.view;
    let tabs = Tab::ALL.map(|tab| {
        view(&format!("Show {}", tab.title()), None, Deed::Go(tab)).idle_if(shown.tab == tab)
    });
    let key = |key| Some(Keys::plain(key));
    let mut commands = Vec::from(tabs);
    commands.extend([
        view("Open Compare, or swap its lanes", key(Key::A), Deed::Compare),
        view("Send the selected request again", key(Key::R), Deed::Signal(Signal::SendAgain)),
    ]);
    commands.extend(Arrangement::ALL.map(|arrangement| {
        let title = match arrangement {
            Arrangement::Learn | Arrangement::Serve => {
                format!("Arrange to {}", arrangement.title().to_lowercase())
            }
            Arrangement::Present if shown.arrangement == arrangement => {
                "End the presentation".to_owned()
            }
            Arrangement::Present => "Present".to_owned(),
        };
        let is_so = shown.arrangement == arrangement && arrangement != Arrangement::Present;
        let keys = Some(Keys::of_arrangement(arrangement));
        view(&title, keys, Deed::Ask(Verb::Arrange(arrangement))).idle_if(is_so)
    }));
    commands.extend(ThemeChoice::ALL.map(|theme| {
        let title = format!("Theme: {}", theme.title().to_lowercase());
        view(&title, None, Deed::Theme(theme)).idle_if(shown.theme == theme)
    }));
    commands.extend(switches(workbench));
    commands
}

fn switches(workbench: &Workbench) -> [Command; 3] {
    let view = |title, keys, switch| command(Group::View, title, keys, Deed::Switch(switch));
    let shown = &workbench.view;
    let motion = if shown.reduced_motion { "Let things travel" } else { "Reduce motion" };
    let controls = if shown.all_controls { "Show fewer controls" } else { "Show all controls" };
    let question = if shown.question_closed { "Show the question" } else { "Hide the question" };
    let asked = workbench.desk.draft.question.as_ref();
    let asks = asked.is_some_and(|question| !question.text.is_empty());
    [
        view(motion, None, Switch::ReducedMotion),
        view(controls, Some(Keys::command(Key::Period)), Switch::AllControls),
        view(question, None, Switch::Question).idle_if(!asks),
    ]
}

pub(super) fn window_commands(workbench: &Workbench) -> Vec<Command> {
    let window = |title: &str, keys, deed| command(Group::Window, title, keys, deed);
    let key = |key| Some(Keys::command(key));
    let sheet = Some(Keys::plain(Key::Questionmark));
    let mut commands = vec![
        // Whoever reads this by its name has found it.
        window("Find a command", key(Key::P), Deed::Ask(Verb::Show(Overlay::Palette)))
            .idle_if(true),
        window("Show the keys", sheet, Deed::Ask(Verb::Show(Overlay::Sheet))),
        window("Full screen", Some(Keys::plain(Key::F11)), Deed::FullScreen),
        window("Larger", key(Key::Plus), Deed::Zoom(1.1)),
        window("Smaller", key(Key::Minus), Deed::Zoom(1.0 / 1.1)),
        window("As large as designed", key(Key::Num0), Deed::Zoom(0.0)),
        window("Quit", key(Key::Q), Deed::Ask(Verb::Quit)),
    ];
    let pools = workbench.desk.draft.pools.iter().enumerate();
    commands.extend(pools.map(|(index, pool)| {
        let title = format!("Look at pool {}", pool.name);
        window(&title, None, Deed::Focus(index)).idle_if(index == workbench.focus())
    }));
    commands
}
