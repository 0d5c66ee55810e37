//! What other rules would have given.

use chengping_casework::View;
use chengping_chassis::error::FieldErrors;
use chengping_rules::RulePack;
use chengping_scoring::{Evaluation, PackRevision, score};
use chengping_types::name::RulePackRevisionName;
use chengping_types::{Instant, JurisdictionId, Month};

use super::{App, now, place};
use crate::error::Error;

/// A wish to see months under other rules.
#[derive(Debug, Clone)]
pub(crate) struct Preview {
    pub(crate) jurisdiction: JurisdictionId,
    pub(crate) months: Vec<Month>,
    pub(crate) pack: RulePack,
}

/// A month under the rules in force and under others, from the same records.
#[derive(Debug)]
pub(crate) struct MonthPreview {
    pub(crate) as_of: Instant,
    pub(crate) in_force: RulePackRevisionName,
    pub(crate) before: Evaluation,
    pub(crate) after: Evaluation,
}

impl App {
    /// Scores a month twice; nothing is stored but counts, in the cache.
    pub(crate) async fn preview(
        &self,
        preview: &Preview,
        month: Month,
    ) -> Result<MonthPreview, Error> {
        let place = place(&self.explaining).await;
        let jurisdiction = &preview.jurisdiction;
        let (in_force, rules) = self.peers.rule_pack(jurisdiction, None, month).await?;
        let as_of = view(&rules.pack, month)?;
        let registry = self.peers.current_registry(jurisdiction).await?;
        let snapshot = self.peers.fix_snapshot(jurisdiction, month, as_of, as_of).await?;
        let view = View::at(as_of);
        let others = PackRevision::new(0, preview.pack.clone());
        let before = self.input(month, view, rules, &registry, &snapshot).await?;
        let after = self.input(month, view, others, &registry, &snapshot).await?;
        let scoring = tokio::task::spawn_blocking(move || {
            let scored = (score(&before), score(&after));
            drop(place);
            scored
        });
        let (before, after) = scoring.await?;
        Ok(MonthPreview { as_of, in_force, before, after })
    }
}

/// The freeze of the month, or now where it is not frozen yet.
fn view(pack: &RulePack, month: Month) -> Result<Instant, Error> {
    let now = now();
    if month.start(&pack.time_zone) >= now {
        let mut errors = FieldErrors::default();
        errors.push("months", format!("{month} lies in the future; nothing is known of it"));
        return Err(errors.into());
    }
    Ok(month.freeze(pack.freeze.day, &pack.time_zone).min(now))
}
