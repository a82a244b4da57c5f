//! Where everything stands: clients, balancer, servers and the pipes between them. Pure geometry.

use egui::{Pos2, Rect, Vec2, pos2, vec2};

use super::curve::Curve;

/// What has to find a place.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Wanted {
    pub(super) n_lanes: usize,
    /// For each server, how many pipes lead to it.
    pub(super) pipes: Vec<usize>,
    /// Pools other than the one that is looked at.
    pub(super) n_others: usize,
    /// The letters of the longest name at the clients, where there is room for names, and for what may be missed.
    pub(super) labels: Option<usize>,
    /// How much larger than usual texts may get.
    pub(super) text_max: f32,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    /// The size of things, 1 in a stage of 756 by 400 points.
    pub(super) unit: f32,
    /// The size of texts, which grow less than things.
    pub(super) text: f32,
    /// The centres of the clients' circles.
    pub(super) lanes: Vec<Pos2>,
    pub(super) balancer: Rect,
    pub(super) badges: Vec<Rect>,
    pub(super) servers: Vec<Rect>,
    pub(super) others: Vec<Rect>,
    pub(super) legend: Rect,
    pub(super) client_pipes: Vec<Curve>,
    pub(super) server_pipes: Vec<Vec<Curve>>,
    pub(super) other_pipes: Vec<Curve>,
}

/// How much a server's box can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// Name, setting, slots and a line of text.
    Full,
    /// Name, and slots with a number.
    Short,
    /// A badge and a number.
    Cell,
}

impl Layout {
    pub(super) fn new(area: Rect, wanted: &Wanted) -> Self {
        let unit = (area.width() / 756.0).min(area.height() / 400.0).clamp(0.4, 2.4);
        let text = (1.0 + (unit - 1.0) * 0.6).clamp(1.0, wanted.text_max.max(1.0));
        let sizes = Sizes { unit, text };
        let (body, others, legend) = sizes.rows(area, wanted);
        let servers = sizes.servers(body, wanted.pipes.len());
        let lanes = sizes.lanes(body, wanted);
        let from = lanes.first().map_or_else(|| body.left(), |lane| lane.x + sizes.of(CIRCLE));
        let to = servers.iter().map(Rect::left).reduce(f32::min).unwrap_or_else(|| body.right());
        let middle = pos2(from + (to - from) * BALANCER_WAY, body.center().y);
        let (balancer, badges) = sizes.balancer(middle, body, wanted);
        let mut layout = Self {
            unit,
            text,
            lanes,
            balancer,
            badges,
            servers,
            others,
            legend,
            client_pipes: Vec::new(),
            server_pipes: Vec::new(),
            other_pipes: Vec::new(),
        };
        layout.lay_pipes(&sizes, wanted);
        layout
    }

    pub(super) fn detail(&self) -> Detail {
        let Some(size) = self.servers.first().map(Rect::size) else { return Detail::Full };
        let (wide, high) = (size.x / self.text, size.y / self.text);
        if wide >= 96.0 && high >= 62.0 {
            Detail::Full
        } else if wide >= 96.0 && high >= 38.0 {
            Detail::Short
        } else {
            Detail::Cell
        }
    }

    /// The end of a server's pipes, where its queue stands.
    pub(super) fn door(&self, server: usize) -> Pos2 {
        let area = self.servers[server];
        pos2(area.left() - DOOR * self.unit, area.center().y)
    }

    fn lay_pipes(&mut self, sizes: &Sizes, wanted: &Wanted) {
        let Self { balancer, lanes, servers, others, .. } = self;
        let inset = balancer.height() * 0.12;
        let spread = |number: usize, of: usize| {
            let way = (number as f32 + 0.5) / of.max(1) as f32;
            balancer.top() + inset + (balancer.height() - 2.0 * inset) * way
        };
        let client = |(number, lane): (usize, &Pos2)| {
            let from = pos2(lane.x + sizes.of(CIRCLE), lane.y);
            Curve::level(from, pos2(balancer.left(), spread(number, lanes.len())), None)
        };
        self.client_pipes = lanes.iter().enumerate().map(client).collect();
        let first_left = servers.iter().map(Rect::left).reduce(f32::min).unwrap_or_default();
        let to_server = |(number, area): (usize, &Rect)| {
            let n_pipes = wanted.pipes[number].max(1);
            let apart = sizes.of(PIPES_APART).min(area.height() / (n_pipes + 1) as f32);
            let start_apart =
                apart.min(balancer.height() * 0.76 / (servers.len() * n_pipes) as f32);
            let pipe = |pipe: usize| {
                let place = pipe as f32 - (n_pipes - 1) as f32 / 2.0;
                let from =
                    pos2(balancer.right(), spread(number, servers.len()) + place * start_apart);
                let is_behind = area.left() > first_left + 1.0;
                if is_behind {
                    // Past the boxes of the columns before, through the gap above their row.
                    let gap = area.top() - sizes.of(GAP) / 2.0;
                    let turn = pos2(first_left - sizes.of(DOOR), gap);
                    return Curve::level(from, turn, Some(pos2(area.left() + 4.0, gap)));
                }
                let to = pos2(area.left() - sizes.of(DOOR), area.center().y + place * apart);
                Curve::level(from, to, None)
            };
            (0..n_pipes).map(pipe).collect()
        };
        self.server_pipes = servers.iter().enumerate().map(to_server).collect();
        let bottom = balancer.center_bottom();
        let to_other = |area: &Rect| Curve::falling(bottom, area.center_top());
        self.other_pipes = others.iter().map(to_other).collect();
    }
}

