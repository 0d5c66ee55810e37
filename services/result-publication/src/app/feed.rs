//! Publications in the order of the log, with all of their lines and what they changed.

use chengping_ledger::version::EntryKind;
use chengping_types::JurisdictionId;
use chengping_types::name::BulletinVersionName;

use super::compare::published_lines;
use super::{App, version};
use crate::domain::{Publication, difference};
use crate::error::Error;
use crate::store::feed::{self, Kept};
use crate::store::{Connection, log};

/// How many publications are read at a time.
const BATCH: u32 = 128;

impl App {
    /// The publications from place `index` of the log on, as many as are read at a time.
    pub(super) async fn publications(
        &self,
        jurisdiction: &JurisdictionId,
        index: u64,
        most: u32,
    ) -> Result<Vec<Publication>, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let found = feed::read(&mut transaction, jurisdiction, index, most.min(BATCH)).await?;
        let mut publications = Vec::with_capacity(found.len());
        for kept in found {
            publications.push(publication(&mut transaction, kept).await?);
        }
        Ok(publications)
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

/// What an entry of the log tells.
async fn publication(connection: &mut Connection, kept: Kept) -> Result<Publication, Error> {
    let Kept { version: told, index, kind, lines } = kept;
    let mut publication =
        Publication { version: told, index, kind, lines: Vec::new(), differences: Vec::new() };
    if kind != EntryKind::Published {
        return Ok(publication);
    }
    publication.lines = match lines {
        Some(lines) => lines,
        None => published_lines(connection, &publication.version).await?,
    };
    let name = publication.version.name();
    if name.version > 1 {
        let earlier = BulletinVersionName { version: name.version - 1, ..name };
        let earlier = version(connection, &earlier).await?;
        let earlier = published_lines(connection, &earlier).await?;
        publication.differences = difference::between(&earlier, &publication.lines);
    }
    Ok(publication)
}
