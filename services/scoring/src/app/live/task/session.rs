//! Following one jurisdiction while month, rules and registry are the same.

use std::time::Duration;

use chengping_scoring::Input;
use chengping_types::Instant;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::Instant as Moment;

use super::super::basis::Basis;
use super::super::counts::{Counter, Counts};
use super::super::memo::{self, Packed};
use super::super::recount::compare;
use super::Task;
use crate::domain::{Begun, Picture, Taken, minute_end};
use crate::error::Error;
use crate::peers::Standing;

/// The least time between two evaluations.
const TICK: Duration = Duration::from_millis(250);
/// How often the clock is looked at.
const PULSE: Duration = Duration::from_millis(50);
/// How often rules and registry are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// The least time between two writes into the cache.
const WRITE: Duration = Duration::from_secs(5);
/// The least time between two steps of the counts of the next minute.
const CARRY: Duration = Duration::from_secs(1);
/// How long before the end of a minute the counts of the next one are begun, in microseconds.
const LEAD: i64 = 20_000_000;

/// Why a session ended.
pub(super) enum End {
    /// Month, rules, registry or records are others.
    Anew { cause: &'static str, trusts_memo: bool },
    /// Nobody watches.
    Unwatched,
}

fn anew(cause: &'static str) -> End {
    End::Anew { cause, trusts_memo: true }
}

fn distrust(cause: &'static str) -> End {
    End::Anew { cause, trusts_memo: false }
}

/// Work beside the task; it ends with the session.
struct Job<T>(JoinHandle<Result<T, Error>>);

impl<T: Send + 'static> Job<T> {
    fn start(work: impl Future<Output = Result<T, Error>> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }

    fn is_done(&self) -> bool {
        self.0.is_finished()
    }

    async fn end(mut self) -> Result<T, Error> {
        (&mut self.0).await?
    }
}

impl<T> Drop for Job<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Counts, and the same counted anew.
struct Recount {
    live: Counts,
    recounted: Counts,
}

pub(super) struct Session<'t> {
    task: &'t mut Task,
    counter: Counter,
    generation: u64,
    /// Absent only while they are scored.
    counts: Option<Counts>,
    /// Absent only while it is scored.
    input: Option<Input>,
    begun: Begun,
    /// The counts of the next minute, under way and ready.
    preparing: Option<Job<Counts>>,
    next: Option<Counts>,
    recounting: Option<Job<Recount>>,
    recount_at: Moment,
    looked: Moment,
    ticked: Option<Moment>,
    /// When the counts of the next minute were carried on.
    carried: Moment,
    written: Moment,
}

impl<'t> Session<'t> {
    /// Follows until month, rules, registry or records are others, or nobody watches.
    pub(super) async fn run(task: &'t mut Task) -> Result<End, Error> {
        let now = task.app.now();
        let basis = Basis::read(&task.app.peers, &task.jurisdiction, now).await?;
        let as_of = minute_end(now);
        let standing = task.feed.standing.wait_for(|standing| standing.watermark.is_some());
        let standing = match standing.await {
            Ok(standing) => standing.clone(),
            Err(_) => return Err(Error::Unanswered),
        };
        let counter = Counter::new(task.app.peers.clone(), basis, as_of);
        let mut session = Session::begin(task, counter, standing, as_of).await?;
        loop {
            if let Some(end) = session.step().await? {
                session.remember().await;
                return Ok(end);
            }
        }
    }

    async fn begin(
        task: &'t mut Task,
        counter: Counter,
        standing: Standing,
        as_of: Instant,
    ) -> Result<Self, Error> {
        let now = Moment::now();
        let recount_in = Duration::from_secs(task.app.lives.settings.recount_s.get().into());
        let watermark = standing.watermark.unwrap_or_default();
        let remembered = remembered(task, &counter, &standing, as_of).await?;
        // What comes out of the cache is compared at once; nobody waits for it.
        let recount_at = if remembered.is_some() { now } else { now + recount_in };
        let (counts, begun) = match remembered {
            Some(found) => (found.counts, found.begun),
            None => {
                task.app.lives.metrics.recounted(&task.jurisdiction, task.cause);
                let begun = task.picture.as_ref().map(|picture| picture.begun());
                (counter.count(watermark, as_of).await?, begun.unwrap_or_default())
            }
        };
        let input = Some(counter.basis.input());
        Ok(Self {
            task,
            counter,
            generation: standing.generation,
            counts: Some(counts),
            input,
            begun,
            preparing: None,
            next: None,
            recounting: None,
            recount_at,
            looked: now,
            ticked: None,
            carried: now,
            written: now,
        })
    }

    fn counts(&self) -> &Counts {
        self.counts.as_ref().expect("they are put back after each tick")
    }

