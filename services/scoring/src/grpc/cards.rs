//! Scorecards in words, at hand: explaining one costs more than all else of a call, and the card of an
//! evaluation never changes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chengping_proto::scoring::v1 as pb;
use chengping_types::name::ScorecardName;

use super::convert;
use crate::app::Scored;
use crate::error::Error;

/// How many are kept, some ten kilobytes each.
const KEPT: usize = 1000;

/// The scorecards that were asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Cards(Arc<Mutex<BTreeMap<ScorecardName, Arc<pb::Scorecard>>>>);

impl Cards {
    /// The whole scorecard of that name, which is of the evaluation `scored`.
    ///
    /// # Errors
    ///
    /// If the evaluation has none of the body.
    pub(super) fn whole(
        &self,
        name: &ScorecardName,
        scored: &Scored,
    ) -> Result<pb::Scorecard, Error> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known().get(name).cloned();
        if let Some(card) = found {
            return Ok(pb::Scorecard::clone(&card));
        }
        let card = convert::whole_scorecard(name, scored)?;
        let mut kept = known();
        // Who reads through thousands begins anew; to know which were asked for last is not worth it.
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(name.clone(), Arc::new(card.clone()));
        Ok(card)
    }
}
