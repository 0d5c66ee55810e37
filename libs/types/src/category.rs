//! Categories of cases.

use serde::{Deserialize, Serialize};

use crate::Month;

/// A category of a scheme (`categories.csv`; regulation 4.1.1).
///
/// The same code may come several times with different months. The categories above it are those
/// of its scheme whose code is a beginning of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Scheme with version, such as `gbt-30428.2-2013-event`.
    pub category_scheme: String,
    /// The code.
    pub category_code: String,
    /// What it is called.
    pub name: String,
    /// First month.
    pub valid_from: Month,
    /// Last month, inclusive; none while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Month>,
    /// Whether the jurisdiction added it to the scheme.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub local_extension: bool,
}

impl Category {
    /// Whether the row holds in `month`.
    #[must_use]
    pub fn is_valid_in(&self, month: Month) -> bool {
        month.is_within(self.valid_from, self.valid_to)
    }

    /// Whether `other` is this category or one above it.
    #[must_use]
    pub fn is_under(&self, other: &Self) -> bool {
        self.category_scheme == other.category_scheme
            && self.category_code.starts_with(&other.category_code)
    }
}
