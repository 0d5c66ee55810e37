//! A whole pack out of a parent and what is different.

use serde_json::Value as Json;

use super::{Change, Derived, GivenSource, Override};
use crate::adjust::{Adjustment, edit_text};
use crate::difference::PackDifference;
use crate::document::{self, Node, Value};
use crate::mistakes::{Mistake, Mistakes};
use crate::pack::RulePack;
use crate::path::{self, Step, called, join};

/// What a pack that derives comes to.
#[derive(Debug, Clone)]
pub struct Derivation {
    /// The whole pack.
    pub pack: RulePack,
    /// Overrides that say what the parent says anyway, at their places.
    pub idle: Vec<Mistake>,
}

/// The whole pack that a text derives from its parent.
///
/// # Errors
///
/// All mistakes at once, each at its place in the text that derives: a parent with another digest
/// than the text names, paths that the parent does not have (but for a new key or element of a part
/// that it has), paths given twice or inside of each other, numbers without a provenance, and what
/// is wrong with the pack that results.
pub fn derive(parent: &RulePack, derived: &Derived) -> Result<Derivation, Mistakes> {
    let canonical = String::from_utf8(parent.canonical()).expect("canonical JSON is UTF-8");
    let root = document::read(&canonical).map_err(Mistakes::one)?;
    let mut mistakes = Vec::new();
    if parent.digest() != derived.extends.digest {
        let position = derived.root.field("extends").and_then(|node| node.field("digest"));
        mistakes.push(Mistake {
            path: "extends.digest".to_owned(),
            position: position.and_then(|node| node.position),
            message: format!(
                "the parent is another one: revision {} of `{}` has {}",
                derived.extends.revision,
                derived.extends.pack,
                parent.digest()
            ),
        });
    }
    let plan = plan(parent, derived, &root, &mut mistakes);
    if let Some(mistakes) = Mistakes::collect(mistakes) {
        return Err(mistakes);
    }
    let numbers: Vec<_> = plan.iter().filter_map(|step| step.number.clone()).collect();
    let text = edit_text(&canonical, parent, &numbers)
        .map_err(|mistakes| relocated(derived, &plan, &mistakes))?;
    let before: Json = serde_json::from_str(&canonical).expect("canonical JSON is JSON");
    let mut tree: Json = serde_json::from_str(&text).expect("edited JSON is JSON");
    plan.iter().for_each(|step| step.set(derived, &mut tree));
    let mut removed: Vec<_> = plan.iter().filter(|step| step.removes(derived)).collect();
    // Elements that are named by their index go from the last on.
    removed.sort_by_key(|step| std::cmp::Reverse(step.last_index()));
    removed.into_iter().for_each(|step| remove(&mut tree, &step.steps));
    tree["pack"] = Json::from(derived.pack.to_string());
    tree["title"] = serde_json::to_value(&derived.title).expect("names are text");
    let pack = RulePack::parse(&tree.to_string())
        .map_err(|mistakes| relocated(derived, &plan, &mistakes))?;
    let after: Json = serde_json::from_slice(&pack.canonical()).expect("canonical JSON is JSON");
    let is_idle = |step: &&Planned| at(&before, &step.steps) == at(&after, &step.steps);
    let idle = plan.iter().filter(is_idle).map(|step| {
        derived.mistake(step.at, "says what the parent says anyway; remove the override".to_owned())
    });
    let idle = idle.collect();
    Ok(Derivation { pack, idle })
}

/// Those of the parent's differences that touch a place which the pack overrides, or lie in one or
/// around one.
#[must_use]
pub fn contested(derived: &Derived, parent: &[PackDifference]) -> Vec<String> {
    let overridden: Vec<_> =
        derived.overrides.iter().filter_map(|one| path::steps(&one.path)).collect();
    let touches = |one: &&PackDifference| {
        path::steps(&one.path).is_some_and(|steps| {
            overridden
                .iter()
                .any(|path| path.iter().zip(&steps).all(|(one, other)| one.text() == other.text()))
        })
    };
    parent.iter().filter(touches).map(|one| one.path.clone()).collect()
}

/// An override whose place is known.
pub(super) struct Planned {
    /// Which override it is.
    pub(super) at: usize,
    pub(super) steps: Vec<Step>,
    number: Option<Adjustment>,
}

/// Finds the places of all overrides.
pub(super) fn plan(
    parent: &RulePack,
    derived: &Derived,
    root: &Node,
    mistakes: &mut Vec<Mistake>,
) -> Vec<Planned> {
    let numbers: Vec<String> = parent.numbers().iter().map(crate::PackNumber::place).collect();
    let mut plan: Vec<Planned> = Vec::new();
    for (at, one) in derived.overrides.iter().enumerate() {
        let planned = locate(one, root).and_then(|steps| {
            let is_number = numbers.contains(&join(&steps));
            let number = number_of(one, &steps, is_number)?;
            let clash = plan
                .iter()
                .find(|other| steps.iter().zip(&other.steps).all(|(one, other)| one == other));
            match clash {
                Some(other) if other.steps == steps => Err("given twice; keep one".to_owned()),
                Some(other) => {
                    Err(format!("overlaps with `{}`; write it into one", join(&other.steps)))
                }
                None => Ok(Planned { at, steps, number }),
            }
        });
        match planned {
            Ok(planned) => plan.push(planned),
            Err(message) => mistakes.push(derived.mistake(at, message)),
        }
    }
    plan
}

