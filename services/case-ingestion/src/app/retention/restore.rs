//! Taking a month back.

use chengping_casework::archive::Record;
use chengping_types::name::ArchiveName;

use super::put_away::expect;
use super::{App, CASES_A_PAGE, Tally, find};
use crate::app::intake::{Writing, release_month};
use crate::domain::{Archive, ArchiveState, MONTH_ARCHIVED, Standing, Why};
use crate::error::Error;
use crate::store::{self, Transaction};

/// A month on its way back: a transaction that nobody else sees. Dropped, it is undone.
pub(crate) struct Restoring {
    app: App,
    name: ArchiveName,
    archive: Archive,
    why: Why,
    standing: Standing,
    /// Whether titles and notes are taken in again.
    keeps_texts: bool,
    transaction: Transaction,
    tally: Tally,
}

/// What became of a month.
#[derive(Debug)]
pub(crate) struct Restored {
    pub(crate) archive: Archive,
    /// Events that had waited for it and were new.
    pub(crate) released: i64,
    pub(crate) watermark: i64,
}

impl App {
    /// Begins to take a month back; gives none where it is back already.
    pub(crate) async fn begin_restore(
        &self,
        name: &ArchiveName,
        why: Why,
    ) -> Result<Option<Restoring>, Error> {
        let ArchiveName { jurisdiction, archive: month } = name;
        let mut transaction = store::begin(&self.pool).await?;
        let archive = find(&mut transaction, name).await?;
        if archive.state == ArchiveState::Restored {
            return Ok(None);
        }
        let standing = store::archive::standing(&mut transaction, jurisdiction, i64::MAX).await?;
        let erased = store::archive::retention(&mut transaction, jurisdiction).await?.erased;
        let keeps_texts = archive.text_digest.is_some() && !erased.contains(month);
        Ok(Some(Restoring {
            app: self.clone(),
            name: name.clone(),
            archive,
            why,
            standing,
            keeps_texts,
            transaction,
            tally: Tally::default(),
        }))
    }

    /// A month that is back already.
    pub(crate) async fn restored(&self, name: &ArchiveName) -> Result<Restored, Error> {
        let archive = self.archive(name).await?;
        let watermark = self.watermark(&name.jurisdiction).await?;
        Ok(Restored { archive, released: 0, watermark })
    }
}

impl Restoring {
    /// Takes the next records in.
    pub(crate) async fn add(&mut self, records: Vec<Record>) -> Result<(), Error> {
        self.tally.add(&records)?;
        if self.tally.adder.counts().events > self.archive.event_count {
            return Err(Error::ArchiveDamaged(
                "there are more events than were put away".to_owned(),
            ));
        }
        let mut events = Vec::with_capacity(records.len());
        for record in records {
            if let Record::Event(mut event) = record {
                if !self.keeps_texts {
                    event.record.note = None;
                }
                events.push(event);
            }
        }
        let ArchiveName { jurisdiction, archive: month } = &self.name;
        let added =
            store::month::bring_back(&mut self.transaction, jurisdiction, *month, &events).await;
        match added {
            Err(error) if error.is_repeat() => Err(Error::ReadingDisturbed),
            added => Ok(added?),
        }
    }

    /// Makes all of it be seen, with what had waited for it, if it is what was put away.
    pub(crate) async fn finish(mut self, validate_only: bool) -> Result<Restored, Error> {
        let (name, month) = (self.name.clone(), self.name.archive);
        let jurisdiction = &name.jurisdiction;
        let (given, _) = std::mem::take(&mut self.tally).finish();
        expect(&name, given.digest, self.archive.digest)?;
        if self.keeps_texts {
            let recorded = self.archive.text_digest.expect("texts are kept");
            expect(&name, given.text_digest, recorded)?;
        }
        self.check_stored().await?;
        if validate_only {
            let watermark = self.app.watermark(jurisdiction).await?;
            return Ok(Restored { archive: self.archive, released: 0, watermark });
        }
        // Asked before anybody waits for the lock.
        let waiting = store::reject::waiting_cases(
            &mut self.transaction,
            jurisdiction,
            MONTH_ARCHIVED,
            month,
        )
        .await?;
        let rules = match waiting.is_empty() {
            true => None,
            false => self.app.registry.deadline_rules(jurisdiction).await?,
        };

        let turn = self.app.turns.wait(jurisdiction).await;
        let memory = self.app.memory.clone();
        let mut writing = Writing::begin(self.transaction, jurisdiction, memory, turn).await?;
        writing.rules = rules;
        let standing =
            store::archive::standing(&mut writing.transaction, jurisdiction, i64::MAX).await?;
        if standing != self.standing {
            return Err(Error::ReadingDisturbed);
        }
        store::archive::take_back(&mut writing.transaction, jurisdiction, month, &self.why).await?;
        writing.retention.archived.remove(&month);
        let released = release_month(&mut writing, month).await?;
        let watermark = writing.ledger.watermark;
        let archive = find(&mut writing.transaction, &name).await?;
        writing.commit().await?;
        Ok(Restored { archive, released, watermark })
    }

    /// Makes sure that what is stored now, cases and deadlines that never left included, is what was
    /// put away.
    async fn check_stored(&mut self) -> Result<(), Error> {
        let ArchiveName { jurisdiction, archive: month } = &self.name;
        let mut tally = Tally::default();
        let mut after = String::new();
        loop {
            let position = (after.as_str(), CASES_A_PAGE);
            let page =
                store::month::page(&mut self.transaction, jurisdiction, *month, i64::MAX, position)
                    .await?;
            let Some(last) = page.last else { break };
            after = last;
            tally = tally.add_aside(page.records).await?;
        }
        let (stored, _) = tally.finish();
        expect(&self.name, self.archive.digest, stored.digest)
    }
}
