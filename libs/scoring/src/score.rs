//! The score of every body, from an input alone.

mod parts;
mod threads;

use std::collections::BTreeMap;
use std::sync::Arc;

use chengping_rules::{FamilyRules, Figure, Item, RulePack, TooFewCases};
use chengping_types::registry::Body;
use chengping_types::{Exact, Family, Month};

use self::parts::{StreamPart, compute};
use self::threads::each;
use crate::comparison::Comparison;
use crate::deduction::Deduction;
use crate::evaluation::{
    Applied, Evaluation, FigureText, FigureValue, ItemResult, ItemText, PartResult, Score,
    Scorecard, State, StreamResult,
};
use crate::gathered::Gathered;
use crate::input::{Input, PackRevision};
use crate::member::{Member, members};
use crate::plan::{ItemPlan, Plan, StreamPlan};
use crate::ranking::Ranking;
use crate::reading::{BodyReading, figure_sides, read};

/// Scores a month. The same input always gives an equal evaluation.
pub fn score(input: &Input) -> Evaluation {
    let rules = Rules::new(&input.rule_pack.pack, input.month);
    let card = |member: &Member<'_>, comparison: &Comparison<'_>| {
        let plan = rules.plan_of(member.body)?;
        let reading = read(plan, member, comparison, &rules.pack.figures);
        rules.scorecard(plan, member.body, &reading)
    };
    let scorecards = of_members(input, card);
    Evaluation {
        jurisdiction: input.jurisdiction.clone(),
        month: input.month,
        as_of: input.as_of,
        decided: input.decided,
        time_zone: rules.pack.time_zone.clone(),
        engine: input.engine.clone(),
        rule_pack: input.rule_pack.reference(),
        snapshot: input.snapshot.clone(),
        scorecards: ranked(scorecards),
        figures: rules.figures(&jurisdiction_figures(input)),
    }
}

/// What is read of every evaluated body.
pub(crate) fn gather_bodies(input: &Input) -> Vec<(Body, BodyReading)> {
    let rules = Rules::new(&input.rule_pack.pack, input.month);
    of_members(input, |member, comparison| {
        let plan = rules.plan_of(member.body)?;
        member.group?;
        Some((member.body.clone(), read(plan, member, comparison, &rules.pack.figures)))
    })
}

/// Scores what was gathered, by rules that it suits.
pub(crate) fn score_bodies(gathered: &Gathered, by: &PackRevision) -> Evaluation {
    let rules = Rules::new(&by.pack, gathered.month);
    let scorecards = each(&gathered.bodies, |(body, reading)| {
        rules.scorecard(rules.plan_of(body)?, body, reading)
    });
    Evaluation {
        jurisdiction: gathered.jurisdiction.clone(),
        month: gathered.month,
        as_of: gathered.as_of,
        decided: gathered.decided,
        time_zone: rules.pack.time_zone.clone(),
        engine: gathered.engine.clone(),
        rule_pack: by.reference(),
        snapshot: gathered.snapshot.clone(),
        scorecards: ranked(scorecards),
        figures: rules.figures(&gathered.figures),
    }
}

/// The two sides of each figure of the whole jurisdiction.
pub(crate) fn jurisdiction_figures(input: &Input) -> Vec<(Exact, Exact)> {
    let figures = input.rule_pack.pack.figures.iter();
    let count = |counts, base| input.tallies.jurisdiction_of(counts).exact(base);
    figures.map(|figure| figure_sides(figure, count)).collect()
}

fn of_members<T: Send>(
    input: &Input,
    of: impl Fn(&Member<'_>, &Comparison<'_>) -> Option<T> + Sync,
) -> Vec<T> {
    let members = members(input);
    let comparison = Comparison::new(input, &members);
    each(&members, |member| of(member, &comparison))
}

/// The rules of a month, with what is the same for all bodies.
struct Rules<'a> {
    pack: &'a RulePack,
    plans: BTreeMap<Family, Plan<'a>>,
    /// What the pack says of its figures.
    figures: Vec<Arc<FigureText>>,
}

