//! Doing what a command says: a change of the view, something to be asked for, or an edit.

use egui::{Context, OpenUrl, ViewportCommand};

use super::edits::edit;
use super::{Deed, Edit, Switch};
use crate::engine::ListenerState;
use crate::ui::memory::{ZOOM_LEAST, ZOOM_MOST};
use crate::ui::playhead::Playhead;
use crate::ui::selection::Selection;
use crate::ui::signal::Signal;
use crate::ui::verb::Verb;
use crate::ui::view::{Tab, View};
use crate::ui::workbench::Workbench;

pub(in crate::ui) fn perform(ctx: &Context, workbench: &mut Workbench, deed: &Deed) {
    let view = &mut workbench.view;
    match deed {
        Deed::Ask(verb) => workbench.ask(verb.clone()),
        Deed::Signal(signal) => workbench.signals.push(*signal),
        Deed::At(tab, signal) => {
            view.tab = *tab;
            workbench.signals.push(*signal);
        }
        Deed::Go(tab) => view.tab = *tab,
        Deed::Theme(theme) => view.theme = *theme,
        Deed::Switch(switch) => turn(view, *switch),
        Deed::Chart { slot, kind } => {
            if let Some(shown) = view.charts.get_mut(*slot) {
                *shown = *kind;
            }
        }
        Deed::AddChart => view.add_chart(),
        Deed::RemoveChart(slot) => view.remove_chart(*slot),
        Deed::Compare if view.tab == Tab::Compare => workbench.signals.push(Signal::SwapLanes),
        Deed::Compare => view.tab = Tab::Compare,
        Deed::TogglePause => workbench.playhead.toggle_pause(workbench.now_ns),
        Deed::ToNow => workbench.playhead = Playhead::Live,
        Deed::Zoom(factor) => zoom(ctx, workbench, *factor),
        Deed::FullScreen => {
            let full = ctx.input(|input| input.viewport().fullscreen.unwrap_or(false));
            ctx.send_viewport_cmd(ViewportCommand::Fullscreen(!full));
        }
        Deed::CopyAddress | Deed::OpenBrowser => with_address(ctx, workbench, deed),
        Deed::Focus(pool) => workbench.pool_in_focus = *pool,
        Deed::Edit(change) => edit(workbench, change),
        Deed::Cure(act) => act.clone().perform(workbench),
        Deed::Select { pool, server } => {
            workbench.selection = Selection::Server { pool: pool.clone(), server: server.clone() };
        }
        Deed::ToSelected(action) => match workbench.selection.clone() {
            Selection::Server { pool, server } => {
                edit(workbench, &Edit::Server { pool, server, action: *action });
            }
            _ => workbench.ask(Verb::Tell("Select a server first: press its number".to_owned())),
        },
    }
}

fn turn(view: &mut View, switch: Switch) {
    let on = match switch {
        Switch::ReducedMotion => &mut view.reduced_motion,
        Switch::AllControls => &mut view.all_controls,
        Switch::Question => &mut view.question_closed,
        Switch::LogScale => &mut view.latency_log,
    };
    *on = !*on;
}

fn zoom(ctx: &Context, workbench: &mut Workbench, factor: f32) {
    let before = ctx.zoom_factor();
    let zoom = if factor > 0.0 { before * factor } else { 1.0 };
    let zoom = zoom.clamp(ZOOM_LEAST, ZOOM_MOST);
    if zoom == before {
        workbench.ask(Verb::Tell(format!("The size is {:.0} % already", zoom * 100.0)));
    }
    ctx.set_zoom_factor(zoom);
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
