//! Whose questions a caller sees, and that they looked.

use chengping_access::{AccessLog, Sight, reach};
use chengping_types::JurisdictionId;
use chengping_types::name::InquiryName;

use super::App;
use crate::error::Error;

impl App {
    /// The log of who looked.
    pub(crate) const fn access(&self) -> &AccessLog {
        &self.access
    }

    /// The bodies whose questions the caller sees, as the registry stands now.
    pub(super) async fn sight(&self, jurisdiction: &JurisdictionId) -> Result<Sight, Error> {
        let reach = reach();
        if reach.is_everything() {
            return Ok(Sight::All);
        }
        let registry = self.peers.registries.current(jurisdiction).await?;
        Ok(reach.over(&registry.bodies))
    }

    /// Writes down that the caller is shown an inquiry.
    pub(super) async fn note(&self, sight: &Sight, name: &InquiryName) -> Result<(), Error> {
        Ok(self.access.note(sight, &name.jurisdiction, name).await?)
    }
}
