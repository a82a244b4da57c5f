//! What an algorithm can show of itself, borrowed from what it really uses.

use std::borrow::Cow;

use super::decision::Quantity;

/// Members are indexes into the slice the algorithm was built with.
#[derive(Debug, Clone, PartialEq)]
pub enum Picture<'a> {
    Nothing,
    /// One period of the order, and the place in it that comes next.
    Schedule {
        order: Cow<'a, [u32]>,
        next: usize,
    },
    /// A number for each member, in their order.
    Scores {
        what: Quantity,
        values: Vec<f64>,
    },
    /// Points around a circle of 2^64, ascending, and who owns each.
    Ring {
        positions: Cow<'a, [u64]>,
        owners: Cow<'a, [u32]>,
    },
    /// Who owns each slot of a table.
    Table {
        owners: Cow<'a, [u32]>,
    },
}
