//! Months that are put away and taken back, and texts that are erased.

mod erase;
mod put_away;
mod restore;

use chengping_casework::archive::{Adder, Record, Sum};
use chengping_types::name::{ArchiveName, CaseName, JurisdictionName};
use chengping_types::{Instant, JurisdictionId, Month, TimeZone};

pub(crate) use self::erase::Erasing;
pub(crate) use self::put_away::PuttingAway;
pub(crate) use self::restore::Restored;
use super::App;
use super::reading::{Listed, Page, close_page, open_page};
use crate::domain::{Archive, RetentionEntry, Standing};
use crate::error::Error;
use crate::store::{self, PgConnection, PgPool};

/// Cases that are read at a time.
const CASES_A_PAGE: u32 = 1_000;
/// What an archive or an entry takes in an answer, at most.
const LISTED_BYTES: usize = 2_048;

impl Listed for Archive {
    fn bytes(&self) -> usize {
        LISTED_BYTES
    }
}

impl Listed for RetentionEntry {
    fn bytes(&self) -> usize {
        LISTED_BYTES + self.reason.len()
    }
}

impl App {
    /// What was put away of a month last.
    pub(crate) async fn archive(&self, name: &ArchiveName) -> Result<Archive, Error> {
        let mut connection = store::acquire(&self.pool).await?;
        find(&mut connection, name).await
    }

    /// Archives by month, and the token of the next page.
    pub(crate) async fn archives(
        &self,
        parent: &JurisdictionName,
        page: &Page,
    ) -> Result<(Vec<Archive>, String), Error> {
        let query = ["archives", parent.jurisdiction.as_str()];
        let (size, after) = open_page(page, &query)?;
        let after = after.and_then(|after| after.parse().ok());
        let mut connection = store::acquire(&self.pool).await?;
        let mut archives =
            store::archive::list(&mut connection, &parent.jurisdiction, after, size + 1).await?;
        let next = close_page(&mut archives, size, &query, |archive| archive.month.to_string());
        Ok((archives, next))
    }

    /// Entries about what was put away, taken back and erased, newest first, and the token of the
    /// next page.
    pub(crate) async fn retention_entries(
        &self,
        parent: &JurisdictionName,
        page: &Page,
    ) -> Result<(Vec<RetentionEntry>, String), Error> {
        let query = ["retentionEntries", parent.jurisdiction.as_str()];
        let (size, before) = open_page(page, &query)?;
        let before = before.and_then(|before| before.parse().ok());
        let mut connection = store::acquire(&self.pool).await?;
        let mut entries =
            store::archive::entries(&mut connection, &parent.jurisdiction, before, size + 1)
                .await?;
        let next = close_page(&mut entries, size, &query, |entry| entry.number.to_string());
        Ok((entries, next))
    }

    /// The records of a month as they stand, page by page.
    pub(crate) async fn archive_pages(&self, name: &ArchiveName) -> Result<ArchivePages, Error> {
        let ArchiveName { jurisdiction, archive: month } = name;
        let mut connection = store::acquire(&self.pool).await?;
        let watermark = store::jurisdiction::watermark(&mut connection, jurisdiction).await?;
        let standing = store::archive::standing(&mut connection, jurisdiction, watermark).await?;
        if standing.archived.contains(month) {
            return Err(Error::months_archived([*month]));
        }
        Ok(ArchivePages {
            pool: self.pool.clone(),
            name: name.clone(),
            watermark,
            standing,
            after: Some(String::new()),
        })
    }

    /// Makes sure that nothing which a reading of the first `watermark` records needs is put away.
    ///
    /// Whoever reads events of many cases asks before, and after each part ([`Standing`]): what is
    /// put away meanwhile would just not be there. Readings that need no event rows need not ask.
    pub(super) async fn readable(
        &self,
        jurisdiction: &JurisdictionId,
        watermark: i64,
    ) -> Result<Standing, Error> {
        let mut connection = store::acquire(&self.pool).await?;
        let standing = store::archive::standing(&mut connection, jurisdiction, watermark).await?;
        if standing.archived.is_empty() {
            Ok(standing)
        } else {
            Err(Error::months_archived(standing.archived))
        }
    }
}

/// Makes sure that what was readable still is, under the same standing.
pub(super) async fn still_readable(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    watermark: i64,
    before: &Standing,
) -> Result<(), Error> {
    let now = store::archive::standing(connection, jurisdiction, watermark).await?;
    if now == *before {
        Ok(())
    } else if now.archived.is_empty() {
        Err(Error::ReadingDisturbed)
    } else {
        Err(Error::months_archived(now.archived))
    }
}

/// Makes sure that the events of a case are not put away.
pub(super) async fn here(connection: &mut PgConnection, name: &CaseName) -> Result<(), Error> {
    match store::archive::month_away(connection, &name.jurisdiction, &name.case_no).await? {
        Some(month) => Err(Error::months_archived([month])),
        None => Ok(()),
    }
}

async fn find(connection: &mut PgConnection, name: &ArchiveName) -> Result<Archive, Error> {
    store::archive::get_one(connection, &name.jurisdiction, name.archive)
        .await?
        .ok_or_else(|| Error::ArchiveNotFound { name: name.to_string() })
}

/// How many whole months lie between the end of `month` and now; negative while it runs or is yet to
/// come.
fn months_since(now: Instant, month: Month) -> i32 {
    let utc: TimeZone = "UTC".parse().expect("a time zone");
    Month::of(now, &utc).since(month) - 1
}

/// The records of a month, page by page.
#[derive(Debug)]
pub(crate) struct ArchivePages {
    pool: PgPool,
    name: ArchiveName,
    watermark: i64,
    standing: Standing,
    /// The last case read; none after the last page.
    after: Option<String>,
}

impl ArchivePages {
    /// The next records; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Vec<Record>, Error> {
        let Some(after) = &self.after else { return Ok(Vec::new()) };
        let ArchiveName { jurisdiction, archive: month } = &self.name;
        let mut connection = store::acquire(&self.pool).await?;
        let position = (after.as_str(), CASES_A_PAGE);
        let page =
            store::month::page(&mut connection, jurisdiction, *month, self.watermark, position)
                .await?;
        still_readable(&mut connection, jurisdiction, self.watermark, &self.standing).await?;
        self.after = page.last;
        Ok(page.records)
    }
}

/// Adds up records, and finds the first of them.
#[derive(Debug, Default)]
struct Tally {
    adder: Adder,
    first_sequence: Option<i64>,
}

impl Tally {
    fn add(&mut self, records: &[Record]) -> Result<(), Error> {
        for record in records {
            self.adder.add(record).map_err(|error| Error::ArchiveDamaged(error.to_string()))?;
            if let Record::Case(case) = record {
                let first = self.first_sequence.get_or_insert(case.sequence);
                *first = case.sequence.min(*first);
            }
        }
        Ok(())
    }

    /// Adds records without standing in the way of other work of the process.
    async fn add_aside(mut self, records: Vec<Record>) -> Result<Self, Error> {
        tokio::task::spawn_blocking(move || self.add(&records).map(|()| self)).await?
    }

    fn finish(self) -> (Sum, i64) {
        (self.adder.finish(), self.first_sequence.unwrap_or_default())
    }
}
