//! Whose questions and reports a caller sees, and that they looked.

use chengping_access::{AccessLog, Sight, reach};
use chengping_types::name::JurisdictionName;
use chengping_types::{BodyId, JurisdictionId};

use super::App;
use crate::error::Error;

impl App {
    /// The log of who looked.
    pub(crate) const fn access(&self) -> &AccessLog {
        &self.access
    }

    /// The bodies whose questions and reports the caller sees, as the registry stands now.
    pub(super) async fn sight(&self, jurisdiction: &JurisdictionId) -> Result<Sight, Error> {
        let reach = reach();
        if reach.is_everything() {
            return Ok(Sight::All);
        }
        let registry = self.peers.registries.current(jurisdiction).await?;
        Ok(reach.over(&registry.bodies))
    }

    /// Writes down that the caller is shown a resource, or a collection, of the jurisdiction.
    pub(super) async fn note(
        &self,
        sight: &Sight,
        jurisdiction: &JurisdictionId,
        name: impl ToString,
    ) -> Result<(), Error> {
        Ok(self.access.note(sight, jurisdiction, name).await?)
    }
}

/// Lets through who sees one of `bodies`; who does not is told the same whether or not there are such.
pub(super) fn require<'a>(
    sight: &Sight,
    bodies: impl IntoIterator<Item = &'a BodyId>,
    jurisdiction: &JurisdictionId,
) -> Result<(), Error> {
    let parent = JurisdictionName { jurisdiction: jurisdiction.clone() };
    sight.require(bodies, parent).map_err(|refusal| chengping_access::Error::from(refusal).into())
}

/// The bodies that a list is limited to; none where the caller sees all.
pub(super) fn limit(sight: &Sight) -> Option<Vec<String>> {
    match sight {
        Sight::All => None,
        Sight::Only(seen) => Some(seen.iter().map(ToString::to_string).collect()),
    }
}
