//! Requests: a table of those that were recorded, under a bar of who got how many.

mod query;
mod rows;
mod shares;
#[cfg(test)]
pub(in crate::ui) mod specimen;
mod table;

use egui::{
    Align, Button, Color32, Frame, Layout, Margin, RichText, Stroke, TextEdit, Ui, WidgetInfo,
};

pub(in crate::ui) use self::table::request_columns;

use self::query::{HELP, Query};
use self::rows::{Column, Rows};
use super::empty_ui;
use crate::engine::SAMPLES_A_SECOND;
use crate::ui::signal::Signal;
use crate::ui::theme::{self, Theme};
use crate::ui::widgets::{hint, icon_button, note, number};
use crate::ui::words::grouped;
use crate::ui::workbench::Workbench;

/// What the tab remembers.
pub(super) struct Requests {
    filter: String,
    query: Query,
    column: Column,
    descending: bool,
    /// Whether the newest is kept in sight.
    follow: bool,
    rows: Rows,
    /// A row that has to come into sight.
    reveal: Option<usize>,
    /// What stands at the top, and how much of it is above the edge: unless the newest is followed, it stays there
    /// while others come and are forgotten.
    top: Option<(u64, f32)>,
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            filter: String::new(),
            query: Query::default(),
            column: Column::Time,
            descending: false,
            follow: true,
            rows: Rows::default(),
            reveal: None,
            top: None,
        }
    }
}

/// What stands at the right of the tabs: the switch first, because they are laid out from the right.
pub(super) fn head_ui(ui: &mut Ui, requests: &mut Requests, workbench: &mut Workbench) {
    follow_ui(ui, requests, workbench.take_signal(Signal::Follow));
    filter_ui(ui, requests, workbench.take_signal(Signal::FocusFilter));
}

pub(super) fn requests_ui(ui: &mut Ui, requests: &mut Requests, workbench: &mut Workbench) {
    let until_ns = (!workbench.playhead.is_live()).then(|| workbench.moment_ns());
    requests.rows.ask(requests.query.clone(), requests.column);
    if !requests.rows.follow(&workbench.story, until_ns, &workbench.badges) {
        ui.ctx().request_repaint();
    }
    if workbench.story.requests().is_empty() {
        return empty_ui(ui, "No request has been recorded yet", &where_to_send(workbench));
    }
    Frame::new().inner_margin(Margin { left: 16, right: 16, top: 10, bottom: 6 }).show(ui, |ui| {
        shares::shares_ui(ui, workbench);
        ui.add_space(4.0);
        let foot = ui.text_style_height(&egui::TextStyle::Small) + 8.0;
        let size = egui::vec2(ui.available_width(), (ui.available_height() - foot).max(60.0));
        ui.allocate_ui(size, |ui| {
            ui.set_min_size(size);
            table::table_ui(ui, requests, workbench);
        });
        foot_ui(ui, requests, workbench);
    });
}

/// What to do so that there is something to see.
fn where_to_send(workbench: &Workbench) -> String {
    let listeners = workbench.status.iter().flat_map(|status| &status.listeners);
    let open = listeners.into_iter().find_map(crate::engine::ListenerStatus::address);
    let held = workbench.desk.draft.hold && !workbench.desk.draft.clients.is_empty();
    match open {
        Some(_) if held => "Release the traffic, or send a request of your own".to_owned(),
        Some(address) => {
            format!("Open http://{address} in your browser: your request will be here")
        }
        None => "No listener is open".to_owned(),
    }
}

fn follow_ui(ui: &mut Ui, requests: &mut Requests, asked: bool) {
    let theme = Theme::of(ui);
    let edge = if requests.follow { theme.accent } else { theme.line };
    let colour = if requests.follow { theme.accent } else { theme.text };
    let button = Button::new(RichText::new("Follow").color(colour))
        .stroke(Stroke::new(theme::HAIRLINE, edge));
    let response = ui.add(button);
    let follow = requests.follow;
    response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, follow, "Follow"));
    let about = "Keeps the newest request in sight; scrolling and sorting stop it";
    if response.on_hover_text(about).clicked() || asked {
        requests.follow = !requests.follow;
        if requests.follow {
            requests.column = Column::Time;
        }
    }
}

fn filter_ui(ui: &mut Ui, requests: &mut Requests, asked: bool) {
    let theme = Theme::of(ui);
    let wrong = requests.query.problem.is_some();
    if !requests.filter.is_empty() && icon_button(ui, "×", "Clear filter").clicked() {
        requests.filter.clear();
        requests.query = Query::default();
    }
    let edit = TextEdit::singleline(&mut requests.filter)
        .hint_text("filter: path, status, copy…")
        .desired_width(FILTER_WIDTH)
        .text_color(if wrong { theme.err } else { theme.text });
    let response = ui.add(edit);
    if asked {
        response.request_focus();
    }
    response.widget_info(|| WidgetInfo::labeled(egui::Role::TextInput, true, "Filter requests"));
    if response.changed() {
        requests.query = Query::read(&requests.filter);
    }
    response.on_hover_ui(|ui| {
        egui::Grid::new("filter help").num_columns(2).spacing([16.0, 4.0]).show(ui, |ui| {
            for (word, meaning) in HELP {
                ui.label(number(word));
                note(ui, meaning);
                ui.end_row();
            }
        });
    });
}

