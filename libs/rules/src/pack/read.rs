//! Reading the parts of a pack.

use std::collections::BTreeMap;

use chengping_casework::Lifecycle;
use chengping_types::{BodyKind, Family};

use super::{
    BandStep, BandTable, Figure, Freeze, Grade, Grades, Group, LongTermCategory, LongTermCount,
    Redistribution, RulePack, Scoring, Selection, TooFewCases,
};
use crate::decode::{Decode, Decoder, Fields};
use crate::document::{Node, Value};
use crate::family::FamilyRules;
use crate::identifier;
use crate::number::{Number, positive, share};
use crate::path::called;
use crate::post;
use crate::source::Source;

impl Decode for RulePack {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("pack", node, decoder)?;
        let pack = fields.required("pack");
        let title = fields.required("title");
        let time_zone = fields.required("time_zone");
        let freeze = fields.required("freeze");
        let lifecycle = fields.optional_with("lifecycle", lifecycle);
        let selection: Option<Selection> = fields.required("selection");
        fields.decoder.tests = selection.as_ref().map(|selection| selection.order.clone());
        let scoring: Option<Scoring> = fields.required("scoring");
        let claims = scoring.as_ref().filter(|scoring| scoring.adds_up);
        fields.decoder.adds_up_to = claims.map(|scoring| scoring.base.value.clone());
        let grades = fields.required("grades");
        // Before the items, which refer to the tables by name.
        let bands = fields.optional_with("bands", band_tables);
        let groups: Option<Vec<Group>> = fields.required("groups");
        let families = fields.required_with("families", families);
        let figures: Option<Option<Vec<Figure>>> = fields.optional("figures");
        let annual = fields.optional("annual");
        let publication = fields.optional("publication");
        check_groups(&mut fields);
        if let (Some(groups), Some(families)) = (&groups, &families) {
            let posts = families.get(&Family::Post);
            if let (Some(posts), Some(scoring)) = (posts, &scoring) {
                let scoring: &Scoring = scoring;
                post::check_streams(groups, posts, &scoring.base.value, &mut fields);
            }
        }
        if let Some(Some(figures)) = &figures {
            fields.refuse_repeated("figure", figures.iter().map(|figure| figure.id.as_str()));
        }
        if fields.elsewhere("extends").is_some() {
            fields.reject::<()>("it derives from another pack, which must be there to read it");
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
            annual: annual?,
            publication: publication?,
        })
    }
}

/// Each kind stands in at most one group, and each group inside one family of the pack. Looks at
/// the text, so that it is told also when another group or the rules of a family cannot be read.
fn check_groups(fields: &mut Fields<'_, '_>) {
    let families = fields.elsewhere("families");
    let families: Vec<Family> =
        families.into_iter().flat_map(Node::keys).filter_map(|key| key.parse().ok()).collect();
    let groups = fields.elsewhere("groups").map_or(&[][..], Node::list);
    let kinds = |group: &Node| -> Vec<BodyKind> {
        let kinds = group.field("kinds").map_or(&[][..], Node::list);
        kinds.iter().filter_map(Node::text).filter_map(|kind| kind.parse().ok()).collect()
    };
    let all: Vec<BodyKind> = groups.iter().flat_map(kinds).collect();
    fields.refuse_repeated("group", groups.iter().filter_map(|group| group.text_of("id")));
    fields.refuse_repeated("body kind", all.iter().map(|kind| kind.as_str()));
    for (index, group) in groups.iter().enumerate() {
        if let Some(problem) = group_problem(group, &kinds(group), &families) {
            let path = format!("groups[{}]", called(index, group));
            fields.decoder.within(&path, |inner| inner.reject::<()>(group, problem));
        }
    }
    for family in families.iter().filter(|family| all.iter().all(|kind| kind.family() != **family))
    {
        fields.reject::<()>(format!(
            "no group has bodies for `families.{family}`; add a group or drop the family"
        ));
    }
}

fn group_problem(group: &Node, kinds: &[BodyKind], families: &[Family]) -> Option<String> {
    let id = group.text_of("id").unwrap_or_default();
    let Some(first) = kinds.first() else {
        let is_empty = group.field("kinds").is_some_and(|kinds| kinds.list().is_empty());
        return is_empty.then(|| format!("the group `{id}` has no kinds; add one"));
    };
    let family = first.family();
    if kinds.iter().any(|kind| kind.family() != family) {
        return Some(format!("the group `{id}` mixes families; split it"));
    }
    let missing = !families.contains(&family);
    missing.then(|| format!("the group `{id}` needs rules for `families.{family}`"))
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
    let mut names = BTreeMap::new();
    let tables = decoder.entries(node, |key, value, inner| {
        // Known also when it cannot be read, so that nobody who names it is blamed.
        names.insert(key.name.clone(), true);
        if !key.name.chars().all(identifier::is_lower) {
            return inner.reject(value, "a band table's name is made of a-z, 0-9 and _");
        }
        let table = BandTable::decode(value, inner)?;
        names.insert(key.name.clone(), table.rises());
        Some((key.name.clone(), table))
    });
    decoder.bands = names;
    tables.map(BTreeMap::from_iter)
}

