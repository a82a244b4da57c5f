//! The bar: which lab, where it listens, how it chooses, whether it is live.

use egui::{
    Align, Button, Color32, CornerRadius, Frame, Layout, Margin, Response, RichText, Sense, Stroke,
    Ui, WidgetInfo, vec2,
};

use super::local_name::LocalName;
use super::menus;
use super::playhead::Playhead;
use super::theme::{self, Theme};
use super::verb::Verb;
use super::view::Arrangement;
use super::widgets::{hint, icon_button, number};
use super::workbench::Workbench;
use crate::balance::Algorithm;
use crate::engine::{ListenerState, ListenerStatus};
use crate::lab::Protocol;

/// What the bar remembers.
#[derive(Default)]
pub(super) struct Bar {
    name: LocalName,
}

pub(super) fn bar_ui(ui: &mut Ui, bar: &mut Bar, workbench: &mut Workbench) {
    let line = ui.max_rect();
    let stroke = Stroke::new(theme::HAIRLINE, Theme::of(ui).line);
    ui.painter().hline(line.x_range(), line.bottom() - 0.5, stroke);
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.add_space(12.0);
        brand_ui(ui);
        ui.add_space(4.0);
        lab_ui(ui, workbench);
        address_ui(ui, bar, workbench);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(12.0);
            menus::view_menu_ui(ui, workbench);
            menus::help_ui(ui, workbench);
            menus::present_ui(ui, workbench);
            live_ui(ui, workbench);
            hold_ui(ui, workbench);
            algorithm_ui(ui, workbench);
        });
    });
}

/// A hull on an even keel, and the name.
fn brand_ui(ui: &mut Ui) {
    let theme = Theme::of(ui);
    let (area, _) = ui.allocate_exact_size(vec2(20.0, 20.0), Sense::hover());
    let (painter, at) = (ui.painter(), area.center());
    let mast = Stroke::new(2.0, theme.text);
    painter.line_segment([at + vec2(0.0, -8.0), at + vec2(0.0, 2.0)], mast);
    painter.line_segment([at + vec2(-4.0, -4.0), at + vec2(4.0, -4.0)], mast);
    let hull: Vec<egui::Pos2> = (0..=12)
        .map(|step| {
            let angle = f64::from(step) / 12.0 * std::f64::consts::PI;
            at + vec2(-8.0 * libm::cos(angle) as f32, 1.0 + 6.0 * libm::sin(angle) as f32)
        })
        .collect();
    painter.add(egui::Shape::line(hull, Stroke::new(2.5, theme.accent)));
    ui.label(RichText::new("Evenkeel").text_style(theme::sentence()));
}

fn lab_ui(ui: &mut Ui, workbench: &mut Workbench) {
    let theme = Theme::of(ui);
    ui.label(RichText::new("Lab").color(theme.mute));
    menus::lab_menu_ui(ui, workbench);
}

/// Where the proxy listens. A click copies the address, the arrow opens a browser.
fn address_ui(ui: &mut Ui, bar: &mut Bar, workbench: &mut Workbench) {
    let Some(status) = workbench.status.clone() else { return };
    let Some(listener) = status.listeners.first() else { return };
    let theme = Theme::of(ui);
    let (text, colour, why) = match &listener.state {
        ListenerState::Open { address } => {
            (url_with_name(ui.ctx(), bar, workbench, listener, *address), theme.text, None)
        }
        ListenerState::Off => ("listener is off".to_owned(), theme.mute, None),
        ListenerState::Trouble { still_at: _, trouble } => {
            ("not listening".to_owned(), theme.err, Some(trouble.to_string()))
        }
    };
    let is_open = matches!(listener.state, ListenerState::Open { .. });
    let chip = chip_frame(theme, if why.is_some() { theme.err } else { theme.line });
    let row = Layout::left_to_right(Align::Center);
    let response = ui.allocate_ui_with_layout(vec2(0.0, 28.0), row, |ui| {
        chip.show(ui, |ui| {
            ui.set_height(18.0);
            // Its buttons are as tall as its text, so that all stand on one line.
            ui.spacing_mut().interact_size.y = 18.0;
            ui.spacing_mut().button_padding.y = 0.0;
            ui.label(number(text.clone()).color(colour));
            if is_open {
                let copy =
                    ui.add(Button::new(RichText::new("copy").color(theme.faint)).frame(false));
                copy.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, "Copy address"));
                if copy.clicked() {
                    ui.ctx().copy_text(text.clone());
                    workbench.ask(Verb::Tell(format!("Copied {text}")));
                }
                if text.starts_with("http") && icon_button(ui, "↗", "Open in browser").clicked() {
                    ui.ctx().open_url(egui::OpenUrl::new_tab(&text));
                }
            }
        })
    });
    if let Some(why) = why {
        response.response.on_hover_text(why);
    } else if is_open {
        let (text, room) = remark(workbench);
        if ui.available_width() > room {
            hint(ui, text);
        }
    }
}

/// What there is to say of the address, and how much room there has to be for it.
fn remark(workbench: &Workbench) -> (String, f32) {
    let servers = workbench.pool().map_or(&[][..], |pool| &pool.servers);
    if workbench.view.arrangement != Arrangement::Serve || servers.is_empty() {
        return ("open it in your browser: your request is the star".to_owned(), 820.0);
    }
    let n: u32 = servers.iter().map(crate::lab::Server::n_copies).sum();
    let what = match (servers, n) {
        ([one], 2..) if one.command.is_some() => "copies",
        (_, 1) => "server",
        _ => "servers",
    };
    (format!("{n} {what} behind one address"), 690.0)
}

