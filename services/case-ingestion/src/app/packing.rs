//! Keeping packed case files up with the records.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use chengping_casework::PackedError;
use chengping_chassis::CancellationToken;
use chengping_types::JurisdictionId;
use futures_util::future::try_join_all;

use super::App;
use super::files::damaged;
use crate::domain::{Additions, PackedFile, is_much, join_former, known_cases, pack, packable};
use crate::error::Error;
use crate::store::packed::{self, Standing};
use crate::store::{self, PgConnection};

/// Records that are packed at a time: what memory is bounded by.
const RECORDS_AT_ONCE: i64 = 5_000;
/// Records that are packed in one transaction, but for files that are made anew.
const RECORDS_A_TURN: i64 = 60_000;
/// How often is looked whether records are to be packed.
const LOOK: Duration = Duration::from_secs(1);
/// How long nobody looks after a failure.
const PAUSE: Duration = Duration::from_secs(10);

/// Records that came to this process, so that who packs sees at once that many do.
#[derive(Debug, Clone, Default)]
pub(super) struct Arrivals(Arc<AtomicI64>);

impl Arrivals {
    /// So many came.
    pub(super) fn add(&self, records: usize) {
        let records = i64::try_from(records).expect("a batch fits");
        self.0.fetch_add(records, Ordering::Relaxed);
    }

    fn since_now(&self) -> Since<'_> {
        Since { arrivals: self, before: self.0.load(Ordering::Relaxed), start: Instant::now() }
    }
}

/// What came since a moment.
struct Since<'a> {
    arrivals: &'a Arrivals,
    before: i64,
    start: Instant,
}

impl Since<'_> {
    fn is_much(&self) -> bool {
        let records = self.arrivals.0.load(Ordering::Relaxed) - self.before;
        is_much(records, self.start.elapsed())
    }
}

/// How records are packed.
enum Manner<'a> {
    /// Somebody waits for it.
    Wanted,
    /// Nobody does: not where another packs, and no longer than little comes in.
    Aside(&'a Since<'a>),
}

impl Manner<'_> {
    /// Whether who packs makes way for what comes in.
    fn makes_way(&self) -> bool {
        matches!(self, Self::Aside(since) if since.is_much())
    }
}

impl App {
    /// Packs until the first `watermark` records are packed. They are accepted already.
    pub(super) async fn pack(
        &self,
        jurisdiction: &JurisdictionId,
        watermark: i64,
    ) -> Result<(), Error> {
        while self.packed(jurisdiction).await?.unwrap_or_default() < watermark {
            let _turn = self.packers.wait(jurisdiction).await;
            self.pack_some(jurisdiction, &Manner::Wanted).await?;
        }
        Ok(())
    }

    /// Makes all files of a jurisdiction anew; tells how many records they hold. Who reads
    /// meanwhile sees the former ones.
    pub(crate) async fn rebuild_case_files(
        &self,
        jurisdiction: &JurisdictionId,
    ) -> Result<i64, Error> {
        let _turn = self.packers.wait(jurisdiction).await;
        let mut transaction = store::begin(&self.pool).await?;
        packed::lock(&mut transaction, jurisdiction, false).await?;
        let watermark = self.rebuild(&mut transaction, jurisdiction).await?;
        store::commit(transaction).await?;
        Ok(watermark)
    }

    async fn packed(&self, jurisdiction: &JurisdictionId) -> Result<Option<i64>, Error> {
        let mut connection = store::acquire(&self.pool).await?;
        Ok(packed::watermark(&mut connection, jurisdiction).await?)
    }

    /// Packs some of the records that are not packed yet, in one transaction. Files that cannot be
    /// continued are made anew.
    async fn pack_some(
        &self,
        jurisdiction: &JurisdictionId,
        manner: &Manner<'_>,
    ) -> Result<(), Error> {
        let mut transaction = store::begin(&self.pool).await?;
        let skip_locked = matches!(manner, Manner::Aside(_));
        let standing = packed::lock(&mut transaction, jurisdiction, skip_locked).await?;
        match standing {
            None => return Ok(store::undo(transaction).await?),
            Some(Standing { is_stale: true, .. }) => {
                self.rebuild(&mut transaction, jurisdiction).await?;
            }
            Some(Standing { watermark, .. }) => {
                let accepted =
                    store::jurisdiction::watermark(&mut transaction, jurisdiction).await?;
                let upto = accepted.min(watermark + RECORDS_A_TURN);
                pack_range(&mut transaction, jurisdiction, (watermark, upto), manner).await?;
            }
        }
        Ok(store::commit(transaction).await?)
    }

    async fn rebuild(
        &self,
        connection: &mut PgConnection,
        jurisdiction: &JurisdictionId,
    ) -> Result<i64, Error> {
        let accepted = store::jurisdiction::watermark(connection, jurisdiction).await?;
        // What is put away can be read of the files alone.
        self.readable(jurisdiction, accepted).await?;
        packed::clear(connection, jurisdiction).await?;
        pack_range(connection, jurisdiction, (0, accepted), &Manner::Wanted).await?;
        Ok(accepted)
    }

