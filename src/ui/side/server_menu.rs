//! What can be done with a server: drain, kill, revive, duplicate, remove.

use egui::{Button, Ui, WidgetInfo, vec2};

use super::servers::free_name;
use crate::lab::{Lab, Pool, Server};
use crate::model::Behaviour;
use crate::ui::running::new_lab;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Action {
    ToggleDrain,
    ToggleKill,
    Duplicate,
    Remove,
}

impl Action {
    pub(in crate::ui) fn perform(self, pool: &mut Pool, index: usize) {
        let server = &mut pool.servers[index];
        match self {
            Self::ToggleDrain => server.drain = !server.drain,
            Self::ToggleKill => server.enabled = !server.enabled,
            Self::Remove => drop(pool.servers.remove(index)),
            Self::Duplicate => {
                let twin = server.clone();
                let name = free_name(pool, &twin.name);
                pool.servers.insert(index + 1, Server { name, id: None, cookie: None, ..twin });
            }
        }
    }
}

pub(super) fn menu_ui(ui: &mut Ui, server: &Server) -> Option<Action> {
    let mut asked = None;
    let button = Button::new("⋮").frame(false).min_size(vec2(16.0, 18.0));
    let (response, _) = egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
        let drain = if server.drain { "Undrain" } else { "Drain" };
        let kill = if server.enabled { "Kill" } else { "Revive" };
        let entries = [
            (Action::ToggleDrain, drain, "Takes no new clients; what it has may finish"),
            (Action::ToggleKill, kill, "A killed server refuses connections"),
            (Action::Duplicate, "Duplicate", "Another one like it"),
            (Action::Remove, "Remove", "Out of the pool; what it has may finish"),
        ];
        for (action, text, hint) in entries {
            let entry = ui.button(text).on_hover_text(hint);
            let name = format!("{text} {}", server.name);
            entry.widget_info(|| WidgetInfo::labeled(egui::Role::MenuItem, true, &name));
            if entry.clicked() {
                asked = Some(action);
                ui.close();
            }
        }
    });
    let name = format!("Menu of {}", server.name);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &name));
    asked
}

/// One more server in a pool. A lab without any gets the first of a lab to begin with, and its address.
pub(in crate::ui) fn add_server(lab: &mut Lab, focus: usize) {
    if let Some(pool) = lab.pools.get_mut(focus) {
        return add_mock(pool);
    }
    let mut begun = new_lab();
    for pool in &mut begun.pools {
        pool.servers.truncate(1);
    }
    lab.pools = begun.pools;
    if lab.listeners.is_empty() {
        lab.listeners = begun.listeners;
    }
}

/// Adds a healthy mock under the first free letter.
fn add_mock(pool: &mut Pool) {
    let like = pool.servers.iter().find_map(|server| server.mock.as_ref());
    let limit = like.and_then(|mock| mock.concurrency_limit);
    let mock = Some(Behaviour { concurrency_limit: limit, ..Behaviour::default() });
    let name = free_name(pool, "");
    pool.servers.push(Server { name, mock, ..Server::default() });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duplicate_has_a_name_of_its_own_beside_its_twin() {
        let mut pool = Pool::default();
        (0..2).for_each(|_| add_mock(&mut pool));
        Action::Duplicate.perform(&mut pool, 0);
        Action::Duplicate.perform(&mut pool, 0);
        let names: Vec<&str> = pool.servers.iter().map(|server| server.name.as_str()).collect();
        assert_eq!(names, ["a", "a3", "a2", "b"]);
    }

    #[test]
    fn the_first_server_of_an_empty_lab_can_be_asked() {
        let mut lab = Lab::default();
        add_server(&mut lab, 0);
        add_server(&mut lab, 0);
        assert_eq!(lab.pools[0].servers.len(), 2);
        assert_eq!(lab.listeners[0].pool.as_ref(), Some(&lab.pools[0].name));
        assert!(crate::lab::Checked::new(lab).is_ok());
    }

    #[test]
    fn killed_and_drained_twice_is_as_before() {
        let mut pool = Pool::default();
        add_mock(&mut pool);
        let before = pool.clone();
        for action in [Action::ToggleKill, Action::ToggleDrain] {
            action.perform(&mut pool, 0);
            assert_ne!(pool, before);
            action.perform(&mut pool, 0);
            assert_eq!(pool, before);
        }
        Action::Remove.perform(&mut pool, 0);
        assert!(pool.servers.is_empty());
    }
}
