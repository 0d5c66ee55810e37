//! Reading bulletins and versions.

use chengping_types::name::{BulletinName, BulletinVersionName};
use chengping_types::{JurisdictionId, Month};

use super::{App, version};
use crate::access::sees;
use crate::domain::state::State;
use crate::domain::{Bulletin, Version};
use crate::error::Error;
use crate::store::{bulletins, versions};

impl App {
    pub(crate) async fn bulletin(&self, name: &BulletinName) -> Result<Bulletin, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let found = bulletins::get(&mut transaction, &name.jurisdiction, name.month).await?;
        found.and_then(seen).ok_or_else(|| Error::BulletinNotFound { name: name.to_string() })
    }

    pub(crate) async fn bulletins(
        &self,
        jurisdiction: &JurisdictionId,
        before: Option<Month>,
        limit: u32,
    ) -> Result<Vec<Bulletin>, Error> {
        let mut transaction = self.store.begin_reading().await?;
        Ok(bulletins::list(&mut transaction, jurisdiction, before, limit).await?)
    }

    /// What the caller sees of bulletins.
    pub(crate) fn seen_bulletins(found: Vec<Bulletin>) -> Vec<Bulletin> {
        found.into_iter().filter_map(seen).collect()
    }

    pub(crate) async fn version(&self, name: &BulletinVersionName) -> Result<Version, Error> {
        let mut transaction = self.store.begin_reading().await?;
        version(&mut transaction, name).await
    }

    pub(crate) async fn versions(
        &self,
        name: &BulletinName,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<Version>, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let BulletinName { jurisdiction, month } = name;
        let bulletin = bulletins::get(&mut transaction, jurisdiction, *month).await?;
        if bulletin.and_then(seen).is_none() {
            return Err(Error::BulletinNotFound { name: name.to_string() });
        }
        Ok(versions::list(&mut transaction, jurisdiction, *month, before, limit).await?)
    }

    /// The versions that the caller sees.
    pub(crate) fn seen_versions(found: Vec<Version>) -> Vec<Version> {
        found.into_iter().filter(|version| sees(version.state)).collect()
    }
}

/// A bulletin as the caller sees it: whoever sees nothing before it is published does not learn that
/// there is more.
fn seen(bulletin: Bulletin) -> Option<Bulletin> {
    if sees(State::UnderNotice) {
        return Some(bulletin);
    }
    let newest_version = bulletin.sealed_version;
    (newest_version > 0).then_some(Bulletin { newest_version, ..bulletin })
}