/// Sizes that follow the room there is.
struct Sizes {
    unit: f32,
    text: f32,
}

impl Sizes {
    fn of(&self, points: f32) -> f32 {
        points * self.unit
    }

    /// The body, a row of other pools, and the legend, from top to bottom.
    fn rows(&self, area: Rect, wanted: &Wanted) -> (Rect, Vec<Rect>, Rect) {
        let inner = area.shrink2(vec2(self.of(16.0), self.of(8.0)));
        let legend_height = if wanted.labels.is_some() { 18.0 * self.text } else { 0.0 };
        let (above, legend) = inner.split_top_bottom_at_y(inner.bottom() - legend_height);
        if wanted.n_others == 0 {
            return (above, Vec::new(), legend);
        }
        let height = 30.0 * self.text;
        let (body, row) = above.split_top_bottom_at_y(above.bottom() - height - self.of(12.0));
        let row = row.with_max_y(row.top() + height);
        let gap = self.of(8.0);
        let each = (row.width() - gap * (wanted.n_others - 1) as f32) / wanted.n_others as f32;
        let size = vec2(each.min(180.0 * self.text), height);
        let whole = (size.x + gap) * wanted.n_others as f32 - gap;
        let left = row.center().x - whole / 2.0;
        let place = |number: usize| pos2(left + (size.x + gap) * number as f32, row.top());
        let others = (0..wanted.n_others).map(|it| Rect::from_min_size(place(it), size));
        (body.with_max_y(body.bottom() - self.of(18.0)), others.collect(), legend)
    }

    fn lanes(&self, body: Rect, wanted: &Wanted) -> Vec<Pos2> {
        let n_lanes = wanted.n_lanes.max(1) as f32;
        let pitch = self.of(38.0).min(body.height() / n_lanes);
        let x = body.left() + self.label(body, wanted) + self.of(CIRCLE);
        let top = body.center().y - pitch * (n_lanes - 1.0) / 2.0;
        (0..wanted.n_lanes).map(|it| pos2(x, top + pitch * it as f32)).collect()
    }

    /// How wide names at the clients may be.
    fn label(&self, body: Rect, wanted: &Wanted) -> f32 {
        let room = |n_letters: usize| {
            let wished = n_letters as f32 * LETTER * self.text;
            wished.min(body.width() * LABEL_PART).max(LABEL * self.text)
        };
        wanted.labels.map_or(0.0, room)
    }

    /// In as few columns as they fit into.
    fn servers(&self, body: Rect, n_servers: usize) -> Vec<Rect> {
        if n_servers == 0 {
            return Vec::new();
        }
        let gap = self.of(GAP);
        let least = CELL_HEIGHT * self.text;
        let most_rows = (((body.height() + gap) / (least + gap)) as usize).max(1);
        let n_columns = n_servers.div_ceil(most_rows);
        let n_rows = n_servers.div_ceil(n_columns);
        let pitch = (body.height() / n_rows as f32).min(self.of(108.0));
        let part = if n_columns > 1 { 0.44 } else { 0.3 };
        let room = body.width() * part - gap * (n_columns - 1) as f32;
        let width = (room / n_columns as f32).min(self.of(124.0).max(124.0 * self.text));
        let size = vec2(width, self.of(72.0).max(70.0 * self.text).min(pitch - gap));
        let left = body.right() - self.of(12.0) - (width + gap) * n_columns as f32 + gap;
        let top = body.center().y - pitch * n_rows as f32 / 2.0;
        let place = |number: usize| {
            let (row, column) = (number % n_rows, number / n_rows);
            let row_top = top + pitch * row as f32 + (pitch - size.y) / 2.0;
            Rect::from_min_size(pos2(left + (width + gap) * column as f32, row_top), size)
        };
        (0..n_servers).map(place).collect()
    }

