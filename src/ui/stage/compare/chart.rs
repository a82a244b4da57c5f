//! What lies between the lanes: the difference in a sentence, and both p99s over time with their bands.

use std::sync::Arc;

use egui::text::{LayoutJob, TextWrapping};
use egui::{
    Align, Align2, Color32, Layout, Mesh, Painter, Rect, RichText, Shape, Stroke, Ui, pos2,
};

use super::difference::Difference;
use super::film::{Film, POINTS};
use super::lane::card_ui;
use crate::ui::theme::{self, Theme};
use crate::ui::time::chart::round_up;
use crate::ui::widgets::time_text;
use crate::ui::workbench::Workbench;

/// How much longer the left lane's slowest take. Nothing while one of them is not known.
pub(super) fn difference(films: &[Option<Arc<Film>>; 2]) -> Option<Difference> {
    let [Some(left), Some(right)] = films else { return None };
    Difference::of(&left.trial.p99s, &right.trial.p99s)
}

pub(super) fn chart_ui(ui: &mut Ui, films: &[Option<Arc<Film>>; 2], workbench: &Workbench) {
    card_ui(ui, |ui| {
        let [Some(left), Some(right)] = films else { return };
        let theme = Theme::of(ui);
        ui.horizontal(|ui| {
            let sentence = difference(films)
                .map_or_else(Sentence::unknown, |it| Sentence::of(it, left, right));
            ui.spacing_mut().item_spacing.x = 4.0;
            ui.label(sentence.before);
            ui.label(RichText::new(sentence.loud).text_style(theme::sentence()));
            ui.label(sentence.after);
            ui.add_space(6.0);
            ui.label(RichText::new(sentence.note).small().color(theme.mute)).on_hover_text(
                "Each repeat differs in its seed only and has a difference of its own. Their mean is said here; \
                 in 95 of 100 cases the true one is no further from it than this. The p99 of a lane is the mean \
                 of its repeats, too",
            );
            if ui.available_width() < 96.0 {
                return;
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let passed = workbench.moment_ns() % left.duration.ns().max(1);
                let text = format!("{:.0} s of {:.0} s", passed as f64 / 1e9, left.duration.secs());
                ui.label(RichText::new(text).monospace().size(11.0).color(theme.mute));
            });
        });
        let area = ui.available_rect_before_wrap();
        let chart = Chart::new(area, [left, right]);
        chart.paint(ui.painter(), theme, workbench);
    });
}

/// The sentence above the chart, its loud part in the middle.
#[derive(Debug, PartialEq, Eq)]
struct Sentence {
    before: String,
    loud: String,
    after: String,
    note: String,
}

impl Sentence {
    fn unknown() -> Self {
        let after = "Too few requests were answered to tell a difference".to_owned();
        Self { before: String::new(), loud: String::new(), after, note: String::new() }
    }

    fn of(difference: Difference, left: &Film, right: &Film) -> Self {
        let titles = [left, right].map(|film| film.algorithm.about().title);
        Self::new(difference, titles)
    }

    fn new(difference: Difference, [left, right]: [&str; 2]) -> Self {
        let Difference { mean, band, repeats } = difference;
        let note = format!("± {} by chance, mean of {repeats} repeats", time_text(band));
        let what = "for the slowest 1 in 100".to_owned();
        if !difference.is_beyond_chance() {
            let loud = "No difference beyond chance".to_owned();
            return Self { before: String::new(), loud, after: what, note };
        }
        let faster = if mean > 0.0 { right } else { left };
        Self {
            before: format!("{faster} is"),
            loud: format!("{} faster", time_text(mean.abs())),
            after: what,
            note,
        }
    }
}

/// A line with a band: the mean of the repeats, and how far they lie apart.
struct Band {
    mean: Vec<f32>,
    half: Vec<f32>,
}

impl Band {
    fn of(lines: &[Vec<f32>]) -> Self {
        let n = lines.len().max(1) as f32;
        let at = |point: usize| lines.iter().filter_map(move |line| line.get(point).copied());
        let mean: Vec<f32> = (0..POINTS).map(|point| at(point).sum::<f32>() / n).collect();
        let spread = |point: usize| {
            let squares: f32 = at(point).map(|it| (it - mean[point]) * (it - mean[point])).sum();
            (squares / (n - 1.0).max(1.0)).sqrt()
        };
        let half = (0..POINTS).map(spread).collect();
        Self { mean, half }
    }
}

struct Chart<'a> {
    area: Rect,
    films: [&'a Film; 2],
    bands: [Band; 2],
    most: f32,
}

