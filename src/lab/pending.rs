//! Stand-ins for the settings of `balance` and `model` until those rooms are here.

use serde::{Deserialize, Serialize};

use crate::period::Period;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Latency {
    Constant(Period),
    Exponential(Period),
}

impl Default for Latency {
    fn default() -> Self {
        Self::Constant(Period::from_millis(10))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    pub latency: Latency,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrivals {
    Poisson { rate: f64 },
}

impl Default for Arrivals {
    fn default() -> Self {
        Self::Poisson { rate: 50.0 }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keys {
    Uniform { count: u32 },
}

impl Default for Keys {
    fn default() -> Self {
        Self::Uniform { count: 1 }
    }
}
