//! Changing the text of a pack that derives from another.

use super::{Change, Derived, Extends, derive, read_derived};
use crate::adjust::edit::{Edits, quoted};
use crate::adjust::places::{Place, Places};
use crate::adjust::{Adjustment, Given, Target, at, resolve, unwritten};
use crate::document;
use crate::mistakes::{Mistake, Mistakes};
use crate::pack::RulePack;
use crate::path::{self, Step};
use crate::source::Source;

/// Changes single numbers of a pack that derives: in the override that has the number, or by a new
/// override. Comments, order and layout of the text stay.
///
/// # Errors
///
/// As [`adjust`](crate::adjust), and those of reading and deriving.
pub fn adjust_derived(
    parent: &RulePack,
    source: &str,
    adjustments: &[Adjustment],
) -> Result<String, Mistakes> {
    let derived = read_derived(source)?;
    let pack = derive(parent, &derived)?.pack;
    let canonical = String::from_utf8(pack.canonical()).expect("canonical JSON is UTF-8");
    let root = document::read(&canonical).map_err(Mistakes::one)?;
    let parent_text = String::from_utf8(parent.canonical()).expect("canonical JSON is UTF-8");
    let parent_root = document::read(&parent_text).map_err(Mistakes::one)?;
    let plan = super::derive::plan(parent, &derived, &parent_root, &mut Vec::new());
    let numbers = pack.numbers();
    let places = Places::of(&numbers, &root);
    let mut edits = Edits::new(source);
    let (mut mistakes, mut targets, mut new) = (Vec::new(), Vec::new(), Vec::new());
    for (place, given) in resolve(&places, adjustments)? {
        let within = plan.iter().find(|one| place.steps.starts_with(&one.steps));
        let written = match within {
            None => {
                new.push(entry(&edits, place, &given));
                Ok(())
            }
            Some(one) => write(&derived, one.at, one.steps.len(), place, &given, &mut edits),
        };
        if let Err(message) = written {
            mistakes.push(at(&place.path, message));
        }
        targets.push(Target::new(place, &given));
    }
    if let Err(message) = append(&derived, new, &mut edits) {
        mistakes.push(at("overrides", message));
    }
    if let Some(mistakes) = Mistakes::collect(mistakes) {
        return Err(mistakes);
    }
    let adjusted = edits.apply();
    let result = derive(parent, &read_derived(&adjusted)?)?.pack;
    match Mistakes::collect(unwritten(&result, &targets)) {
        Some(mistakes) => Err(mistakes),
        None => Ok(adjusted),
    }
}

/// Writes a number into the override that has it.
fn write(
    derived: &Derived,
    at: usize,
    depth: usize,
    place: &Place<'_>,
    given: &Given,
    edits: &mut Edits<'_>,
) -> Result<(), String> {
    let node = derived.node(at);
    let Some(value) = node.field("value") else { return Err("is removed here".to_owned()) };
    let rest = &place.steps[depth..];
    let stands = place.number.source;
    let is_plain = match &derived.overrides[at].change {
        Change::Set { value, .. } => rest.is_empty() && value.scalar().is_some(),
        Change::Remove => false,
    };
    if is_plain {
        let number = edits.number_like(value, &given.value);
        edits.replace(value, &number)?;
        return edits.source(node, stands, &given.source(stands));
    }
    let locate = |steps: &[Step]| steps.get(depth..).and_then(|rest| path::find(value, rest));
    Target::new(place, given).write(&locate, edits)
}

/// A new override, as the entries of its mapping.
fn entry(edits: &Edits<'_>, place: &Place<'_>, given: &Given) -> Vec<(&'static str, String)> {
    let Source { clause, note, .. } = given.source(place.number.source);
    let stands = place.number.source;
    let mut entries = vec![("path", quoted(&place.path)), ("value", edits.number(&given.value))];
    if clause != stands.clause {
        entries.push(("clause", quoted(&clause)));
    }
    entries.push(("provenance", edits.provenance(&given.provenance)));
    if note != stands.note {
        entries.push(("note", quoted(&note.unwrap_or_default())));
    }
    entries
}

/// Appends overrides to the list of a text.
fn append(
    derived: &Derived,
    entries: Vec<Vec<(&'static str, String)>>,
    edits: &mut Edits<'_>,
) -> Result<(), String> {
    if entries.is_empty() {
        return Ok(());
    }
    edits.append(&derived.root, "overrides", &entries)
}

/// The text of a pack that derives, from another revision: the same differences from another base.
///
/// # Errors
///
/// Those of reading the text, or that `extends` is written in an unusual way.
pub fn rebased(source: &str, extends: &Extends) -> Result<String, Mistakes> {
    let derived = read_derived(source)?;
    let mut edits = Edits::new(source);
    let node = derived.root.field("extends");
    let changes = [
        (
            "jurisdiction",
            quoted(extends.jurisdiction.as_str()),
            derived.extends.jurisdiction != extends.jurisdiction,
        ),
        ("pack", quoted(extends.pack.as_str()), derived.extends.pack != extends.pack),
        ("revision", extends.revision.to_string(), derived.extends.revision != extends.revision),
        ("digest", quoted(&extends.digest.to_string()), derived.extends.digest != extends.digest),
    ];
    for (key, new, _) in changes.into_iter().filter(|(_, _, differs)| *differs) {
        let Some(node) = node.and_then(|node| node.field(key)) else { continue };
        edits.replace(node, &new).map_err(|message| {
            let path = format!("extends.{key}");
            Mistakes::one(Mistake { path, position: node.position, message })
        })?;
    }
    Ok(edits.apply())
}