fn families(node: &Node, decoder: &mut Decoder) -> Option<BTreeMap<Family, FamilyRules>> {
    let families = decoder.entries(node, |key, value, inner| {
        let family = key.name.parse::<Family>();
        inner.family = family.as_ref().ok().copied();
        let rules = FamilyRules::decode(value, inner);
        match family {
            Ok(family) => rules.map(|rules| (family, rules)),
            Err(error) => inner.reject(value, format!("{error}")),
        }
    });
    // Figures are over the whole body, and no item has deducted anything there.
    decoder.items.clear();
    (decoder.zoned, decoder.sized, decoder.over_all) = (false, false, true);
    let families = families?;
    if families.is_empty() {
        return decoder.reject(node, "no family; add `area`, `department` or `post`");
    }
    Some(BTreeMap::from_iter(families))
}

impl Decode for Freeze {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("freeze", node, decoder)?;
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
        let mut fields = Fields::open("selection", node, decoder)?;
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
        let mut fields = Fields::open("long_term", node, decoder)?;
        let (scheme, codes) = (fields.required("scheme"), fields.required("codes"));
        fields.close();
        Some(Self { scheme: scheme?, codes: codes? })
    }
}

impl Decode for Scoring {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("scoring", node, decoder)?;
        let base = fields.required_with("base", positive);
        let floor: Option<Number> = fields.required("floor");
        let cases_min = fields.required("cases_min");
        let too_few_cases: Option<Option<TooFewCases>> = fields.optional("too_few_cases");
        let redistribution: Option<Option<Redistribution>> = fields.optional("redistribution");
        let long_term: Option<Option<LongTermCount>> = fields.optional("long_term");
        let reference_min = fields.required_with("reference_min", positive);
        let history_months =
            fields.required_with("history_months", |node, inner| match u32::decode(node, inner)? {
                months @ 1..=12 => Some(months),
                _ => inner.reject(node, "expected 1 to 12 months"),
            });
        let warning_share = fields.required_with("warning_share", share);
        let decimals =
            fields.optional_with("decimals", |node, inner| match u32::decode(node, inner)? {
                decimals @ (0 | 2) => Some(decimals),
                _ => inner.reject(node, "expected 0 or 2 decimals"),
            });
        let (above_base, adds_up) = (fields.optional("above_base"), fields.optional("adds_up"));
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
            long_term: long_term?.unwrap_or(LongTermCount::Stream),
            reference_min: reference_min?,
            history_months: history_months?,
            warning_share: warning_share?,
            decimals: decimals?.unwrap_or(2),
            above_base: above_base?.unwrap_or(false),
            adds_up: adds_up?.unwrap_or(false),
            source: source?,
        })
    }
}

impl Decode for Grades {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("grades", node, decoder)?;
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
        let mut fields = Fields::open("grade", node, decoder)?;
        let (grade, from) = (fields.required("grade"), fields.required("from"));
        fields.close();
        Some(Self { grade: grade?, from: from? })
    }
}

impl Decode for BandTable {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("band_table", node, decoder)?;
        let steps: Option<Vec<BandStep>> = fields.required("steps");
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

/// What is wrong with the order of bands: bounds rise, shares rise or fall, the last is open.
fn band_problem(steps: &[BandStep]) -> Option<&'static str> {
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
    let shares: Vec<_> = steps.iter().map(|band| &band.share.value).collect();
    if shares.iter().all(|share| share.is_zero()) {
        return Some("no band costs anything; give one a share, or drop the table");
    }
    let one_way = shares.is_sorted() || shares.iter().rev().is_sorted();
    (!one_way).then_some("the shares must rise from step to step, or fall")
}

impl Decode for BandStep {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("band_step", node, decoder)?;
        let up_to = fields.optional("up_to");
        let share = fields.required_with("share", share);
        fields.close();
        Some(Self { up_to: up_to?, share: share? })
    }
}

impl Decode for Group {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("group", node, decoder)?;
        let id = fields.required_with("id", identifier::lower);
        let kinds = fields.required("kinds");
        let name = fields.required("name");
        fields.close();
        Some(Self { id: id?, kinds: kinds?, name: name? })
    }
}

impl Decode for Figure {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("figure", node, decoder)?;
        let id = fields.required_with("id", identifier::mixed);
        let name = fields.required("name");
        let rate = fields.required("rate");
        let source = Source::from_fields(&mut fields);
        fields.close();
        Some(Self { id: id?, name: name?, rate: rate?, source: source? })
    }
}
