//! Changing single numbers in the text of a pack, so that comments, order and layout stay.

mod alias;
mod direct;
pub(crate) mod edit;
pub(crate) mod places;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeSet;

use chengping_types::Exact;

use crate::difference::differences;
use crate::document::{self, Node, Value};
use crate::mistakes::{Mistake, Mistakes};
use crate::pack::RulePack;
use crate::path::{self, Found, Step};
use crate::source::{Provenance, Source};

pub use self::direct::adjust_pack;
use self::edit::{Edits, whole};
use self::places::{Place, Places};

/// A number that is to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment {
    /// Where, such as `families.area.zones.key`: a path as [`differences`] prints it. Dots may stand
    /// for brackets, and an index for an identifier.
    pub path: String,
    /// The new value, as a decimal or fraction.
    pub value: String,
    /// The authority of the new value: `regulation`, `standard`, `city:<name>` or `assumption`.
    pub provenance: String,
    /// The clause that the number carries out; `None` keeps the one that stands.
    pub clause: Option<String>,
    /// The nearest real source, or why; `None` keeps the one that stands, an empty text removes it.
    pub note: Option<String>,
}

/// Changes single numbers in the text of a pack. Everything else stays as it is written.
///
/// A number whose new source is that of its part is written as a plain number, any other gets a
/// source of its own (`{value, clause, provenance, note}`). `freeze.day` is the only number of its
/// part, so that the source of the part is changed; `scoring.history_months` cannot have a source of
/// its own, so that it must be given that of `scoring`. What an alias repeats is written out where it
/// is to differ.
///
/// # Errors
///
/// All mistakes at once: paths that name no number (with those that are near), a path given twice,
/// values, provenances and clauses that are none; otherwise those of the text before, or of the text
/// that would result.
pub fn adjust(source: &str, adjustments: &[Adjustment]) -> Result<String, Mistakes> {
    let pack = RulePack::parse(source)?;
    let root = document::read(source).map_err(Mistakes::one)?;
    let numbers = pack.numbers();
    let places = Places::of(&numbers, &root);
    let wanted = resolve(&places, adjustments)?;
    let (adjusted, targets) = edited(source, &root, &wanted)?;
    let result = RulePack::parse(&adjusted)?;
    let mut mistakes = strays(&pack, &result, &targets);
    mistakes.extend(unwritten(&result, &targets));
    match Mistakes::collect(mistakes) {
        Some(mistakes) => Err(mistakes),
        None => Ok(adjusted),
    }
}

/// As [`adjust`], for a text of `pack` that need not be a pack before everything else is changed.
pub(crate) fn edit_text(
    source: &str,
    pack: &RulePack,
    adjustments: &[Adjustment],
) -> Result<String, Mistakes> {
    let root = document::read(source).map_err(Mistakes::one)?;
    let numbers = pack.numbers();
    let places = Places::of(&numbers, &root);
    let wanted = resolve(&places, adjustments)?;
    Ok(edited(source, &root, &wanted)?.0)
}

/// The text with the numbers changed, and what they are to be.
fn edited<'a>(
    source: &str,
    root: &Node,
    wanted: &[(&'a Place<'a>, Given)],
) -> Result<(String, Vec<Target<'a>>), Mistakes> {
    let steps: Vec<_> = wanted.iter().map(|(place, _)| place.steps.as_slice()).collect();
    let Some(source) = alias::written_out(source, root, &steps) else {
        let shared = "the text repeats this by an alias; write it out where it is to differ";
        let mistakes = wanted.iter().map(|(place, _)| at(&place.path, shared.to_owned()));
        return Err(Mistakes::collect(mistakes.collect()).expect("each has one"));
    };
    let rewritten = match &source {
        Cow::Borrowed(_) => None,
        Cow::Owned(text) => Some(document::read(text).map_err(Mistakes::one)?),
    };
    let root = rewritten.as_ref().unwrap_or(root);
    let locate = |steps: &[Step]| path::find(root, steps);
    let mut edits = Edits::new(&source);
    let (mut targets, mut mistakes) = (Vec::new(), Vec::new());
    for (place, given) in wanted {
        let target = Target::new(place, given);
        if let Err(message) = target.write(&locate, &mut edits) {
            let position = locate(&place.steps).and_then(|found| found.node.position);
            mistakes.push(Mistake { position, ..at(&place.path, message) });
        }
        targets.push(target);
    }
    match Mistakes::collect(mistakes) {
        Some(mistakes) => Err(mistakes),
        None => Ok((edits.apply(), targets)),
    }
}

