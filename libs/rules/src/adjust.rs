//! Changing single numbers in the text of a pack, so that comments, order and layout stay.

mod alias;
mod edit;
mod places;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use chengping_types::Exact;

use crate::difference::differences;
use crate::document::{self, Node, Value};
use crate::mistakes::{Mistake, Mistakes};
use crate::pack::RulePack;
use crate::path::{self, Found};
use crate::source::{Provenance, Source};

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
    let steps: Vec<_> = wanted.iter().map(|(place, _)| place.steps.as_slice()).collect();
    let Some(source) = &alias::written_out(source, &steps) else {
        let shared = "the text repeats this by an alias; write it out where it is to differ";
        let mistakes = wanted.iter().map(|(place, _)| at(&place.path, shared.to_owned()));
        return Err(Mistakes::collect(mistakes.collect()).expect("each has one"));
    };
    let root = document::read(source).map_err(Mistakes::one)?;
    let target = |(place, given)| Target::new(place, &root, given);
    let targets: Vec<_> = wanted.into_iter().map(target).collect();
    let mut edits = Edits::new(source);
    let written = targets.iter().filter_map(|target| {
        target.write(&root, &mut edits).err().map(|message| target.mistake(message))
    });
    if let Some(mistakes) = Mistakes::collect(written.collect()) {
        return Err(mistakes);
    }
    let adjusted = edits.apply();
    let result = RulePack::parse(&adjusted)?;
    match Mistakes::collect(strays(&pack, &result, &targets)) {
        Some(mistakes) => Err(mistakes),
        None => Ok(adjusted),
    }
}

/// Finds the numbers and reads what they are to be.
fn resolve<'a>(
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
fn at(path: &str, message: String) -> Mistake {
    Mistake { path: path.chars().take(300).collect(), position: None, message }
}

/// What an adjustment says, read.
pub(crate) struct Given {
    pub(crate) value: Exact,
    provenance: Provenance,
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
struct Target<'a> {
    place: &'a Place<'a>,
    /// Where it is written; `None` for a number that the text leaves out.
    found: Option<Found<'a>>,
    value: Exact,
    source: Source,
}

impl<'a> Target<'a> {
    fn new(place: &'a Place<'a>, root: &'a Node, given: Given) -> Self {
        let found = path::find(root, &place.steps);
        let source = given.source(place.number.source);
        Self { place, found, value: given.value, source }
    }

    fn mistake(&self, message: String) -> Mistake {
        let position = self.found.as_ref().and_then(|found| found.node.position);
        Mistake { position, ..at(&self.place.path, message) }
    }

    /// Writes the number into the text.
    fn write(&self, root: &Node, edits: &mut Edits<'_>) -> Result<(), String> {
        let (_, around) = self.place.steps.split_last().expect("a path has a step");
        let part = path::find(root, around).expect("the part of a number is in the text");
        let Some(found) = &self.found else {
            let number = self.rendered(edits);
            return edits.insert_before_provenance(part.node, self.place.number.role, &number);
        };
        if self.place.number.number.is_none() {
            return self.write_whole(found.node, part.node, edits);
        }
        match &found.node.value {
            Value::Map(_) => self.write_into(found.node, edits),
            _ => edits.replace(found.node, &self.rendered_like(found.node, edits)),
        }
    }

    /// A number that cannot have a source of its own.
    fn write_whole(&self, node: &Node, part: &Node, edits: &mut Edits<'_>) -> Result<(), String> {
        let (number, within) = (self.place.number, self.place.number.within);
        if self.source != *within {
            if number.role != "day" {
                return Err(format!(
                    "has the source of `{}`, which other numbers have too: give `{}` of clause {}",
                    number.path, within.provenance, within.clause
                ));
            }
            edits.source(part, within, &self.source)?;
        }
        let whole =
            whole(&self.value).ok_or_else(|| format!("{} is no whole number", self.value))?;
        edits.replace(node, &whole)
    }

    /// A number that has a source of its own already.
    fn write_into(&self, node: &Node, edits: &mut Edits<'_>) -> Result<(), String> {
        let stands = self.place.number.source;
        let one_line = edits.one_line(node);
        if let Some(range) = one_line.filter(|_| self.source != *stands) {
            edits.replace_range(range, self.rendered(edits));
            return Ok(());
        }
        let value = node.field("value").ok_or("has no `value`")?;
        if self.value != self.place.number.value {
            edits.replace(value, &edits.number_like(value, &self.value))?;
        }
        edits.source(node, stands, &self.source)
    }

    /// The number as it is written anew.
    fn rendered(&self, edits: &Edits<'_>) -> String {
        self.with_source(&edits.number(&self.value), edits)
    }

    /// The number in place of a plain one.
    fn rendered_like(&self, node: &Node, edits: &Edits<'_>) -> String {
        self.with_source(&edits.number_like(node, &self.value), edits)
    }

    fn with_source(&self, value: &str, edits: &Edits<'_>) -> String {
        if self.source == *self.place.number.within {
            value.to_owned()
        } else {
            edits.sourced(value, &self.source)
        }
    }
}

/// What became different without being asked for, or did not become what was asked for.
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
    let mut mistakes: Vec<_> = strays.map(|one| at(&one.path, shared.to_owned())).collect();
    let numbers = after.numbers();
    let fails = targets.iter().filter(|target| {
        let result = numbers.iter().find(|number| number.place() == target.place.path);
        result.is_none_or(|number| number.value != target.value || *number.source != target.source)
    });
    let unwritten = "cannot be changed in this text; change it by hand";
    mistakes.extend(fails.map(|target| target.mistake(unwritten.to_owned())));
    mistakes
}