    /// One round: what has changed is looked at, and then there is a tick or a rest.
    async fn step(&mut self) -> Result<Option<End>, Error> {
        if self.task.is_left() {
            return Ok(Some(End::Unwatched));
        }
        let now = self.task.app.now();
        if self.counter.basis.is_over(now) {
            return Ok(Some(anew("month")));
        }
        if let Some(end) = self.look(now).await? {
            return Ok(Some(end));
        }
        let standing = self.task.feed.standing.borrow_and_update().clone();
        if standing.generation != self.generation {
            return Ok(Some(distrust("history")));
        }
        self.end_recount().await?;
        self.begin_recount();
        self.prepare(now).await?;
        let as_of = minute_end(now).max(self.counts().as_of);
        let watermark = standing.watermark.unwrap_or(self.counts().watermark);
        let is_news = (watermark, as_of) != (self.counts().watermark, self.counts().as_of);
        let is_due = self.ticked.is_none_or(|ticked| ticked.elapsed() >= TICK);
        if self.task.is_watched() && is_due && (is_news || self.ticked.is_none()) {
            self.ticked = Some(Moment::now());
            return self.tick((watermark, as_of), &standing.history).await;
        }
        self.rest(is_due).await;
        Ok(None)
    }

    async fn rest(&mut self, is_due: bool) {
        let pulse = tokio::time::sleep(PULSE);
        if is_due && self.task.is_watched() {
            tokio::select! {
                _ = self.task.feed.standing.changed() => {}
                () = pulse => {}
            }
        } else {
            pulse.await;
        }
    }

