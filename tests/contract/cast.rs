//! Everybody who keeps the contract: all algorithms, all dialects, and their parameters.

use evenkeel::balance::anchor::Anchor;
use evenkeel::balance::least_connections::{self, LeastConnections};
use evenkeel::balance::least_time::{LeastTime, Measure};
use evenkeel::balance::maglev::{self, Maglev};
use evenkeel::balance::modulo::{self, Modulo};
use evenkeel::balance::multi_probe::MultiProbe;
use evenkeel::balance::power_of_choices::PowerOfChoices;
use evenkeel::balance::prequal::Prequal;
use evenkeel::balance::rendezvous::Rendezvous;
use evenkeel::balance::ring::{self, Ring};
use evenkeel::balance::weighted::{self, Weighted};
use evenkeel::balance::{Algorithm, HashFunction};

/// All of them. Tables are small here, so that thousands can be built; [`Algorithm::all`] has the real ones.
pub(crate) fn everybody() -> Vec<Algorithm> {
    let defaults =
        Algorithm::all().into_iter().filter(|algorithm| algorithm.about().name != "maglev");
    [defaults.collect(), in_turn(), by_load(), by_remainder(), rings(), tables(), others()].concat()
}

fn in_turn() -> Vec<Algorithm> {
    use weighted::Dialect::{Block, Edf, Haproxy};
    [Edf, Block, Haproxy].map(|dialect| Weighted { dialect }.into()).to_vec()
}

fn by_load() -> Vec<Algorithm> {
    vec![
        LeastConnections { dialect: least_connections::Dialect::Haproxy }.into(),
        LeastTime { measure: Measure::LastByte }.into(),
        PowerOfChoices { choices: 1, replacement: false }.into(),
        PowerOfChoices { choices: 3, replacement: false }.into(),
        PowerOfChoices { choices: 2, replacement: true }.into(),
        Prequal { probes: 1, pool: 2, ..Prequal::default() }.into(),
    ]
}

fn by_remainder() -> Vec<Algorithm> {
    let haproxy = Modulo { dialect: modulo::Dialect::Haproxy, ..Modulo::default() };
    vec![
        haproxy.clone().into(),
        Modulo { avalanche: true, ..haproxy.clone() }.into(),
        Modulo { hash: HashFunction::Crc32, ..haproxy.clone() }.into(),
        Modulo { hash: HashFunction::Source, ..haproxy }.into(),
    ]
}

/// Every dialect as it is, bound, and tightly bound with as few points as there can be.
fn rings() -> Vec<Algorithm> {
    let forms = [(None, None), (Some(1.25), None), (Some(1.0), Some(0))];
    let of_form = |(load_bound, points)| {
        ring_dialects()
            .into_iter()
            .map(move |dialect| Ring { dialect, points, load_bound, ..Ring::default() }.into())
    };
    let source = Ring {
        dialect: ring::Dialect::Haproxy,
        hash: Some(HashFunction::Source),
        ..Ring::default()
    };
    forms.into_iter().flat_map(of_form).chain([source.into()]).collect()
}

fn ring_dialects() -> [ring::Dialect; 4] {
    use ring::Dialect::{Envoy, Haproxy, Ketama, Nginx};
    [Nginx, Haproxy, Envoy, Ketama]
}

fn tables() -> Vec<Algorithm> {
    use maglev::Dialect::{Envoy, Katran};
    [(Envoy, None), (Katran, None), (Envoy, Some(1.25)), (Katran, Some(1.25))]
        .map(|(dialect, load_bound)| Maglev { dialect, slots: 251, load_bound }.into())
        .to_vec()
}

fn others() -> Vec<Algorithm> {
    let load_bound = Some(1.25);
    vec![
        // Fewer slots than servers: some own none.
        Maglev { slots: 5, ..Maglev::default() }.into(),
        Rendezvous { load_bound }.into(),
        MultiProbe { load_bound, ..MultiProbe::default() }.into(),
        MultiProbe { probes: 1, load_bound: None }.into(),
        Anchor { capacity: 1 }.into(),
    ]
}
