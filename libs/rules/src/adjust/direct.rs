//! Changing single numbers in a pack itself, where no text is wanted.

use serde_json::json;

use super::{Adjustment, Target, at, places::Places, resolve, unwritten};
use crate::document::{Node, Value};
use crate::mistakes::Mistakes;
use crate::pack::RulePack;
use crate::path::find_mut;
use crate::source::Source;

/// The pack that [`adjust`](super::adjust) makes of the canonical form of `pack`.
///
/// # Errors
///
/// As [`adjust`](super::adjust).
pub fn adjust_pack(pack: &RulePack, adjustments: &[Adjustment]) -> Result<RulePack, Mistakes> {
    let root = pack.tree();
    let numbers = pack.numbers();
    let places = Places::of(&numbers, &root);
    let wanted = resolve(&places, adjustments)?;
    let mut adjusted = root.clone();
    let (mut targets, mut mistakes) = (Vec::new(), Vec::new());
    for (place, given) in &wanted {
        let target = Target::new(place, given);
        if let Err(message) = target.set(&mut adjusted) {
            mistakes.push(at(&place.path, message));
        }
        targets.push(target);
    }
    if let Some(mistakes) = Mistakes::collect(mistakes) {
        return Err(mistakes);
    }
    let result = RulePack::of_tree(&adjusted)?;
    match Mistakes::collect(unwritten(&result, &targets)) {
        Some(mistakes) => Err(mistakes),
        None => Ok(result),
    }
}

impl Target<'_> {
    /// Sets the number in the tree of a canonical form, as [`Target::write`] writes it into a text.
    fn set(&self, root: &mut Node) -> Result<(), String> {
        let (last, around) = self.place.steps.split_last().ok_or("no path")?;
        let part = find_mut(root, around).ok_or("its part is not there")?;
        let number = self.place.number;
        if number.number.is_none() {
            let whole: i64 = self.whole()?.parse().map_err(|_| "too large".to_owned())?;
            if self.source != *number.within {
                set_source(part, &self.source);
            }
            part.set(last.text(), json!(whole));
            return Ok(());
        }
        let value = json!(self.value.to_string());
        match part.field_mut(last.text()) {
            Some(node @ Node { value: Value::Map(_), .. }) if self.source == *number.source => {
                node.set("value", value);
            }
            _ if self.source == *number.within => part.set(last.text(), value),
            _ => {
                let mut sourced = Node::from(json!({ "value": value }));
                set_source(&mut sourced, &self.source);
                part.set(last.text(), sourced);
            }
        }
        Ok(())
    }
}

fn set_source(part: &mut Node, source: &Source) {
    let Source { clause, provenance, note } = source;
    part.set("clause", json!(clause));
    part.set("provenance", json!(provenance.to_string()));
    match note {
        Some(note) => part.set("note", json!(note)),
        None => part.remove("note"),
    }
}
