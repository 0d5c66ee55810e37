//! Snapshots and facts: readings of all case files in the order of their numbers.

use std::sync::Arc;

use chengping_casework::{Deriver, Fact, Question, View};
use chengping_types::name::{JurisdictionName, SnapshotName};
use chengping_types::{Digest, JurisdictionId, Month, RecordId};
use uuid::Uuid;

use super::App;
use super::reading::{Page, close_page, open_page};
use super::retention::still_readable;
use crate::domain::{CaseFile, Folded, NewSnapshot, Snapshot, SnapshotFold, Standing};
use crate::error::Error;
use crate::store::{self, PgPool};

/// Cases that are read at a time: what memory is bounded by.
const CASES_A_PAGE: u32 = 2_000;

impl App {
    /// Fixes what is known now, as `view` shows it. The same records and view are one snapshot,
    /// given with the rejects that are open now: they come and go without a new record.
    pub(crate) async fn create_snapshot(
        &self,
        jurisdiction: &JurisdictionId,
        month: Month,
        view: View,
    ) -> Result<Snapshot, Error> {
        let mut connection = store::acquire(&self.pool).await?;
        let (watermark, open_rejects) =
            store::jurisdiction::standing(&mut connection, jurisdiction).await?;
        let found =
            store::snapshot::find(&mut connection, jurisdiction, month, view, watermark).await?;
        drop(connection);
        if let Some(snapshot) = found {
            return Ok(Snapshot { open_rejects, ..snapshot });
        }
        let folded = self.fold(jurisdiction, watermark, view).await?;
        let id = Uuid::now_v7().to_string().parse::<RecordId>().expect("a UUID is a record ID");
        let new = NewSnapshot { id, month, view, watermark, open_rejects, folded };
        let mut connection = store::acquire(&self.pool).await?;
        store::snapshot::insert(&mut connection, jurisdiction, &new).await?;
        // Another call may have been faster; then its snapshot is the one.
        let stored =
            store::snapshot::find(&mut connection, jurisdiction, month, view, watermark).await?;
        let name = SnapshotName { jurisdiction: jurisdiction.clone(), snapshot: new.id };
        let stored = stored.map(|snapshot| Snapshot { open_rejects, ..snapshot });
        stored.ok_or_else(|| Error::SnapshotNotFound { name: name.to_string() })
    }

    /// A snapshot.
    pub(crate) async fn snapshot(&self, name: &SnapshotName) -> Result<Snapshot, Error> {
        let mut connection = store::acquire(&self.pool).await?;
        store::snapshot::get_one(&mut connection, &name.jurisdiction, &name.snapshot)
            .await?
            .ok_or_else(|| Error::SnapshotNotFound { name: name.to_string() })
    }

    /// Snapshots, newest first, and the token of the next page.
    pub(crate) async fn snapshots(
        &self,
        parent: &JurisdictionName,
        page: &Page,
    ) -> Result<(Vec<Snapshot>, String), Error> {
        let query = ["snapshots", parent.jurisdiction.as_str()];
        let (size, before) = open_page(page, &query)?;
        let mut connection = store::acquire(&self.pool).await?;
        let before = before.as_deref();
        let mut snapshots =
            store::snapshot::list(&mut connection, &parent.jurisdiction, before, size + 1).await?;
        let next = close_page(&mut snapshots, size, &query, |snapshot| snapshot.id.to_string());
        Ok((snapshots, next))
    }

    /// Reads the records of a snapshot again; gives their digest when it is the stored one.
    pub(crate) async fn verify_snapshot(&self, name: &SnapshotName) -> Result<Digest, Error> {
        let snapshot = self.snapshot(name).await?;
        let found = self.fold(&name.jurisdiction, snapshot.watermark, snapshot.view).await?;
        if found.digest != snapshot.digest {
            return Err(Error::SnapshotDigestMismatch {
                name: name.to_string(),
                stored: snapshot.digest.to_string(),
                found: found.digest.to_string(),
            });
        }
        Ok(found.digest)
    }

