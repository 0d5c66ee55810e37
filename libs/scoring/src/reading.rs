//! What the score of a body reads of counts and registry. No points, weights, caps or bands are in
//! it, so that rules which differ in these read the same.

use chengping_casework::Base;
use chengping_rules::{
    Condition, Count, Counted, DifferentiationMode, Figure, Quantity, Rate, RepeatMode, Rule,
};
use chengping_types::registry::GridClass;
use chengping_types::{Exact, Family};

use crate::attribution::Part;
use crate::comparison::{Comparison, Place, compared};
use crate::member::Member;
use crate::plan::{ItemPlan, Plan, StreamPlan};
use crate::values::Deducted;

/// The answers to return visits, from the best to the worst.
pub(crate) const ANSWERS: [Base; 4] =
    [Base::VisitVerySatisfied, Base::VisitSatisfied, Base::VisitNeutral, Base::VisitDissatisfied];

/// What is read of a body.
#[derive(Debug, Clone)]
pub(crate) struct BodyReading {
    /// Whether there is anything to judge.
    pub(crate) has_data: bool,
    /// Due cases over all streams.
    pub(crate) due: u64,
    /// What its score is multiplied by (5.2.6).
    pub(crate) scale: Option<Exact>,
    /// The two sides of each figure; a post has none.
    pub(crate) figures: Vec<(Exact, Exact)>,
    /// The parts of each stream; none of a stream that is not for its kind.
    pub(crate) streams: Vec<Vec<PartReading>>,
}

/// What is read of a stream in one part of a body.
#[derive(Debug, Clone)]
pub(crate) struct PartReading {
    pub(crate) part: Part,
    /// Whether there is anything to judge (decisions.md 20).
    pub(crate) has_data: bool,
    /// By item.
    pub(crate) items: Vec<ItemReading>,
}

/// What an item reads in one part of a body.
#[derive(Debug, Clone)]
pub(crate) struct ItemReading {
    pub(crate) rule: Reading,
    /// Absent where the item has no limit.
    pub(crate) limit: Option<LimitReading>,
}

/// What a rule reads.
#[derive(Debug, Clone)]
pub(crate) enum Reading {
    Rate {
        num: Exact,
        den: Exact,
    },
    Count {
        count: Option<Exact>,
        class: GridClass,
    },
    Compared(Box<Compared>),
    Increase {
        now: Option<Exact>,
        before: Option<Exact>,
    },
    Answers([u64; 4]),
    Orders {
        first: u64,
        repeated: u64,
        weight: u64,
    },
    Condition {
        left: Option<Exact>,
        right: Option<Exact>,
        holds: Option<bool>,
    },
    Value(Option<Exact>),
    /// The values of the names of a rule that names what other items deduct; none of these.
    Open {
        values: Box<[Option<Exact>]>,
        class: GridClass,
    },
}

/// A count, and what it is compared with.
#[derive(Debug, Clone)]
pub(crate) struct Compared {
    pub(crate) count: Option<Exact>,
    pub(crate) own: Option<Exact>,
    /// The median; absent where the pack names a number.
    pub(crate) reference: Option<Exact>,
    pub(crate) size: Option<Exact>,
    pub(crate) ratio: Option<Exact>,
}

/// What a limit reads.
#[derive(Debug, Clone)]
pub(crate) enum LimitReading {
    Value(Option<Exact>),
    /// As [`Reading::Open`].
    Open(Box<[Option<Exact>]>),
}

/// Reads all of a body.
pub(crate) fn read(
    plan: &Plan<'_>,
    member: &Member<'_>,
    comparison: &Comparison<'_>,
    figures: &[Figure],
) -> BodyReading {
    let counts = |counts| member.now.select(counts, Part::All);
    let all = counts(Counted::All);
    let is_post = member.body.kind.family() == Family::Post;
    let figures = if is_post { &[] } else { figures };
    let figure =
        |figure: &Figure| figure_sides(figure, |counted, base| counts(counted).exact(base));
    let stream = |stream: &StreamPlan<'_>| -> Vec<_> {
        let parts = if stream.rules.is_for(member.body.kind) { stream.parts } else { &[] };
        let place = |part: &Part| Place {
            member,
            rules: plan.rules,
            counts: stream.rules.counts,
            part: *part,
        };
        parts.iter().map(|part| read_part(stream, place(part), comparison)).collect()
    };
    BodyReading {
        has_data: all.has_data(),
        due: all.get(Base::Due),
        scale: scale(plan, member, comparison),
        figures: figures.iter().map(figure).collect(),
        streams: plan.streams.iter().map(stream).collect(),
    }
}

/// What the score of a body is multiplied by; a body without a size keeps its score.
fn scale(plan: &Plan<'_>, member: &Member<'_>, comparison: &Comparison<'_>) -> Option<Exact> {
    let rules = plan.rules;
    if rules.differentiation_mode() != DifferentiationMode::ScaleScore {
        return None;
    }
    comparison.size_ratio(Place { member, rules, counts: Counted::All, part: Part::All })
}

/// The two sides of a figure, over the counts of all streams and zones that `count` looks up.
pub(crate) fn figure_sides(
    figure: &Figure,
    count: impl Fn(Counted, Base) -> Exact,
) -> (Exact, Exact) {
    sides(&figure.rate, &|name: &Quantity| match name {
        Quantity::Count(base) => Some(count(Counted::All, *base)),
        Quantity::CountOf(counts, base) => Some(count(*counts, *base)),
        // No size and no item is over all streams and zones.
        Quantity::Size(_) | Quantity::Item(_) => None,
    })
}

