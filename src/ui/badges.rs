//! A server's badge: the letter, colour and pattern by which it is known everywhere.

use std::collections::BTreeMap;

use egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Response, Sense, Ui, vec2};

use super::theme::{self, Theme};
use crate::lab::Lab;

/// Who has which badge. Numbers are given at first sight and kept, so that nobody changes colour because another left,
/// and nobody is taken for another who has just left and is still in the charts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Badges {
    numbers: BTreeMap<(String, String), usize>,
}

/// The number of a server among all that were ever seen in this lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Badge(usize);

impl Badges {
    /// Gives every new server of the lab the lowest number that nobody has had. Once each hue was given, it is the lowest
    /// that nobody in the lab has.
    pub fn learn(&mut self, lab: &Lab) {
        for pool in &lab.pools {
            for name in pool.servers.iter().flat_map(crate::lab::Server::copy_names) {
                let place = (pool.name.clone(), name);
                if !self.numbers.contains_key(&place) {
                    let number = self.lowest_free(lab);
                    // Should who had it come back, it is a new one.
                    self.numbers.retain(|_, known| *known != number);
                    self.numbers.insert(place, number);
                }
            }
        }
    }

    /// A server that is in no lab that was learnt gets the first badge.
    pub fn of(&self, pool: &str, server: &str) -> Badge {
        // Allocates, because keys of a map of pairs are looked up whole; a few dozen times a frame.
        Badge(self.numbers.get(&(pool.to_owned(), server.to_owned())).copied().unwrap_or(0))
    }

    fn lowest_free(&self, lab: &Lab) -> usize {
        let in_lab = |(pool, server): &(String, String)| {
            let servers = lab.pool(pool).map(|pool| &pool.servers);
            let mut names = servers.into_iter().flatten().flat_map(crate::lab::Server::copy_names);
            names.any(|name| name == *server)
        };
        let fresh = (0..theme::HUES).find(|number| self.numbers.values().all(|it| it != number));
        if let Some(fresh) = fresh {
            return fresh;
        }
        let present = self.numbers.iter().filter(|(place, _)| in_lab(place));
        let taken: Vec<usize> = present.map(|(_, &number)| number).collect();
        (0..=taken.len()).find(|number| !taken.contains(number)).unwrap_or(0)
    }
}

impl Badge {
    /// A … Z, then A2 … Z2, and so on.
    pub fn letter(self) -> String {
        let letter = char::from(b'A' + (self.0 % 26) as u8);
        match self.0 / 26 {
            0 => letter.to_string(),
            round => format!("{letter}{}", round + 1),
        }
    }

    pub fn colour(self, theme: &Theme) -> Color32 {
        theme.server(self.0)
    }

    /// From the ninth on hues come again, with stripes.
    pub fn is_striped(self) -> bool {
        self.0 / theme::HUES % 2 == 1
    }

    /// Fills an area with the server's colour and pattern.
    pub fn fill(self, painter: &Painter, area: Rect, radius: u8, colour: Color32) {
        painter.rect_filled(area, radius, colour);
        if self.is_striped() {
            stripes(&painter.with_clip_rect(area), area);
        }
    }

    /// The letter on its colour.
    pub fn paint(self, painter: &Painter, theme: &Theme, centre: Pos2, side: f32) {
        let area = Rect::from_center_size(centre, vec2(side, side));
        self.fill(painter, area, theme::CHIP_RADIUS, self.colour(theme));
        let letter = self.letter();
        let size = if letter.len() > 1 { side * 0.5 } else { side * 0.66 };
        let font = FontId::new(size, theme::semi_bold());
        painter.text(centre, Align2::CENTER_CENTER, letter, font, theme::ON_SERVER);
    }

    /// How wide and high it is in a row of widgets.
    pub const SIDE: f32 = 16.0;

    /// The badge as something to look at in a row of widgets.
    pub fn ui(self, ui: &mut Ui) -> Response {
        let (area, response) = ui.allocate_exact_size(vec2(Self::SIDE, Self::SIDE), Sense::hover());
        self.paint(ui.painter(), Theme::of(ui), area.center(), Self::SIDE);
        response
    }
}

fn stripes(painter: &Painter, area: Rect) {
    let stroke = egui::Stroke::new(1.5, theme::ON_SERVER.gamma_multiply(0.45));
    let mut x = area.left() - area.height();
    while x < area.right() {
        let from = Pos2::new(x, area.bottom());
        painter.line_segment([from, from + vec2(area.height(), -area.height())], stroke);
        x += 5.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Pool, Server};

    fn lab(names: &[&str]) -> Lab {
        let server = |name: &&str| Server { name: (*name).to_owned(), ..Server::default() };
        let servers = names.iter().map(server).collect();
        Lab {
            pools: vec![Pool { name: "web".to_owned(), servers, ..Pool::default() }],
            ..Lab::default()
        }
    }

    fn letters(badges: &Badges, names: &[&str]) -> String {
        names.iter().map(|name| badges.of("web", name).letter()).collect()
    }

    #[test]
    fn nobody_changes_badge_because_another_left() {
        let mut badges = Badges::default();
        badges.learn(&lab(&["a", "b", "c"]));
        badges.learn(&lab(&["a", "c"]));
        assert_eq!(letters(&badges, &["a", "c"]), "AC");
        badges.learn(&lab(&["a", "c", "d"]));
        assert_eq!(letters(&badges, &["a", "c", "d"]), "ACD", "who left is still in the charts");
        let others = ["a", "c", "e", "f", "g", "h", "i"];
        badges.learn(&lab(&others));
        assert_eq!(letters(&badges, &others), "ACEFGHB", "the hues are given again");
    }

    #[test]
    fn there_are_badges_for_any_number_of_servers() {
        assert_eq!([0, 25, 26, 53].map(|number| Badge(number).letter()), ["A", "Z", "A2", "B3"]);
        assert_eq!(
            [7, 8, 15, 16].map(|number| Badge(number).is_striped()),
            [false, true, true, false]
        );
    }
}
