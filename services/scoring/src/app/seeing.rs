//! What a caller sees of an evaluation, and that they looked.

use std::sync::Arc;

use chengping_access::{Sight, reach};
use chengping_types::JurisdictionId;
use chengping_types::name::{EvaluationName, JurisdictionName, ScorecardName};
use chengping_types::registry::Registry;

use super::{App, Scored};
use crate::domain::Document;
use crate::error::Error;

impl App {
    /// What the caller sees of an evaluation: where the bodies belonged in its month.
    async fn sight(&self, name: &EvaluationName) -> Result<Sight, Error> {
        let reach = reach();
        if reach.is_everything() {
            return Ok(Sight::All);
        }
        let evaluation = self.get_evaluation(name).await?;
        let registry =
            self.peers.registry(&name.jurisdiction, evaluation.registry_revision).await?;
        let bodies = registry.registry.bodies.iter();
        Ok(reach.over(bodies.filter(|body| body.is_valid_in(evaluation.month))))
    }

    /// The evaluation of a scorecard that the caller sees.
    pub(crate) async fn scored_for(&self, name: &ScorecardName) -> Result<Arc<Scored>, Error> {
        let ScorecardName { jurisdiction, evaluation, body } = name.clone();
        let of = EvaluationName { jurisdiction, evaluation };
        let sight = self.sight(&of).await?;
        sight.require([&body], &of).map_err(chengping_access::Error::from)?;
        let scored = self.scored(&of).await?;
        self.access.note(&sight, &of.jurisdiction, name).await?;
        Ok(scored)
    }

    /// An evaluation, and what the caller sees of its scorecards.
    pub(crate) async fn scored_and_sight(
        &self,
        name: &EvaluationName,
    ) -> Result<(Arc<Scored>, Sight), Error> {
        let sight = self.sight(name).await?;
        let scored = self.scored(name).await?;
        self.access.note(&sight, &name.jurisdiction, format!("{name}/scorecards")).await?;
        Ok((scored, sight))
    }

    /// A document of an evaluation, for who sees all of it.
    pub(crate) async fn document_for(
        &self,
        name: &EvaluationName,
        document: Document,
    ) -> Result<Vec<u8>, Error> {
        let data = self.document(name, document).await?;
        self.access.note(&Sight::All, &name.jurisdiction, name).await?;
        Ok(data)
    }

    /// Notes that the caller is shown which bodies a correction touches.
    pub(crate) async fn note_trace(&self, name: &EvaluationName) -> Result<(), Error> {
        Ok(self.access.note(&Sight::All, &name.jurisdiction, name).await?)
    }

    /// Notes that the caller is shown what other rules would give all bodies.
    pub(crate) async fn note_preview(&self, jurisdiction: &JurisdictionId) -> Result<(), Error> {
        let name = JurisdictionName { jurisdiction: jurisdiction.clone() };
        Ok(self.access.note(&Sight::All, jurisdiction, format!("{name}/preview")).await?)
    }

    /// What the caller sees of the provisional scores of a month, who wants to see some bodies or, with
    /// none, all that they see.
    pub(super) async fn live_sight<'a>(
        &self,
        jurisdiction: &JurisdictionId,
        registry: &Registry,
        month: chengping_types::Month,
        wanted: impl IntoIterator<Item = &'a chengping_types::BodyId>,
    ) -> Result<Sight, Error> {
        let name = JurisdictionName { jurisdiction: jurisdiction.clone() };
        let sight = reach().over(registry.bodies.iter().filter(|body| body.is_valid_in(month)));
        for body in wanted {
            sight.require([body], &name).map_err(chengping_access::Error::from)?;
        }
        if let Sight::Only(seen) = &sight {
            // Who sees nobody is told the same as who asks for somebody else.
            sight.require(seen, &name).map_err(chengping_access::Error::from)?;
        }
        self.access.note(&sight, jurisdiction, format!("{name}/liveScores")).await?;
        Ok(sight)
    }
}
