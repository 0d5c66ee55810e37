//! What was set aside, and what becomes of it.

use std::time::Instant;

use chengping_casework::Case;
use chengping_chassis::page_token;
use chengping_types::JurisdictionId;

use super::App;
use super::intake::Intake;
use super::reading::{Page, open_page};
use crate::domain::{
    NewReject, Reject, RejectListing, RejectName, RejectPlace, RejectState, Row, SentEvent,
};
use crate::error::Error;
use crate::store::{self, PgConnection};

/// How many rejects were stored, and how many stood already.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) stored: i64,
    pub(crate) repeated: i64,
}

/// Some rejects of a list.
#[derive(Debug)]
pub(crate) struct RejectPage {
    pub(crate) rejects: Vec<Reject>,
    pub(crate) next: String,
    /// How many there are in all.
    pub(crate) total: i64,
}

/// The corrected record of a reject.
#[derive(Debug)]
pub(crate) enum Correction {
    Case(Row<Case>),
    Event(Row<SentEvent>),
}

impl App {
    /// Stores rows that an importer could not read.
    pub(crate) async fn store_rejects(
        &self,
        jurisdiction: &JurisdictionId,
        rejects: &[NewReject],
    ) -> Result<Stored, Error> {
        let mut connection = store::acquire(&self.pool).await?;
        let stored = store::reject::insert(&mut connection, jurisdiction, rejects).await?;
        let stored = i64::try_from(stored).expect("a batch fits");
        self.metrics.set_aside(jurisdiction, stored);
        let all = i64::try_from(rejects.len()).expect("a batch fits");
        Ok(Stored { stored, repeated: all - stored })
    }

    /// A reject with its whole payload.
    pub(crate) async fn reject(&self, name: &RejectName) -> Result<Reject, Error> {
        let mut connection = store::acquire(&self.pool).await?;
        find(&mut connection, name).await
    }

    /// Rejects by file, row and ID.
    pub(crate) async fn rejects(
        &self,
        jurisdiction: &JurisdictionId,
        listing: &RejectListing,
        page: &Page,
    ) -> Result<RejectPage, Error> {
        let code = listing.code.as_deref().unwrap_or_default();
        let query = ["rejects", jurisdiction.as_str(), listing.state.as_str(), code];
        let (size, position) = open_page(page, &query)?;
        let after = position.map_or_else(RejectPlace::default, |text| RejectPlace::read(&text));
        let mut connection = store::acquire(&self.pool).await?;
        let total = store::reject::count(&mut connection, jurisdiction, listing).await?;
        let (rejects, has_more) =
            store::reject::list(&mut connection, jurisdiction, listing, &after, size).await?;
        let next = match rejects.last() {
            Some(last) if has_more => {
                page_token::issue(&RejectPlace::from(last).to_string(), &query)
            }
            _ => String::new(),
        };
        Ok(RejectPage { rejects, next, total })
    }

    /// Takes in the corrected record of a reject.
    pub(crate) async fn replay(
        &self,
        name: &RejectName,
        correction: Correction,
    ) -> Result<Reject, Error> {
        match correction {
            Correction::Case(row) => self.replay_record(name, row).await,
            Correction::Event(row) => self.replay_record(name, row).await,
        }
    }

    async fn replay_record<T: Intake>(
        &self,
        name: &RejectName,
        row: Row<T>,
    ) -> Result<Reject, Error> {
        let mut rows = vec![row];
        self.check(&name.jurisdiction, &mut rows).await?;
        // The jurisdiction first, as every intake does, so that no two wait for each other.
        let mut writing = self.begin(&name.jurisdiction, &rows, None).await?;
        let started = Instant::now();
        lock_open(&mut writing.transaction, name).await?;
        // Closed before, so that it does not wait beside its own correction.
        close(&mut writing.transaction, name, RejectState::Replayed, None).await?;
        let work = T::take_in(&mut writing, rows);
        let taken = store::within(self.commit_timeout, work).await?;
        if let Some(refused) = taken.refused.into_iter().next() {
            // What was refused is known already.
            writing.undo().await?;
            return Err(Error::ReplayRefused {
                code: refused.code,
                column: refused.column,
                text: refused.message,
            });
        }
        let reject = find(&mut writing.transaction, name).await?;
        store::within(self.commit_timeout, writing.commit()).await?;
        self.metrics.committed(&name.jurisdiction, started.elapsed(), Some(&taken.receipt));
        self.news.tell();
        Ok(reject)
    }

    /// Leaves a reject out for a reason. The same reason once more changes nothing.
    pub(crate) async fn dismiss(&self, name: &RejectName, reason: &str) -> Result<Reject, Error> {
        let mut transaction = store::begin(&self.pool).await?;
        match lock_open(&mut transaction, name).await {
            Ok(()) => close(&mut transaction, name, RejectState::Dismissed, Some(reason)).await?,
            Err(error) => {
                let reject = find(&mut transaction, name).await?;
                if reject.dismiss_reason.as_deref() != Some(reason) {
                    return Err(error);
                }
            }
        }
        let reject = find(&mut transaction, name).await?;
        store::commit(transaction).await?;
        Ok(reject)
    }
}

async fn find(connection: &mut PgConnection, name: &RejectName) -> Result<Reject, Error> {
    store::reject::get_one(connection, &name.jurisdiction, name.reject.as_str())
        .await?
        .ok_or_else(|| Error::RejectNotFound { name: name.to_string() })
}

async fn lock_open(connection: &mut PgConnection, name: &RejectName) -> Result<(), Error> {
    match store::reject::lock(connection, &name.jurisdiction, name.reject.as_str()).await? {
        Some(RejectState::Open) => Ok(()),
        Some(state) => Err(Error::RejectNotOpen { name: name.to_string(), state: state.as_str() }),
        None => Err(Error::RejectNotFound { name: name.to_string() }),
    }
}

async fn close(
    connection: &mut PgConnection,
    name: &RejectName,
    state: RejectState,
    reason: Option<&str>,
) -> Result<(), Error> {
    let ids = [name.reject.as_str()];
    store::reject::close(connection, &name.jurisdiction, &ids, state, reason).await?;
    Ok(())
}