/// Finds the numbers and reads what they are to be.
pub(crate) fn resolve<'a>(
    places: &'a Places<'a>,
    adjustments: &[Adjustment],
) -> Result<Vec<(&'a Place<'a>, Given)>, Mistakes> {
    let (mut mistakes, mut targets, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for adjustment in adjustments {
        let mut wrong = Vec::new();
        let place = places.find(&adjustment.path).map_err(|message| wrong.push(message)).ok();
        if place.is_some_and(|place| !seen.insert(&place.path)) {
            wrong.push("the path is given twice; keep one".to_owned());
        }
        let given = Given::read(adjustment).map_err(|messages| wrong.extend(messages)).ok();
        let mistake = |message| at(&adjustment.path, message);
        mistakes.extend(wrong.into_iter().map(mistake));
        if let (Some(given), Some(place)) = (given, place) {
            targets.push((place, given));
        }
    }
    match Mistakes::collect(mistakes) {
        Some(mistakes) => Err(mistakes),
        None => Ok(targets),
    }
}

/// A mistake in what was asked for.
pub(crate) fn at(path: &str, message: String) -> Mistake {
    Mistake { path: path.chars().take(300).collect(), position: None, message }
}

/// What an adjustment says, read.
pub(crate) struct Given {
    pub(crate) value: Exact,
    pub(crate) provenance: Provenance,
    clause: Option<String>,
    note: Option<String>,
}

impl Given {
    /// Reads an adjustment, but for its path.
    pub(crate) fn read(adjustment: &Adjustment) -> Result<Self, Vec<String>> {
        let mut wrong = Vec::new();
        let value = match adjustment.value.parse::<Exact>() {
            Ok(value) if value.is_negative() => {
                wrong.push("negative; a deduction is written as a positive number".to_owned());
                None
            }
            value => value.map_err(|error| wrong.push(error.to_string())).ok(),
        };
        let provenance = adjustment.provenance.parse::<Provenance>();
        let provenance = provenance.map_err(|error| wrong.push(error.to_string())).ok();
        let clause = adjustment.clause.as_deref().map(str::trim);
        if clause == Some("") {
            wrong.push("the clause is empty; name one, or keep the one that stands".to_owned());
        }
        let (clause, note) = (clause.map(str::to_owned), adjustment.note.clone());
        match (value, provenance) {
            (Some(value), Some(provenance)) if wrong.is_empty() => {
                Ok(Self { value, provenance, clause, note })
            }
            _ => Err(wrong),
        }
    }

    /// The source that a number is to have, where another one stands.
    pub(crate) fn source(&self, stands: &Source) -> Source {
        let note = self.note.clone().or_else(|| stands.note.clone());
        Source {
            clause: self.clause.clone().unwrap_or_else(|| stands.clause.clone()),
            provenance: self.provenance.clone(),
            note: note.filter(|note| !note.trim().is_empty()),
        }
    }
}

/// A number of a pack, with what it is to be.
pub(crate) struct Target<'a> {
    place: &'a Place<'a>,
    value: Exact,
    source: Source,
}

impl<'a> Target<'a> {
    pub(crate) fn new(place: &'a Place<'a>, given: &Given) -> Self {
        let source = given.source(place.number.source);
        Self { place, value: given.value.clone(), source }
    }

