//! Reading bulletins and versions.

use chengping_types::name::{BulletinName, BulletinVersionName};
use chengping_types::{JurisdictionId, Month};

use super::{App, version};
use crate::domain::{Bulletin, Version};
use crate::error::Error;
use crate::store::{bulletins, versions};

impl App {
    pub(crate) async fn bulletin(&self, name: &BulletinName) -> Result<Bulletin, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let found = bulletins::get(&mut transaction, &name.jurisdiction, name.month).await?;
        found.ok_or_else(|| Error::BulletinNotFound { name: name.to_string() })
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
        if bulletins::get(&mut transaction, jurisdiction, *month).await?.is_none() {
            return Err(Error::BulletinNotFound { name: name.to_string() });
        }
        Ok(versions::list(&mut transaction, jurisdiction, *month, before, limit).await?)
    }
}
