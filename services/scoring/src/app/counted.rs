//! The cases behind a number.

use std::collections::{BTreeMap, BTreeSet};

use chengping_casework::{Base, View};
use chengping_scoring::{Attributor, Cell, Part, at_freeze, counted_cases, pooled_cases, question};
use chengping_types::name::ScorecardName;
use chengping_types::{CaseNo, name};

use super::App;
use crate::domain::behind;
use crate::error::Error;

/// An input of a scorecard.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    pub(crate) scorecard: ScorecardName,
    pub(crate) item: String,
    pub(crate) part: Part,
    pub(crate) input: String,
}

/// The cases that an input counts.
#[derive(Debug, Default)]
pub(crate) struct CountedCases {
    /// By case: how often it counts, and through which base counts.
    pub(crate) cases: BTreeMap<CaseNo, (i64, BTreeSet<Base>)>,
    /// The sum of all counts: the input itself, unless corrections would take it below zero.
    pub(crate) total: i64,
}

impl App {
    /// The cases that an input of a scorecard counts, found in the very facts that were counted.
    pub(crate) async fn counted_cases(&self, selection: &Selection) -> Result<CountedCases, Error> {
        let ScorecardName { jurisdiction, evaluation, body } = selection.scorecard.clone();
        let of = name::EvaluationName { jurisdiction, evaluation };
        let evaluation = self.get_evaluation(&of).await?;
        let scored = self.scored_for(&selection.scorecard).await?;
        let card = scored.evaluation.scorecard(&body);
        let card = card.ok_or_else(|| Error::ScorecardNotFound(selection.scorecard.to_string()))?;
        let family = &scored.pack.families[&card.kind.family()];
        let items = || family.items().filter(|(stream, _)| stream.is_for(card.kind));
        let Some((stream, item)) = items().find(|(_, item)| item.id == selection.item) else {
            let known: Vec<_> = items().map(|(_, item)| item.id.as_str()).collect();
            return Err(not_found("item", &selection.item, &known.join(", ")));
        };
        let result = card.items().find(|(_, result)| result.id == item.id);
        let parts = result.map(|(_, result)| result.parts.as_slice()).unwrap_or_default();
        if !parts.iter().any(|result| result.part == selection.part) {
            let known: Vec<_> = parts.iter().map(|result| result.part.as_str()).collect();
            return Err(not_found("zone", selection.part.as_str(), &known.join(", ")));
        }
        let behind = behind(&item.rule, &selection.input)
            .map_err(|known| not_found("input", &selection.input, known))?;
        let registry = self.peers.registry(&of.jurisdiction, evaluation.registry_revision).await?;
        let view = View { as_of: evaluation.as_of, decided: evaluation.decided };
        let mut question = question(&scored.pack, evaluation.month, view);
        if behind.last_month {
            question = at_freeze(&question, question.month.previous());
        }
        let attributor = Attributor::new(&scored.pack, &registry.registry, question.month);
        let mut facts =
            self.peers.facts(&of.jurisdiction, &[question], evaluation.watermark).await?;
        let mut counted = CountedCases::default();
        while let Some((_, batch)) = facts.next().await? {
            for ((counts, base), weight) in &behind.weights {
                let counts = counts.unwrap_or(stream.counts);
                let cell = Cell { body: &body, counts, part: selection.part };
                let cases = match item.is_pooled() {
                    true => pooled_cases(&batch, &attributor, counts, *base),
                    false => counted_cases(&batch, &attributor, cell, *base),
                };
                for case in cases {
                    counted.add(case.case_no, *base, weight * i64::from(case.times));
                }
            }
        }
        Ok(counted)
    }
}

impl CountedCases {
    fn add(&mut self, case_no: CaseNo, base: Base, times: i64) {
        let (count, bases) = self.cases.entry(case_no).or_default();
        *count += times;
        bases.insert(base);
        self.total += times;
    }
}

fn not_found(what: &'static str, name: &str, known: &str) -> Error {
    Error::InputNotFound { what, name: name.to_owned(), known: known.to_owned() }
}
