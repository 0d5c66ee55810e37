//! The score of every body, from an input alone.

mod ranking;

use chengping_casework::Base;
use chengping_rules::{
    Counted, FamilyRules, Item, Redistribution, RulePack, StreamRules, TooFewCases, ZoneWeights,
};
use chengping_types::registry::Body;
use chengping_types::{Exact, Zone};

use crate::attribution::Part;
use crate::comparison::{Comparison, Place, parts};
use crate::counts::Counts;
use crate::deduction::{Deduction, Seen, deduct, sides};
use crate::evaluation::{
    Applied, Evaluation, FigureValue, ItemResult, PackReference, PartResult, Score, Scorecard,
    State, StreamResult,
};
use crate::input::Input;
use crate::tally::Cell;

/// Scores a month. The same input always gives an equal evaluation.
pub fn score(input: &Input) -> Evaluation {
    let pack = &input.rule_pack.pack;
    let comparison = Comparison::new(input);
    let mut scorecards: Vec<_> =
        input.bodies.iter().filter_map(|body| scorecard(input, body, &comparison)).collect();
    ranking::rank(&mut scorecards);
    Evaluation {
        jurisdiction: input.jurisdiction.clone(),
        month: input.month,
        as_of: input.as_of,
        decided: input.decided,
        time_zone: pack.time_zone.clone(),
        engine: input.engine.clone(),
        rule_pack: PackReference {
            name: pack.pack.clone(),
            revision: input.rule_pack.revision,
            digest: input.rule_pack.digest,
        },
        snapshot: input.snapshot.clone(),
        scorecards,
        figures: figures(pack, &input.tallies.jurisdiction()),
    }
}

fn scorecard(input: &Input, body: &Body, comparison: &Comparison<'_>) -> Option<Scorecard> {
    let pack = &input.rule_pack.pack;
    let group = pack.group_of(body.kind)?;
    let rules = pack.families.get(&body.kind.family())?;
    let all = Cell { body: &body.body_id, counts: Counted::All, part: Part::All };
    let counts = input.tallies.sum(all);
    let of_stream = |stream| stream_result(pack, rules, stream, body, comparison);
    let streams: Vec<_> = rules.streams.iter().map(of_stream).collect();
    let state = state(pack, &counts);
    let score = (state != State::NoData).then(|| total(pack, &streams));
    let grade = score.as_ref().and_then(|score| pack.grades.of(&score.stored));
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
        due: counts.get(Base::Due),
        streams,
        figures: figures(pack, &counts),
    })
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

/// `max(floor, base − Σ min(cap, deduction))` (5.1).
fn total(pack: &RulePack, streams: &[StreamResult]) -> Score {
    let deducted = streams.iter().fold(Exact::ZERO, |sum, stream| sum + &stream.deduction);
    let remaining = &pack.scoring.base.value - deducted;
    Score::new(remaining.max(pack.scoring.floor.value.clone()))
}

fn figures(pack: &RulePack, counts: &Counts) -> Vec<FigureValue> {
    let value = |figure: &chengping_rules::Figure| {
        let (num, den) = sides(&figure.rate, counts);
        FigureValue { id: figure.id.clone(), name: figure.name.clone(), num, den }
    };
    pack.figures.iter().map(value).collect()
}

/// One part of a stream: its items as computed, and how much it weighs in the body.
struct StreamPart {
    part: Part,
    /// Share in the stream; the shares of all parts with data add up to one.
    share: Exact,
    /// By how much applicable items count more.
    factor: Exact,
    items: Vec<Deduction>,
}

