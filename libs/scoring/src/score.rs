//! The score of every body, from an input alone.

mod parts;

use std::collections::BTreeMap;
use std::sync::Arc;

use chengping_casework::Base;
use chengping_rules::{Counted, DifferentiationMode, Item, Quantity, RulePack, TooFewCases};
use chengping_types::{Exact, Family};

use self::parts::{Plan, StreamPart, StreamPlan, compute};
use crate::attribution::Part;
use crate::cells::Selected;
use crate::comparison::{Comparison, Place};
use crate::deduction::{Deduction, sides};
use crate::evaluation::{
    Applied, Evaluation, FigureText, FigureValue, ItemResult, ItemText, PartResult, Score,
    Scorecard, State, StreamResult,
};
use crate::input::Input;
use crate::member::{Member, members};
use crate::ranking::Ranking;

/// Scores a month. The same input always gives an equal evaluation.
pub fn score(input: &Input) -> Evaluation {
    let pack = &input.rule_pack.pack;
    let members = members(input);
    let comparison = Comparison::new(input, &members);
    let plan = |(family, rules): (&Family, _)| (*family, Plan::new(rules, input.month));
    let plans: BTreeMap<_, _> = pack.families.iter().map(plan).collect();
    let figures = Figures::new(pack);
    let card = |member: &Member<'_>| {
        let plan = plans.get(&member.body.kind.family())?;
        scorecard(pack, member, plan, &comparison, &figures)
    };
    let mut scorecards: Vec<_> = members.iter().filter_map(card).collect();
    rank(&mut scorecards);
    Evaluation {
        jurisdiction: input.jurisdiction.clone(),
        month: input.month,
        as_of: input.as_of,
        decided: input.decided,
        time_zone: pack.time_zone.clone(),
        engine: input.engine.clone(),
        rule_pack: input.rule_pack.reference(),
        snapshot: input.snapshot.clone(),
        scorecards,
        figures: figures.values(|counts, base| input.tallies.jurisdiction_of(counts).exact(base)),
    }
}

fn scorecard(
    pack: &RulePack,
    member: &Member<'_>,
    plan: &Plan<'_>,
    comparison: &Comparison<'_>,
    figures: &Figures<'_>,
) -> Option<Scorecard> {
    let (body, group) = (member.body, member.group?);
    let counts = |counts| member.now.select(counts, Part::All);
    let all = counts(Counted::All);
    let parts = compute(pack.scoring.redistribution, plan, member, comparison);
    let judged = plan.streams.iter().zip(parts);
    let judged = judged.filter(|(stream, _)| stream.rules.is_for(body.kind));
    let streams: Vec<_> =
        judged.map(|(stream, parts)| stream_result(pack, stream, parts)).collect();
    let is_post = body.kind.family() == Family::Post;
    let state = if is_post { state_of_post(&streams) } else { state(pack, all) };
    let scale = scale(plan, member, comparison);
    let score = (state != State::NoData).then(|| total(pack, &streams, scale.as_ref()));
    let grade = score.as_ref().and_then(|score| pack.grades.of(&score.stored));
    let figures = || figures.values(|counted, base| counts(counted).exact(base));
    Some(Scorecard {
        body_id: body.body_id.clone(),
        name: body.name.clone(),
        kind: body.kind,
        group: group.id.clone(),
        state,
        grade: grade.map(str::to_owned),
        score,
        rank: None,
        tied: false,
        due: (!is_post).then(|| all.get(Base::Due)),
        scale,
        streams,
        figures: if is_post { Vec::new() } else { figures() },
    })
}

