//! What goes wrong at a server, how often, and of which kind.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::flaw::{Flaw, ModelError};
use super::latency::number;
use crate::dice::Dice;
use crate::period::Period;

/// The odds of every kind of failure, each a probability; at most one befalls a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Failures {
    /// Answers with an error status, by code: `{500: 0.02, 503: 0.01}`.
    pub status: BTreeMap<u16, f64>,
    /// The connection is not accepted.
    pub refuse: f64,
    /// The connection is reset before the answer.
    pub reset: f64,
    /// No answer, and the connection stays open.
    pub hang: f64,
    /// The connection ends in the middle of the body.
    pub close_mid_body: f64,
    /// The body trickles over `slow_body_lasts`.
    pub slow_body: f64,
    pub slow_body_lasts: Period,
    /// Health probes only: says "unhealthy" although it is well.
    pub wrong_health: f64,
}

impl Default for Failures {
    fn default() -> Self {
        Self {
            status: BTreeMap::new(),
            refuse: 0.0,
            reset: 0.0,
            hang: 0.0,
            close_mid_body: 0.0,
            slow_body: 0.0,
            slow_body_lasts: Period::from_secs(5),
            wrong_health: 0.0,
        }
    }
}

impl Failures {
    /// What befalls one request, if anything. One roll, whatever the odds are.
    pub fn draw(&self, dice: &mut Dice) -> Option<FailureKind> {
        let [befalling @ .., _wrong_health] = &self.named_odds();
        self.fall(dice.unit(), befalling)
    }

    /// What befalls one health probe: the same as a request, or a wrong answer.
    pub fn draw_for_probe(&self, dice: &mut Dice) -> Option<FailureKind> {
        self.fall(dice.unit(), &self.named_odds())
    }

    pub fn odds(&self, kind: FailureKind) -> f64 {
        match kind {
            FailureKind::Status(code) => self.status.get(&code).copied().unwrap_or_default(),
            FailureKind::Refuse => self.refuse,
            FailureKind::Reset => self.reset,
            FailureKind::Hang => self.hang,
            FailureKind::CloseMidBody => self.close_mid_body,
            FailureKind::SlowBody => self.slow_body,
            FailureKind::WrongHealth => self.wrong_health,
        }
    }

    pub fn set(&mut self, FailureOdds { kind, odds }: FailureOdds) {
        match kind {
            FailureKind::Status(code) => {
                self.status.insert(code, odds);
            }
            FailureKind::Refuse => self.refuse = odds,
            FailureKind::Reset => self.reset = odds,
            FailureKind::Hang => self.hang = odds,
            FailureKind::CloseMidBody => self.close_mid_body = odds,
            FailureKind::SlowBody => self.slow_body = odds,
            FailureKind::WrongHealth => self.wrong_health = odds,
        }
    }

    /// Every kind with its odds, in the order in which a roll passes them.
    pub fn iter(&self) -> impl Iterator<Item = FailureOdds> + '_ {
        self.status_odds().chain(self.named_odds())
    }

    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws: Vec<Flaw> = self
            .iter()
            .filter_map(|FailureOdds { kind, odds }| Flaw::outside(&kind.place(), odds, 0.0, 1.0))
            .collect();
        flaws.extend(self.status.keys().filter_map(|&code| {
            Flaw::outside("status", f64::from(code), f64::from(CODE_MIN), f64::from(CODE_MAX))
        }));
        let sum: f64 = self.iter().map(|entry| entry.odds).sum();
        // Ten times 0.1 is a little more than 1 in floating point, and meant as 1.
        if flaws.is_empty() && sum > 1.0 + 1e-9 {
            flaws.push(Flaw::new("", ModelError::OddsSum(format!("{sum:.4}"))));
        }
        flaws
    }

    /// Cuts the unit interval into one piece for each kind and looks where the roll fell.
    fn fall(&self, roll: f64, named: &[FailureOdds]) -> Option<FailureKind> {
        let mut passed = 0.0;
        self.status_odds().chain(named.iter().copied()).find_map(|FailureOdds { kind, odds }| {
            passed += odds;
            (roll < passed).then_some(kind)
        })
    }

    fn status_odds(&self) -> impl Iterator<Item = FailureOdds> + '_ {
        self.status
            .iter()
            .map(|(&code, &odds)| FailureOdds { kind: FailureKind::Status(code), odds })
    }

    fn named_odds(&self) -> [FailureOdds; NAMED.len()] {
        [
            FailureOdds { kind: FailureKind::Refuse, odds: self.refuse },
            FailureOdds { kind: FailureKind::Reset, odds: self.reset },
            FailureOdds { kind: FailureKind::Hang, odds: self.hang },
            FailureOdds { kind: FailureKind::CloseMidBody, odds: self.close_mid_body },
            FailureOdds { kind: FailureKind::SlowBody, odds: self.slow_body },
            // Last, because requests leave it out.
            FailureOdds { kind: FailureKind::WrongHealth, odds: self.wrong_health },
        ]
    }
}

/// One thing that can go wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    Status(u16),
    Refuse,
    Reset,
    Hang,
    CloseMidBody,
    SlowBody,
    WrongHealth,
}

impl FailureKind {
    /// The field of [`Failures`] that sets it.
    fn place(self) -> String {
        match self {
            Self::Status(code) => format!("status.{code}"),
            named => named.to_string().replace('-', "_"),
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(code) => write!(out, "{code}"),
            named => {
                let entry = NAMED.iter().find(|(_name, kind)| kind == named);
                out.write_str(entry.map_or("", |(name, _kind)| name))
            }
        }
    }
}

