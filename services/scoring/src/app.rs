//! The use cases.

mod counted;
mod in_force;
mod live;
mod preview;
mod scored;
mod seeing;
mod tallies;
mod trace;

use std::sync::Arc;

use chengping_access::AccessLog;
use chengping_casework::View;
use chengping_chassis::clock::WallClock;
use chengping_chassis::error::FieldErrors;
use chengping_rules::RulePack;
use chengping_scoring::{ENGINE, EvaluatedPart, Input, PackRevision, Snapshot, question, score};
use chengping_types::name::EvaluationName;
use chengping_types::{Digest, Instant, JurisdictionId, Month};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

pub(crate) use self::counted::Selection;
pub(crate) use self::live::{LiveWatch, Lives, WatchLive};
pub(crate) use self::preview::{MonthPreview, OtherRules, Preview};
use self::scored::Recent;
pub(crate) use self::scored::Scored;
pub(crate) use self::trace::Touched;
use crate::domain::{CreateEvaluation, Document, Evaluation, Request};
use crate::error::Error;
use crate::peers::{FixedSnapshot, Peers, RegistryRevision};
use crate::store::{Store, StoreError, commit, evaluations};

/// Evaluations that are computed at a time, each with the counts of a year in memory; and as many
/// that are computed again to be explained, or by other rules. Other calls wait, until their deadline.
const AT_ONCE: usize = 2;

/// The use cases, cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct App {
    store: Store,
    access: AccessLog,
    peers: Peers,
    recent: Arc<Recent>,
    previews: Arc<preview::Memo>,
    evaluating: Arc<Semaphore>,
    explaining: Arc<Semaphore>,
    clock: WallClock,
    lives: Lives,
}

/// An evaluation that is not stored yet.
struct Outcome {
    evaluation: Evaluation,
    computed: Computed,
}

impl App {
    pub(crate) fn new(
        store: Store,
        access: AccessLog,
        peers: Peers,
        clock: WallClock,
        lives: Lives,
    ) -> Self {
        let places = || Arc::new(Semaphore::new(AT_ONCE));
        let (recent, previews) = (Arc::default(), Arc::default());
        let (evaluating, explaining) = (places(), places());
        Self { store, access, peers, recent, previews, evaluating, explaining, clock, lives }
    }

    /// The log of who looked.
    pub(crate) const fn access(&self) -> &AccessLog {
        &self.access
    }

    /// The clock of the service; no score depends on it.
    fn now(&self) -> Instant {
        Instant::from_micros(self.clock.micros())
    }

