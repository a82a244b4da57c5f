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
        ui.data_mut(|data| data.insert_temp(moved_id(), response.id));
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

/// Whether arrows, Home and End move what has the keyboard. Space does nothing to it.
pub(in crate::ui) fn is_moved_by_keys(ctx: &Context, focused: Id) -> bool {
    ctx.data(|data| data.get_temp::<Id>(moved_id())) == Some(focused)
}

fn moved_id() -> Id {
    Id::unique("moved by keys")
}
