//! Commands about servers: one set for each server of the pool that is looked at.

use egui::Key;

use super::{Command, Deed, Group, Keys, command};
use crate::lab::{Pool, Server};
use crate::ui::side::server_menu::Action;
use crate::ui::workbench::Workbench;

pub(super) fn server_commands(workbench: &Workbench) -> Vec<Command> {
    let of = |title: &str, keys, deed| command(Group::Servers, title, keys, deed);
    let mut commands = Vec::new();
    if let Some(pool) = workbench.pool() {
        for (place, server) in pool.servers.iter().enumerate() {
            let keys = DIGITS.get(place).map(|&key| Keys::plain(key));
            let (pool, server) = (pool.name.clone(), server.name.clone());
            let title = format!("Select server {server}");
            commands.push(of(&title, keys, Deed::Select { pool, server }));
        }
        let servers = pool.servers.iter();
        commands.extend(servers.flat_map(|server| actions(pool, server)));
    }
    let selected =
        |title: &str, key, action| of(title, Some(Keys::plain(key)), Deed::ToSelected(action));
    commands.push(selected(
        "Drain the selected server, or undrain it",
        Key::D,
        Action::ToggleDrain,
    ));
    commands.push(selected("Kill the selected server, or revive it", Key::K, Action::ToggleKill));
    commands.push(of("Add a server", None, Deed::AddServer));
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
        command(Group::Servers, title, None, Deed::Server { pool, server, action })
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
