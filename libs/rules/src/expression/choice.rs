//! What an `if` asks: a comparison, or several combined with `and`, `or` and `not`.

use chengping_types::Exact;

use super::{Condition, Name};

/// A comparison, or comparisons combined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test<N> {
    /// One comparison.
    Comparison(Condition<N>),
    /// `not`: holds where the test does not.
    Not(Box<Test<N>>),
    /// `and`: both hold.
    And(Box<Test<N>>, Box<Test<N>>),
    /// `or`: at least one holds.
    Or(Box<Test<N>>, Box<Test<N>>),
}

impl<N: Name> Test<N> {
    /// Whether it holds; `None` when that hangs on a comparison without a value. One side that
    /// does not hold decides an `and`, one that holds an `or`, whichever is written first.
    pub fn holds(&self, value_of: &impl Fn(&N) -> Option<Exact>) -> Option<bool> {
        match self {
            Self::Comparison(condition) => condition.holds(value_of),
            Self::Not(test) => test.holds(value_of).map(|holds| !holds),
            Self::And(left, right) => decided(false, left, right, value_of),
            Self::Or(left, right) => decided(true, left, right, value_of),
        }
    }

    /// The comparisons, from left to right.
    pub fn comparisons(&self) -> Vec<&Condition<N>> {
        match self {
            Self::Comparison(condition) => vec![condition],
            Self::Not(test) => test.comparisons(),
            Self::And(left, right) | Self::Or(left, right) => {
                left.comparisons().into_iter().chain(right.comparisons()).collect()
            }
        }
    }
}

/// `by` when a side is `by`, the opposite when neither is, and otherwise nothing.
fn decided<N: Name>(
    by: bool,
    left: &Test<N>,
    right: &Test<N>,
    value_of: &impl Fn(&N) -> Option<Exact>,
) -> Option<bool> {
    match (left.holds(value_of), right.holds(value_of)) {
        (Some(left), _) if left == by => Some(by),
        (_, Some(right)) if right == by => Some(by),
        (Some(_), Some(_)) => Some(!by),
        _ => None,
    }
}