    /// Scores a month and keeps the outcome with everything that was read: all of it, or nothing
    /// if the call ends early.
    pub(crate) async fn create_evaluation(
        &self,
        wish: &CreateEvaluation,
    ) -> Result<Evaluation, Error> {
        let request = wish.request();
        if let Some(earlier) = self.earlier_answer(wish, request.as_ref()).await? {
            return Ok(earlier);
        }
        let place = place(&self.evaluating).await;
        // The same call may have been answered while this one waited.
        if let Some(earlier) = self.earlier_answer(wish, request.as_ref()).await? {
            return Ok(earlier);
        }
        let Outcome { evaluation, computed } =
            self.evaluate(wish, request, Arc::clone(&place)).await?;
        match self.keep(&evaluation, &computed).await {
            Ok(()) => {
                self.recent.remember(evaluation.name.clone(), Arc::new(computed.scored));
                Ok(evaluation)
            }
            // Another process answered the same call faster.
            Err(error) if error.is_conflict() => {
                let earlier = self.earlier_answer(wish, evaluation.request.as_ref()).await?;
                earlier.ok_or(Error::Store(error))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn keep(&self, evaluation: &Evaluation, computed: &Computed) -> Result<(), StoreError> {
        let mut transaction = self.store.begin().await?;
        evaluations::insert(&mut transaction, evaluation).await?;
        let documents =
            [(Document::Results, &computed.results), (Document::Input, &computed.input)];
        for (document, data) in documents {
            evaluations::insert_document(&mut transaction, &evaluation.name, document, data)
                .await?;
        }
        commit(transaction).await
    }

    async fn earlier_answer(
        &self,
        wish: &CreateEvaluation,
        request: Option<&Request>,
    ) -> Result<Option<Evaluation>, Error> {
        let Some(request) = request else { return Ok(None) };
        let mut transaction = self.store.begin().await?;
        let earlier =
            evaluations::get_by_request(&mut transaction, &wish.jurisdiction, &request.id).await?;
        match earlier {
            Some(earlier) if earlier.request.as_ref() != Some(request) => {
                Err(Error::RequestIdReused(request.id.clone()))
            }
            earlier => Ok(earlier),
        }
    }

    async fn evaluate(
        &self,
        wish: &CreateEvaluation,
        request: Option<Request>,
        place: Arc<OwnedSemaphorePermit>,
    ) -> Result<Outcome, Error> {
        let create_time = self.now();
        let (jurisdiction, month) = (&wish.jurisdiction, wish.month);
        let (rule_pack, rules) =
            self.peers.rule_pack(jurisdiction, wish.rule_pack.as_ref(), month).await?;
        let registry = self.peers.current_registry(jurisdiction).await?;
        let pack = &rules.pack;
        let View { as_of, decided } = view(wish, pack, create_time)?;
        let snapshot = self.peers.fix_snapshot(jurisdiction, month, as_of, decided).await?;
        let rule_pack_digest = rules.digest;
        let view = View { as_of, decided };
        let input = self.input(month, view, rules, &registry, &snapshot).await?;
        let input = self.with_corrections(input, &wish.corrections).await?;
        let name = EvaluationName {
            jurisdiction: jurisdiction.clone(),
            evaluation: Uuid::now_v7().to_string().parse().expect("a UUID is a record ID"),
        };
        let computed = compute(input, place).await?;
        let evaluation = Evaluation {
            name,
            request,
            month,
            as_of,
            decided,
            rule_pack,
            rule_pack_digest,
            registry_revision: registry.revision,
            snapshot: snapshot.name,
            snapshot_digest: snapshot.digest,
            watermark: snapshot.watermark,
            open_reject_count: snapshot.open_reject_count,
            engine_version: ENGINE.to_owned(),
            digest: Digest::of(&computed.results),
            body_count: u32::try_from(computed.scored.evaluation.scorecards.len())
                .unwrap_or(u32::MAX),
            create_time,
            end_time: self.now().max(create_time),
        };
        Ok(Outcome { evaluation, computed })
    }

    /// All that the score of a month is computed from.
    async fn input(
        &self,
        month: Month,
        view: View,
        rules: PackRevision,
        registry: &RegistryRevision,
        snapshot: &FixedSnapshot,
    ) -> Result<Input, Error> {
        let pack = &rules.pack;
        let question = question(pack, month, view);
        let counter = tallies::Counter { peers: &self.peers, rules: &rules, registry, snapshot };
        let (tallies, earlier) = counter.tallies(&question).await?;
        let EvaluatedPart { bodies, former_periods, coefficients } =
            EvaluatedPart::new(pack, &registry.registry, month);
        Ok(Input {
            jurisdiction: registry.jurisdiction.clone(),
            month,
            as_of: view.as_of,
            decided: view.decided,
            engine: ENGINE.to_owned(),
            rule_pack: rules,
            snapshot: Snapshot { watermark: snapshot.watermark, digest: snapshot.digest },
            bodies,
            former_periods,
            coefficients,
            tallies,
            earlier,
        })
    }

    /// An evaluation.
    pub(crate) async fn get_evaluation(&self, name: &EvaluationName) -> Result<Evaluation, Error> {
        let mut transaction = self.store.begin().await?;
        let evaluation = evaluations::get(&mut transaction, name).await?;
        evaluation.ok_or_else(|| Error::EvaluationNotFound(name.to_string()))
    }

    /// At most `limit` evaluations before the one called `before`, newest first.
    pub(crate) async fn list_evaluations(
        &self,
        jurisdiction: &JurisdictionId,
        month: Option<Month>,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Evaluation>, Error> {
        let mut transaction = self.store.begin().await?;
        Ok(evaluations::list(&mut transaction, jurisdiction, month, before, limit).await?)
    }

    /// A document of an evaluation, canonical JSON.
    pub(crate) async fn document(
        &self,
        name: &EvaluationName,
        document: Document,
    ) -> Result<Vec<u8>, Error> {
        let mut transaction = self.store.begin().await?;
        let data = evaluations::get_document(&mut transaction, name, document).await?;
        data.ok_or_else(|| Error::EvaluationNotFound(name.to_string()))
    }

    /// The evaluation with every number of it, computed again from what was kept where it is not
    /// at hand any more: the same input gives the same, or else is not what was kept.
    pub(crate) async fn scored(&self, name: &EvaluationName) -> Result<Arc<Scored>, Error> {
        if let Some(scored) = self.recent.find(name) {
            return Ok(scored);
        }
        let place = place(&self.explaining).await;
        // Another call may have computed it while this one waited.
        if let Some(scored) = self.recent.find(name) {
            return Ok(scored);
        }
        let stored = self.get_evaluation(name).await?.digest;
        let bytes = self.document(name, Document::Input).await?;
        let input = tokio::task::spawn_blocking(move || serde_json::from_slice::<Input>(&bytes));
        let input = input
            .await?
            .map_err(|source| Error::EvaluationUnreadable { name: name.to_string(), source })?;
        let computed = compute(input, place).await?;
        let found = Digest::of(&computed.results);
        if found != stored {
            return Err(Error::EvaluationDiffers { name: name.to_string(), stored, found });
        }
        let scored = Arc::new(computed.scored);
        self.recent.remember(name.clone(), Arc::clone(&scored));
        Ok(scored)
    }
}

/// The view of an evaluation: what was asked for, or the month as it was frozen. It never reaches
/// into the future, where no event is known and every deadline would look overdue.
fn view(wish: &CreateEvaluation, pack: &RulePack, now: Instant) -> Result<View, Error> {
    let mut errors = FieldErrors::default();
    let asked = [("evaluation.as_of", wish.as_of), ("evaluation.decided", wish.decided)];
    for (field, _) in asked.iter().filter(|(_, at)| at.is_some_and(|at| at > now)) {
        errors.push(*field, "lies in the future; name an instant up to now");
    }
    let start = wish.month.start(&pack.time_zone);
    if wish.as_of.is_some_and(|as_of| as_of <= start) {
        let month = wish.month;
        errors.push("evaluation.as_of", format!("lies before {month}, of which nothing is seen"));
    }
    errors.into_result()?;
    let freeze = wish.month.freeze(pack.freeze.day, &pack.time_zone);
    match wish.as_of {
        None if freeze > now => Err(Error::MonthNotFrozen { month: wish.month, freeze }),
        as_of => {
            let as_of = as_of.unwrap_or(freeze);
            Ok(View { as_of, decided: wish.decided.unwrap_or(as_of) })
        }
    }
}

/// A place among those who compute. The computation shares it, since it outlives a call that ends
/// early.
async fn place(places: &Arc<Semaphore>) -> Arc<OwnedSemaphorePermit> {
    let place = Arc::clone(places).acquire_owned().await;
    Arc::new(place.expect("nobody closes the semaphore"))
}

/// What scoring gave, with the results and the input as canonical JSON.
struct Computed {
    scored: Scored,
    results: Vec<u8>,
    input: Vec<u8>,
}

/// Scores off the runtime's threads.
async fn compute(input: Input, place: Arc<OwnedSemaphorePermit>) -> Result<Computed, Error> {
    let computation = tokio::task::spawn_blocking(move || {
        let evaluation = score(&input);
        let results = evaluation.results_document();
        let bytes = input.canonical();
        let scored = Scored { pack: input.rule_pack.pack, evaluation };
        drop(place);
        Computed { scored, results, input: bytes }
    });
    Ok(computation.await?)
}
