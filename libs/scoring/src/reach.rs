//! How far the correction of a month reaches: the later months that used what it changed.
//!
//! A correction of a published month does not silently alter later ones: those in which it changes
//! a value get a correction of their own (method f.5). What a month read is in its [`Input`], so
//! what it would read after a correction can be put beside it.

mod leaves;
mod through;

use std::collections::BTreeMap;

use chengping_types::{BodyId, Month};
use serde::Serialize;
use serde_json::Value;

use self::leaves::{Leaf, leaves};
pub use self::through::Through;
use self::through::Tracing;
use crate::attribution::Part;
use crate::input::Input;
use crate::score::score;
use crate::tally::Tallies;

/// What a correction of earlier months changes in the results of a later one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reach {
    /// The later month.
    pub month: Month,
    /// The inputs of items that have another value now, in the order of the results document.
    pub touches: Vec<Touch>,
    /// Every other member of its results that differs, whether it follows from the touched inputs
    /// or, as a figure, from counts directly.
    pub changes: Vec<Change>,
}

/// An input of an item that has another value now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Touch {
    /// The body.
    pub body: BodyId,
    /// Identifier of the item.
    pub item: String,
    /// The zone, or all of the body.
    pub part: Part,
    /// Name of the input in the results document, such as `before`.
    pub input: String,
    /// Its value in the published results; null where it had none.
    pub was: Value,
    /// Its value after the correction; null where it has none.
    pub now: Value,
    /// By what ways the correction comes there; at least one.
    pub through: Vec<Through>,
    /// The earlier months whose counts it was read from; none where it is of the counts of the month
    /// itself, which the correction changed with those of the earlier one.
    pub from: Vec<Month>,
}

/// A member of the results that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The body; none for the figures of the whole jurisdiction.
    pub body: Option<BodyId>,
    /// Its path in the results document, such as `rank` or `items.L2.exact`.
    pub member: String,
    /// Its value in the published results; null where it was absent.
    pub was: Value,
    /// Its value after the correction; null where it is absent.
    pub now: Value,
}

impl Reach {
    /// Whether the month keeps its results, byte by byte.
    pub const fn is_empty(&self) -> bool {
        self.touches.is_empty() && self.changes.is_empty()
    }
}

/// What a published month would have been scored from with corrected counts: `tallies` replace
/// those of the same months, that of the month itself included. Months that it cannot look back to
/// change nothing.
pub fn corrected(published: &Input, tallies: &BTreeMap<Month, Tallies>) -> Input {
    let mut input = published.clone();
    let longest = i32::try_from(published.rule_pack.pack.looks_back()).unwrap_or(i32::MAX);
    for (month, counts) in tallies {
        match published.month.since(*month) {
            0 => input.tallies = counts.clone(),
            back if (1..=longest).contains(&back) => {
                input.earlier.insert(*month, counts.clone());
            }
            _ => {}
        }
    }
    input
}

/// What corrected counts change in the results of a published month.
///
/// `tallies` are those of the corrected month and, where its facts change their counts too
/// (carried-over stock, settlement corrections), those of later months, each as its own freeze
/// shows them now. The result is empty exactly when the results keep every byte.
pub fn reach(published: &Input, tallies: &BTreeMap<Month, Tallies>) -> Reach {
    let month = published.month;
    let now = corrected(published, tallies);
    if now == *published {
        return Reach { month, touches: Vec::new(), changes: Vec::new() };
    }
    let tracing = Tracing { published, now: &now };
    let (was, is) = (score(published).document(), score(&now).document());
    let (mut touches, mut changes) = (Vec::new(), Vec::new());
    for (name, was, is) in leaves::members(&was["bodies"], &is["bodies"]) {
        let Ok(body) = name.parse::<BodyId>() else { continue };
        for leaf in leaves(was, is) {
            match tracing.touch(&body, &leaf) {
                Some(touch) => touches.push(touch),
                None => changes.push(change(Some(&body), "", leaf)),
            }
        }
    }
    let figures = leaves(&was["figures"], &is["figures"]);
    changes.extend(figures.into_iter().map(|leaf| change(None, "figures.", leaf)));
    Reach { month, touches, changes }
}

/// The published months after `month` whose results its correction changes, in their order.
pub fn touched_months<'a>(
    month: Month,
    published: impl IntoIterator<Item = &'a Input>,
    tallies: &BTreeMap<Month, Tallies>,
) -> Vec<Reach> {
    let later = published.into_iter().filter(|input| input.month > month);
    let reached = later.map(|input| reach(input, tallies)).filter(|reach| !reach.is_empty());
    let by_month: BTreeMap<_, _> = reached.map(|reach| (reach.month, reach)).collect();
    by_month.into_values().collect()
}

fn change(body: Option<&BodyId>, prefix: &str, leaf: Leaf) -> Change {
    let Leaf { path, was, now } = leaf;
    Change { body: body.cloned(), member: format!("{prefix}{}", path.join(".")), was, now }
}
