//! Charts of a story that was told from virtual time.

use super::build::Material;
use super::chart::{BandPoint, Chart, Measure};
use super::digest::Digest;
use super::*;
use crate::lab::{Lab, PRESETS};
use crate::period::Period;
use crate::ui::desk::Desk;
use crate::ui::story::told;
use crate::ui::view::{ChartKind, View};

fn starter() -> Lab {
    crate::lab::load(PRESETS[0].text.as_bytes()).expect("presets load").lab.into_lab()
}

fn told_workbench(lab: Lab, secs: u64) -> Workbench {
    let story = told(&lab, 1, Period::from_secs(secs));
    let mut workbench = Workbench::new(Desk::new(lab, None), View::default());
    workbench.story = story;
    workbench.now_ns = secs * 1_000_000_000;
    workbench
}

fn chart(workbench: &Workbench, kind: ChartKind) -> Chart {
    let span = Range::default().span(workbench);
    let mut digest = Digest::default();
    digest.update(workbench, &mut Expectations::default(), span);
    Material::new(workbench, &digest, span).chart(kind, &workbench.view)
}

#[test]
fn charts_tell_of_the_starter_what_is_true() {
    let workbench = told_workbench(starter(), 60);
    let share = chart(&workbench, ChartKind::Share);
    assert_eq!(
        (share.series.len(), share.bands.len()),
        (3, 1),
        "one band, as all are due the same"
    );
    for series in &share.series {
        let last = series.points.last().and_then(|point| point.value).expect("there was traffic");
        assert!((last - 1.0 / 3.0).abs() < 0.03, "{} has {last}", series.name);
    }
    let BandPoint { low, due, high, .. } = *share.bands[0].points.last().expect("turns are due");
    assert!(low < due && due < high && (due - 1.0 / 3.0).abs() < 0.01);
    let latency = chart(&workbench, ChartKind::Latency);
    let p99 = latency.series[1].points.last().and_then(|point| point.value);
    assert!(p99.expect("there was traffic") > 0.1, "c is slow");
    assert_eq!(latency.measure, Measure::Time);
    let heat = chart(&workbench, ChartKind::LatencyHeat).heat.expect("it is one");
    assert!(heat.most > 0 && heat.columns.len() > 100);
}

#[test]
fn buckets_that_are_past_are_not_worked_out_again() {
    let mut workbench = told_workbench(starter(), 30);
    let (mut digest, mut expectations) = (Digest::default(), Expectations::default());
    let mut range = Range::default();
    digest.update(&workbench, &mut expectations, range.span(&workbench));
    let before: Vec<_> = digest.buckets().map(super::digest::Bucket::started).collect();
    workbench.story = crate::ui::story::Story::default();
    digest.update(&workbench, &mut expectations, range.span(&workbench));
    let after: Vec<_> = digest.buckets().map(super::digest::Bucket::started).collect();
    assert_eq!(before[..before.len() - 2], after[..before.len() - 2]);
}
