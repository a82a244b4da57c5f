//! Who serves in the runs that are compared, those included that cues bring in.

use crate::lab::{Lab, Pool};
use crate::model::Behaviour;
use crate::ui::badges::{Badge, Badges};

#[derive(Debug, Clone, Default)]
pub(super) struct Cast {
    /// In the order of the pool, then of their coming.
    pub(super) parts: Vec<Part>,
}

#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) badge: Badge,
    /// How many it works on at a time, if there is a limit.
    pub(super) slots: Option<u32>,
}

impl Cast {
    pub(super) fn of(lab: &Lab, pool: &str, badges: &Badges) -> Self {
        let (mut cast, mut badges) = (Self::default(), badges.clone());
        let mut lab = lab.clone();
        let mut cues = lab.cues.clone();
        cues.sort_by_key(|cue| cue.at);
        cast.learn(&lab, pool, &mut badges);
        for cue in cues {
            // A draft whose cues do not fit is not compared at all.
            let Ok(next) = cue.apply(&lab) else { continue };
            lab = next;
            cast.learn(&lab, pool, &mut badges);
        }
        cast
    }

    pub(super) fn badge(&self, name: &str) -> Option<Badge> {
        self.parts.iter().find(|part| part.name == name).map(|part| part.badge)
    }

    fn learn(&mut self, lab: &Lab, pool: &str, badges: &mut Badges) {
        badges.learn(lab);
        let servers = lab.pool(pool).into_iter().flat_map(|pool: &Pool| &pool.servers);
        for server in servers {
            let mock = server.mock.clone().unwrap_or_else(Behaviour::default);
            for name in server.copy_names() {
                if self.badge(&name).is_none() {
                    let badge = badges.of(pool, &name);
                    self.parts.push(Part { name, badge, slots: mock.concurrency_limit });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::PRESETS;

    #[test]
    fn a_server_that_a_cue_brings_has_a_badge_of_its_own() {
        let preset = PRESETS.iter().find(|it| it.file == "add-a-server.ron").unwrap();
        let lab = crate::lab::load(preset.text.as_bytes()).unwrap().lab.into_lab();
        let cast = Cast::of(&lab, "ring", &Badges::default());
        let names: String = cast.parts.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names, "abcdef");
        let mut letters: Vec<_> = cast.parts.iter().map(|part| part.badge).collect();
        letters.dedup();
        assert_eq!(letters.len(), 6);
    }
}
