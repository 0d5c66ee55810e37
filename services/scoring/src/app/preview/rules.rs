//! The other rules of a preview.

use std::sync::Arc;

use chengping_chassis::error::FieldErrors;
use chengping_rules::{Adjustment, Mistakes, adjust_pack};
use chengping_scoring::PackRevision;
use chengping_types::name::RulePackRevisionName;
use chengping_types::{Digest, Month};
use tokio::task::spawn_blocking;

use super::Preview;
use crate::error::Error;
use crate::peers::{InForce, Peers};

/// How the other rules were named.
#[derive(Debug)]
pub(crate) enum OtherRules {
    /// By their text.
    Text(Arc<PackRevision>),
    /// By a revision.
    Revision(RulePackRevisionName),
    /// By numbers to change in the rules in force.
    Adjusted(Vec<Adjustment>),
}

/// The other rules that were found last, and the digest of the rules in force that they were made
/// of, where they were.
#[derive(Debug, Default)]
pub(super) struct Others(Option<(Option<Digest>, Arc<PackRevision>)>);

impl Others {
    /// The other rules of a month: the same in all of them, unless they adjust what is in force.
    pub(super) async fn of_month(
        &mut self,
        peers: &Peers,
        preview: &Preview,
        month: Month,
        in_force: &InForce,
    ) -> Result<Arc<PackRevision>, Error> {
        let of = matches!(preview.rules, OtherRules::Adjusted(_)).then_some(in_force.rules.digest);
        if let Some((known, rules)) = &self.0
            && *known == of
        {
            return Ok(Arc::clone(rules));
        }
        let rules = match &preview.rules {
            OtherRules::Text(rules) => Arc::clone(rules),
            OtherRules::Revision(name) => {
                let (_, rules) = peers.rule_pack(&preview.jurisdiction, Some(name), month).await?;
                Arc::new(rules)
            }
            OtherRules::Adjusted(adjustments) => adjusted(adjustments, month, in_force).await?,
        };
        self.0 = Some((of, Arc::clone(&rules)));
        Ok(rules)
    }
}

/// The rules in force with other numbers. Their canonical form is adjusted: it is whole, whatever
/// their text refers to, and says the same.
async fn adjusted(
    adjustments: &[Adjustment],
    month: Month,
    in_force: &InForce,
) -> Result<Arc<PackRevision>, Error> {
    let (adjustments, rules) = (adjustments.to_vec(), Arc::clone(&in_force.rules));
    let adjusting = spawn_blocking(move || match adjust_pack(&rules.pack, &adjustments) {
        Ok(pack) => Ok(Arc::new(PackRevision::new(0, pack))),
        Err(mistakes) => Err(refusal(&adjustments, month, &mistakes).into()),
    });
    adjusting.await?
}

/// Every mistake beside the adjustment that it is of; one of the whole pack is of all of them.
fn refusal(adjustments: &[Adjustment], month: Month, mistakes: &Mistakes) -> FieldErrors {
    let mut errors = FieldErrors::default();
    for mistake in mistakes.iter() {
        let place = adjustments.iter().position(|one| one.path == mistake.path);
        let in_month = |message: &dyn std::fmt::Display| {
            format!("of the rules in force in {month}: {message}")
        };
        match place {
            Some(place) => {
                errors.push(format!("adjustments[{place}]"), in_month(&mistake.message));
            }
            None => errors.push("adjustments", in_month(mistake)),
        }
    }
    errors
}
