//! Doing what a command says: an edit of the draft, a change of the view, or something to be asked for.

use egui::{Context, OpenUrl, ViewportCommand};

use super::{Deed, Switch};
use crate::engine::ListenerState;
use crate::ui::memory::{ZOOM_LEAST, ZOOM_MOST};
use crate::ui::playhead::Playhead;
use crate::ui::selection::Selection;
use crate::ui::side::server_menu::{Action, add_server};
use crate::ui::signal::Signal;
use crate::ui::verb::Verb;
use crate::ui::view::Tab;
use crate::ui::workbench::Workbench;

pub(in crate::ui) fn perform(ctx: &Context, workbench: &mut Workbench, deed: &Deed) {
    let view = &mut workbench.view;
    match deed {
        Deed::Ask(verb) => workbench.ask(verb.clone()),
        Deed::Signal(signal) => workbench.signals.push(*signal),
        Deed::Go(tab) => view.tab = *tab,
        Deed::Theme(theme) => view.theme = *theme,
        Deed::Switch(Switch::ReducedMotion) => view.reduced_motion = !view.reduced_motion,
        Deed::Switch(Switch::AllControls) => view.all_controls = !view.all_controls,
        Deed::Switch(Switch::Question) => view.question_closed = !view.question_closed,
        Deed::Compare if view.tab == Tab::Compare => workbench.signals.push(Signal::SwapLanes),
        Deed::Compare => view.tab = Tab::Compare,
        Deed::TogglePause => workbench.playhead.toggle_pause(workbench.now_ns),
        Deed::ToggleHold => workbench.desk.draft.hold = !workbench.desk.draft.hold,
        Deed::ToNow => workbench.playhead = Playhead::Live,
        Deed::Zoom(factor) => zoom(ctx, *factor),
        Deed::FullScreen => {
            let full = ctx.input(|input| input.viewport().fullscreen.unwrap_or(false));
            ctx.send_viewport_cmd(ViewportCommand::Fullscreen(!full));
        }
        Deed::CopyAddress | Deed::OpenBrowser => with_address(ctx, workbench, deed),
        Deed::Focus(pool) => workbench.pool_in_focus = *pool,
        _ => perform_on_pool(workbench, deed),
    }
}

fn perform_on_pool(workbench: &mut Workbench, deed: &Deed) {
    match deed {
        Deed::Algorithm(algorithm) => {
            // Choosing the one in force keeps its settings.
            if let Some(pool) = workbench.pool_mut()
                && pool.algorithm.about().name != algorithm.about().name
            {
                pool.algorithm = (**algorithm).clone();
            }
        }
        Deed::AddServer => {
            let focus = workbench.focus();
            add_server(&mut workbench.desk.draft, focus);
        }
        Deed::Select { pool, server } => {
            workbench.selection = Selection::Server { pool: pool.clone(), server: server.clone() };
        }
        Deed::Server { pool, server, action } => act(workbench, pool, server, *action),
        Deed::ToSelected(action) => match workbench.selection.clone() {
            Selection::Server { pool, server } => act(workbench, &pool, &server, *action),
            _ => workbench.ask(Verb::Tell("Select a server first: press its number".to_owned())),
        },
        _ => {}
    }
}

/// A copy of a command goes with its command.
fn act(workbench: &mut Workbench, pool: &str, server: &str, action: Action) {
    let pools = &mut workbench.desk.draft.pools;
    let Some(pool) = pools.iter_mut().find(|known| known.name == pool) else { return };
    let is_it = |known: &crate::lab::Server| known.copy_names().iter().any(|name| name == server);
    if let Some(index) = pool.servers.iter().position(is_it) {
        action.perform(pool, index);
    }
}

fn zoom(ctx: &Context, factor: f32) {
    let zoom = if factor > 0.0 { ctx.zoom_factor() * factor } else { 1.0 };
    ctx.set_zoom_factor(zoom.clamp(ZOOM_LEAST, ZOOM_MOST));
}

fn with_address(ctx: &Context, workbench: &mut Workbench, deed: &Deed) {
    let status = workbench.status.as_deref();
    let open = status.and_then(|status| {
        status.listeners.iter().find_map(|listener| match listener.state {
            ListenerState::Open { address } => Some(crate::ui::bar::url_of(listener, address)),
            _ => None,
        })
    });
    let Some(url) = open else {
        return workbench.ask(Verb::Tell("No listener is open".to_owned()));
    };
    if matches!(deed, Deed::CopyAddress) {
        ctx.copy_text(url.clone());
        workbench.ask(Verb::Tell(format!("Copied {url}")));
    } else if url.starts_with("http") {
        ctx.open_url(OpenUrl::new_tab(url));
    } else {
        workbench.ask(Verb::Tell(format!("{url} is not for browsers")));
    }
}