impl<'a> Chart<'a> {
    fn new(area: Rect, films: [&'a Film; 2]) -> Self {
        let bands = films.map(|film| Band::of(&film.lines));
        let tops = bands.iter().flat_map(|it| it.mean.iter().zip(&it.half)).map(|(a, b)| a + b);
        let most = round_up(tops.fold(1e-4, f32::max).into()) as f32;
        let labels = if area.width() > 480.0 { LABELS } else { 8.0 };
        let area = area.with_min_x(area.left() + AXIS).with_max_x(area.right() - labels);
        Self { area: area.with_min_y(area.top() + 2.0), films, bands, most }
    }

    fn paint(&self, painter: &Painter, theme: &Theme, workbench: &Workbench) {
        let hair = Stroke::new(theme::HAIRLINE, theme.line);
        for part in [0.0, 0.5, 1.0] {
            let y = egui::lerp(self.area.bottom()..=self.area.top(), part);
            painter.hline(self.area.x_range(), y, hair);
            let text = time_text(f64::from(self.most * part));
            let anchor = [Align2::RIGHT_BOTTOM, Align2::RIGHT_CENTER, Align2::RIGHT_TOP]
                [(part * 2.0) as usize];
            let at = pos2(self.area.left() - 6.0, y);
            painter.text(at, anchor, text, theme::small_number_font(), theme.faint);
        }
        let colours = [theme.text, theme.accent];
        for (band, colour) in self.bands.iter().zip(colours) {
            painter.add(self.ribbon(band, colour.gamma_multiply(0.16)));
        }
        for (band, colour) in self.bands.iter().zip(colours) {
            let points = band.mean.iter().enumerate().map(|(x, &y)| self.at(x, y)).collect();
            painter.add(Shape::line(points, Stroke::new(1.75, colour)));
        }
        if self.films[0].algorithm != self.films[1].algorithm {
            self.labels(painter, colours);
        }
        let part = workbench.moment_ns() % self.films[0].duration.ns().max(1);
        let part = part as f32 / self.films[0].duration.ns().max(1) as f32;
        let x = egui::lerp(self.area.x_range(), part);
        let ends = [pos2(x, self.area.top()), pos2(x, self.area.bottom())];
        let stroke = Stroke::new(1.25, theme.accent);
        painter.extend(Shape::dashed_line(&ends, stroke, 2.0, 3.0));
    }

    /// The lines' names at their ends, apart from each other.
    fn labels(&self, painter: &Painter, colours: [Color32; 2]) {
        if painter.clip_rect().right() - self.area.right() < LABELS {
            return;
        }
        let ends =
            [0, 1].map(|it| self.at(POINTS - 1, *self.bands[it].mean.last().unwrap_or(&0.0)).y);
        let middle = f32::midpoint(ends[0], ends[1]);
        let apart = (ends[1] - ends[0]).abs().max(13.0) / 2.0;
        for place in [0, 1] {
            let is_upper = (ends[place] < ends[1 - place]) || (ends[0] == ends[1] && place == 0);
            let y = if is_upper { middle - apart } else { middle + apart };
            let y = y.clamp(self.area.top() + 4.0, self.area.bottom() - 4.0);
            let title = self.films[place].algorithm.about().title;
            let font = egui::FontId::proportional(11.0);
            let mut job = LayoutJob::simple_singleline(title.to_owned(), font, colours[place]);
            job.wrap = TextWrapping::truncate_at_width(LABELS - 8.0);
            let text = painter.layout_job(job);
            let at = pos2(self.area.right() + 6.0, y - text.size().y / 2.0);
            painter.galley(at, text, colours[place]);
        }
    }

    fn ribbon(&self, band: &Band, colour: Color32) -> Mesh {
        let mut mesh = Mesh::default();
        for (x, (&mean, &half)) in band.mean.iter().zip(&band.half).enumerate() {
            mesh.colored_vertex(self.at(x, mean + half), colour);
            mesh.colored_vertex(self.at(x, (mean - half).max(0.0)), colour);
            if x > 0 {
                let last = 2 * x as u32;
                mesh.add_triangle(last - 2, last - 1, last);
                mesh.add_triangle(last - 1, last, last + 1);
            }
        }
        mesh
    }

    fn at(&self, point: usize, secs: f32) -> egui::Pos2 {
        let part = (point + 1) as f32 / POINTS as f32;
        let x = egui::lerp(self.area.x_range(), part);
        let y = egui::lerp(self.area.bottom()..=self.area.top(), (secs / self.most).min(1.0));
        pos2(x, y)
    }
}

/// Room for the names of the lines, and for the numbers of the axis.
const LABELS: f32 = 128.0;
const AXIS: f32 = 52.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(mean: f64, band: f64) -> String {
        let difference = Difference { mean, band, repeats: 4 };
        let Sentence { before, loud, after, note } =
            Sentence::new(difference, ["Round robin", "Least connections"]);
        format!("{before} {loud} {after} ({note})").trim().to_owned()
    }

    #[test]
    fn the_sentence_names_the_faster_and_what_may_be_chance() {
        assert_eq!(
            sentence(1.7, 0.2),
            "Least connections is 1.7 s faster for the slowest 1 in 100 (± 200 ms by chance, mean of 4 repeats)"
        );
        assert_eq!(
            sentence(-0.3, 0.2),
            "Round robin is 300 ms faster for the slowest 1 in 100 (± 200 ms by chance, mean of 4 repeats)"
        );
        assert_eq!(
            sentence(0.1, 0.2),
            "No difference beyond chance for the slowest 1 in 100 (± 200 ms by chance, mean of 4 repeats)"
        );
    }
}
