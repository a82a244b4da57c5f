//! Commands of the four tabs, and of the request that is selected.

use super::{Command, Deed, Edit, Group, command};
use crate::balance::Algorithm;
use crate::ui::selection::Selection;
use crate::ui::signal::Signal;
use crate::ui::stage::request_columns;
use crate::ui::view::Tab;
use crate::ui::why::receivers;
use crate::ui::words::{is_same_sort, key_choices};
use crate::ui::workbench::Workbench;

pub(super) fn tab_commands(workbench: &Workbench) -> Vec<Command> {
    let at = |title: &str, tab, signal| command(Group::View, title, None, Deed::At(tab, signal));
    let mut commands = vec![
        at("Stop following a client", Tab::Flow, Signal::ClearTrace),
        at("Ask where a key goes", Tab::Keys, Signal::AskKey),
        at("Keys that move when one joins", Tab::Keys, Signal::OneJoins),
        at("Keys that move when the last leaves", Tab::Keys, Signal::LastLeaves),
        at("Filter requests", Tab::Requests, Signal::FocusFilter),
        at("Follow the newest request, or stop it", Tab::Requests, Signal::Follow),
    ];
    commands.extend(request_columns().enumerate().map(|(place, column)| {
        at(&format!("Sort requests by {column}"), Tab::Requests, Signal::SortBy(place))
    }));
    for (place, side) in ["left", "right"].into_iter().enumerate() {
        commands.extend(Algorithm::all().iter().enumerate().map(|(algorithm, it)| {
            let title = format!("Compare {} in the {side} lane", it.about().title.to_lowercase());
            at(&title, Tab::Compare, Signal::Lane { place, algorithm })
        }));
    }
    commands.extend(request_commands(workbench));
    commands.extend(key_commands(workbench));
    commands
}

/// With the request that is selected.
fn request_commands(workbench: &Workbench) -> Vec<Command> {
    let Selection::Request(record) = &workbench.selection else { return Vec::new() };
    let signal = |title: &str, signal| command(Group::View, title, None, Deed::Signal(signal));
    let mut commands = vec![
        signal("Send the selected request to all, and compare", Signal::SendToAll),
        signal("Copy the selected request as curl", Signal::CopyAsCurl),
    ];
    commands.extend(receivers(workbench, record).iter().enumerate().map(|(place, server)| {
        signal(&format!("Send the selected request to {server}"), Signal::SendTo(place))
    }));
    commands
}

/// What of a request is hashed.
fn key_commands(workbench: &Workbench) -> Vec<Command> {
    let Some(pool) = workbench.pool() else { return Vec::new() };
    let key = |(title, key)| {
        let is_so = is_same_sort(&pool.key, &key);
        let title = format!("Take as key: {title}");
        command(Group::Lab, title, None, Deed::Edit(Edit::Key(key))).idle_if(is_so)
    };
    key_choices(&pool.key).into_iter().map(key).collect()
}
