//! Readings of all case files in the order of their numbers, page by page.
//!
//! Records are only ever added and a watermark never moves back, so "up to this watermark" names
//! the same records for ever, and a reading of any length needs no transaction that is held open.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use chengping_casework::PackedError;
use chengping_types::JurisdictionId;
use futures_util::stream::{self, BoxStream, Stream, StreamExt as _, TryStreamExt as _};

use super::App;
use super::retention::still_readable;
use crate::domain::{CaseFile, Standing};
use crate::error::Error;
use crate::store::packed::{FramePage, FreezeCut};
use crate::store::{self, PgPool};

/// Cases whose rows are read at a time: what memory is bounded by.
const RAW_CASES_A_PAGE: u32 = 2_000;
/// Packed cases that are read at a time; their bytes are bounded as well.
const CASES_A_PAGE: u32 = 4_000;

/// All case files up to a watermark as their rows have them. A connection is held no longer than a
/// page.
pub(super) struct RawPages {
    pool: PgPool,
    jurisdiction: JurisdictionId,
    watermark: i64,
    standing: Standing,
    /// The last case read; none after the last page.
    after: Option<String>,
}

impl RawPages {
    /// Begins, where nothing of these records is put away.
    pub(super) async fn open(
        app: &App,
        jurisdiction: JurisdictionId,
        watermark: i64,
    ) -> Result<Self, Error> {
        let standing = app.readable(&jurisdiction, watermark).await?;
        let (pool, after) = (app.pool.clone(), Some(String::new()));
        Ok(Self { pool, jurisdiction, watermark, standing, after })
    }

    /// The next page; empty at the end.
    pub(super) async fn next(&mut self) -> Result<Vec<CaseFile>, Error> {
        let Some(after) = &self.after else { return Ok(Vec::new()) };
        let mut reading = store::begin_in_order(&self.pool).await?;
        let limit = RAW_CASES_A_PAGE;
        let page =
            store::file::page(&mut reading, &self.jurisdiction, self.watermark, after, limit)
                .await?;
        still_readable(&mut reading, &self.jurisdiction, self.watermark, &self.standing).await?;
        reading.end().await?;
        let is_full = u32::try_from(page.len()).is_ok_and(|length| length == limit);
        self.after = page.last().filter(|_| is_full).map(|file| file.case.case_no.to_string());
        Ok(page)
    }
}

/// What is read of packed files.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reading {
    /// The files whose case is among the first so many records.
    Files(i64),
    /// What a freeze needs.
    Digests(FreezeCut),
}

/// All packed files, page by page.
pub(super) fn packed_pages(
    pool: PgPool,
    jurisdiction: JurisdictionId,
    reading: Reading,
) -> impl Stream<Item = Result<Vec<u8>, Error>> + Send {
    stream::try_unfold(String::new(), move |after| {
        let (pool, jurisdiction) = (pool.clone(), jurisdiction.clone());
        async move {
            let mut in_order = store::begin_in_order(&pool).await?;
            let page = match reading {
                Reading::Files(watermark) => {
                    let (of, limit) = (&jurisdiction, CASES_A_PAGE);
                    store::packed::page(&mut in_order, of, watermark, &after, limit).await?
                }
                Reading::Digests(cut) => {
                    let (of, limit) = (&jurisdiction, CASES_A_PAGE);
                    store::packed::digest_page(&mut in_order, of, cut, &after, limit).await?
                }
            };
            in_order.end().await?;
            Ok(page.map(|FramePage { last, bytes }| (bytes, last)))
        }
    })
}

/// Computes something of every page on all cores, while the next ones are on their way; the answers
/// come in the order of the pages. At most a few pages are in memory.
pub(super) fn compute<T: Send + 'static>(
    pages: impl Stream<Item = Result<Vec<u8>, Error>> + Send + 'static,
    of_page: impl Fn(&[u8]) -> Result<T, PackedError> + Clone + Send + Sync + 'static,
    jurisdiction: &JurisdictionId,
) -> BoxStream<'static, Result<T, Error>> {
    let cores = available_parallelism().map_or(1, NonZeroUsize::get);
    compute_on(cores, pages, of_page, jurisdiction)
}

/// As [`compute`], on so many cores at most: for what nobody waits for while others are busy.
pub(super) fn compute_on<T: Send + 'static>(
    cores: usize,
    pages: impl Stream<Item = Result<Vec<u8>, Error>> + Send + 'static,
    of_page: impl Fn(&[u8]) -> Result<T, PackedError> + Clone + Send + Sync + 'static,
    jurisdiction: &JurisdictionId,
) -> BoxStream<'static, Result<T, Error>> {
    let damaged = damaged(jurisdiction);
    pages
        .map_ok(move |page| {
            let (of_page, damaged) = (of_page.clone(), damaged.clone());
            let computing = tokio::task::spawn_blocking(move || of_page(&page));
            async move { computing.await?.map_err(damaged) }
        })
        .try_buffered(cores)
        .boxed()
}

/// What it means that a file cannot be read.
pub(super) fn damaged(
    jurisdiction: &JurisdictionId,
) -> impl Fn(PackedError) -> Error + Clone + Send + Sync + use<> {
    let parent = format!("jurisdictions/{jurisdiction}");
    move |error| Error::CaseFilesDamaged { parent: parent.clone(), what: error.to_string() }
}

/// Whether the files held all of the first `watermark` records: the sequence has no gap, so that
/// there are just so many.
pub(super) fn check_complete(
    jurisdiction: &JurisdictionId,
    watermark: i64,
    records: i64,
) -> Result<(), Error> {
    if records == watermark {
        return Ok(());
    }
    let parent = format!("jurisdictions/{jurisdiction}");
    let what = format!("they hold {records} of the first {watermark} records");
    Err(Error::CaseFilesDamaged { parent, what })
}
