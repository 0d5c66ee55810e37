//! Making versions from evaluations.

use chengping_chassis::error::FieldErrors;
use chengping_types::name::{BulletinName, EvaluationName};
use chengping_types::{Digest, canonical};

use super::{App, now};
use crate::domain::decision::{Mended, Remedy};
use crate::domain::plan::{CreateVersion, Plan, Refusal};
use crate::domain::state::{State, Step};
use crate::domain::{Moved, Version};
use crate::error::Error;
use crate::store::{
    Connection, bulletins, commit, documents, inquiries, log, outbox, requests, versions,
};

impl App {
    /// Makes a version of a month, or gives the one that the same wish made before.
    pub(crate) async fn create(&self, wish: CreateVersion) -> Result<Version, Error> {
        // First without a lock: fetching documents takes its time.
        let mut transaction = self.store.begin_reading().await?;
        if let Some(answered) = answered(&mut transaction, &wish).await? {
            return Ok(answered);
        }
        let newest = versions::newest(&mut transaction, &wish.jurisdiction, wish.month).await?;
        commit(transaction).await?;
        let fetched = match plan(&wish, newest.as_ref())? {
            Plan::Keep => None,
            Plan::Add { .. } | Plan::Replace { .. } => {
                Some(self.peers.scoring.documents(&evaluation(&wish), wish.month).await?)
            }
        };

        let mut transaction = self.store.begin().await?;
        log::lock(&mut transaction, &wish.jurisdiction).await?;
        if let Some(answered) = answered(&mut transaction, &wish).await? {
            return Ok(answered);
        }
        if let Some(fetched) = &fetched {
            let CreateVersion { jurisdiction, evaluation, .. } = &wish;
            documents::put(&mut transaction, jurisdiction, evaluation, fetched).await?;
        }
        let version = make(&mut transaction, &wish).await?;
        if let Some(request_id) = wish.request_id {
            requests::insert(&mut transaction, request_id, content(&wish), &version).await?;
        }
        commit(transaction).await?;
        Ok(version)
    }
}

/// Does what is to be done. The log must be locked, and the documents kept.
async fn make(connection: &mut Connection, wish: &CreateVersion) -> Result<Version, Error> {
    let CreateVersion { jurisdiction, month, evaluation, reason, .. } = wish;
    let newest = versions::newest(connection, jurisdiction, *month).await?;
    let number = match (plan(wish, newest.as_ref())?, newest.clone()) {
        (Plan::Keep, Some(newest)) => return Ok(newest),
        (Plan::Add { number } | Plan::Replace { number }, _) => number,
        (Plan::Keep, None) => unreachable!("only what is there is kept"),
    };
    let replaced = newest.filter(|newest| newest.number == number);
    let now = now();
    let mut version = Version {
        jurisdiction: jurisdiction.clone(),
        month: *month,
        number,
        evaluation: evaluation.clone(),
        results_digest: documents::digest(connection, jurisdiction, evaluation).await?,
        reason: reason.clone(),
        state: State::Computed,
        revision: replaced.map_or(1, |replaced| replaced.revision + 1),
        create_time: now,
        sealed: None,
        notice: None,
        waive_reason: String::new(),
        withdrawn: None,
        inquiries: Vec::new(),
        touched: Vec::new(),
    };
    bulletins::put_newest(connection, jurisdiction, *month, number, now).await?;
    let moved = Moved { step: Step::Create, actor: &wish.actor, reason, time: now };
    versions::put(connection, &version, &moved).await?;
    version.inquiries = link(connection, &version).await?;
    Ok(version)
}

/// Says of every upheld inquiry of the month that no earlier version takes account of, or only one
/// that was withdrawn, whether this one does, and gives those of which it does. What an earlier
/// version took account of is never lost again: an evaluation whose `decided` is too early would do
/// that.
async fn link(connection: &mut Connection, version: &Version) -> Result<Vec<u64>, Error> {
    let Version { jurisdiction, month, number, .. } = version;
    let upheld = inquiries::upheld(connection, jurisdiction, *month).await?;
    if upheld.is_empty() {
        return Ok(Vec::new());
    }
    let seen = super::seen(connection, version).await?;
    let withdrawn = versions::withdrawn(connection, jurisdiction, *month).await?;
    let (mut linked, mut lost) = (Vec::new(), Vec::new());
    for inquiry in upheld {
        let sent = outbox::of(connection, &inquiry).await?;
        let remedy = Remedy {
            events: sent.into_iter().map(|sent| (sent.event, sent.watermark)).collect(),
            mended_by: Mended::parse(&inquiry.mended_by),
        };
        let held = seen.holds(&remedy);
        let before = inquiry.correcting_version.filter(|before| before < number);
        // A registry or rules may be gone back to; what was decided about a case may not.
        if before.is_some() && !held && remedy.mended_by.is_none() {
            lost.push(inquiry.name().to_string());
        }
        if before.is_some_and(|before| !withdrawn.contains(&before)) {
            continue;
        }
        inquiries::link(connection, &inquiry, held.then_some(*number)).await?;
        linked.extend(held.then_some(inquiry.number));
    }
    if lost.is_empty() {
        return Ok(linked);
    }
    Err(Error::DecisionsLost { name: version.evaluation_name().to_string(), lost })
}

/// What the same call got before, if there was one.
async fn answered(
    connection: &mut Connection,
    wish: &CreateVersion,
) -> Result<Option<Version>, Error> {
    let Some(request_id) = wish.request_id else { return Ok(None) };
    let Some(before) = requests::get(connection, &wish.jurisdiction, request_id).await? else {
        return Ok(None);
    };
    if before.content != content(wish) {
        return Err(Error::RequestIdReused { request_id: request_id.to_string() });
    }
    let version = versions::get(connection, &wish.jurisdiction, before.month, before.version);
    let version = version.await?.expect("versions are never removed");
    if version.evaluation != before.evaluation {
        return Err(Error::VersionReplaced { name: version.name().to_string() });
    }
    Ok(Some(version))
}

fn plan(wish: &CreateVersion, newest: Option<&Version>) -> Result<Plan, Error> {
    wish.plan(newest).map_err(|refusal| {
        let field = if wish.correction { "reason" } else { "bulletin_version.reason" };
        let mut errors = FieldErrors::default();
        match refusal {
            Refusal::NothingPublished => {
                let name =
                    BulletinName { jurisdiction: wish.jurisdiction.clone(), month: wish.month };
                return Error::NothingPublished { name: name.to_string() };
            }
            Refusal::ReasonMissing => errors.push(
                field,
                "must say why: this month is published, so the new version is a correction",
            ),
            Refusal::ReasonWithoutCorrection => {
                errors.push(field, "must be empty: the first version of a month corrects nothing");
            }
        }
        Error::Invalid(errors)
    })
}

fn evaluation(wish: &CreateVersion) -> EvaluationName {
    EvaluationName { jurisdiction: wish.jurisdiction.clone(), evaluation: wish.evaluation.clone() }
}

fn content(wish: &CreateVersion) -> Digest {
    canonical::digest(wish).expect("texts and a truth value are canonical")
}
