//! Erasing titles and notes.

use chengping_types::{Instant, JurisdictionId, Month};

use super::{App, months_since};
use crate::domain::{RetentionEntry, Why};
use crate::error::Error;
use crate::store::{self, StoreError};

/// The wish to erase titles and notes.
#[derive(Debug)]
pub(crate) struct Erasing {
    pub(crate) jurisdiction: JurisdictionId,
    /// Of cases of months before this one; absent for all that are old enough.
    pub(crate) before: Option<Month>,
    pub(crate) why: Why,
    pub(crate) validate_only: bool,
}

impl App {
    /// Erases titles, notes and payloads of closed rejects; gives an entry for each month of which
    /// there were some.
    pub(crate) async fn erase_texts(&self, wish: &Erasing) -> Result<Vec<RetentionEntry>, Error> {
        let Erasing { jurisdiction, why, .. } = wish;
        let mut connection = store::acquire(&self.pool).await?;
        let now = store::archive::now(&mut connection).await?;
        let before = self.erased_before(now, wish)?;
        let months =
            store::archive::months_with_texts(&mut connection, jurisdiction, before).await?;
        drop(connection);
        let mut entries = Vec::with_capacity(months.len());
        // A month at a time, so that intake waits for no more than that.
        for month in months {
            let _turn = self.turns.wait(jurisdiction).await;
            let mut transaction = store::begin(&self.pool).await?;
            store::jurisdiction::lock(&mut transaction, jurisdiction).await?;
            store::archive::erase_texts(&mut transaction, jurisdiction, month, why).await?;
            let newest = store::archive::entries(&mut transaction, jurisdiction, None, 1).await?;
            let no_entry = || StoreError::Corrupt {
                column: "entry_no",
                what: "what was erased has no entry".to_owned(),
            };
            entries.push(newest.into_iter().next().ok_or_else(no_entry)?);
            if !wish.validate_only {
                store::commit(transaction).await?;
            }
        }
        Ok(entries)
    }

    fn erased_before(&self, now: Instant, wish: &Erasing) -> Result<Month, Error> {
        let least = i32::from(self.retention.texts_min_months);
        let utc = "UTC".parse().expect("a time zone");
        let old_enough = Month::of(now, &utc).plus(-least);
        let Some(before) = wish.before else { return Ok(old_enough) };
        let last = before.previous();
        let age = months_since(now, last);
        if age < 0 || age < least && !wish.why.early {
            return Err(Error::MonthTooYoung { month: last, least, setting: "texts_min_months" });
        }
        Ok(before)
    }
}
