//! Snapshots: what was known, fixed.

use std::collections::VecDeque;

use chengping_casework::View;
use chengping_types::name::{JurisdictionName, SnapshotName};
use chengping_types::{Digest, Instant, JurisdictionId, Month};
use futures_util::stream::TryStreamExt as _;
use uuid::Uuid;

use super::App;
use super::files::{self, RawPages, Reading, check_complete, compute};
use super::reading::{Page, close_page, open_page};
use crate::domain::{
    CaseFile, Folded, NewSnapshot, Sight, Snapshot, SnapshotFold, next_revision, unpack_page,
};
use crate::error::Error;
use crate::store::packed::FreezeCut;
use crate::store::{self, PgConnection};

impl App {
    /// Fixes what is known now, as `view` shows it. The same records and view are one snapshot,
    /// given with the rejects that are open now: they come and go without a new record.
    pub(crate) async fn create_snapshot(
        &self,
        jurisdiction: &JurisdictionId,
        month: Month,
        view: View,
    ) -> Result<Snapshot, Error> {
        loop {
            let mut connection = store::acquire(&self.pool).await?;
            let (watermark, open_rejects) =
                store::jurisdiction::standing(&mut connection, jurisdiction).await?;
            let sight = Sight { watermark, view };
            let found = store::snapshot::find(&mut connection, jurisdiction, month, sight).await?;
            if let Some(snapshot) = found {
                return Ok(Snapshot { open_rejects, ..snapshot });
            }
            let former = former(&mut connection, jurisdiction, month, sight).await?;
            drop(connection);
            if former.as_ref().is_some_and(|former| former.watermark > watermark) {
                // Another call was faster, and knows more.
                continue;
            }
            let seen = former.as_ref().map(Snapshot::sight);
            let folded = self.fold_packed(jurisdiction, sight, seen).await?;
            let new = NewSnapshot {
                id: Uuid::now_v7().to_string().parse().expect("a UUID is a record ID"),
                month,
                sight,
                open_rejects,
                folded,
                revision: next_revision(former.as_ref(), folded.late),
                former: former.map(|former| former.id),
            };
            self.insert_snapshot(jurisdiction, &new).await?;
        }
    }

