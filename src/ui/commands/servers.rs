//! Commands about servers: one set for each server of the pool that is looked at.

use egui::Key;

use super::{Command, Deed, Edit, Group, Keys, command};
use crate::lab::{Pool, Server};
use crate::ui::selection::Selection;
use crate::ui::side::server_menu::Action;
use crate::ui::verb::Verb;
use crate::ui::workbench::Workbench;

pub(super) fn server_commands(workbench: &Workbench) -> Vec<Command> {
    let of = |title: &str, keys, deed| command(Group::Servers, title, keys, deed);
    let mut commands = Vec::new();
    if let Some(pool) = workbench.pool() {
        for (place, server) in pool.servers.iter().enumerate() {
            let keys = DIGITS.get(place).map(|&key| Keys::plain(key));
            let is_so = workbench.selection.is_server(&pool.name, &server.name);
            let (pool, server) = (pool.name.clone(), server.name.clone());
            let title = format!("Select server {server}");
            commands.push(of(&title, keys, Deed::Select { pool, server }).idle_if(is_so));
        }
        let servers = pool.servers.iter();
        commands.extend(servers.flat_map(|server| actions(pool, server)));
    }
    commands.extend(copies(workbench));
    commands.extend(of_selected(workbench));
    commands.push(of("Add a server", None, Deed::Edit(Edit::AddServer)));
    commands
}

fn of_selected(workbench: &Workbench) -> [Command; 4] {
    let is_selected = matches!(workbench.selection, Selection::Server { .. });
    let selected = |title, key, action| {
        let keys = Option::map(key, Keys::plain);
        command(Group::Servers, title, keys, Deed::ToSelected(action)).idle_if(!is_selected)
    };
    [
        selected("Drain the selected server, or undrain it", Some(Key::D), Action::ToggleDrain),
        selected("Kill the selected server, or revive it", Some(Key::K), Action::ToggleKill),
        selected("Duplicate the selected server", None, Action::Duplicate),
        selected("Remove the selected server", None, Action::Remove),
    ]
}

/// Of the servers that are commands: one copy more, one fewer, and a new start of each.
fn copies(workbench: &Workbench) -> Vec<Command> {
    let Some(pool) = workbench.pool() else { return Vec::new() };
    let of = |title: &str, deed| command(Group::Servers, title, None, deed);
    let mut commands = Vec::new();
    for known in pool.servers.iter().filter(|server| server.command.is_some()) {
        let (pool, server) = (pool.name.clone(), known.name.clone());
        let more = Edit::OneCopyMore { pool: pool.clone(), server: server.clone() };
        let fewer = Edit::OneCopyFewer { pool, server };
        let n_copies = known.n_copies();
        commands.push(
            of(&format!("One copy more of {}", known.name), Deed::Edit(more))
                .idle_if(n_copies >= crate::lab::Command::COPIES_MAX),
        );
        commands.push(
            of(&format!("One copy fewer of {}", known.name), Deed::Edit(fewer))
                .idle_if(n_copies <= 1),
        );
    }
    let running = workbench.status.iter().flat_map(|status| &status.servers);
    let running = running.filter(|it| it.pool == pool.name && it.copy.is_some());
    commands.extend(running.map(|it| {
        let (pool, server) = (it.pool.clone(), it.name.clone());
        of(&format!("Restart {}", it.name), Deed::Ask(Verb::Restart { pool, server }))
    }));
    commands
}

fn actions(pool: &Pool, server: &Server) -> Vec<Command> {
    let drain = if server.drain { "Undrain" } else { "Drain" };
    let kill = if server.enabled { "Kill" } else { "Revive" };
    let actions = [
        (drain, Action::ToggleDrain),
        (kill, Action::ToggleKill),
        ("Duplicate", Action::Duplicate),
        ("Remove", Action::Remove),
    ];
    let command = |(verb, action)| {
        let (pool, server) = (pool.name.clone(), server.name.clone());
        let title = format!("{verb} server {server}");
        command(Group::Servers, title, None, Deed::Edit(Edit::Server { pool, server, action }))
    };
    actions.into_iter().map(command).collect()
}

const DIGITS: [Key; 9] = [
    Key::Num1,
    Key::Num2,
    Key::Num3,
    Key::Num4,
    Key::Num5,
    Key::Num6,
    Key::Num7,
    Key::Num8,
    Key::Num9,
];