/// Ranks the scored bodies; their order stays that of the registry.
fn rank(scorecards: &mut [Scorecard]) {
    let ranked = |card: &Scorecard| {
        let score = card.score.as_ref().filter(|_| card.state == State::Scored)?;
        Some((card.group.clone(), score.stored.clone()))
    };
    let scores: Vec<_> = scorecards.iter().map(ranked).collect();
    let ranking = Ranking::new(scores.iter().flatten().map(|(group, score)| (&**group, score)));
    let places = scores.iter().map(|score| {
        score.as_ref().map(|(group, score)| ranking.place(group, score)).unwrap_or_default()
    });
    for (card, place) in scorecards.iter_mut().zip(places) {
        (card.rank, card.tied) = place;
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

/// A post has no due cases that could be too few: it has data in a stream, or has none.
fn state_of_post(streams: &[StreamResult]) -> State {
    let mut parts = streams.iter().flat_map(|stream| &stream.items).flat_map(|item| &item.parts);
    if parts.any(|part| !part.share.is_zero()) { State::Scored } else { State::NoData }
}

fn state(pack: &RulePack, counts: Selected<'_>) -> State {
    let scoring = &pack.scoring;
    if !counts.has_data() {
        State::NoData
    } else if scoring.too_few_cases == TooFewCases::Unranked
        && Exact::from(counts.get(Base::Due)) < scoring.cases_min.value
    {
        State::TooFewCases
    } else {
        State::Scored
    }
}

/// `max(floor, base − Σ min(cap, deduction))` (5.1), and at most the base unless the pack lets
/// bonuses go beyond it.
fn total(pack: &RulePack, streams: &[StreamResult], scale: Option<&Exact>) -> Score {
    let scoring = &pack.scoring;
    let deducted: Exact = streams.iter().map(|stream| &stream.deduction).sum();
    let remaining = &scoring.base.value - deducted;
    let scaled = match scale {
        Some(scale) => (remaining * scale).min(scoring.base.value.clone()),
        None if scoring.above_base => remaining,
        None => remaining.min(scoring.base.value.clone()),
    };
    Score::rounded(scaled.max(scoring.floor.value.clone()), scoring.decimals)
}

/// The figures of a pack.
struct Figures<'a>(Vec<(&'a chengping_rules::Figure, Arc<FigureText>)>);

impl<'a> Figures<'a> {
    fn new(pack: &'a RulePack) -> Self {
        let text = |figure: &chengping_rules::Figure| {
            Arc::new(FigureText { id: figure.id.clone(), name: figure.name.clone() })
        };
        Self(pack.figures.iter().map(|figure| (figure, text(figure))).collect())
    }

    /// Their values, over the counts of all streams and zones that `count` looks up.
    fn values(&self, count: impl Fn(Counted, Base) -> Exact) -> Vec<FigureValue> {
        let value_of = |name: &Quantity| match name {
            Quantity::Count(base) => Some(count(Counted::All, *base)),
            Quantity::CountOf(counts, base) => Some(count(*counts, *base)),
            // No size and no item is over all streams and zones.
            Quantity::Size(_) | Quantity::Item(_) => None,
        };
        let value = |(figure, text): &(&chengping_rules::Figure, Arc<FigureText>)| {
            let rate = &figure.rate;
            let (num, den) =
                sides(rate.numerator.evaluate(&value_of), rate.denominator.evaluate(&value_of));
            FigureValue { text: text.clone(), num, den }
        };
        self.0.iter().map(value).collect()
    }
}

fn stream_result(
    pack: &RulePack,
    stream: &StreamPlan<'_>,
    mut parts: Vec<StreamPart<'_>>,
) -> StreamResult {
    let rules = &stream.rules.items;
    let item = |(index, (item, text)): (usize, (&Item, &Arc<ItemText>))| {
        let parts = parts.iter_mut().map(|part| part_result(item, index, part)).collect();
        item_result(pack, item, text, parts)
    };
    let items: Vec<_> = rules.iter().zip(&stream.items).enumerate().map(item).collect();
    let sum = |bonus: bool| -> Exact {
        let of_kind = rules.iter().zip(&items).filter(|(item, _)| item.rule.is_bonus() == bonus);
        of_kind.map(|(_, result)| &result.deduction).sum()
    };
    // Below zero.
    let (lost, given) = (sum(false), sum(true));
    let judged = |part: &PartResult| part.applied.is_some() && !part.inputs.is_idle();
    StreamResult {
        text: stream.text.clone(),
        deduction: lost.clone().min(stream.text.cap.clone()) + &given,
        uncapped: lost + &given,
        empty: !items.iter().flat_map(|item| &item.parts).any(judged),
        items,
    }
}

fn part_result(item: &Item, index: usize, part: &mut StreamPart<'_>) -> PartResult {
    let computed = part.items[index].take().expect("every item is computed in every part");
    let Deduction { inputs, points, limit } = computed;
    // The points of others never raise a bonus.
    let factor = if item.rule.is_bonus() { &Exact::ONE } else { &part.factor };
    let applied =
        points.map(|points| Applied { deduction: points * factor, factor: factor.clone() });
    PartResult { part: part.seen.place.part, share: part.share.clone(), applied, inputs, limit }
}

fn item_result(
    pack: &RulePack,
    item: &Item,
    text: &Arc<ItemText>,
    parts: Vec<PartResult>,
) -> ItemResult {
    let weighted = |part: &PartResult| Some(&part.applied.as_ref()?.deduction * &part.share);
    let deduction: Exact = parts.iter().filter_map(weighted).sum();
    let warned = deduction > &pack.scoring.warning_share.value * &item.rule.points().value;
    ItemResult { text: text.clone(), deduction, warned, parts }
}
