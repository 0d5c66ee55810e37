//! Publications in the order of the log, with all of their lines and what they changed.

use chengping_ledger::version::EntryKind;
use chengping_types::JurisdictionId;
use chengping_types::name::BulletinVersionName;

use super::sealed::lines_of;
use super::{App, version};
use crate::domain::difference::{self, Difference};
use crate::domain::{Publication, Version};
use crate::error::Error;
use crate::store::feed::{self, Kept};
use crate::store::{Connection, log};

/// How many publications are read at a time.
const BATCH: u32 = 128;

impl App {
    /// The publications from place `index` of the log on, as many as are read at a time, with what each
    /// changed.
    pub(super) async fn publications(
        &self,
        jurisdiction: &JurisdictionId,
        index: u64,
    ) -> Result<Vec<Publication>, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let found = feed::read(&mut transaction, jurisdiction, index, BATCH).await?;
        let mut publications = Vec::with_capacity(found.len());
        for kept in found {
            let mut told = publication(&mut transaction, kept).await?;
            if told.kind == EntryKind::Published {
                told.differences = changes(&mut transaction, &told).await?;
            }
            publications.push(told);
        }
        Ok(publications)
    }

    /// The publication at place `index` of the log, without what it changed.
    pub(super) async fn publication(
        &self,
        jurisdiction: &JurisdictionId,
        index: u64,
    ) -> Result<Publication, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let found = feed::read(&mut transaction, jurisdiction, index, 1).await?;
        let kept = found.into_iter().next().expect("a delivery is of an entry");
        publication(&mut transaction, kept).await
    }

    /// How many publications there are.
    pub(super) async fn publication_count(
        &self,
        jurisdiction: &JurisdictionId,
    ) -> Result<u64, Error> {
        let mut connection = self.store.acquire().await?;
        Ok(log::size(&mut connection, jurisdiction).await?)
    }
}

/// What an entry of the log tells, without what it changed.
async fn publication(connection: &mut Connection, kept: Kept) -> Result<Publication, Error> {
    let Kept { version, index, kind, lines } = kept;
    let lines = match (kind, lines) {
        (EntryKind::Withdrawn, _) => Vec::new(),
        (EntryKind::Published, Some(lines)) => lines,
        (EntryKind::Published, None) => lines_of(connection, &version).await?,
    };
    Ok(Publication { version, index, kind, lines, differences: Vec::new() })
}

/// What a publication changed against the version before, where there is one.
async fn changes(
    connection: &mut Connection,
    told: &Publication,
) -> Result<Vec<Difference>, Error> {
    let name = told.version.name();
    if name.version < 2 {
        return Ok(Vec::new());
    }
    let earlier = BulletinVersionName { version: name.version - 1, ..name };
    let earlier: Version = version(connection, &earlier).await?;
    Ok(difference::between(&lines_of(connection, &earlier).await?, &told.lines))
}
