//! What other rules would have given.

mod memo;
mod rules;

use std::sync::Arc;

use chengping_casework::View;
use chengping_chassis::error::FieldErrors;
use chengping_rules::RulePack;
use chengping_scoring::{
    Evaluation, Gathered, PackRevision, Sensitivity, StreamResult, score, sensitivities,
};
use chengping_types::name::RulePackRevisionName;
use chengping_types::{Digest, Exact, Instant, JurisdictionId, Month};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

pub(super) use self::memo::Memo;
use self::memo::{GatheredMonth, Key};
pub(crate) use self::rules::OtherRules;
use self::rules::Others;
use super::{App, place};
use crate::error::Error;
use crate::peers::{FixedSnapshot, InForce, RegistryRevision};

/// A month that still runs is seen at the last full minute, so that the calls of a minute read the
/// same records at the same view.
const MINUTE_MICROS: i64 = 60_000_000;

/// A wish to see months under other rules.
#[derive(Debug)]
pub(crate) struct Preview {
    pub(crate) jurisdiction: JurisdictionId,
    pub(crate) months: Vec<Month>,
    pub(crate) rules: OtherRules,
    /// By which share weights are made smaller and larger, where that is asked for.
    pub(crate) step: Option<Exact>,
}

/// A month under the rules in force and under others, from the same records. The scorecards of both
/// are without streams.
#[derive(Debug)]
pub(crate) struct MonthPreview {
    pub(crate) as_of: Instant,
    pub(crate) in_force: RulePackRevisionName,
    /// The digest of the other rules.
    pub(crate) digest: Digest,
    before: Arc<GatheredMonth>,
    pub(crate) after: Evaluation,
    pub(crate) sensitivities: Vec<Sensitivity>,
    /// How many months are answered with this one, and how many were asked for.
    pub(crate) done: (usize, usize),
}

impl MonthPreview {
    pub(crate) fn before(&self) -> &Evaluation {
        &self.before.evaluation
    }
}

/// A preview under way, month by month.
#[derive(Debug)]
pub(crate) struct Previewing {
    app: App,
    preview: Preview,
    done: usize,
    others: Others,
}

/// What a month is previewed from.
struct Standing {
    in_force: InForce,
    registry: Arc<RegistryRevision>,
    as_of: Instant,
    snapshot: FixedSnapshot,
}

/// What scoring a month by other rules gave.
struct After {
    evaluation: Evaluation,
    sensitivities: Vec<Sensitivity>,
}

impl App {
    /// Begins a preview; nothing is stored but counts, in the cache.
    pub(crate) fn preview(&self, preview: Preview) -> Previewing {
        Previewing { app: self.clone(), preview, done: 0, others: Others::default() }
    }

    async fn standing(
        &self,
        jurisdiction: &JurisdictionId,
        month: Month,
    ) -> Result<Standing, Error> {
        let fix = |as_of| self.peers.fix_snapshot(jurisdiction, month, as_of, as_of);
        // A frozen month is seen as it was frozen, unless its rules moved the freeze meanwhile.
        let guess = self.previews.frozen_view(jurisdiction, month);
        let guessed = async {
            match guess {
                Some(as_of) => fix(as_of).await.map(Some),
                None => Ok(None),
            }
        };
        let (in_force, registry, guessed) = tokio::try_join!(
            self.peers.in_force(jurisdiction, month),
            self.peers.current_registry(jurisdiction),
            guessed,
        )?;
        let as_of = view(&in_force.rules.pack, month, self.now())?;
        let snapshot = match guessed {
            Some(snapshot) if guess == Some(as_of) => snapshot,
            _ => fix(as_of).await?,
        };
        Ok(Standing { in_force, registry, as_of, snapshot })
    }

    /// What the rules in force read of a month and give for it, from memory where that is at hand.
    async fn gathered_month(
        &self,
        month: Month,
        standing: &Standing,
    ) -> Result<Arc<GatheredMonth>, Error> {
        let Standing { in_force, registry, as_of, snapshot } = standing;
        let key = Key {
            jurisdiction: registry.jurisdiction.clone(),
            month,
            as_of: *as_of,
            watermark: snapshot.watermark,
            snapshot: snapshot.digest,
            registry: registry.digest,
            rules: in_force.rules.digest,
        };
        if let Some(known) = self.previews.find(&key) {
            return Ok(known);
        }
        let place = place(&self.explaining).await;
        if let Some(known) = self.previews.find(&key) {
            return Ok(known);
        }
        let rules = PackRevision::clone(&in_force.rules);
        let pack = &in_force.rules.pack;
        let is_frozen = *as_of == month.freeze(pack.freeze.day, &pack.time_zone);
        let input = self.input(month, View::at(*as_of), rules, registry, snapshot).await?;
        let gathering = spawn_blocking(move || {
            let mut evaluation = score(&input);
            without_streams(&mut evaluation);
            let gathered = Gathered::new(&input);
            drop((input, place));
            Arc::new(GatheredMonth::new(key, is_frozen, gathered, evaluation))
        });
        let gathered = gathering.await?;
        self.previews.remember(Arc::clone(&gathered));
        Ok(gathered)
    }