impl<'a> Rules<'a> {
    fn new(pack: &'a RulePack, month: Month) -> Self {
        let plan =
            |(family, rules): (&Family, &'a FamilyRules)| (*family, Plan::new(pack, rules, month));
        let text = |figure: &Figure| {
            Arc::new(FigureText { id: figure.id.clone(), name: figure.name.clone() })
        };
        Self {
            pack,
            plans: pack.families.iter().map(plan).collect(),
            figures: pack.figures.iter().map(text).collect(),
        }
    }

    fn plan_of(&self, body: &Body) -> Option<&Plan<'a>> {
        self.plans.get(&body.kind.family())
    }

    fn scorecard(&self, plan: &Plan<'_>, body: &Body, read: &BodyReading) -> Option<Scorecard> {
        let pack = self.pack;
        let group = pack.group_of(body.kind)?;
        let parts = compute(pack.scoring.redistribution, plan, read);
        let judged = plan.streams.iter().zip(parts);
        let judged = judged.filter(|(stream, _)| stream.rules.is_for(body.kind));
        let streams: Vec<_> =
            judged.map(|(stream, parts)| stream_result(pack, stream, parts)).collect();
        let is_post = body.kind.family() == Family::Post;
        let state = if is_post { state_of_post(&streams) } else { state(pack, read) };
        let score = (state != State::NoData).then(|| total(pack, &streams, read.scale.as_ref()));
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
            due: (!is_post).then_some(read.due),
            scale: read.scale.clone(),
            streams,
            figures: self.figures(&read.figures),
        })
    }

    /// The figures whose sides are there.
    fn figures(&self, sides: &[(Exact, Exact)]) -> Vec<FigureValue> {
        let value = |(text, (num, den)): (&Arc<FigureText>, &(Exact, Exact))| FigureValue {
            text: Arc::clone(text),
            num: num.clone(),
            den: den.clone(),
        };
        self.figures.iter().zip(sides).map(value).collect()
    }
}

/// Ranks the scored bodies; their order stays that of the registry.
fn ranked(mut scorecards: Vec<Scorecard>) -> Vec<Scorecard> {
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
    scorecards
}

/// A post has no due cases that could be too few: it has data in a stream, or has none.
fn state_of_post(streams: &[StreamResult]) -> State {
    let mut parts = streams.iter().flat_map(|stream| &stream.items).flat_map(|item| &item.parts);
    if parts.any(|part| !part.share.is_zero()) { State::Scored } else { State::NoData }
}

fn state(pack: &RulePack, read: &BodyReading) -> State {
    let scoring = &pack.scoring;
    if !read.has_data {
        State::NoData
    } else if scoring.too_few_cases == TooFewCases::Unranked
        && Exact::from(read.due) < scoring.cases_min.value
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

fn stream_result(
    pack: &RulePack,
    stream: &StreamPlan<'_>,
    mut parts: Vec<StreamPart<'_>>,
) -> StreamResult {
    let rules = &stream.rules.items;
    let item = |(index, item): (usize, &ItemPlan<'_>)| {
        let parts = parts.iter_mut().map(|part| part_result(item.rules, index, part)).collect();
        item_result(pack, item.rules, &item.text, parts)
    };
    let items: Vec<_> = stream.items.iter().enumerate().map(item).collect();
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
    PartResult { part: part.read.part, share: part.share.clone(), applied, inputs, limit }
}

fn item_result(
    pack: &RulePack,
    item: &Item,
    text: &Arc<ItemText>,
    parts: Vec<PartResult>,
) -> ItemResult {
    let weighted = |part: &PartResult| Some(&part.applied.as_ref()?.deduction * &part.share);
    let deduction: Exact = parts.iter().filter_map(weighted).sum();
    let warned = pack.scoring.warns(item, &deduction);
    ItemResult { text: text.clone(), deduction, warned, parts }
}
