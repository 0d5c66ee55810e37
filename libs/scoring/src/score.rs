//! The score of every body, from an input alone.

mod parts;

use std::collections::BTreeMap;

use chengping_casework::Base;
use chengping_rules::{
    Counted, DifferentiationMode, FamilyRules, Item, Quantity, RulePack, StreamRules, TooFewCases,
};
use chengping_types::registry::Body;
use chengping_types::{Exact, Family};

use self::parts::{Plan, StreamPart, compute};
use crate::attribution::Part;
use crate::comparison::{Comparison, Place};
use crate::counts::Counts;
use crate::deduction::{Deduction, sides};
use crate::evaluation::{
    Applied, Evaluation, FigureValue, ItemResult, PartResult, Score, Scorecard, State, StreamResult,
};
use crate::input::Input;
use crate::ranking::Ranking;
use crate::tally::Cell;

/// Scores a month. The same input always gives an equal evaluation.
pub fn score(input: &Input) -> Evaluation {
    let pack = &input.rule_pack.pack;
    let comparison = Comparison::new(input);
    let plan = |(family, rules): (&Family, _)| (*family, Plan::new(rules, input.month));
    let plans: BTreeMap<_, _> = pack.families.iter().map(plan).collect();
    let card = |body: &Body| scorecard(input, body, plans.get(&body.kind.family())?, &comparison);
    let mut scorecards: Vec<_> = input.bodies.iter().filter_map(card).collect();
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
        figures: figures(pack, &input.tallies.jurisdiction(), |counted| {
            input.tallies.jurisdiction_of(counted)
        }),
    }
}

fn scorecard(
    input: &Input,
    body: &Body,
    plan: &Plan<'_>,
    comparison: &Comparison<'_>,
) -> Option<Scorecard> {
    let pack = &input.rule_pack.pack;
    let group = pack.group_of(body.kind)?;
    let rules = plan.rules;
    let all = Cell { body: &body.body_id, counts: Counted::All, part: Part::All };
    let counts = input.tallies.sum(all);
    let parts = compute(pack.scoring.redistribution, plan, body, comparison);
    let judged = rules.streams.iter().zip(&parts).filter(|(stream, _)| stream.is_for(body.kind));
    let streams: Vec<_> =
        judged.map(|(stream, parts)| stream_result(pack, stream, parts)).collect();
    let is_post = body.kind.family() == Family::Post;
    let state = if is_post { state_of_post(&streams) } else { state(pack, &counts) };
    let scale = scale(rules, body, comparison);
    let score = (state != State::NoData).then(|| total(pack, &streams, scale.as_ref()));
    let grade = score.as_ref().and_then(|score| pack.grades.of(&score.stored));
    let of_streams = |counts| input.tallies.sum(Cell { counts, ..all });
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
        due: (!is_post).then(|| counts.get(Base::Due)),
        scale,
        streams,
        figures: if is_post { Vec::new() } else { figures(pack, &counts, of_streams) },
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
fn scale(rules: &FamilyRules, body: &Body, comparison: &Comparison<'_>) -> Option<Exact> {
    if rules.differentiation_mode() != DifferentiationMode::ScaleScore {
        return None;
    }
    comparison.size_ratio(Place { body, rules, counts: Counted::All, part: Part::All })
}

/// A post has no due cases that could be too few: it has data in a stream, or has none.
fn state_of_post(streams: &[StreamResult]) -> State {
    let mut parts = streams.iter().flat_map(|stream| &stream.items).flat_map(|item| &item.parts);
    if parts.any(|part| !part.share.is_zero()) { State::Scored } else { State::NoData }
}

fn state(pack: &RulePack, counts: &Counts) -> State {
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

fn figures(pack: &RulePack, counts: &Counts, of: impl Fn(Counted) -> Counts) -> Vec<FigureValue> {
    let value_of = |name: &Quantity| match name {
        Quantity::Count(base) => Some(counts.exact(*base)),
        Quantity::CountOf(counted, base) => Some(of(*counted).exact(*base)),
        // No size and no item is over all streams and zones.
        Quantity::Size(_) | Quantity::Item(_) => None,
    };
    let value = |figure: &chengping_rules::Figure| {
        let rate = &figure.rate;
        let (num, den) =
            sides(rate.numerator.evaluate(&value_of), rate.denominator.evaluate(&value_of));
        FigureValue { id: figure.id.clone(), name: figure.name.clone(), num, den }
    };
    pack.figures.iter().map(value).collect()
}

fn stream_result(pack: &RulePack, stream: &StreamRules, parts: &[StreamPart]) -> StreamResult {
    let item = |(index, item)| item_result(pack, item, index, parts);
    let items: Vec<_> = stream.items.iter().enumerate().map(item).collect();
    let sum = |bonus: bool| -> Exact {
        let of_kind =
            stream.items.iter().zip(&items).filter(|(item, _)| item.rule.is_bonus() == bonus);
        of_kind.map(|(_, result)| &result.deduction).sum()
    };
    // Below zero.
    let (lost, given) = (sum(false), sum(true));
    let cap = stream.cap.value.clone();
    let judged = |part: &PartResult| part.applied.is_some() && !part.inputs.is_idle();
    StreamResult {
        id: stream.id.clone(),
        deduction: lost.clone().min(cap.clone()) + &given,
        cap,
        uncapped: lost + &given,
        empty: !items.iter().flat_map(|item| &item.parts).any(judged),
        items,
    }
}

fn item_result(pack: &RulePack, item: &Item, index: usize, parts: &[StreamPart]) -> ItemResult {
    let parts: Vec<_> = parts
        .iter()
        .map(|part| {
            let Deduction { inputs, points, limit } = &part.items[index];
            // The points of others never raise a bonus.
            let factor = if item.rule.is_bonus() { &Exact::ONE } else { &part.factor };
            let applied = points
                .as_ref()
                .map(|points| Applied { deduction: points * factor, factor: factor.clone() });
            let (part, share) = (part.part, part.share.clone());
            PartResult { part, share, applied, inputs: inputs.clone(), limit: limit.clone() }
        })
        .collect();
    let weighted = |part: &PartResult| Some(&part.applied.as_ref()?.deduction * &part.share);
    let deduction =
        parts.iter().filter_map(weighted).fold(Exact::ZERO, |sum, deduction| sum + deduction);
    let warned = deduction > &pack.scoring.warning_share.value * &item.rule.points().value;
    ItemResult {
        id: item.id.clone(),
        name: item.name.clone(),
        aspect: item.aspect,
        clause: item.source.clause.clone(),
        provenance: item.source.provenance.clone(),
        deduction,
        warned,
        parts,
    }
}
