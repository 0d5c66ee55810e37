//! Which revision is in force in a month, remembered for as long as it may be believed.
//!
//! A pointer is a lease. It comes from a read of the database that began at some instant, and is
//! believed until `ttl` after that instant, by a clock of this machine alone; and only while this
//! process is announced in the database as one that believes. Whoever puts another revision in force
//! looks, after the commit, who is announced, and does not answer before the leases of all have run
//! out. So it holds that after the answer nobody believes the former revision:
//!
//! - A read that saw the former revision saw the database before the commit, so it began before
//!   the commit was over, and its lease ends before the wait does.
//! - Its process was announced before the read began, so the announcement stood when the other
//!   looked.
//! - In the process that commits, [`Pointers::forget`] drops what was remembered, and what is still
//!   being read cannot be kept any more.
//!
//! `docs/adr/0004` says why nothing of this goes through the cache.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use chengping_chassis::clock::SteadyInstant;
use chengping_types::{JurisdictionId, Month};

/// The longest that a pointer may be believed, whatever is configured: how long to wait where
/// nobody can say who believes what.
pub(crate) const TTL_MAX: Duration = Duration::from_secs(10);
/// How long an announcement is believed by who made it. It stands in the database for far longer,
/// so that a clock there that is set forward by hours does no harm.
const ANNOUNCED: Duration = Duration::from_secs(2 * 3600);
/// After how long it is made anew.
const ANNOUNCE_AGAIN: Duration = Duration::from_secs(3600);

/// Beyond them everything is forgotten, which costs time and bounds memory.
const JURISDICTIONS_MAX: usize = 1024;
const MONTHS_MAX: usize = 256;

/// What is remembered of all jurisdictions. `T` is what a pointer points to.
#[derive(Debug)]
pub(crate) struct Pointers<T> {
    /// How long a pointer is believed; zero: never.
    ttl: Duration,
    /// Given to slots, each once: a slot that was dropped and made anew must not look unchanged.
    generations: AtomicU64,
    slots: RwLock<HashMap<JurisdictionId, Arc<Slot<T>>>>,
    /// Nothing is remembered any more.
    closed: AtomicBool,
}

#[derive(Debug)]
struct Slot<T>(Mutex<State<T>>);

#[derive(Debug)]
struct State<T> {
    /// Changes whenever it is forgotten what is in force.
    generation: u64,
    announcement: Announcement,
    months: BTreeMap<Month, Pointer<T>>,
}

/// Whether the database knows that this process believes what it remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Announcement {
    /// It does not.
    None,
    /// It is being told.
    Underway,
    /// It was told by a write that began then.
    Since(SteadyInstant),
    /// The same, and it is being told again.
    Again(SteadyInstant),
}

#[derive(Debug)]
struct Pointer<T> {
    to: T,
    /// It is time to read again, though it may be believed still.
    renew: SteadyInstant,
    until: SteadyInstant,
    renewing: bool,
}

/// What is remembered of a month.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Look<T> {
    /// This is in force.
    Believed(T),
    /// This is in force, and whoever is told so should read again.
    Renew(T),
    /// Nothing that may be believed.
    Unknown,
}

/// A read of the database that is about to begin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    generation: u64,
    /// When it began, if its outcome may be remembered.
    began: Option<SteadyInstant>,
}

impl<T: Clone> Pointers<T> {
    /// Nothing remembered; pointers will be believed for `ttl`.
    pub(crate) fn new(ttl: Duration) -> Self {
        Self {
            ttl: ttl.min(TTL_MAX),
            generations: AtomicU64::new(0),
            slots: RwLock::default(),
            closed: AtomicBool::new(false),
        }
    }

    /// How long a pointer is believed.
    pub(crate) const fn ttl(&self) -> Duration {
        self.ttl
    }

