//! A key: where it goes now, and why.

use egui::Ui;

use super::one_step::Moment;
use super::{capitalised, decision, note_line, part_ui, sentence_ui, title_ui};
use crate::balance::{Candidate, Exclusion, Health};
use crate::lab::Pool;
use crate::ui::story::{PoolFrame, ServerFrame};
use crate::ui::workbench::Workbench;

pub(super) fn key_ui(ui: &mut Ui, workbench: &mut Workbench, pool: &str, key: &[u8]) {
    let shown = String::from_utf8_lossy(key).into_owned();
    title_ui(ui, &format!("Key {shown}"), pool, workbench);
    let Some(pool) = workbench.lab().pool(pool).cloned() else {
        note_line(ui, "Its pool is not in the lab any more");
        return;
    };
    let about = pool.algorithm.about();
    if !about.keyed {
        let title = format!("{} does not look at keys", about.title);
        let text = format!("{}.", capitalised(about.summary, []));
        return sentence_ui(ui, None, &title, &text);
    }
    let moment = moment(workbench, &pool, key);
    match moment.decide(&pool.algorithm) {
        Some(decision) => {
            decision::sentence_block_ui(ui, workbench, &pool.name, &decision, about, "sends it to");
            decision::candidates_ui(ui, workbench, &pool.name, &decision);
            decision::saw_ui(ui, workbench, &pool.name, &decision);
        }
        None => sentence_ui(ui, None, "No server can be picked", "Every server is out."),
    }
    part_ui(ui, "As things stand");
    note_line(ui, "Where this key goes at this moment; requests that carry it are in the table");
}

/// How the pool stands, for one pick.
fn moment(workbench: &Workbench, pool: &Pool, key: &[u8]) -> Moment {
    let frame = workbench.frame().and_then(|frame| frame.pool(&pool.name));
    let terms = pool.terms();
    let candidate = |(place, terms): (usize, &crate::balance::pool::Terms)| {
        let server = frame.and_then(|frame: &PoolFrame| frame.server(&terms.name));
        let in_flight = server.map_or(0, |server| server.in_flight);
        Candidate {
            member: place as u32,
            name: terms.name.as_str().into(),
            weight: terms.weight,
            in_flight,
            excluded: exclusion(terms, server),
            seen: Vec::new(),
        }
    };
    let text = std::str::from_utf8(key).ok();
    Moment {
        candidates: terms.iter().enumerate().map(candidate).collect(),
        key: key.to_vec(),
        address: text.and_then(|text| text.parse().ok()),
        now_ns: workbench.moment_ns(),
        ids: terms
            .iter()
            .enumerate()
            .map(|(place, it)| it.id.unwrap_or(place as u32 + 1))
            .collect(),
        ..Moment::default()
    }
}

fn exclusion(
    terms: &crate::balance::pool::Terms,
    server: Option<&ServerFrame>,
) -> Option<Exclusion> {
    let drained = terms.drained || terms.weight == 0;
    match server.map(|server| server.health) {
        _ if drained => Some(Exclusion::Drained),
        Some(Health::Down) => Some(Exclusion::Down),
        Some(Health::Ejected) => Some(Exclusion::Ejected),
        _ => None,
    }
}