    /// Gathers a month for rules that read something else than those in force.
    async fn gather_for(
        &self,
        month: Month,
        standing: &Standing,
        others: &PackRevision,
    ) -> Result<Arc<Gathered>, Error> {
        let place = place(&self.explaining).await;
        let Standing { registry, as_of, snapshot, .. } = standing;
        let view = View::at(*as_of);
        let input = self.input(month, view, others.clone(), registry, snapshot).await?;
        let gathering = spawn_blocking(move || {
            let gathered = Arc::new(Gathered::new(&input));
            drop((input, place));
            gathered
        });
        Ok(gathering.await?)
    }

    /// Scores off the runtime's threads. A call that ends early ends the work before the next
    /// weight; what explains the scores is taken apart after the answer has left.
    async fn score_others(
        &self,
        gathered: Arc<Gathered>,
        others: Arc<PackRevision>,
        step: Option<Exact>,
    ) -> Result<After, Error> {
        let place = place(&self.explaining).await;
        let (answer, answered) = oneshot::channel();
        let stop = CancellationToken::new();
        let _guard = stop.clone().drop_guard();
        let scoring = spawn_blocking(move || {
            let mut evaluation = gathered.score(&others).expect("it was gathered for these rules");
            let found = step.map_or_else(Vec::new, |step| {
                let go_on = || !stop.is_cancelled();
                sensitivities(&gathered, &others, &evaluation, &step, go_on).unwrap_or_default()
            });
            let explanation = without_streams(&mut evaluation);
            // Nobody waits any more for a call that ended.
            let _ = answer.send(After { evaluation, sensitivities: found });
            drop((explanation, place));
        });
        match answered.await {
            Ok(after) => Ok(after),
            Err(_) => Err(scoring.await.err().map_or(Error::Unanswered, Error::CutOff)),
        }
    }
}

impl Previewing {
    /// The next month as soon as it is ready; none after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<MonthPreview>, Error> {
        let Some(month) = self.preview.months.get(self.done).copied() else { return Ok(None) };
        let app = self.app.clone();
        let standing = app.standing(&self.preview.jurisdiction, month).await?;
        let others = &mut self.others;
        let others = others.of_month(&app.peers, &self.preview, month, &standing.in_force).await?;
        let before = app.gathered_month(month, &standing).await?;
        let gathered = match before.suiting(&others.pack) {
            Some(gathered) => gathered,
            None => {
                let gathered = app.gather_for(month, &standing, &others).await?;
                before.remember(Arc::clone(&gathered));
                gathered
            }
        };
        let step = self.preview.step.clone();
        let digest = others.digest;
        let After { evaluation, sensitivities } = app.score_others(gathered, others, step).await?;
        self.done += 1;
        Ok(Some(MonthPreview {
            as_of: standing.as_of,
            in_force: standing.in_force.name,
            digest,
            before,
            after: evaluation,
            sensitivities,
            done: (self.done, self.preview.months.len()),
        }))
    }
}

/// Takes off an evaluation what a preview does not show.
fn without_streams(evaluation: &mut Evaluation) -> Vec<Vec<StreamResult>> {
    let cards = evaluation.scorecards.iter_mut();
    cards.map(|card| std::mem::take(&mut card.streams)).collect()
}

/// The freeze of the month, or where it is not frozen yet the last full minute.
fn view(pack: &RulePack, month: Month, now: Instant) -> Result<Instant, Error> {
    let start = month.start(&pack.time_zone);
    if start >= now {
        let mut errors = FieldErrors::default();
        errors.push("months", format!("{month} lies in the future; nothing is known of it"));
        return Err(errors.into());
    }
    let freeze = month.freeze(pack.freeze.day, &pack.time_zone);
    if freeze <= now {
        return Ok(freeze);
    }
    let micros = now.as_micros();
    let minute = Instant::from_micros(micros - micros.rem_euclid(MINUTE_MICROS));
    Ok(if minute > start { minute } else { now })
}

#[cfg(test)]
mod tests {
    use chengping_rules::builtin;

    use super::*;

    #[test]
    fn a_running_month_is_seen_at_full_minutes_and_a_frozen_one_at_its_freeze() {
        let pack = RulePack::parse(builtin("zz-2018").unwrap()).unwrap();
        let month: Month = "2018-04".parse().unwrap();
        let at = |text: &str| Instant::parse(text).unwrap();
        let of = |now: &str| view(&pack, month, at(now)).ok();
        assert_eq!(of("2018-03-31T23:59:59+08:00"), None);
        let first = "2018-04-01T00:00:30+08:00";
        assert_eq!(of(first), Some(at(first)), "the month has no full minute yet");
        let minute = Some(at("2018-04-09T12:30:00+08:00"));
        assert_eq!(of("2018-04-09T12:30:00.000001+08:00"), minute);
        assert_eq!(of("2018-04-09T12:30:59+08:00"), minute);
        assert_eq!(of("2019-01-01T00:00:01+08:00"), Some(at("2018-05-04T00:00:00+08:00")));
    }
}
