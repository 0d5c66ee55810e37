//! How far the correction of a month reaches (method f.5).

use std::collections::{BTreeMap, BTreeSet};

use chengping_chassis::error::FieldErrors;
use chengping_scoring::{Input, Tallies, corrected, reach};
use chengping_types::name::EvaluationName;
use chengping_types::{BodyId, Month};

use super::{App, place};
use crate::domain::Document;
use crate::error::Error;

/// An evaluation of a later month that a correction touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Touched {
    pub(crate) name: EvaluationName,
    pub(crate) month: Month,
    /// The bodies of which something differs.
    pub(crate) bodies: BTreeSet<BodyId>,
    /// How many inputs of items have another value.
    pub(crate) inputs: usize,
}

impl App {
    /// Which of `later`, if they are of later months, would have other results, had the counts of
    /// the evaluation `name` been known.
    pub(crate) async fn trace_correction(
        &self,
        name: &EvaluationName,
        later: &[EvaluationName],
    ) -> Result<Vec<Touched>, Error> {
        let corrected = self.input_of(name).await?;
        let tallies = BTreeMap::from([(corrected.month, corrected.tallies)]);
        let mut touched = Vec::new();
        for later in later {
            let input = self.input_of(later).await?;
            if input.month <= corrected.month {
                continue;
            }
            let (name, tallies) = (later.clone(), tallies.clone());
            let place = place(&self.explaining).await;
            let found = tokio::task::spawn_blocking(move || {
                let found = touch(name, &input, &tallies);
                drop(place);
                found
            });
            touched.extend(found.await?);
        }
        Ok(touched)
    }

    /// The same input, with the counts of `corrections` in the place of those of their months, which
    /// are frozen and would never show what was decided later (method f.5).
    pub(super) async fn with_corrections(
        &self,
        input: Input,
        corrections: &[EvaluationName],
    ) -> Result<Input, Error> {
        let (mut errors, mut tallies) = (FieldErrors::default(), BTreeMap::new());
        for (place, name) in corrections.iter().enumerate() {
            let field = || format!("corrections[{place}]");
            let correction = self.input_of(name).await?;
            if name.jurisdiction != input.jurisdiction || correction.month >= input.month {
                errors.push(field(), "must be of an earlier month of the jurisdiction");
            } else if tallies.insert(correction.month, correction.tallies).is_some() {
                errors.push(field(), "is the second of its month");
            }
        }
        errors.into_result()?;
        Ok(if tallies.is_empty() { input } else { corrected(&input, &tallies) })
    }

    async fn input_of(&self, name: &EvaluationName) -> Result<Input, Error> {
        let bytes = self.document(name, Document::Input).await?;
        let input = tokio::task::spawn_blocking(move || serde_json::from_slice::<Input>(&bytes));
        let unreadable = |source| Error::EvaluationUnreadable { name: name.to_string(), source };
        input.await?.map_err(unreadable)
    }
}

fn touch(
    name: EvaluationName,
    input: &Input,
    tallies: &BTreeMap<Month, Tallies>,
) -> Option<Touched> {
    let reach = reach(input, tallies);
    if reach.is_empty() {
        return None;
    }
    let touches = reach.touches.iter().map(|touch| &touch.body);
    let changes = reach.changes.iter().filter_map(|change| change.body.as_ref());
    Some(Touched {
        name,
        month: reach.month,
        bodies: touches.chain(changes).cloned().collect(),
        inputs: reach.touches.len(),
    })
}