    /// Packs what comes in while little does, until `shutdown`. What fails is done by the next who
    /// reads, or later.
    pub(crate) async fn keep_packing(self, shutdown: CancellationToken) {
        let mut seen = BTreeMap::new();
        let mut wait = LOOK;
        while shutdown.run_until_cancelled(tokio::time::sleep(wait)).await.is_some() {
            let looking = shutdown.run_until_cancelled(self.look(&mut seen)).await;
            wait = match looking {
                None => return,
                Some(Ok(())) => LOOK,
                Some(Err(error)) => {
                    tracing::debug!(%error, "case files are not packed at the moment");
                    PAUSE
                }
            };
        }
    }

    /// Looks once which jurisdictions are behind, and packs where little comes in, unless much comes
    /// in for another.
    async fn look(&self, seen: &mut BTreeMap<JurisdictionId, i64>) -> Result<(), Error> {
        let mut connection = store::acquire(&self.pool).await?;
        let behind = packed::behind(&mut connection).await?;
        drop(connection);
        let before = std::mem::replace(seen, behind);
        let since = self.arrivals.since_now();
        let manner = Manner::Aside(&since);
        let mut outcome = Ok(());
        for jurisdiction in packable(&before, seen) {
            if manner.makes_way() {
                break;
            }
            // One that cannot be packed keeps no other waiting.
            outcome = outcome.and(self.pack_some(jurisdiction, &manner).await);
        }
        outcome
    }
}

/// Packs the records behind the first `after` up to the first `upto`, part by part: while one is
/// computed the next is read. Who makes way packs one part at least, so that there is an end of it
/// however much comes in.
async fn pack_range(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    (after, upto): (i64, i64),
    manner: &Manner<'_>,
) -> Result<(), Error> {
    let part = |after: i64| (after, upto.min(after + RECORDS_AT_ONCE));
    let mut after = after;
    let mut news = match after < upto {
        true => Some(packed::news(connection, jurisdiction, part(after)).await?),
        false => None,
    };
    while let Some(some) = news.take() {
        let (_, end) = part(after);
        let mut additions = some.by_case();
        let known = known_cases(&additions);
        let frames = packed::of_cases(connection, jurisdiction, &known).await?;
        let packing = async {
            let join = move || join_former(&mut additions, &frames).map(|()| additions);
            let additions = tokio::task::spawn_blocking(join).await?;
            let files = pack_on_all_cores(additions.map_err(damaged(jurisdiction))?).await?;
            files.map_err(damaged(jurisdiction))
        };
        let reading = async {
            match end < upto {
                true => Ok(Some(packed::news(connection, jurisdiction, part(end)).await?)),
                false => Ok(None),
            }
        };
        let files;
        (files, news) = tokio::try_join!(packing, reading)?;
        packed::write(connection, jurisdiction, &files).await?;
        after = end;
        if manner.makes_way() {
            break;
        }
    }
    Ok(packed::set(connection, jurisdiction, after).await?)
}

async fn pack_on_all_cores(
    additions: Additions,
) -> Result<Result<Vec<PackedFile>, PackedError>, Error> {
    let cores = available_parallelism().map_or(1, NonZeroUsize::get);
    let size = additions.len().div_ceil(cores).max(1);
    let mut additions = additions.into_iter();
    let mut packing = Vec::new();
    loop {
        let some: Vec<_> = additions.by_ref().take(size).collect();
        if some.is_empty() {
            break;
        }
        packing.push(tokio::task::spawn_blocking(move || pack(some)));
    }
    let parts = try_join_all(packing).await?;
    let parts: Result<Vec<_>, _> = parts.into_iter().collect();
    Ok(parts.map(|parts| parts.into_iter().flatten().collect()))
}

#[cfg(test)]
mod tests {
    use chengping_testing::TestDatabase;
    use sqlx::Executor as _;

    use super::*;
    use crate::SCHEMA;
    use crate::store::MIGRATOR;

    const CASES: &str = "
        INSERT INTO case_record (jurisdiction, case_no, sequence, source, category_scheme,
                                 category_code, area_code)
        SELECT 'zz', 'c' || number, number, 1, 's', '0101', ''
        FROM generate_series(1, 12000) AS number";

    #[tokio::test]
    async fn who_makes_way_leaves_the_rest_to_be_packed_later() {
        let database = TestDatabase::new().await.unwrap();
        let pool = database.migrated(SCHEMA, SCHEMA, &MIGRATOR).await.unwrap();
        pool.execute(CASES).await.unwrap();
        let zz = "zz".parse().unwrap();
        let arrivals = Arrivals::default();
        let since = arrivals.since_now();
        assert!(!Manner::Aside(&since).makes_way());
        arrivals.add(1_000_000);
        assert!(Manner::Aside(&since).makes_way() && !Manner::Wanted.makes_way());

        let mut transaction = store::begin(&pool).await.unwrap();
        packed::lock(&mut transaction, &zz, true).await.unwrap();
        let mut after = 0;
        for (manner, upto) in [(Manner::Aside(&since), RECORDS_AT_ONCE), (Manner::Wanted, 12_000)] {
            pack_range(&mut transaction, &zz, (after, 12_000), &manner).await.unwrap();
            after = packed::watermark(&mut transaction, &zz).await.unwrap().unwrap();
            let files: i64 = sqlx::query_scalar("SELECT count(*) FROM case_file")
                .fetch_one(&mut *transaction)
                .await
                .unwrap();
            assert_eq!((after, files), (upto, upto));
        }
    }
}
