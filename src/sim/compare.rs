//! One lab under every algorithm: the same requests, the same work, only the choices differ.

use crate::balance::Algorithm;
use crate::lab::{Action, Checked, Client, Edit, Lab, Listener, Problem};
use crate::period::Period;

use super::{Report, run};

/// The algorithms a lab is compared under: those it uses itself, as they are set, then all others with their
/// defaults.
pub fn candidates(lab: &Lab) -> Vec<Algorithm> {
    let mut candidates: Vec<Algorithm> = Vec::new();
    for algorithm in lab.pools.iter().map(|pool| pool.algorithm.clone()).chain(Algorithm::all()) {
        if !candidates.contains(&algorithm) {
            candidates.push(algorithm);
        }
    }
    candidates
}

/// Runs the lab under one algorithm for all of its pools, or says why that algorithm cannot work there. Cues that
/// switch the algorithm are left out.
pub fn report(
    lab: &Lab,
    algorithm: &Algorithm,
    seed: u64,
    duration: Period,
) -> Result<Report, Vec<Problem>> {
    let lab = Checked::new(under(lab, algorithm, |_| true))?;
    Ok(run(&lab, seed, duration))
}

/// The lab with another algorithm in one of its pools, for good: cues that switch it there are left out.
pub fn in_pool(lab: &Lab, pool: &str, algorithm: &Algorithm) -> Result<Checked, Vec<Problem>> {
    Checked::new(under(lab, algorithm, |name| name == pool))
}

/// The client groups whose requests can come to a pool.
pub fn audience<'a>(lab: &'a Lab, pool: &'a str) -> impl Iterator<Item = &'a str> {
    let leads_there = move |client: &&Client| {
        let routes = lab.listener(&client.listener).map(Listener::routes_in_force);
        routes.into_iter().flatten().any(|route| match &route.to {
            Action::Pool(to) => to == pool,
            Action::Split(split) => split.parts.iter().any(|part| part.pool == pool),
            Action::Redirect { .. } | Action::Answer { .. } => false,
        })
    };
    lab.clients.iter().filter(leads_there).map(|client| client.name.as_str())
}

fn under(lab: &Lab, algorithm: &Algorithm, concerns: impl Fn(&str) -> bool) -> Lab {
    let mut lab = lab.clone();
    for pool in lab.pools.iter_mut().filter(|pool| concerns(&pool.name)) {
        pool.algorithm = algorithm.clone();
    }
    for cue in &mut lab.cues {
        cue.edits.retain(|edit| !matches!(edit, Edit::SetAlgorithm { pool, .. } if concerns(pool)));
    }
    lab
}
