//! What the keyboard and screen readers ask of something that has a value between two ends.

use egui::accesskit::{Action, ActionData};
use egui::{Context, EventFilter, Id, Key, Modifiers, Response, Ui};

/// Where the value is to go.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::ui) enum Told {
    /// So many steps up, or down below zero.
    Steps(f64),
    Least,
    Most,
    Number(f64),
    Text(String),
}

/// Says what it can be told. To be called in every frame in which it is shown.
pub(in crate::ui) fn told(ui: &Ui, response: &Response) -> Option<Told> {
    ui.ctx().accesskit_node_builder(response.id, |node| {
        for action in [Action::SetValue, Action::Increment, Action::Decrement] {
            node.add_action(action);
        }
    });
    // Asked before, because the input is locked while it is read.
    let focused = response.has_focus();
    if focused {
        let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        keep(ui, response.id, Keeps::Values);
    }
    ui.input_mut(|input| {
        let mut presses = |key| {
            if focused { input.count_and_consume_key(Modifiers::NONE, key) } else { 0 }
        };
        let [less, more, least, most] =
            [Key::ArrowLeft, Key::ArrowRight, Key::Home, Key::End].map(&mut presses);
        let asked = |action| input.num_accesskit_action_requests(response.id, action);
        let steps = (more + asked(Action::Increment)) as f64;
        let steps = steps - (less + asked(Action::Decrement)) as f64;
        let set = input.accesskit_action_requests(response.id, Action::SetValue);
        let set = set.filter_map(|request| match &request.data {
            Some(ActionData::NumericValue(value)) => Some(Told::Number(*value)),
            Some(ActionData::Value(text)) => Some(Told::Text(text.to_string())),
            _ => None,
        });
        let ends = [(least > 0, Told::Least), (most > 0, Told::Most)];
        let ends = ends.into_iter().filter_map(|(pressed, told)| pressed.then_some(told));
        set.chain(ends).last().or_else(|| (steps != 0.0).then_some(Told::Steps(steps)))
    })
}

/// Which keys something needs for itself while it has the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::ui) enum Keeps {
    /// A button is pressed by Space, and arrows lead from one to the next.
    #[default]
    Presses,
    /// Arrows, Home and End move a value. Space does nothing to it.
    Values,
    /// It takes what it needs, which no command is called by.
    Nothing,
}

/// Says of what has the keyboard that it is no button.
pub(in crate::ui) fn keep(ui: &Ui, id: Id, keeps: Keeps) {
    ui.data_mut(|data| data.insert_temp(kept_id(), (id, keeps)));
}

pub(in crate::ui) fn kept_by(ctx: &Context, focused: Id) -> Keeps {
    let said = ctx.data(|data| data.get_temp::<(Id, Keeps)>(kept_id()));
    said.filter(|(id, _)| *id == focused).map(|(_, keeps)| keeps).unwrap_or_default()
}

fn kept_id() -> Id {
    Id::unique("kept keys")
}