    /// The jurisdictions of which something is or was remembered.
    pub(crate) fn jurisdictions(&self) -> Vec<JurisdictionId> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.keys().cloned().collect()
    }

    /// What is in force in `month`, as far as it may be believed at `now`.
    pub(crate) fn look(
        &self,
        jurisdiction: &JurisdictionId,
        month: Month,
        now: SteadyInstant,
    ) -> Look<T> {
        let Some(slot) = self.slot(jurisdiction) else { return Look::Unknown };
        let mut state = slot.state();
        match state.months.get_mut(&month) {
            Some(pointer) if now < pointer.until => {
                if now >= pointer.renew && !pointer.renewing {
                    pointer.renewing = true;
                    return Look::Renew(pointer.to.clone());
                }
                Look::Believed(pointer.to.clone())
            }
            _ => Look::Unknown,
        }
    }

    /// Something remembered, believed or not, that is what `is_wanted` wants.
    pub(crate) fn find(
        &self,
        jurisdiction: &JurisdictionId,
        is_wanted: impl Fn(&T) -> bool,
    ) -> Option<T> {
        let slot = self.slot(jurisdiction)?;
        let state = slot.state();
        let mut pointers = state.months.values().map(|pointer| &pointer.to);
        pointers.find(|to| is_wanted(to)).cloned()
    }

    /// To be called before the database is read.
    pub(crate) fn begin(&self, jurisdiction: &JurisdictionId, now: SteadyInstant) -> Reading {
        let Some(slot) = self.slot(jurisdiction) else {
            return Reading { generation: 0, began: None };
        };
        let state = slot.state();
        let is_announced = match state.announcement {
            Announcement::Since(since) | Announcement::Again(since) => now.since(since) < ANNOUNCED,
            Announcement::None | Announcement::Underway => false,
        };
        let began = (is_announced && !self.ttl.is_zero()).then_some(now);
        Reading { generation: state.generation, began }
    }

    /// Remembers what `reading` found, unless something was put in force meanwhile. Tells whether
    /// this process should be announced now, by whoever is told so.
    pub(crate) fn keep(
        &self,
        jurisdiction: &JurisdictionId,
        month: Month,
        reading: Reading,
        to: T,
        now: SteadyInstant,
    ) -> bool {
        if self.ttl.is_zero() || self.closed.load(Ordering::Acquire) {
            return false;
        }
        let slot = self.slot_or_new(jurisdiction);
        let mut state = slot.state();
        if let Some(began) = reading.began
            && reading.generation == state.generation
        {
            if state.months.len() >= MONTHS_MAX {
                state.months.clear();
            }
            let (renew, until) = (began + self.ttl / 2, began + self.ttl);
            let is_newer = state.months.get(&month).is_none_or(|known| known.until < until);
            if is_newer {
                let pointer = Pointer { to, renew, until, renewing: false };
                state.months.insert(month, pointer);
            }
        }
        let (next, should_announce) = match state.announcement {
            Announcement::None => (Announcement::Underway, true),
            Announcement::Since(since) if now.since(since) >= ANNOUNCE_AGAIN => {
                (Announcement::Again(since), true)
            }
            standing => (standing, false),
        };
        state.announcement = next;
        should_announce
    }

    /// Notes whether the database was told, by a write that began at `began`, that this process
    /// believes what it remembers of a jurisdiction.
    pub(crate) fn announced(
        &self,
        jurisdiction: &JurisdictionId,
        began: SteadyInstant,
        is_told: bool,
    ) {
        let Some(slot) = self.slot(jurisdiction) else { return };
        let mut state = slot.state();
        state.announcement = match state.announcement {
            _ if is_told => Announcement::Since(began),
            Announcement::Again(since) => Announcement::Since(since),
            _ => Announcement::None,
        };
    }

    /// Forgets everything for good, and tells of which jurisdictions something was announced, so
    /// that it can be taken back.
    pub(crate) fn close(&self) -> Vec<JurisdictionId> {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        self.closed.store(true, Ordering::Release);
        let slots = std::mem::take(&mut *slots);
        let was_announced = |slot: &Slot<T>| slot.state().announcement != Announcement::None;
        let announced = slots.iter().filter(|(_, slot)| was_announced(slot));
        announced.map(|(jurisdiction, _)| jurisdiction.clone()).collect()
    }

    /// Forgets what is in force; what is being read is not remembered either.
    pub(crate) fn forget(&self, jurisdiction: &JurisdictionId) {
        let slot = self.slot_or_new(jurisdiction);
        let mut state = slot.state();
        state.generation = self.next_generation();
        state.months.clear();
    }

    fn slot(&self, jurisdiction: &JurisdictionId) -> Option<Arc<Slot<T>>> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.get(jurisdiction).cloned()
    }

    fn slot_or_new(&self, jurisdiction: &JurisdictionId) -> Arc<Slot<T>> {
        if let Some(slot) = self.slot(jurisdiction) {
            return slot;
        }
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= JURISDICTIONS_MAX && !slots.contains_key(jurisdiction) {
            // Whoever still reads for one of them keeps what nobody will look at.
            slots.clear();
        }
        let new = || Arc::new(Slot::new(self.next_generation()));
        Arc::clone(slots.entry(jurisdiction.clone()).or_insert_with(new))
    }

    fn next_generation(&self) -> u64 {
        self.generations.fetch_add(1, Ordering::Relaxed)
    }
}

impl<T> Slot<T> {
    fn new(generation: u64) -> Self {
        let (announcement, months) = (Announcement::None, BTreeMap::new());
        Self(Mutex::new(State { generation, announcement, months }))
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