    /// The facts that answer each question, as the first `watermark` records give them.
    pub(crate) async fn facts(
        &self,
        jurisdiction: JurisdictionId,
        watermark: i64,
        questions: Vec<Question>,
    ) -> Result<FactPages, Error> {
        let accepted = self.watermark(&jurisdiction).await?;
        if watermark > accepted {
            return Err(Error::WatermarkAhead { asked: watermark, watermark: accepted });
        }
        let files = FilePages::open(self, jurisdiction, watermark).await?;
        Ok(FactPages { files, ahead: None, questions: questions.into() })
    }

    /// The number of accepted records.
    pub(crate) async fn watermark(&self, jurisdiction: &JurisdictionId) -> Result<i64, Error> {
        let mut connection = store::acquire(&self.pool).await?;
        Ok(store::jurisdiction::watermark(&mut connection, jurisdiction).await?)
    }

    async fn fold(
        &self,
        jurisdiction: &JurisdictionId,
        watermark: i64,
        view: View,
    ) -> Result<Folded, Error> {
        let mut files = FilePages::open(self, jurisdiction.clone(), watermark).await?;
        let mut fold = SnapshotFold::new(view);
        let mut page = files.next().await?;
        while !page.is_empty() {
            let folding = tokio::task::spawn_blocking(move || {
                page.into_iter().for_each(|file| fold.add(file));
                fold
            });
            // The next page is on its way while this one is folded.
            (fold, page) = tokio::try_join!(async { Ok(folding.await?) }, files.next())?;
        }
        Ok(fold.finish())
    }
}

/// All case files up to a watermark, page by page. A connection is held no longer than a page.
struct FilePages {
    pool: PgPool,
    jurisdiction: JurisdictionId,
    watermark: i64,
    standing: Standing,
    /// The last case read; none after the last page.
    after: Option<String>,
}

impl FilePages {
    async fn open(app: &App, jurisdiction: JurisdictionId, watermark: i64) -> Result<Self, Error> {
        let standing = app.readable(&jurisdiction, watermark).await?;
        let (pool, after) = (app.pool.clone(), Some(String::new()));
        Ok(Self { pool, jurisdiction, watermark, standing, after })
    }

    /// The next page; empty at the end.
    async fn next(&mut self) -> Result<Vec<CaseFile>, Error> {
        let Some(after) = &self.after else { return Ok(Vec::new()) };
        let mut connection = store::acquire(&self.pool).await?;
        let limit = CASES_A_PAGE;
        let page =
            store::file::page(&mut connection, &self.jurisdiction, self.watermark, after, limit)
                .await?;
        still_readable(&mut connection, &self.jurisdiction, self.watermark, &self.standing).await?;
        let is_full = u32::try_from(page.len()).is_ok_and(|length| length == limit);
        self.after = page.last().filter(|_| is_full).map(|file| file.case.case_no.to_string());
        Ok(page)
    }
}

/// Facts, page by page in the order of case numbers.
pub(crate) struct FactPages {
    files: FilePages,
    /// The page after the one that was given last.
    ahead: Option<Vec<CaseFile>>,
    questions: Arc<[Question]>,
}

/// Facts of one month.
pub(crate) struct MonthFacts {
    pub(crate) month: Month,
    /// At least one.
    pub(crate) facts: Vec<Fact>,
}

impl FactPages {
    /// The next facts that there are, month by month as they were asked for; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<MonthFacts>>, Error> {
        loop {
            let page = match self.ahead.take() {
                Some(page) => page,
                None => self.files.next().await?,
            };
            if page.is_empty() {
                return Ok(None);
            }
            let questions = Arc::clone(&self.questions);
            let deriving = tokio::task::spawn_blocking(move || derive(&questions, &page));
            // The next page is on its way while this one is folded.
            let (facts, ahead) =
                tokio::try_join!(async { Ok(deriving.await?) }, self.files.next())?;
            self.ahead = Some(ahead);
            if !facts.is_empty() {
                return Ok(Some(facts));
            }
        }
    }
}

fn derive(questions: &[Question], page: &[CaseFile]) -> Vec<MonthFacts> {
    let of_month = |question: &Question| {
        let deriver = Deriver::new(question);
        let facts = page.iter().filter_map(|file| deriver.derive(&file.case, &file.events));
        MonthFacts { month: question.month, facts: facts.collect() }
    };
    questions.iter().map(of_month).filter(|month| !month.facts.is_empty()).collect()
}
