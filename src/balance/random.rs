//! Random: draw a member by weight, whatever anybody is busy with.
//!
//! The yardstick for everything else. With `n` requests spread over `n` servers at random the fullest has about
//! `ln n / ln ln n` (Mitzenmacher, IEEE TPDS 2001), where a second look would leave it at `ln ln n`. It needs
//! no state at all, so many independent balancers do not fall into step as round robin does.

use serde::{Deserialize, Serialize};

use super::decision::{Notes, Quantity, Rule, Value};
use super::lottery::Lottery;
use super::member::Member;
use super::view::View;
use super::{About, Balancer, Origin, Recipe};
use crate::dice::Dice;

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Random {}

impl Recipe for Random {
    const ABOUT: About = About {
        name: "random",
        title: "Random",
        summary: "a lot is drawn for every request",
        weights: "the chance of being drawn",
        text: "Every request goes to a server drawn by lot. Even in the long run, uneven at every moment: \
               some server always happens to have several requests at once. It keeps no count and \
               cannot fall into step with other balancers.",
        keyed: false,
        settings: &[],
    };

    fn build(&self, members: &[Member], _origin: &Origin) -> Box<dyn Balancer> {
        Box::new(Drawn { lottery: Lottery::new(members) })
    }
}

struct Drawn {
    lottery: Lottery,
}

impl Balancer for Drawn {
    fn pick(&self, view: &View<'_>, dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        let drawn = self.lottery.draw_usable(view, &[], dice, notes);
        notes.add(|decision| {
            decision.rule = Some(Rule::Drawn);
            for (index, member) in view.members.iter().enumerate() {
                let weight = Value::Count(u64::from(member.weight));
                decision.saw(view, index, Quantity::Weight, weight);
            }
        });
        drawn
    }
}