/// How many there are, and what is not among them.
fn foot_ui(ui: &mut Ui, requests: &Requests, workbench: &Workbench) {
    let theme = Theme::of(ui);
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        if let Some(problem) = &requests.query.problem {
            foot_note(ui, problem, theme.err);
        } else {
            let (shown, all) = (requests.rows.len(), workbench.story.requests().len());
            let of =
                if shown == all { String::new() } else { format!(" of {}", grouped(all as u64)) };
            foot_note(ui, &format!("{}{of} requests", grouped(shown as u64)), theme.mute);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            hint(ui, sampling_words(workbench));
        });
    });
}

fn foot_note(ui: &mut Ui, text: &str, colour: Color32) {
    ui.label(RichText::new(text).small().color(colour));
}

/// Said honestly: whether the table has every request.
fn sampling_words(workbench: &Workbench) -> String {
    let to_ns = workbench.moment_ns();
    let frames = workbench.story.frames_between(to_ns.saturating_sub(RECENT_NS), to_ns);
    let (mut n_seen, mut n_unsampled) = (0, 0);
    for frame in frames {
        n_seen += frame.proxied.counters.finished();
        n_unsampled += frame.unsampled;
    }
    if n_unsampled > 0 {
        let one_of = n_seen as f64 / n_seen.saturating_sub(n_unsampled).max(1) as f64;
        return format!(
            "{SAMPLES_A_SECOND:.0} a second per worker are recorded: 1 of {one_of:.1} shown"
        );
    }
    match workbench.story.forgotten_requests() {
        0 => "every request is recorded".to_owned(),
        _ => format!("the last {} are kept", grouped(workbench.story.requests().len() as u64)),
    }
}

const FILTER_WIDTH: f32 = 190.0;
const RECENT_NS: u64 = 10_000_000_000;

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;
    use crate::ui::desk::Desk;
    use crate::ui::story::REQUESTS_MAX;
    use crate::ui::view::View;

    type Tab = (Requests, Workbench);

    fn window(requests: Requests) -> Harness<'static, Tab> {
        let lab = crate::lab::load(crate::lab::PRESETS[0].text.as_bytes()).unwrap().lab.into_lab();
        let mut workbench = Workbench::new(Desk::new(lab, None), View::default());
        workbench.story = specimen::story(REQUESTS_MAX as u64);
        let builder =
            Harness::builder().with_size([1280.0, 720.0]).with_context_setup(theme::apply);
        let ui = |ui: &mut Ui, (requests, workbench): &mut Tab| {
            requests_ui(ui, requests, workbench);
        };
        let mut window = builder.build_ui_state(ui, (requests, workbench));
        while window.state().0.rows.len() < REQUESTS_MAX {
            window.step();
        }
        window.run_steps(4);
        window
    }

    /// How far down the selected row is; nothing if it is not in sight.
    fn height_of_selected(window: &Harness<'_, Tab>) -> Option<f32> {
        let row = |node: &egui_kittest::kittest::AccessKitNode<'_>| {
            node.role() == egui::Role::Row && node.toggled() == Some(egui::accesskit::Toggled::True)
        };
        window.query_by(row).map(|row| row.rect().top())
    }

    #[test]
    fn what_an_arrow_selects_stays_where_it_is_while_requests_come_and_are_forgotten() {
        for descending in [false, true] {
            let mut window = window(Requests { descending, ..Requests::default() });
            window.key_press(egui::Key::ArrowDown);
            window.run_steps(2);
            if !descending {
                window.key_press(egui::Key::PageUp);
                window.key_press(egui::Key::PageUp);
                window.run_steps(2);
            }
            let before = height_of_selected(&window);
            assert!(before.is_some(), "descending: {descending}");
            for from in 0..4 {
                let workbench = &mut window.state_mut().1;
                specimen::tell(&mut workbench.story, REQUESTS_MAX as u64 + from * 500, 500);
                window.run_steps(2);
                assert_eq!(height_of_selected(&window), before, "descending: {descending}");
            }
        }
    }

    #[test]
    fn of_a_full_table_only_what_is_in_sight_is_laid_out() {
        let window = window(Requests::default());
        let n_rows = window.query_all_by_label_contains("GET /cart/").count();
        assert!((10..=40).contains(&n_rows), "{n_rows} rows");
        let newest = format!("/cart/{} ", (REQUESTS_MAX - 1) % 97);
        assert!(window.query_by_label_contains(&newest).is_some(), "the newest is in sight");
    }
}
