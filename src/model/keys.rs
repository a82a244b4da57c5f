//! Which keys the requests of a client group carry.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::flaw::{Flaw, ModelError};
use super::zipf::{EXPONENT_MAX, Zipf};
use crate::dice::Dice;

/// How keys are spread over requests.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Keys {
    /// Every client has a key of its own and keeps it.
    #[default]
    PerClient,
    /// `count` keys, each as likely as the other.
    Uniform { count: u64 },
    /// `count` keys, the k-th with odds proportional to `1 / k^exponent`: a few are hot.
    Zipf { count: u64, exponent: f64 },
    /// All requests carry this one.
    Single(String),
}

impl Keys {
    /// The form to draw from, with what can be computed beforehand.
    pub fn source(&self) -> KeySource {
        match *self {
            Self::PerClient => KeySource::PerClient,
            Self::Uniform { count } => KeySource::Uniform(count.max(1)),
            Self::Zipf { count, exponent } => KeySource::Zipf(Zipf::new(count, exponent)),
            Self::Single(_) => KeySource::Single,
        }
    }

    /// The key that stands for a drawn index.
    pub fn text(&self, index: u64) -> Cow<'_, str> {
        match self {
            Self::Single(key) => Cow::Borrowed(key),
            Self::PerClient => Cow::Owned(format!("client-{index}")),
            Self::Uniform { .. } | Self::Zipf { .. } => Cow::Owned(format!("key-{index}")),
        }
    }

    pub fn flaws(&self) -> Vec<Flaw> {
        let count_flaw = |count: u64| Flaw::outside("count", count as f64, 1.0, COUNT_MAX);
        match self {
            Self::Uniform { count } => count_flaw(*count).into_iter().collect(),
            Self::Zipf { count, exponent } => count_flaw(*count)
                .into_iter()
                .chain(Flaw::outside("exponent", *exponent, 0.0, EXPONENT_MAX))
                .collect(),
            Self::Single(key) if key.is_empty() => vec![Flaw::new("", ModelError::Empty)],
            Self::Single(key) if key.len() > KEY_BYTES_MAX => {
                vec![Flaw::new("", ModelError::Long { limit: KEY_BYTES_MAX })]
            }
            Self::PerClient | Self::Single(_) => Vec::new(),
        }
    }
}

/// Keys ready to be drawn, as indices from 0.
#[derive(Debug, Clone, PartialEq)]
pub enum KeySource {
    PerClient,
    Uniform(u64),
    Zipf(Zipf),
    Single,
}

impl KeySource {
    /// The index of the next key of client number `client`.
    pub fn draw(&self, client: u64, dice: &mut Dice) -> u64 {
        match self {
            Self::PerClient => client,
            Self::Uniform(count) => dice.below(*count),
            Self::Zipf(zipf) => zipf.draw(dice),
            Self::Single => 0,
        }
    }
}

const COUNT_MAX: f64 = 1e9;
/// As long as a header line may be in most servers.
const KEY_BYTES_MAX: usize = 8_192;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sampling::assert_counts;

    #[test]
    fn uniform_keys_come_equally_often() {
        let (source, mut dice) = (Keys::Uniform { count: 100 }.source(), Dice::new(8));
        let mut found = [0_u64; 100];
        for _ in 0..100_000 {
            found[source.draw(0, &mut dice) as usize] += 1;
        }
        assert_counts(&found, &[1_000.0; 100]);
    }

    #[test]
    fn a_client_keeps_its_key_and_a_single_key_is_everyones() {
        let mut dice = Dice::new(1);
        let own = Keys::PerClient;
        assert_eq!(own.text(own.source().draw(7, &mut dice)), "client-7");
        let single = Keys::Single("cart".to_owned());
        assert_eq!(single.text(single.source().draw(7, &mut dice)), "cart");
        assert_eq!(Keys::Uniform { count: 9 }.text(3), "key-3");
    }

    #[test]
    fn bad_values_are_refused_with_their_place() {
        let flaws = Keys::Zipf { count: 0, exponent: -1.0 }.flaws();
        let shown: Vec<String> = flaws.iter().map(Flaw::to_string).collect();
        assert_eq!(
            shown,
            [
                "count: 0 is outside 1 to 1000000000: write a value between them",
                "exponent: -1 is outside 0 to 20: write a value between them"
            ]
        );
        assert_eq!(Keys::Single(String::new()).flaws().len(), 1);
        assert_eq!(Keys::Single("x".repeat(9_000)).flaws().len(), 1);
    }
}