/// In Serve with a name, if that works; else as it is.
fn url_with_name(
    ctx: &egui::Context,
    bar: &mut Bar,
    workbench: &Workbench,
    listener: &ListenerStatus,
    address: std::net::SocketAddr,
) -> String {
    let plain = url_of(listener, address);
    let serves = workbench.view.arrangement == Arrangement::Serve;
    let is_plain_http = listener.protocol == Protocol::Http && !listener.encrypted;
    if !serves || !is_plain_http {
        return plain;
    }
    let lab = &workbench.desk.draft;
    let named = bar.name.of(ctx, lab, &listener.name, address);
    named.map_or(plain, |name| format!("http://{name}"))
}

pub(super) fn url_of(listener: &ListenerStatus, address: std::net::SocketAddr) -> String {
    match (listener.protocol, listener.encrypted) {
        (Protocol::Http, true) => format!("https://{address}"),
        (Protocol::Http, false) => format!("http://{address}"),
        _ => address.to_string(),
    }
}

fn chip_frame(theme: &Theme, edge: Color32) -> Frame {
    Frame::new()
        .fill(theme.raised)
        .stroke(Stroke::new(theme::HAIRLINE, edge))
        .corner_radius(CornerRadius::same(theme::CONTROL_RADIUS))
        .inner_margin(Margin::symmetric(10, 4))
}

/// The wide drop-down that switches live.
fn algorithm_ui(ui: &mut Ui, workbench: &mut Workbench) {
    let Some(pool) = workbench.pool_mut() else { return };
    let theme = Theme::of(ui);
    let about = pool.algorithm.about();
    let mut text = egui::text::LayoutJob::default();
    let font = |style: egui::TextStyle| style.resolve(ui.style());
    let format = |style, colour| egui::TextFormat::simple(font(style), colour);
    text.append(about.title, 0.0, format(egui::TextStyle::Body, theme.text));
    text.append(about.summary, 8.0, format(egui::TextStyle::Small, theme.mute));
    let combo = egui::ComboBox::from_id_salt("algorithm")
        .width(204.0)
        .height(640.0)
        .truncate()
        .selected_text(text)
        .show_ui(ui, |ui| {
            ui.set_min_width(380.0);
            // All of them are in sight without scrolling.
            ui.spacing_mut().item_spacing.y = 1.0;
            ui.spacing_mut().button_padding.y = 1.0;
            for algorithm in Algorithm::all() {
                algorithm_row_ui(ui, &mut pool.algorithm, algorithm);
            }
        });
    let title = about.title;
    combo.response.widget_info(|| {
        let mut info = WidgetInfo::labeled(egui::Role::ComboBox, true, "Algorithm");
        info.current_text_value = Some(title.to_owned());
        info
    });
}

/// One algorithm with its sentence. Choosing the one in force keeps its settings.
fn algorithm_row_ui(ui: &mut Ui, chosen: &mut Algorithm, algorithm: Algorithm) {
    let theme = Theme::of(ui);
    let about = algorithm.about();
    let is_chosen = chosen.about().name == about.name;
    let mut text = egui::text::LayoutJob::default();
    let body = egui::TextStyle::Body.resolve(ui.style());
    let small = egui::TextStyle::Small.resolve(ui.style());
    text.append(about.title, 0.0, egui::TextFormat::simple(body, theme.text));
    text.append(&format!("\n{}", about.summary), 0.0, egui::TextFormat::simple(small, theme.mute));
    let response =
        ui.add(Button::selectable(is_chosen, text).min_size(vec2(ui.available_width(), 32.0)));
    response.widget_info(|| {
        WidgetInfo::selected(egui::Role::ListBoxOption, true, is_chosen, about.title)
    });
    if response.clicked() && !is_chosen {
        *chosen = algorithm;
    }
    if response.clicked() {
        ui.close();
    }
}

/// Lets the built-in clients pause. What a person sends passes.
fn hold_ui(ui: &mut Ui, workbench: &mut Workbench) {
    let hold = &mut workbench.desk.draft.hold;
    let text = if *hold { "Release traffic" } else { "Hold traffic" };
    if bar_button(ui, text, None)
        .on_hover_text("Built-in clients send nothing while held")
        .clicked()
    {
        *hold = !*hold;
    }
}

/// Live, Paused or Playback, in the colour of that state.
fn live_ui(ui: &mut Ui, workbench: &mut Workbench) {
    let theme = Theme::of(ui);
    let colour = match workbench.playhead {
        Playhead::Live => theme.ok,
        Playhead::Paused { .. } => theme.warn,
        Playhead::Playback { .. } => theme.accent,
    };
    let title = workbench.playhead.title();
    let response = bar_button(ui, &format!("● {title}"), Some(colour));
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, title));
    if response.on_hover_text("Space stops the view; traffic goes on").clicked() {
        workbench.playhead.toggle_pause(workbench.now_ns);
    }
}

fn bar_button(ui: &mut Ui, text: &str, colour: Option<Color32>) -> Response {
    let theme = Theme::of(ui);
    let text = RichText::new(text).color(colour.unwrap_or(theme.text));
    let edge = Stroke::new(theme::HAIRLINE, colour.unwrap_or(theme.line));
    ui.add(Button::new(text).stroke(edge).min_size(vec2(0.0, 28.0)))
}