    /// The balancer with a badge for each server, in as few columns as they fit into.
    fn balancer(&self, middle: Pos2, body: Rect, wanted: &Wanted) -> (Rect, Vec<Rect>) {
        let n_servers = wanted.pipes.len().max(1);
        let room = self.of(184.0).max(body.height() * 0.5).min(body.height() * 0.8);
        let n_columns =
            (1..=4).find(|&columns| n_servers.div_ceil(columns) as f32 * self.of(26.0) <= room);
        let n_columns = n_columns.unwrap_or(4);
        let n_rows = n_servers.div_ceil(n_columns);
        let pitch = self.of(40.0).min(room / (n_rows + 1) as f32);
        let side = self.of(22.0).min(pitch * 0.8);
        let width = self.of(52.0).max((side + self.of(4.0)) * n_columns as f32 + self.of(12.0));
        let height = self.of(184.0).min(body.height() * 0.8).max(pitch * n_rows as f32 + side);
        let area = Rect::from_center_size(middle, vec2(width, height));
        let badge = |number: usize| {
            let place = vec2((number / n_rows) as f32, (number % n_rows) as f32);
            let apart = vec2(side + self.of(4.0), pitch);
            let whole = vec2((n_columns - 1) as f32, (n_rows - 1) as f32) * apart;
            Rect::from_center_size(middle - whole / 2.0 + place * apart, Vec2::splat(side))
        };
        (area, (0..wanted.pipes.len()).map(badge).collect())
    }
}

/// The radius of a client's circle.
pub(super) const CIRCLE: f32 = 10.0;
/// Room for a client's address.
const LABEL: f32 = 88.0;
/// For longer names: what a letter takes, and the most of the width that names get.
const LETTER: f32 = 6.2;
const LABEL_PART: f32 = 0.16;
/// Between two boxes.
const GAP: f32 = 6.0;
/// Between the end of the pipes and a server.
const DOOR: f32 = 8.0;
const PIPES_APART: f32 = 9.0;
/// The lowest box in which a badge and a number can be read.
const CELL_HEIGHT: f32 = 22.0;
/// How far from clients to servers the balancer stands: queues need their room on the right.
const BALANCER_WAY: f32 = 0.48;

#[cfg(test)]
mod tests {
    use super::*;

    /// The stage at 1280×720 with Side and Time, with and without Why, and at 2560×1440; and a lane of Compare.
    const STAGES: [Vec2; 4] =
        [vec2(756.0, 360.0), vec2(1032.0, 360.0), vec2(2312.0, 1080.0), vec2(490.0, 150.0)];

    fn layout(size: Vec2, n_servers: usize, n_others: usize) -> Layout {
        let wanted = Wanted {
            n_lanes: 8,
            pipes: vec![3; n_servers],
            n_others,
            labels: (size.x > 700.0).then_some(13),
            text_max: 1.4,
        };
        Layout::new(Rect::from_min_size(pos2(248.0, 80.0), size), &wanted)
    }

    #[test]
    fn boxes_never_overlap_and_never_leave_the_stage() {
        for size in STAGES {
            let stage = Rect::from_min_size(pos2(248.0, 80.0), size);
            for n_servers in 1..=64 {
                for n_others in [0, 3] {
                    let layout = layout(size, n_servers, n_others);
                    let Layout { servers, others, balancer, legend, .. } = &layout;
                    let boxes: Vec<Rect> = servers
                        .iter()
                        .chain(others)
                        .chain([balancer])
                        .chain((size.x > 700.0).then_some(legend))
                        .copied()
                        .collect();
                    for (number, area) in boxes.iter().enumerate() {
                        let what = format!("box {number} of {n_servers} in {size:?}: {area:?}");
                        assert!(stage.contains_rect(*area), "{what} leaves the stage");
                        assert!(area.width() > 10.0 && area.height() > 8.0, "{what} is too small");
                        for other in &boxes[..number] {
                            assert!(!area.shrink(0.1).intersects(*other), "{what} meets {other:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn badges_stand_apart_inside_the_balancer() {
        for size in STAGES {
            for n_servers in 1..=64 {
                let layout = layout(size, n_servers, 0);
                for (number, badge) in layout.badges.iter().enumerate() {
                    assert!(layout.balancer.contains_rect(*badge), "{n_servers} in {size:?}");
                    let meets = |other: &Rect| badge.shrink(0.1).intersects(*other);
                    assert!(!layout.badges[..number].iter().any(meets), "{n_servers} in {size:?}");
                }
            }
        }
    }

    #[test]
    fn few_servers_are_shown_in_full() {
        assert_eq!(layout(STAGES[0], 3, 0).detail(), Detail::Full);
        assert_eq!(layout(STAGES[2], 8, 0).detail(), Detail::Full);
        assert_eq!(layout(STAGES[0], 64, 0).detail(), Detail::Cell);
    }
}
