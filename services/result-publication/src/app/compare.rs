//! What a version changed against an earlier one, and how it came to where it stands.

use chengping_types::name::BulletinVersionName;

use super::sealed::{lines_of, sealed};
use super::{App, version};
use crate::domain::difference::{self, Difference};
use crate::domain::{Move, Version};
use crate::error::Error;
use crate::store::versions;

/// What a version changed.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) base: BulletinVersionName,
    pub(crate) version: Version,
    pub(crate) differences: Vec<Difference>,
}

impl App {
    /// What a published version changed against version `base`, or the one before it.
    pub(crate) async fn compare(
        &self,
        name: &BulletinVersionName,
        base: Option<u64>,
    ) -> Result<Comparison, Error> {
        let _place = self.place().await;
        let mut transaction = self.store.begin_reading().await?;
        let later = version(&mut transaction, name).await?;
        sealed(&later)?;
        let base = base.unwrap_or_else(|| name.version.saturating_sub(1));
        let base = BulletinVersionName { version: base, ..name.clone() };
        let earlier = version(&mut transaction, &base).await?;
        let earlier = lines_of(&mut transaction, &earlier).await?;
        let differences = difference::between(&earlier, &lines_of(&mut transaction, &later).await?);
        Ok(Comparison { base, version: later, differences })
    }

    /// At most `limit` moves of a version below the revision `before`, latest first.
    pub(crate) async fn moves(
        &self,
        name: &BulletinVersionName,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Move>, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let version = version(&mut transaction, name).await?;
        Ok(versions::moves(&mut transaction, &version, before, limit).await?)
    }
}
