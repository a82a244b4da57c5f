//! One lab under every algorithm: the same requests, the same work, only the choices differ.

use crate::balance::Algorithm;
use crate::lab::{Checked, Edit, Lab, Problem};
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
    let lab = Checked::new(under(lab, algorithm))?;
    Ok(run(&lab, seed, duration))
}

fn under(lab: &Lab, algorithm: &Algorithm) -> Lab {
    let mut lab = lab.clone();
    for pool in &mut lab.pools {
        pool.algorithm = algorithm.clone();
    }
    for cue in &mut lab.cues {
        cue.edits.retain(|edit| !matches!(edit, Edit::SetAlgorithm { .. }));
    }
    lab
}
