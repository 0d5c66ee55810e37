//! Reading the parts of a pack.

use std::collections::BTreeMap;

use chengping_casework::Lifecycle;
use chengping_types::Family;

use super::{
    Band, BandTable, Figure, Freeze, Grade, Grades, Group, LongTermCategory, Redistribution,
    RulePack, Scoring, Selection, TooFewCases,
};
use crate::decode::{Decode, Decoder, Fields};
use crate::document::{Node, Value};
use crate::family::FamilyRules;
use crate::identifier;
use crate::number::{Number, positive, share};
use crate::source::Source;

impl Decode for RulePack {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let pack = fields.required("pack");
        let title = fields.required("title");
        let time_zone = fields.required("time_zone");
        let freeze = fields.required("freeze");
        let lifecycle = fields.optional_with("lifecycle", lifecycle);
        let selection = fields.required("selection");
        let scoring = fields.required("scoring");
        let grades = fields.required("grades");
        // Before the items, which refer to the tables by name.
        let bands = fields.optional_with("bands", band_tables);
        let groups: Option<Vec<Group>> = fields.required("groups");
        let families = fields.required_with("families", families);
        let figures: Option<Option<Vec<Figure>>> = fields.optional("figures");
        if let (Some(groups), Some(families)) = (&groups, &families) {
            check_groups(groups, families, &mut fields);
        }
        if let Some(Some(figures)) = &figures {
            fields.refuse_repeated("figure", figures.iter().map(|figure| figure.id.as_str()));
        }
        fields.close();
        Some(Self {
            pack: pack?,
            title: title?,
            time_zone: time_zone?,
            freeze: freeze?,
            lifecycle: lifecycle?.unwrap_or_default(),
            selection: selection?,
            scoring: scoring?,
            grades: grades?,
            bands: bands?.unwrap_or_default(),
            groups: groups?,
            families: families?,
            figures: figures?.unwrap_or_default(),
        })
    }
}

/// Each kind stands in at most one group, and each group inside one family of the pack.
fn check_groups(
    groups: &[Group],
    families: &BTreeMap<Family, FamilyRules>,
    fields: &mut Fields<'_, '_>,
) {
    fields.refuse_repeated("group", groups.iter().map(|group| group.id.as_str()));
    let kinds = groups.iter().flat_map(|group| &group.kinds);
    fields.refuse_repeated("body kind", kinds.map(|kind| kind.as_str()));
    for group in groups {
        let Some(first) = group.kinds.first() else {
            fields.reject::<()>(format!("the group `{}` has no kinds; add one", group.id));
            continue;
        };
        let family = first.family();
        if group.kinds.iter().any(|kind| kind.family() != family) {
            let id = &group.id;
            fields.reject::<()>(format!("the group `{id}` mixes families; split it"));
        } else if !families.contains_key(&family) {
            let id = &group.id;
            fields.reject::<()>(format!("the group `{id}` needs rules for `families.{family}`"));
        }
    }
}

/// Reads each switch alone, so that each mistake has its place.
fn lifecycle(node: &Node, decoder: &mut Decoder) -> Option<Lifecycle> {
    let switches = decoder.entries(node, |key, value, inner| {
        let text = inner.text(value, "a setting")?;
        let switch = serde_json::Map::from_iter([(key.name.clone(), text.into())]);
        match serde_json::from_value::<Lifecycle>(switch.clone().into()) {
            Ok(_) => Some(switch),
            Err(error) => inner.reject(value, error.to_string()),
        }
    })?;
    let all = switches.into_iter().flatten().collect::<serde_json::Map<_, _>>();
    serde_json::from_value(all.into())
        .map_or_else(|error| decoder.reject(node, error.to_string()), Some)
}

fn band_tables(node: &Node, decoder: &mut Decoder) -> Option<BTreeMap<String, BandTable>> {
    let mut names = Vec::new();
    let tables = decoder.entries(node, |key, value, inner| {
        names.push(key.name.clone());
        if !key.name.chars().all(identifier::is_lower) {
            return inner.reject(value, "a band table's name is made of a-z, 0-9 and _");
        }
        BandTable::decode(value, inner).map(|table| (key.name.clone(), table))
    });
    decoder.bands = names;
    tables.map(BTreeMap::from_iter)
}

fn families(node: &Node, decoder: &mut Decoder) -> Option<BTreeMap<Family, FamilyRules>> {
    let families = decoder.entries(node, |key, value, inner| {
        let rules = FamilyRules::decode(value, inner);
        match key.name.parse() {
            Ok(Family::Post) => inner.reject(value, "post rules are not supported; remove them"),
            Ok(family) => rules.map(|rules| (family, rules)),
            Err(error) => inner.reject(value, format!("{error}")),
        }
    })?;
    if families.is_empty() {
        return decoder.reject(node, "no family; add `area` or `department`");
    }
    Some(BTreeMap::from_iter(families))
}