impl FromStr for FailureKind {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        if let Some((_name, kind)) = NAMED.into_iter().find(|&(name, _kind)| name == text) {
            return Ok(kind);
        }
        let code: u16 =
            text.parse().map_err(|_not_a_code| ModelError::shape(text, "a failure", KINDS))?;
        if (CODE_MIN..=CODE_MAX).contains(&code) {
            Ok(Self::Status(code))
        } else {
            Err(ModelError::range(code, CODE_MIN, CODE_MAX))
        }
    }
}

/// One kind with its odds, in the form of the command line: `500:2%`, `reset:0.01`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FailureOdds {
    pub kind: FailureKind,
    pub odds: f64,
}

impl fmt::Display for FailureOdds {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.kind, self.odds)
    }
}

impl FromStr for FailureOdds {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let (kind, odds) = text.split_once(':').ok_or_else(|| {
            ModelError::shape(text, "a failure with its odds", "one such as 500:2%")
        })?;
        let kind = kind.trim().parse()?;
        let odds = match odds.trim().strip_suffix('%') {
            Some(percent) => number(percent.trim_end())? / 100.0,
            None => number(odds.trim())?,
        };
        if (0.0..=1.0).contains(&odds) {
            Ok(Self { kind, odds })
        } else {
            Err(ModelError::shape(text, "a probability", "one from 0 to 1, or 0% to 100%"))
        }
    }
}

const NAMED: [(&str, FailureKind); 6] = [
    ("refuse", FailureKind::Refuse),
    ("reset", FailureKind::Reset),
    ("hang", FailureKind::Hang),
    ("close-mid-body", FailureKind::CloseMidBody),
    ("slow-body", FailureKind::SlowBody),
    ("wrong-health", FailureKind::WrongHealth),
];
const KINDS: &str =
    "a status such as 500, refuse, reset, hang, close-mid-body, slow-body or wrong-health";
/// Below 200 an answer is not final, and above 599 it is not a status.
const CODE_MIN: u16 = 200;
const CODE_MAX: u16 = 599;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sampling::assert_counts;

    fn failures(texts: &[&str]) -> Failures {
        let mut failures = Failures::default();
        for text in texts {
            failures.set(text.parse().unwrap());
        }
        failures
    }

    #[test]
    fn each_kind_comes_as_often_as_its_odds_say() {
        let failures =
            failures(&["500:2%", "503:0.01", "reset:5%", "hang:0.5%", "wrong-health:20%"]);
        let kinds = [FailureKind::Status(500), FailureKind::Status(503), FailureKind::Reset]
            .map(Some)
            .into_iter()
            .chain([Some(FailureKind::Hang), None]);
        let n = 100_000;
        let (mut dice, mut found) = (Dice::new(3), BTreeMap::new());
        for _ in 0..n {
            *found.entry(failures.draw(&mut dice)).or_insert(0) += 1;
        }
        let counts: Vec<u64> = kinds.map(|kind| found.remove(&kind).unwrap()).collect();
        assert!(found.is_empty(), "a request got {found:?}");
        assert_counts(&counts, &[0.02, 0.01, 0.05, 0.005, 0.915].map(|odds| odds * f64::from(n)));
    }

    #[test]
    fn only_a_probe_gets_a_wrong_health_answer() {
        let failures = failures(&["wrong-health:100%"]);
        let mut dice = Dice::new(1);
        assert_eq!(failures.draw(&mut dice), None);
        assert_eq!(failures.draw_for_probe(&mut dice), Some(FailureKind::WrongHealth));
    }

    #[test]
    fn a_draw_takes_one_roll_whatever_the_odds() {
        let (mut calm, mut broken) = (Dice::new(5), Dice::new(5));
        Failures::default().draw(&mut calm);
        failures(&["500:50%", "hang:50%"]).draw(&mut broken);
        assert_eq!(calm, broken);
    }

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["500:0.02", "refuse:1", "close-mid-body:0.001", "wrong-health:0"] {
            assert_eq!(text.parse::<FailureOdds>().unwrap().to_string(), text);
        }
        assert_eq!("hang:0.5%".parse::<FailureOdds>().unwrap().odds, 0.005);
    }

    #[test]
    fn bad_values_are_refused_with_a_remedy() {
        for (text, remedy) in [
            ("500", "write one such as 500:2%"),
            ("crash:1%", "write a status such as 500, refuse"),
            ("700:1%", "outside 200 to 599"),
            ("500:2", "write one from 0 to 1, or 0% to 100%"),
            ("hang:often", "write one such as 0.4"),
        ] {
            let error = text.parse::<FailureOdds>().unwrap_err().to_string();
            assert!(error.contains(remedy), "{text}: {error}");
        }
    }

    #[test]
    fn every_flaw_is_named_with_its_place() {
        let mut broken = failures(&["500:60%", "reset:50%"]);
        assert!(broken.flaws()[0].to_string().contains("add up to 1.1000"));
        broken.hang = f64::NAN;
        broken.close_mid_body = -0.1;
        broken.status.insert(42, 0.0);
        let places: Vec<String> = broken.flaws().into_iter().map(|flaw| flaw.place).collect();
        assert_eq!(places, ["hang", "close_mid_body", "status"]);
        assert!(failures(&["500:40%", "reset:60%"]).flaws().is_empty());
    }
}
