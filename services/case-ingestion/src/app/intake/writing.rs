//! A turn to write into a jurisdiction.

use std::collections::BTreeSet;

use chengping_types::{CaseNo, JurisdictionId, Month};
use tokio::sync::OwnedMutexGuard;

use super::ahead::Clean;
use super::memory::Memory;
use crate::domain::{KnownCase, KnownCases, Ledger, NewReject, Retention, SentEvent, Version};
use crate::store::{self, StoreError, Transaction};

/// A transaction that holds the lock of a jurisdiction, with what it found and what it is about to
/// change. Dropped, it is undone.
pub(crate) struct Writing {
    pub(crate) transaction: Transaction,
    pub(super) jurisdiction: JurisdictionId,
    /// The counters as they will be.
    pub(in crate::app) ledger: Ledger,
    /// The counters as they are stored.
    stored: Ledger,
    /// The accepted ones among the cases of a batch of events.
    pub(super) known: KnownCases,
    /// What was put away and erased.
    pub(in crate::app) retention: Retention,
    /// The deadline rules of now, where the rows need them and a time zone is known.
    pub(in crate::app) rules: Option<Version>,
    /// The order of the rows of a batch that was found clean before its turn, and still is.
    pub(super) clean: Option<Vec<usize>>,
    memory: Memory,
    /// What is to be remembered when it lasts.
    fixed: Vec<(CaseNo, KnownCase)>,
    begun: BTreeSet<Month>,
    _turn: OwnedMutexGuard<()>,
}

impl Writing {
    /// Takes the lock of the jurisdiction.
    pub(in crate::app) async fn begin(
        mut transaction: Transaction,
        jurisdiction: &JurisdictionId,
        memory: Memory,
        turn: OwnedMutexGuard<()>,
    ) -> Result<Self, StoreError> {
        let ledger = store::jurisdiction::lock(&mut transaction, jurisdiction).await?;
        let retention = store::archive::retention(&mut transaction, jurisdiction).await?;
        Ok(Self {
            transaction,
            jurisdiction: jurisdiction.clone(),
            ledger,
            stored: ledger,
            known: KnownCases::default(),
            retention,
            rules: None,
            clean: None,
            memory,
            fixed: Vec::new(),
            begun: BTreeSet::new(),
            _turn: turn,
        })
    }

    /// Finds out which of the cases are accepted.
    pub(in crate::app) async fn know(&mut self, cases: &[&CaseNo]) -> Result<(), StoreError> {
        let (jurisdiction, watermark) = (&self.jurisdiction, self.stored.watermark);
        let (known, others) = self.memory.recall(jurisdiction, watermark, cases);
        self.known = known;
        if !others.is_empty() {
            let found =
                store::case::find_known(&mut self.transaction, jurisdiction, &others).await?;
            self.memory.remember(jurisdiction, found.iter().map(|(case, known)| (case, *known)));
            self.known.extend(found);
        }
        Ok(())
    }

    /// Takes over what was found of a batch before its turn, unless something has changed since: of
    /// a case that was accepted only its month can have been fixed.
    pub(in crate::app) fn adopt(&mut self, clean: Clean) -> bool {
        let Clean { mut known, order, generation } = clean;
        let (jurisdiction, watermark) = (&self.jurisdiction, self.stored.watermark);
        let still_holds = self.memory.renew(jurisdiction, watermark, generation, &mut known);
        let Retention { archived, erased } = &self.retention;
        if !still_holds || known.months().any(|it| archived.contains(&it) || erased.contains(&it)) {
            return false;
        }
        self.known = known;
        self.clean = Some(order);
        true
    }

    /// Makes sure that these events, whose cases are known, have a month to be kept under; whether
    /// those cases that had none got it by this.
    pub(super) async fn fix_months<'e>(
        &mut self,
        events: impl Iterator<Item = &'e SentEvent>,
    ) -> Result<bool, StoreError> {
        let fixed = self.known.fix_months(events, &self.retention);
        for (_, month) in &fixed {
            if !self.memory.has_month(*month) && self.begun.insert(*month) {
                store::case::begin_month(&mut self.transaction, *month).await?;
            }
        }
        let Self { transaction, jurisdiction, .. } = self;
        if !store::case::fix_months(transaction, jurisdiction, &fixed).await? {
            return Ok(false);
        }
        let known = |case_no: CaseNo| {
            let known = self.known.get(&case_no).expect("just fixed");
            (case_no, known)
        };
        self.fixed.extend(fixed.into_iter().map(|(case_no, _)| known(case_no)));
        Ok(true)
    }

    /// Stores what is set aside.
    pub(super) async fn set_aside(&mut self, rejects: &mut [NewReject]) -> Result<(), StoreError> {
        self.ledger.queue(rejects);
        store::reject::insert(&mut self.transaction, &self.jurisdiction, rejects).await?;
        Ok(())
    }

    /// Whether events of the last batch had been accepted before: then this one is looked up at
    /// once.
    pub(super) fn expects_repeats(&self) -> bool {
        self.memory.expects_repeats(&self.jurisdiction)
    }

    pub(super) fn expect_repeats(&self, expects: bool) {
        self.memory.expect_repeats(&self.jurisdiction, expects);
    }

    /// Undoes everything.
    pub(crate) async fn undo(self) -> Result<(), StoreError> {
        store::undo(self.transaction).await
    }

    /// Makes everything last.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        if self.ledger != self.stored {
            store::jurisdiction::update(&mut self.transaction, &self.jurisdiction, self.ledger)
                .await?;
        }
        store::commit(self.transaction).await?;
        self.memory.remember_months(self.begun);
        let fixed = self.fixed.iter().map(|(case_no, known)| (case_no, *known));
        self.memory.remember(&self.jurisdiction, fixed);
        Ok(())
    }
}
