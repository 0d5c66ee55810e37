//! Reading bulletins and versions.

use chengping_types::name::{BulletinName, BulletinVersionName};
use chengping_types::{JurisdictionId, Month};

use super::{App, version};
use crate::access::seen_states;
use crate::domain::{Bulletin, Version};
use crate::error::Error;
use crate::store::{bulletins, versions};

impl App {
    pub(crate) async fn bulletin(&self, name: &BulletinName) -> Result<Bulletin, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let BulletinName { jurisdiction, month } = name;
        let found = bulletins::get(&mut transaction, jurisdiction, *month, &seen_states()).await?;
        found.ok_or_else(|| Error::BulletinNotFound { name: name.to_string() })
    }

    /// At most `limit` bulletins of months before `before` of which the caller sees a version.
    pub(crate) async fn bulletins(
        &self,
        jurisdiction: &JurisdictionId,
        before: Option<Month>,
        limit: u32,
    ) -> Result<Vec<Bulletin>, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let states = seen_states();
        Ok(bulletins::list(&mut transaction, jurisdiction, before, &states, limit).await?)
    }

    pub(crate) async fn version(&self, name: &BulletinVersionName) -> Result<Version, Error> {
        let mut transaction = self.store.begin_reading().await?;
        version(&mut transaction, name).await
    }

    /// At most `limit` versions of a month below `before` that the caller sees.
    pub(crate) async fn versions(
        &self,
        name: &BulletinName,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<Version>, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let BulletinName { jurisdiction, month } = name;
        let (states, part) = (seen_states(), (before, limit));
        if bulletins::get(&mut transaction, jurisdiction, *month, &states).await?.is_none() {
            return Err(Error::BulletinNotFound { name: name.to_string() });
        }
        Ok(versions::list(&mut transaction, jurisdiction, *month, &states, part).await?)
    }
}
