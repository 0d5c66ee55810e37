//! Publications in the order of the log, with all of their lines and what they changed.

use chengping_ledger::version::EntryKind;
use chengping_types::name::BulletinVersionName;
use chengping_types::{JurisdictionId, Month};

use super::App;
use super::sealed::lines_of;
use crate::domain::lines::Line;
use crate::domain::{Publication, Version, difference};
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
            publications.push(publication(&mut transaction, kept).await?);
        }
        let corrected: Vec<_> = publications.iter().filter_map(corrected).collect();
        let mut known = feed::kept_lines(&mut transaction, jurisdiction, &corrected).await?;
        for told in &mut publications {
            let Some(corrected) = self::corrected(told) else { continue };
            let earlier = match known.remove(&corrected) {
                Some(lines) => lines,
                None => lines_before(&mut transaction, &told.version).await?,
            };
            told.differences = difference::between(&earlier, &told.lines);
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

/// The version that a publication corrects, where there is one.
fn corrected(told: &Publication) -> Option<(Month, u32)> {
    let Version { month, number, .. } = told.version;
    (told.kind == EntryKind::Published && number > 1).then(|| (month, number - 1))
}

/// The lines of the version before one, of which none may be kept.
async fn lines_before(connection: &mut Connection, version: &Version) -> Result<Vec<Line>, Error> {
    let name = version.name();
    let earlier = BulletinVersionName { version: name.version - 1, ..name };
    let earlier = super::version(connection, &earlier).await?;
    lines_of(connection, &earlier).await
}