/// The place of an override, under its own name: one of the parent's, or a new one in a part that
/// the parent has.
fn locate(one: &Override, root: &Node) -> Result<Vec<Step>, String> {
    let wanted = path::steps(&one.path)
        .ok_or("no path; write keys with dots between and elements in brackets")?;
    if matches!(wanted[0].text(), "pack" | "title") {
        return Err("the pack that derives has its own at the top".to_owned());
    }
    let (steps, node) = path::resolve(root, &wanted);
    if steps.len() == wanted.len() {
        return Ok(steps);
    }
    let known = || {
        let names = path::names(node).into_iter().take(12).collect::<Vec<_>>().join("`, `");
        let within = join(&steps);
        let place = if within.is_empty() {
            "the parent".to_owned()
        } else {
            format!("`{within}` of the parent")
        };
        format!("{place} has no `{}`; there are `{names}`", wanted[steps.len()].text())
    };
    let Change::Set { value, .. } = &one.change else { return Err(known()) };
    let last = wanted[wanted.len() - 1].text().to_owned();
    let new = match &node.value {
        Value::Map(_) => Step::Key(last.clone()),
        Value::List(_) if called(usize::MAX, &value.json) == last => Step::Element(last.clone()),
        _ => return Err(known()),
    };
    if steps.len() + 1 < wanted.len() {
        return Err(known());
    }
    Ok(steps.into_iter().chain([new]).collect())
}

/// What an override of a number asks for; `None` where it is about something else.
fn number_of(
    one: &Override,
    steps: &[Step],
    is_number: bool,
) -> Result<Option<Adjustment>, String> {
    let Change::Set { value, source } = &one.change else {
        let message = "a number cannot be removed; write the number that is to hold";
        return if is_number { Err(message.to_owned()) } else { Ok(None) };
    };
    let GivenSource { provenance, clause, note } = source;
    if let (true, Some(value)) = (is_number, value.scalar()) {
        let provenance = provenance.as_ref().ok_or("a number needs its `provenance`; add it")?;
        return Ok(Some(Adjustment {
            path: join(steps),
            value,
            provenance: provenance.to_string(),
            clause: clause.clone(),
            note: note.clone(),
        }));
    }
    if provenance.is_some() || clause.is_some() || note.is_some() {
        return Err("only a number has its source beside it; a part has it inside of `value`, a \
                    setting that of its part"
            .to_owned());
    }
    if let Some(Step::Element(name)) = steps.last()
        && name.parse::<usize>().is_err()
        && called(usize::MAX, &value.json) != *name
    {
        return Err(format!(
            "the value is called otherwise than `{name}`; to exchange it, remove the one and add the other"
        ));
    }
    Ok(None)
}

impl Planned {
    fn removes(&self, derived: &Derived) -> bool {
        matches!(derived.overrides[self.at].change, Change::Remove)
    }

    fn last_index(&self) -> Option<usize> {
        self.steps.last()?.text().parse().ok()
    }

    /// Puts the value in its place, unless it is a number or nothing.
    fn set(&self, derived: &Derived, tree: &mut Json) {
        let Change::Set { value, .. } = &derived.overrides[self.at].change else { return };
        let Some((last, around)) = self.steps.split_last().filter(|_| self.number.is_none()) else {
            return;
        };
        let Some(around) = at_mut(tree, around) else { return };
        match around {
            Json::Object(object) => {
                object.insert(last.text().to_owned(), value.json.clone());
            }
            Json::Array(list) => match index_of(list, last.text()) {
                Some(index) => list[index] = value.json.clone(),
                None => list.push(value.json.clone()),
            },
            _ => {}
        }
    }
}

fn index_of(list: &[Json], name: &str) -> Option<usize> {
    list.iter().enumerate().position(|(index, item)| called(index, item) == name)
}

fn at<'t>(tree: &'t Json, steps: &[Step]) -> Option<&'t Json> {
    steps.iter().try_fold(tree, |tree, step| match tree {
        Json::Array(list) => index_of(list, step.text()).map(|index| &list[index]),
        tree => tree.get(step.text()),
    })
}

fn at_mut<'t>(tree: &'t mut Json, steps: &[Step]) -> Option<&'t mut Json> {
    steps.iter().try_fold(tree, |tree, step| match tree {
        Json::Array(list) => index_of(list, step.text()).map(|index| &mut list[index]),
        tree => tree.get_mut(step.text()),
    })
}

fn remove(tree: &mut Json, steps: &[Step]) {
    let Some((last, around)) = steps.split_last() else { return };
    match at_mut(tree, around) {
        Some(Json::Object(object)) => {
            object.remove(last.text());
        }
        Some(Json::Array(list)) => {
            if let Some(index) = index_of(list, last.text()) {
                list.remove(index);
            }
        }
        _ => {}
    }
}

/// Mistakes of a pack that has no text of its own, at the overrides that they come from.
fn relocated(derived: &Derived, plan: &[Planned], mistakes: &Mistakes) -> Mistakes {
    let whole = derived.root.field("overrides").and_then(|node| node.position);
    let moved = mistakes.iter().map(|mistake| {
        let steps = path::steps(&mistake.path).unwrap_or_default();
        let shared = |step: &&Planned| {
            !steps.is_empty() && steps.iter().zip(&step.steps).all(|(one, other)| one == other)
        };
        let nearest =
            plan.iter().filter(shared).max_by_key(|step| step.steps.len().min(steps.len()));
        let inside = nearest.and_then(|step| {
            let rest = steps.get(step.steps.len()..)?;
            path::resolve(derived.node(step.at).field("value")?, rest).1.position
        });
        let at_override = nearest.and_then(|step| derived.overrides[step.at].position);
        Mistake { position: inside.or(at_override).or(whole), ..mistake.clone() }
    });
    Mistakes::collect(moved.collect()).expect("each is kept")
}
