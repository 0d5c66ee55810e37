//! Scorecards in words, at hand: explaining one costs more than all else of a call, and the card of an
//! evaluation never changes. They are kept as they are sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use chengping_types::name::ScorecardName;
use prost::Message as _;

use super::convert;
use crate::app::Scored;
use crate::error::Error;

/// How many are kept, some ten kilobytes each.
const KEPT: usize = 1000;

/// The scorecards that were asked for, each an encoded `Scorecard`.
#[derive(Debug, Clone, Default)]
pub(super) struct Cards(Arc<Mutex<BTreeMap<ScorecardName, Bytes>>>);

impl Cards {
    /// The whole scorecard of that name, which is of the evaluation `scored`.
    ///
    /// # Errors
    ///
    /// If the evaluation has none of the body.
    pub(super) fn whole(&self, name: ScorecardName, scored: &Scored) -> Result<Bytes, Error> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known().get(&name).cloned();
        if let Some(card) = found {
            return Ok(card);
        }
        let card = Bytes::from(convert::whole_scorecard(&name, scored)?.encode_to_vec());
        let mut kept = known();
        // Who reads through thousands begins anew; to know which were asked for last is not worth it.
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(name, card.clone());
        Ok(card)
    }
}