fn stream_result(
    pack: &RulePack,
    rules: &FamilyRules,
    stream: &StreamRules,
    body: &Body,
    comparison: &Comparison<'_>,
) -> StreamResult {
    let parts = stream_parts(pack, rules, stream, body, comparison);
    let items: Vec<_> = stream
        .items
        .iter()
        .enumerate()
        .map(|(index, item)| item_result(pack, item, index, &parts))
        .collect();
    let uncapped = items.iter().fold(Exact::ZERO, |sum, item| sum + &item.deduction);
    let cap = stream.cap.value.clone();
    let judged = |part: &PartResult| part.applied.is_some() && !part.inputs.is_idle();
    StreamResult {
        id: stream.id.clone(),
        deduction: uncapped.clone().min(cap.clone()),
        cap,
        uncapped,
        empty: !items.iter().flat_map(|item| &item.parts).any(judged),
        items,
    }
}

fn stream_parts(
    pack: &RulePack,
    rules: &FamilyRules,
    stream: &StreamRules,
    body: &Body,
    comparison: &Comparison<'_>,
) -> Vec<StreamPart> {
    let zones = rules.zones.as_ref().filter(|_| stream.zoned);
    let seen: Vec<_> = parts(rules, stream)
        .iter()
        .map(|part| {
            let place = Place { body, rules, counts: stream.counts, part: *part };
            comparison.see(place, stream.looks_back())
        })
        .collect();
    let weights: Vec<_> = seen
        .iter()
        .map(|seen| if seen.has_data { weight(zones, seen.place.part) } else { Exact::ZERO })
        .collect();
    let all_weights = weights.iter().fold(Exact::ZERO, |sum, weight| sum + weight);
    let part = |(seen, weight): (&Seen<'_>, &Exact)| {
        let items: Vec<_> =
            stream.items.iter().map(|item| deduct(item, seen, comparison)).collect();
        StreamPart {
            part: seen.place.part,
            share: weight.checked_div(&all_weights).unwrap_or_default(),
            factor: factor(pack.scoring.redistribution, stream, &items),
            items,
        }
    };
    seen.iter().zip(&weights).map(part).collect()
}

/// The weight of a part (5.2.5).
fn weight(zones: Option<&ZoneWeights>, part: Part) -> Exact {
    match (zones, part) {
        (Some(zones), Part::Key) => zones.of(Zone::Key).clone(),
        (Some(zones), Part::General) => zones.of(Zone::General).clone(),
        (None, _) | (_, Part::All) => Exact::ONE,
    }
}

/// By how much the items that apply count more, because the points of the others go to them
/// (decisions.md 19).
fn factor(redistribution: Redistribution, stream: &StreamRules, items: &[Deduction]) -> Exact {
    let applicable = stream.items.iter().zip(items).filter(|(_, result)| result.points.is_some());
    let applicable = applicable.fold(Exact::ZERO, |sum, (item, _)| sum + &item.rule.points().value);
    let pro_rata = stream.points().checked_div(&applicable).unwrap_or(Exact::ONE);
    match redistribution {
        Redistribution::AtMostDouble => pro_rata.min(Exact::integer(2)),
        Redistribution::ProRata => pro_rata,
        Redistribution::None => Exact::ONE,
    }
}

fn item_result(pack: &RulePack, item: &Item, index: usize, parts: &[StreamPart]) -> ItemResult {
    let parts: Vec<_> = parts
        .iter()
        .map(|part| {
            let Deduction { inputs, points } = &part.items[index];
            let applied = points.as_ref().map(|points| Applied {
                deduction: points * &part.factor,
                factor: part.factor.clone(),
            });
            let (part, share) = (part.part, part.share.clone());
            PartResult { part, share, applied, inputs: inputs.clone() }
        })
        .collect();
    let weighted = |part: &PartResult| Some(&part.applied.as_ref()?.deduction * &part.share);
    let deduction =
        parts.iter().filter_map(weighted).fold(Exact::ZERO, |sum, deduction| sum + deduction);
    let warned = deduction > &pack.scoring.warning_share.value * &item.rule.points().value;
    ItemResult {
        id: item.id.clone(),
        name: item.name.clone(),
        clause: item.source.clause.clone(),
        provenance: item.source.provenance.clone(),
        deduction,
        warned,
        parts,
    }
}
