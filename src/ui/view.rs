//! How the window looks at things: what a person arranged, kept from one start to the next.

use serde::{Deserialize, Serialize};

use super::theme;

/// Everything about the window that is not the lab.
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches that have nothing to do with each other"
)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    pub arrangement: Arrangement,
    pub tab: Tab,
    pub theme: ThemeChoice,
    /// Nothing travels; counts change.
    pub reduced_motion: bool,
    /// Every control of a card is shown, and not only the first few.
    pub all_controls: bool,
    /// The question of a lab is shown until it is closed.
    pub question_closed: bool,
    /// The strip that offers the arrangements was closed.
    pub welcome_closed: bool,
    /// How much of the past the charts show.
    pub span_secs: f32,
    /// What each place for a chart shows, from the left.
    pub charts: Vec<ChartKind>,
    /// Each step up the latency chart multiplies.
    pub latency_log: bool,
    /// How high the charts' region was dragged.
    pub time_height: f32,
    /// How wide the region at the right was dragged.
    pub why_width: f32,
}

impl Default for View {
    fn default() -> Self {
        Self {
            arrangement: Arrangement::Learn,
            tab: Tab::Flow,
            theme: ThemeChoice::System,
            reduced_motion: false,
            all_controls: false,
            question_closed: false,
            welcome_closed: false,
            span_secs: 60.0,
            charts: ChartKind::USUAL.to_vec(),
            latency_log: false,
            time_height: theme::TIME_HEIGHT,
            why_width: theme::WHY_WIDTH,
        }
    }
}

impl View {
    pub const CHARTS_MOST: usize = 4;

    /// One more, of a kind that is not shown yet.
    pub(super) fn add_chart(&mut self) {
        if self.charts.len() < Self::CHARTS_MOST {
            let missing = ChartKind::ALL.into_iter().find(|kind| !self.charts.contains(kind));
            self.charts.push(missing.unwrap_or(ChartKind::Rate));
        }
    }

    /// Unless it is the only one.
    pub(super) fn remove_chart(&mut self, slot: usize) {
        if self.charts.len() > 1 && slot < self.charts.len() {
            self.charts.remove(slot);
        }
    }
}

/// Three arrangements of the same regions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrangement {
    #[default]
    Learn,
    Serve,
    Present,
}

impl Arrangement {
    pub const ALL: [Self; 3] = [Self::Learn, Self::Serve, Self::Present];

    pub fn title(self) -> &'static str {
        match self {
            Self::Learn => "Learn",
            Self::Serve => "Serve",
            Self::Present => "Present",
        }
    }
}

/// What the stage shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tab {
    #[default]
    Flow,
    Keys,
    Compare,
    Requests,
}

impl Tab {
    pub const ALL: [Self; 4] = [Self::Flow, Self::Keys, Self::Compare, Self::Requests];

    pub fn title(self) -> &'static str {
        match self {
            Self::Flow => "Flow",
            Self::Keys => "Keys",
            Self::Compare => "Compare",
            Self::Requests => "Requests",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThemeChoice {
    #[default]
    System,
    Dark,
    Light,
}

impl ThemeChoice {
    pub const ALL: [Self; 3] = [Self::System, Self::Dark, Self::Light];

    pub fn title(self) -> &'static str {
        match self {
            Self::System => "As the system",
            Self::Dark => "Dark",
            Self::Light => "Light",
        }
    }

    pub fn preference(self) -> egui::ThemePreference {
        match self {
            Self::System => egui::ThemePreference::System,
            Self::Dark => egui::ThemePreference::Dark,
            Self::Light => egui::ThemePreference::Light,
        }
    }
}

/// What a chart shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChartKind {
    Share,
    InFlight,
    Latency,
    LatencyHeat,
    Rate,
    Errors,
    MovedKeys,
    BrokenSessions,
}

impl ChartKind {
    pub const ALL: [Self; 8] = [
        Self::Share,
        Self::InFlight,
        Self::Latency,
        Self::LatencyHeat,
        Self::Rate,
        Self::Errors,
        Self::MovedKeys,
        Self::BrokenSessions,
    ];
    pub const USUAL: [Self; 4] = [Self::Share, Self::InFlight, Self::Latency, Self::Errors];

    pub fn title(self) -> &'static str {
        match self {
            Self::Share => "Share, band = chance",
            Self::InFlight => "In flight",
            Self::Latency => "Latency p50 and p99",
            Self::LatencyHeat => "Latency, how often",
            Self::Rate => "Requests per second",
            Self::Errors => "Errors",
            Self::MovedKeys => "Keys moved by edits",
            Self::BrokenSessions => "Broken sessions",
        }
    }
}
