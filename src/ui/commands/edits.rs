//! Commands that change the draft.

use super::Edit;
use crate::lab::{Lab, Server};
use crate::ui::side::{add_group, server_menu};
use crate::ui::workbench::Workbench;

pub(super) fn edit(workbench: &mut Workbench, edit: &Edit) {
    let focus = workbench.focus();
    let draft = &mut workbench.desk.draft;
    match edit {
        Edit::ToggleHold => draft.hold = !draft.hold,
        Edit::AddServer => server_menu::add_server(draft, focus),
        Edit::AddClients => add_group(draft),
        Edit::RemoveClients(name) => draft.clients.retain(|group| group.name != *name),
        Edit::OneCopyMore { pool, server } => more_copies(draft, (pool, server), 1),
        Edit::OneCopyFewer { pool, server } => more_copies(draft, (pool, server), -1),
        Edit::Server { pool, server, action } => {
            if let Some((pool, index)) = place_of(draft, pool, server) {
                action.perform(&mut draft.pools[pool], index);
            }
        }
        Edit::Key(key) => {
            if let Some(pool) = draft.pools.get_mut(focus) {
                pool.key = key.clone();
            }
        }
        Edit::Algorithm(algorithm) => {
            // Choosing the one in force keeps its settings.
            if let Some(pool) = draft.pools.get_mut(focus)
                && pool.algorithm.about().name != algorithm.about().name
            {
                pool.algorithm = (**algorithm).clone();
            }
        }
    }
}

/// The places of a pool and of a server in it. A copy of a command goes with its command.
fn place_of(lab: &Lab, pool: &str, server: &str) -> Option<(usize, usize)> {
    let place = lab.pools.iter().position(|known| known.name == pool)?;
    let is_it = |known: &Server| known.copy_names().iter().any(|name| name == server);
    Some((place, lab.pools[place].servers.iter().position(is_it)?))
}

fn more_copies(lab: &mut Lab, (pool, server): (&str, &str), by: i32) {
    let Some((pool, index)) = place_of(lab, pool, server) else { return };
    if let Some(command) = &mut lab.pools[pool].servers[index].command {
        let most = crate::lab::Command::COPIES_MAX;
        command.copies = command.copies.saturating_add_signed(by).clamp(1, most);
    }
}
