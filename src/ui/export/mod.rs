//! A chart as a file: a picture for slides, or its numbers.

mod csv;
mod exporter;
mod png;
mod svg;

use super::theme::Theme;
use super::time::chart::Chart;

pub(super) use exporter::Exporter;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Png,
    Svg,
    Csv,
}

impl Format {
    pub(super) const ALL: [Self; 3] = [Self::Png, Self::Svg, Self::Csv];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Svg => "SVG",
            Self::Csv => "CSV",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
            Self::Csv => "csv",
        }
    }

    /// The file, as it is written.
    fn write(self, chart: &Chart, theme: &Theme) -> Vec<u8> {
        match self {
            Self::Png => png::png(chart, theme.dark),
            Self::Svg => svg::svg(chart, theme).into_bytes(),
            Self::Csv => csv::csv(chart).into_bytes(),
        }
    }
}

#[cfg(test)]
pub(super) mod samples;