fn read_part(
    stream: &StreamPlan<'_>,
    place: Place<'_>,
    comparison: &Comparison<'_>,
) -> PartReading {
    let item = |item: &ItemPlan<'_>| read_item(item, place, comparison);
    PartReading {
        part: place.part,
        has_data: comparison.has_data(place, stream.looks_back, &stream.names),
        items: stream.items.iter().map(item).collect(),
    }
}

fn read_item(item: &ItemPlan<'_>, place: Place<'_>, comparison: &Comparison<'_>) -> ItemReading {
    let values = comparison.values_now(item.rules, place);
    let of = |name: &Quantity| values.of(name);
    let class = match &item.rules.rule {
        Rule::Band(rule) if rule.bands_of_class_2.is_some() => comparison.grid_class_now(place),
        _ => GridClass::default(),
    };
    let rule = match (&item.open_names, &item.rules.rule) {
        (Some(names), _) => Reading::Open { values: names.iter().map(of).collect(), class },
        (None, Rule::PerCaseRepeat(rule)) => {
            let counts = place.now();
            let is_weighted = rule.mode == RepeatMode::Geometric;
            Reading::Orders {
                first: counts.get(Base::OrdersFirst),
                repeated: counts.get(Base::OrdersRepeated),
                weight: if is_weighted { counts.get(Base::OrdersGeometric) } else { 0 },
            }
        }
        (None, Rule::Satisfaction(_)) => {
            let counts = place.now();
            Reading::Answers(ANSWERS.map(|base| counts.get(base)))
        }
        (None, Rule::MomIncrease(rule)) => {
            let before = comparison.values_before(place);
            let before = rule.count.evaluate(&|name| before.of(name));
            Reading::Increase { now: rule.count.evaluate(&of), before }
        }
        (None, Rule::BandRelative(rule)) => {
            let count = rule.count.evaluate(&of);
            let size = if rule.by_size { comparison.size_now(place) } else { None };
            let own = compared(rule, place, count.clone(), || size.clone());
            let reference = comparison.reference(item.rules, rule, place);
            let divides = rule.by_size
                && place.rules.differentiation_mode() == DifferentiationMode::DivideDeduction;
            let ratio = if divides { comparison.size_ratio(place) } else { None };
            Reading::Compared(Box::new(Compared { count, own, reference, size, ratio }))
        }
        (None, rule) => of_formulas(rule, class, &of),
    };
    let limit = item.rules.limit.as_ref().map(|limit| match &item.open_limit_names {
        Some(names) => LimitReading::Open(names.iter().map(of).collect()),
        None => LimitReading::Value(limit.evaluate(&of)),
    });
    ItemReading { rule, limit }
}

/// What a rule reads that computes from the values of its formulas alone.
fn of_formulas(rule: &Rule, class: GridClass, of: &impl Fn(&Quantity) -> Option<Exact>) -> Reading {
    let rate = |rate| {
        let (num, den) = sides(rate, of);
        Reading::Rate { num, den }
    };
    let count = |count: &Count| Reading::Count { count: count.evaluate(of), class };
    match rule {
        Rule::Linear(rule) => rate(&rule.rate),
        Rule::PerPoint(rule) => rate(&rule.rate),
        Rule::PerCase(rule) => count(&rule.count),
        Rule::Band(rule) => count(&rule.count),
        Rule::FlatIf(rule) => condition(&rule.condition, of),
        Rule::Bonus(rule) => Reading::Value(rule.value.evaluate(of)),
        Rule::PerCaseRepeat(_)
        | Rule::BandRelative(_)
        | Rule::MomIncrease(_)
        | Rule::Satisfaction(_) => unreachable!("reads more than its formulas, and is never open"),
    }
}

fn condition(condition: &Condition<Quantity>, of: &impl Fn(&Quantity) -> Option<Exact>) -> Reading {
    let (left, right) = (condition.left.evaluate(of), condition.right.evaluate(of));
    Reading::Condition { left, right, holds: condition.holds(of) }
}

/// The two sides of a rate. A side without a value makes the rate not applicable, as a denominator
/// of zero does.
fn sides(rate: &Rate, of: &impl Fn(&Quantity) -> Option<Exact>) -> (Exact, Exact) {
    let sides = rate.numerator.evaluate(of).zip(rate.denominator.evaluate(of));
    sides.unwrap_or((Exact::ZERO, Exact::ZERO))
}

/// What an open rule reads now that the items which it names have deducted.
pub(crate) fn close(
    item: &ItemPlan<'_>,
    values: &[Option<Exact>],
    class: GridClass,
    deducted: &Deducted<'_>,
    part: Part,
) -> Reading {
    let names = item.open_names.as_deref().unwrap_or_default();
    of_formulas(&item.rules.rule, class, &lookup(names, values, deducted, part))
}

/// The value of a limit.
pub(crate) fn limit_value(
    item: &ItemPlan<'_>,
    reading: &LimitReading,
    deducted: &Deducted<'_>,
    part: Part,
) -> Option<Exact> {
    match reading {
        LimitReading::Value(value) => value.clone(),
        LimitReading::Open(values) => {
            let names = item.open_limit_names.as_deref().unwrap_or_default();
            item.rules.limit.as_ref()?.evaluate(&lookup(names, values, deducted, part))
        }
    }
}

fn lookup<'l>(
    names: &'l [Quantity],
    values: &'l [Option<Exact>],
    deducted: &'l Deducted<'_>,
    part: Part,
) -> impl Fn(&Quantity) -> Option<Exact> + 'l {
    move |name| match name {
        Quantity::Item(item) => deducted.of(item, part),
        _ => names.iter().zip(values).find(|(known, _)| *known == name)?.1.clone(),
    }
}