    /// Writes the number into the text, in which `locate` finds a path.
    pub(crate) fn write<'n>(
        &self,
        locate: &dyn Fn(&[Step]) -> Option<Found<'n>>,
        edits: &mut Edits<'_>,
    ) -> Result<(), String> {
        let around = || {
            let (_, around) = self.place.steps.split_last()?;
            locate(around).map(|found| found.node)
        };
        let part = || around().ok_or("its part is written elsewhere; change it by hand");
        let Some(Found { node, .. }) = locate(&self.place.steps) else {
            // The text leaves it out.
            let number = self.with_source(&edits.number(&self.value), edits);
            return edits.insert_before_provenance(part()?, self.place.number.role, &number);
        };
        if self.place.number.number.is_none() {
            return self.write_whole(node, part()?, edits);
        }
        match &node.value {
            Value::Map(_) => self.write_into(node, edits),
            _ => {
                let number = edits.number_like(node, &self.value);
                edits.replace(node, &self.with_source(&number, edits))
            }
        }
    }

    /// A number that cannot have a source of its own.
    fn write_whole(&self, node: &Node, part: &Node, edits: &mut Edits<'_>) -> Result<(), String> {
        let (whole, within) = (self.whole()?, self.place.number.within);
        if self.source != *within {
            edits.source(part, within, &self.source)?;
        }
        edits.replace(node, &whole)
    }

    /// The value of a number that cannot have a source of its own.
    fn whole(&self) -> Result<String, String> {
        let number = self.place.number;
        if self.source != *number.within && number.role != "day" {
            return Err(format!(
                "has the source of `{}`, which other numbers have too: give `{}` of clause {}",
                number.path, number.within.provenance, number.within.clause
            ));
        }
        whole(&self.value).ok_or_else(|| format!("{} is no whole number", self.value))
    }

    /// A number that has a source of its own already.
    fn write_into(&self, node: &Node, edits: &mut Edits<'_>) -> Result<(), String> {
        let stands = self.place.number.source;
        let one_line = edits.one_line(node);
        if let Some(range) = one_line.filter(|_| self.source != *stands) {
            let number = edits.number(&self.value);
            edits.replace_range(range, self.with_source(&number, edits));
            return Ok(());
        }
        let value = node.field("value").ok_or("has no `value`")?;
        if self.value != self.place.number.value {
            edits.replace(value, &edits.number_like(value, &self.value))?;
        }
        edits.source(node, stands, &self.source)
    }

    /// The number, with its source where it needs one of its own.
    fn with_source(&self, value: &str, edits: &Edits<'_>) -> String {
        if self.source == *self.place.number.within {
            value.to_owned()
        } else {
            edits.sourced(value, &self.source)
        }
    }
}

/// What became different without being asked for.
fn strays(before: &RulePack, after: &RulePack, targets: &[Target<'_>]) -> Vec<Mistake> {
    let is_asked_for = |path: &str| {
        targets.iter().any(|target| {
            let Place { path: place, number, .. } = target.place;
            // The source of a whole number is that of its part.
            let part = number.number.is_none().then_some(number.path.as_str());
            let of = |place: &str| {
                path.strip_prefix(place)
                    .is_some_and(|rest| matches!(rest, "" | ".clause" | ".provenance" | ".note"))
            };
            of(place) || part.is_some_and(of)
        })
    };
    let strays = differences(before, after).into_iter().filter(|one| !is_asked_for(&one.path));
    let shared = "the text repeats the number here by an alias; write it out where it is to differ";
    strays.map(|one| at(&one.path, shared.to_owned())).collect()
}

/// The numbers that did not become what was asked for.
pub(crate) fn unwritten(after: &RulePack, targets: &[Target<'_>]) -> Vec<Mistake> {
    let numbers = after.numbers();
    let fails = targets.iter().filter(|target| {
        let result = numbers.iter().find(|number| number.place() == target.place.path);
        result.is_none_or(|number| number.value != target.value || *number.source != target.source)
    });
    let message = "cannot be changed in this text; change it by hand";
    fails.map(|target| at(&target.place.path, message.to_owned())).collect()
}
