//! The picture leads where the pool picks, for every ring and key.

use proptest::prelude::*;

use super::*;
use crate::balance::pool::Terms;
use crate::balance::ring::{Dialect, Ring as RingSettings};
use crate::lab::{Key, Stickiness};
use crate::ui::stage::keys::count::algorithms;
use crate::ui::stage::keys::past::Roster;

fn stand(algorithm: &Algorithm, weights: &[u32]) -> Arc<Stand> {
    let terms = weights.iter().enumerate();
    let terms = terms.map(|(index, &weight)| Terms::new(&format!("s{index}"), weight)).collect();
    let roster = Roster { terms, dead: vec![false; weights.len()], ..Roster::default() };
    let (key, stickiness) = (Key::Address, Stickiness::Off);
    Arc::new(Stand { algorithm: algorithm.clone(), key, stickiness, roster })
}

fn drawing(stand: Arc<Stand>, before: Option<Arc<Stand>>, down: Vec<bool>) -> Box<Drawing> {
    let question = Question { stand, before, down, clients: vec![Client::default()] };
    let told = std::cell::RefCell::new(None);
    draw(&question, &Stop::default(), &|drawing| drop(told.replace(Some(drawing))));
    told.into_inner().unwrap()
}

fn rings() -> Vec<Algorithm> {
    let dialects = [Dialect::Nginx, Dialect::Haproxy, Dialect::Envoy, Dialect::Ketama];
    dialects
        .into_iter()
        .map(|dialect| RingSettings { dialect, ..Default::default() }.into())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Wherever a key falls, its arc's owner is who the pool picks; and no place has two arcs or none.
    #[test]
    fn arcs_cover_the_circle_once_and_lead_where_picks_go(
        weights in prop::collection::vec(1_u32..4, 1..6),
        more in 0_usize..2,
        down in prop::option::of(0_usize..6),
    ) {
        for algorithm in rings() {
            let after = [&weights[..], &vec![1; more]].concat();
            let is_down = (0..after.len()).map(|index| after.len() > 1 && down == Some(index));
            let before = stand(&algorithm, &weights);
            let drawing = drawing(stand(&algorithm, &after), Some(before), is_down.collect());
            let Shape::Ring(ring) = &drawing.shape else { panic!("{algorithm:?} has no ring") };
            let ends: Vec<u64> = ring.arcs.iter().map(|arc| arc.end).collect();
            prop_assert!(ends.windows(2).all(|pair| pair[0] < pair[1]));
            let begins = ends.iter().cycle().skip(ends.len() - 1);
            let lengths = ends.iter().zip(begins).map(|(end, begin)| end.wrapping_sub(*begin));
            let total: u128 = lengths.map(u128::from).sum();
            // One arc alone goes all the way round, which wraps to 0.
            prop_assert!(total == 1 << 64 || ends.len() == 1 && total == 0);
            for number in 0..200_u32 {
                let key = format!("key-{number}");
                let asked = drawing.ask(key.as_bytes());
                let place = asked.position.unwrap();
                let after = ring.arcs.partition_point(|arc| arc.end < place) % ring.arcs.len();
                prop_assert_eq!(drawing.name(ring.arcs[after].owner), asked.owner.as_deref());
            }
        }
    }

    /// What is said of a typed key is what the proxy's pool does with it, under every algorithm.
    #[test]
    fn a_typed_key_goes_where_the_pool_sends_it(
        key in "[a-z0-9.]{1,12}",
        weights in prop::collection::vec(0_u32..4, 1..6),
    ) {
        for algorithm in algorithms(&Algorithm::default()) {
            let stand = stand(&algorithm, &weights);
            let drawing = drawing(Arc::clone(&stand), None, Vec::new());
            let Roster { around, terms, .. } = &stand.roster;
            let pool = Pool::new(&algorithm, around, terms, 7);
            let address = key.parse().ok();
            let request = Request { key: key.as_bytes(), address, ..Request::default() };
            let picked = pool.pick(&request, None, &mut Dice::new(0), &mut Notes::off());
            let picked = picked.member().map(|member| pool.members()[member].name.to_string());
            let asked = drawing.ask(key.as_bytes());
            prop_assert_eq!(&asked.owner, &picked, "{:?}", &algorithm);
            prop_assert_eq!(asked.sentences.is_empty(), false);
        }
    }
}

#[test]
fn moved_arcs_are_the_newcomers() {
    let [ring, ..] = &rings()[..] else { panic!("no ring") };
    let drawing = drawing(stand(ring, &[1; 5]), Some(stand(ring, &[1; 4])), Vec::new());
    let Shape::Ring(ring) = &drawing.shape else { panic!("no ring") };
    let moved: Vec<&Span> = ring.arcs.iter().filter(|arc| arc.owner != arc.was).collect();
    assert!(!moved.is_empty());
    assert!(moved.iter().all(|arc| drawing.name(arc.owner) == Some("s4")));
    assert_eq!((drawing.n_keys, drawing.spots.len()), (100, 100));
}

#[test]
fn a_table_that_keeps_its_length_shows_slots_and_any_other_shows_keys() {
    let maglev = crate::balance::maglev::Maglev::default().into();
    let modulo = crate::balance::modulo::Modulo::default().into();
    for (algorithm, slots, step) in [(maglev, 0, Some(66)), (modulo, 5, None)] {
        let before = Some(stand(&algorithm, &[1; 4]));
        let drawing = drawing(stand(&algorithm, &[1; 5]), before, Vec::new());
        let Shape::Grid(grid) = &drawing.shape else { panic!("{algorithm:?} has no grid") };
        assert_eq!((grid.slots.len(), grid.of_slots), (slots, step));
        assert!(grid.cells.len() > 900 && grid.cells.len() <= CELLS);
    }
}