    /// Whether rules or registry are others.
    async fn look(&mut self, now: Instant) -> Result<Option<End>, Error> {
        if self.looked.elapsed() < LOOK {
            return Ok(None);
        }
        self.looked = Moment::now();
        let (peers, jurisdiction) = (&self.task.app.peers, &self.task.jurisdiction);
        match Basis::read(peers, jurisdiction, now).await {
            Ok(basis) if basis.is_same(&self.counter.basis) => Ok(None),
            Ok(_) => Ok(Some(anew("rules"))),
            // What held still holds as far as is known.
            Err(error) if error.may_pass() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Carries the counts on, scores them, and shows the scores.
    async fn tick(
        &mut self,
        (watermark, as_of): (u64, Instant),
        history: &str,
    ) -> Result<Option<End>, Error> {
        if as_of > self.counts().as_of {
            self.take_next(as_of).await?;
        }
        let goal = (watermark.max(self.counts().watermark), as_of);
        let from = |counts: &Counts| (counts.watermark, counts.as_of);
        // As seldom as it can be without a long way to go when the minute begins.
        let next = self.next.as_ref().filter(|_| self.carried.elapsed() >= CARRY);
        let next_goal = next.map(|next| (goal.0.max(next.watermark), next.as_of));
        let carrying_next = async {
            match (next, next_goal) {
                (Some(next), Some(goal)) => {
                    self.counter.difference(from(next), goal).await.map(Some)
                }
                _ => Ok(None),
            }
        };
        let carrying = self.counter.difference(from(self.counts()), goal);
        let (difference, of_next) = match tokio::try_join!(carrying, carrying_next) {
            Ok(found) => found,
            Err(error) if error.is_too_far_behind() => return Ok(Some(distrust("behind"))),
            Err(error) => return Err(error),
        };
        let mut counts = self.counts.take().expect("they are put back after each tick");
        if counts.apply(&difference).is_err() {
            self.task.app.lives.metrics.differ(&self.task.jurisdiction, 1);
            tracing::error!(jurisdiction = %self.task.jurisdiction, "less was counted than there is");
            self.counts = Some(counts);
            return Ok(Some(distrust("drift")));
        }
        if let (Some(next), Some(difference)) = (&mut self.next, &of_next) {
            self.carried = Moment::now();
            if next.apply(difference).is_err() {
                self.next = None;
            }
        }
        self.score(counts, history).await?;
        Ok(None)
    }

    /// Takes over the counts of the minute that begins, if they are ready or under way.
    async fn take_next(&mut self, as_of: Instant) -> Result<(), Error> {
        if let Some(job) = self.preparing.take() {
            self.next = job.end().await.ok();
        }
        if let Some(next) = self.next.take().filter(|next| next.as_of == as_of) {
            self.counts = Some(next);
        }
        Ok(())
    }

    async fn score(&mut self, mut counts: Counts, history: &str) -> Result<(), Error> {
        let input = self.input.take().expect("it is put back after each tick");
        let basis = std::sync::Arc::clone(&self.counter.basis);
        let before = self.task.picture.clone();
        let begun = std::mem::take(&mut self.begun);
        let packs = (self.written.elapsed() >= WRITE).then(|| history.to_owned());
        let computed = self.task.app.now();
        let scoring = spawn_blocking(move || {
            let (input, evaluation) = counts.score(input);
            let taken = Taken {
                watermark: counts.watermark,
                computed,
                rules: basis.in_force.name.clone(),
                registry: basis.registry.revision,
            };
            let pack = &basis.in_force.rules.pack;
            let picture = Picture::new(evaluation, pack, taken, before.as_deref(), &begun);
            let begun = picture.begun();
            let packed = packs.map(|history| memo::pack(&basis, &counts, &history, &begun));
            (counts, input, picture, begun, packed)
        });
        let (counts, input, picture, begun, packed) = scoring.await?;
        (self.counts, self.input, self.begun) = (Some(counts), Some(input), begun);
        self.task.show(picture);
        if let Some(packed) = packed {
            self.write(packed).await;
        }
        Ok(())
    }

    async fn write(&mut self, packed: Packed) {
        self.written = Moment::now();
        let (peers, basis) = (&self.counter.peers, &self.counter.basis);
        self.task.memo.write(peers, basis, packed).await;
    }

    /// Remembers where it ended.
    async fn remember(&mut self) {
        let standing = self.task.feed.standing.borrow().clone();
        if let Some(counts) = self.counts.take()
            && standing.generation == self.generation
            && standing.watermark == Some(counts.watermark)
        {
            let (basis, begun) = (std::sync::Arc::clone(&self.counter.basis), self.begun.clone());
            let packing =
                spawn_blocking(move || memo::pack(&basis, &counts, &standing.history, &begun));
            if let Ok(packed) = packing.await {
                self.write(packed).await;
            }
        }
    }

    /// Begins the counts of the next minute shortly before it begins, and takes them when they are
    /// ready.
    async fn prepare(&mut self, now: Instant) -> Result<(), Error> {
        if self.preparing.as_ref().is_some_and(Job::is_done)
            && let Some(job) = self.preparing.take()
        {
            // Without them the minute begins a little later.
            self.next = job.end().await.ok();
        }
        let as_of = self.counts().as_of;
        let next = minute_end(as_of);
        let is_near = as_of.as_micros() - now.as_micros() <= LEAD;
        let is_wanted = self.task.is_watched() && self.ticked.is_some() && is_near;
        if !is_wanted
            || self.preparing.is_some()
            || self.next.is_some()
            || self.counter.basis.is_over(as_of)
        {
            return Ok(());
        }
        let (counter, mut counts) = (self.counter.clone(), self.copy().await?);
        self.preparing = Some(Job::start(async move {
            let from = (counts.watermark, counts.as_of);
            let difference = counter.difference(from, (from.0, next)).await?;
            counts.apply(&difference).map_err(|_| Error::Unanswered)?;
            Ok(counts)
        }));
        Ok(())
    }

    /// A copy of the counts, made off the runtime's threads.
    async fn copy(&mut self) -> Result<Counts, Error> {
        let counts = self.counts.take().expect("they are put back after each tick");
        let (counts, copy) = spawn_blocking(move || (counts.clone(), counts)).await?;
        self.counts = Some(counts);
        Ok(copy)
    }

    fn begin_recount(&mut self) {
        if self.recounting.is_some() || Moment::now() < self.recount_at || self.ticked.is_none() {
            return;
        }
        let recount_s = self.task.app.lives.settings.recount_s.get();
        self.recount_at = Moment::now() + Duration::from_secs(recount_s.into());
        self.task.app.lives.metrics.recounted(&self.task.jurisdiction, "check");
        // What the cache has lost is written again.
        self.task.memo.forget();
        let (counter, live) = (self.counter.clone(), self.counts().clone());
        self.recounting = Some(Job::start(async move {
            let recounted = counter.count(live.watermark, live.as_of).await?;
            Ok(Recount { live, recounted })
        }));
    }

    /// Compares what was recounted, and goes on from it where it differs.
    async fn end_recount(&mut self) -> Result<(), Error> {
        if !self.recounting.as_ref().is_some_and(Job::is_done) {
            return Ok(());
        }
        let Some(job) = self.recounting.take() else { return Ok(()) };
        let Recount { live, recounted } = match job.end().await {
            Ok(recount) => recount,
            // The next one will tell.
            Err(error) if error.may_pass() => return Ok(()),
            Err(error) => return Err(error),
        };
        let jurisdiction = self.task.jurisdiction.clone();
        let comparing =
            spawn_blocking(move || (compare(&jurisdiction, &live, &recounted), recounted));
        let (number, recounted) = comparing.await?;
        if number > 0 {
            self.task.app.lives.metrics.differ(&self.task.jurisdiction, number);
            tracing::error!(
                jurisdiction = %self.task.jurisdiction, number,
                "live scores go on from what was recounted"
            );
            (self.preparing, self.next) = (None, None);
            self.counts = Some(recounted);
            // So that it is shown although no record came.
            self.ticked = None;
        }
        Ok(())
    }
}

/// What is remembered, if it belongs to the records that there are.
async fn remembered(
    task: &Task,
    counter: &Counter,
    standing: &Standing,
    as_of: Instant,
) -> Result<Option<memo::Remembered>, Error> {
    if !task.trusts_memo {
        return Ok(None);
    }
    let found = memo::read(&counter.peers, &counter.basis, as_of).await;
    let Some(found) = found else { return Ok(None) };
    let watermark = standing.watermark.unwrap_or_default();
    let is_of_history = match found.counts.watermark.cmp(&watermark) {
        std::cmp::Ordering::Equal => found.history == standing.history,
        std::cmp::Ordering::Greater => false,
        std::cmp::Ordering::Less => {
            let counted = found.counts.watermark;
            counter.peers.is_of_history(&task.jurisdiction, counted, &found.history).await?
        }
    };
    Ok(is_of_history.then_some(found))
}