impl Decode for Freeze {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let day = fields.required_with("day", |node, inner| match node.value {
            // Day 28 at 24:00 may be the end of the month after.
            Value::Integer(day @ 1..=27) => u8::try_from(day).ok(),
            _ => inner.reject(node, "expected a day of the next month, from 1 to 27"),
        });
        let source = Source::from_fields(&mut fields);
        fields.close();
        Some(Self { day: day?, source: source? })
    }
}

impl Decode for Selection {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let order: Option<Vec<super::SelectionTest>> = fields.required("order");
        let long_term: Option<Option<Vec<_>>> = fields.optional("long_term");
        if let Some(order) = &order {
            fields.refuse_repeated("test", order.iter().map(|test| test.as_str()));
        }
        let source = Source::from_fields(&mut fields);
        fields.close();
        let long_term = long_term?.unwrap_or_default();
        Some(Self { order: order?, long_term, source: source? })
    }
}

impl Decode for LongTermCategory {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let (scheme, codes) = (fields.required("scheme"), fields.required("codes"));
        fields.close();
        Some(Self { scheme: scheme?, codes: codes? })
    }
}

impl Decode for Scoring {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let base = fields.required_with("base", positive);
        let floor: Option<Number> = fields.required("floor");
        let cases_min = fields.required("cases_min");
        let too_few_cases: Option<Option<TooFewCases>> = fields.optional("too_few_cases");
        let redistribution: Option<Option<Redistribution>> = fields.optional("redistribution");
        let reference_min = fields.required_with("reference_min", positive);
        let history_months =
            fields.required_with("history_months", |node, inner| match u32::decode(node, inner)? {
                months @ 1..=12 => Some(months),
                _ => inner.reject(node, "expected 1 to 12 months"),
            });
        let warning_share = fields.required_with("warning_share", share);
        let source = Source::from_fields(&mut fields);
        if let (Some(base), Some(floor)) = (&base, &floor)
            && floor.value > base.value
        {
            fields.reject::<()>("the floor is above the base; lower it");
        }
        fields.close();
        Some(Self {
            base: base?,
            floor: floor?,
            cases_min: cases_min?,
            too_few_cases: too_few_cases?.unwrap_or(TooFewCases::Unranked),
            redistribution: redistribution?.unwrap_or(Redistribution::AtMostDouble),
            reference_min: reference_min?,
            history_months: history_months?,
            warning_share: warning_share?,
            source: source?,
        })
    }
}

impl Decode for Grades {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let steps: Option<Vec<Grade>> = fields.required("steps");
        let source = Source::from_fields(&mut fields);
        if let Some(steps) = &steps
            && !steps.is_sorted_by(|better, worse| better.from.value > worse.from.value)
        {
            fields.reject::<()>("the grades must go from the best down");
        }
        fields.close();
        Some(Self { steps: steps?, source: source? })
    }
}

impl Decode for Grade {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let (grade, from) = (fields.required("grade"), fields.required("from"));
        fields.close();
        Some(Self { grade: grade?, from: from? })
    }
}

impl Decode for BandTable {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let steps: Option<Vec<Band>> = fields.required("steps");
        let source = Source::from_fields(&mut fields);
        if let Some(steps) = &steps
            && let Some(problem) = band_problem(steps)
        {
            fields.reject::<()>(problem);
        }
        fields.close();
        Some(Self { steps: steps?, source: source? })
    }
}

/// What is wrong with the order of bands: bounds rise, shares never fall, the last is open.
fn band_problem(steps: &[Band]) -> Option<&'static str> {
    let Some((last, bounded)) = steps.split_last() else {
        return Some("a band table without steps; add one");
    };
    if last.up_to.is_some() {
        return Some("the last band must have no `up_to`, so that every quotient falls into one");
    }
    let Some(bounds) = bounded.iter().map(|band| band.up_to.as_ref()).collect::<Option<Vec<_>>>()
    else {
        return Some("only the last band may leave `up_to` out");
    };
    if !bounds.is_sorted_by(|lower, higher| lower.value < higher.value) {
        return Some("the bounds must rise from step to step");
    }
    let rising = steps.is_sorted_by(|lower, higher| lower.share.value <= higher.share.value);
    (!rising).then_some("the shares must not fall from step to step")
}

impl Decode for Band {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let up_to = fields.optional("up_to");
        let share = fields.required_with("share", share);
        fields.close();
        Some(Self { up_to: up_to?, share: share? })
    }
}

impl Decode for Group {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let id = fields.required_with("id", identifier::lower);
        let kinds = fields.required("kinds");
        let name = fields.required("name");
        fields.close();
        Some(Self { id: id?, kinds: kinds?, name: name? })
    }
}

impl Decode for Figure {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let id = fields.required_with("id", identifier::mixed);
        let name = fields.required("name");
        let rate = fields.required("rate");
        let source = Source::from_fields(&mut fields);
        fields.close();
        Some(Self { id: id?, name: name?, rate: rate?, source: source? })
    }
}