    /// Stores a snapshot, unless there is one of the same records and view, or another one has
    /// come before it.
    async fn insert_snapshot(
        &self,
        jurisdiction: &JurisdictionId,
        new: &NewSnapshot,
    ) -> Result<(), Error> {
        let _turn = self.packers.wait(jurisdiction).await;
        let mut transaction = store::begin(&self.pool).await?;
        store::packed::lock(&mut transaction, jurisdiction, false).await?;
        let former = former(&mut transaction, jurisdiction, new.month, new.sight).await?;
        if former.map(|former| former.id) == new.former {
            store::snapshot::insert(&mut transaction, jurisdiction, new).await?;
        }
        Ok(store::commit(transaction).await?)
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

    /// Reads the records of a snapshot again, not the packed files; gives their digest when it is
    /// the stored one, and the packed files are what the records say.
    pub(crate) async fn verify_snapshot(&self, name: &SnapshotName) -> Result<Digest, Error> {
        let snapshot = self.snapshot(name).await?;
        let (jurisdiction, sight) = (&name.jurisdiction, snapshot.sight());
        let (found, damage) = self.fold_records(jurisdiction, sight).await?;
        if found.digest != snapshot.digest {
            return Err(Error::SnapshotDigestMismatch {
                name: name.to_string(),
                stored: snapshot.digest.to_string(),
                found: found.digest.to_string(),
            });
        }
        if let Some(damage) = damage {
            return Err(damage);
        }
        let packed = self.fold_packed(jurisdiction, sight, None).await?;
        if packed != found {
            return Err(damaged(
                jurisdiction,
                "their digests are not those of the records".to_owned(),
            ));
        }
        Ok(found.digest)
    }

    /// The number of accepted records.
    pub(crate) async fn watermark(&self, jurisdiction: &JurisdictionId) -> Result<i64, Error> {
        let mut connection = store::acquire(&self.pool).await?;
        Ok(store::jurisdiction::watermark(&mut connection, jurisdiction).await?)
    }

    /// What is seen, by the packed files.
    async fn fold_packed(
        &self,
        jurisdiction: &JurisdictionId,
        sight: Sight,
        former: Option<Sight>,
    ) -> Result<Folded, Error> {
        self.pack(jurisdiction, sight.watermark).await?;
        let views = std::iter::once(sight).chain(former).map(|sight| sight.view);
        let cuts = views.flat_map(|view| [view.as_of, view.decided]);
        let cut = FreezeCut {
            watermark: sight.watermark,
            whole_before: cuts.min().unwrap_or(Instant::MIN),
            looked_into_after: former.map_or(i64::MAX, |former| former.watermark),
        };
        let (pool, of) = (self.pool.clone(), jurisdiction.clone());
        let pages = files::packed_pages(pool, of, Reading::Digests(cut));
        let fold_page = move |page: &[u8]| SnapshotFold::fold_page(sight, former, page);
        let mut pages = compute(pages, fold_page, jurisdiction);
        let mut fold = SnapshotFold::new(sight);
        while let Some(page) = pages.try_next().await? {
            fold.add_page(&page);
        }
        check_complete(jurisdiction, sight.watermark, fold.records())?;
        Ok(fold.finish())
    }

    /// What is seen, by the records themselves, and where the packed files are not what these say.
    async fn fold_records(
        &self,
        jurisdiction: &JurisdictionId,
        sight: Sight,
    ) -> Result<(Folded, Option<Error>), Error> {
        self.pack(jurisdiction, sight.watermark).await?;
        let (pool, of) = (self.pool.clone(), jurisdiction.clone());
        let pages = files::packed_pages(pool, of, Reading::Files(sight.watermark));
        let unpack = move |page: &[u8]| unpack_page(page, sight.watermark);
        let mut packed = compute(pages, unpack, jurisdiction);
        let (mut waiting, mut damage) = (VecDeque::new(), None);
        let of = jurisdiction.clone();
        let mut records = RawPages::open(self, of, sight.watermark).await?;
        let mut fold = SnapshotFold::new(sight);
        let mut page = records.next().await?;
        while !page.is_empty() {
            while damage.is_none() && waiting.len() < page.len() {
                match packed.try_next().await {
                    Ok(Some(more)) => waiting.extend(more.files),
                    Ok(None) => break,
                    Err(error @ Error::CaseFilesDamaged { .. }) => damage = Some(error),
                    Err(error) => return Err(error),
                }
            }
            let files: Vec<_> = waiting.drain(..page.len().min(waiting.len())).collect();
            let folding = tokio::task::spawn_blocking(move || {
                let other = first_difference(&page, &files);
                page.into_iter().for_each(|file| fold.add(file));
                (fold, other)
            });
            // The next page is on its way while this one is folded.
            let other;
            ((fold, other), page) = tokio::try_join!(async { Ok(folding.await?) }, records.next())?;
            let other = other.map(|case_no| {
                damaged(jurisdiction, format!("case {case_no} is not what its records say"))
            });
            damage = damage.or(other);
        }
        Ok((fold.finish(), damage))
    }
}

fn damaged(jurisdiction: &JurisdictionId, what: String) -> Error {
    Error::CaseFilesDamaged { parent: format!("jurisdictions/{jurisdiction}"), what }
}

/// The number of the first case whose packed file is not what its records say.
fn first_difference(records: &[CaseFile], packed: &[CaseFile]) -> Option<String> {
    let is_same = |record: &CaseFile, packed: Option<&CaseFile>| {
        packed.is_some_and(|packed| *packed == record.clone().without_free_texts())
    };
    let mut packed = packed.iter();
    let other = records.iter().find(|record| !is_same(record, packed.next()));
    other.map(|other| other.case.case_no.to_string())
}

/// The snapshot of the same month and the same `as_of` before what is seen.
async fn former(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    month: Month,
    sight: Sight,
) -> Result<Option<Snapshot>, Error> {
    Ok(store::snapshot::former(connection, jurisdiction, month, sight).await?)
}
