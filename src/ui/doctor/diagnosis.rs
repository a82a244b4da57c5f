//! What the doctor says: a sentence, how serious it is, and the evidence.

/// One line, with what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosis {
    pub level: Level,
    pub cause: Cause,
    pub sentence: String,
    /// The part of the sentence that matters most.
    pub emphasis: Option<String>,
    /// What could be done, if something can.
    pub remedy: Option<String>,
    /// What each server got and was due.
    pub rows: Vec<Row>,
    /// What else was looked at: a name, and what it was.
    pub facts: Vec<(&'static str, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Nothing can be said.
    Quiet,
    Ok,
    Warn,
    Bad,
}

/// Why shares are as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    NothingSent,
    TooFew,
    NobodyServes,
    OneServes,
    OneConnection,
    Sticky,
    OneKey,
    FewKeys,
    Weights,
    /// They differ, and the algorithm does not care.
    WeightsIgnored,
    SeveralBalancers,
    /// As the keys fall, which is not even.
    KeySpread,
    WithinChance,
    /// Numbers are even and work is not.
    Waiting,
    /// By load, and the load is even.
    ByLoad,
    Unknown,
}

/// One server in the evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub server: String,
    pub requests: u64,
    pub share: f64,
    /// What it was due, and how far chance may take it from there. Nothing where load decides.
    pub band: Option<super::Band>,
    /// On average, lately.
    pub in_flight: f64,
    pub weight: u32,
    /// What keeps it from serving, in a word.
    pub state: Option<&'static str>,
}

impl Row {
    pub fn fits(&self) -> bool {
        self.band.is_none_or(|band| band.holds(self.share))
    }
}

impl Level {
    /// In a word, for whoever does not see the colour.
    pub fn word(self) -> &'static str {
        match self {
            Self::Quiet => "Unknown",
            Self::Ok => "Well",
            Self::Warn => "Uneven",
            Self::Bad => "Bad",
        }
    }
}
