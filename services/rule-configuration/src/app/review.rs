//! Moving a revision through its review, and putting it in force.

use std::collections::BTreeSet;

use chengping_types::name::RulePackRevisionName;
use chengping_types::{Instant, JurisdictionId, Month};

use super::commit::{name, read};
use super::{App, audit, requests};
use crate::domain::audit::Change;
use crate::domain::pack::{Revision, Text};
use crate::domain::request::Asked;
use crate::domain::review::{IllegalChange, State, Step, brings_forward};
use crate::error::Error;
use crate::store::heads::Head;
use crate::store::{self, Connection, activations, heads, revisions, rule_packs};

/// What is to happen to a revision.
#[derive(Debug, Clone)]
pub(crate) struct StateChange {
    pub revision: RulePackRevisionName,
    pub step: Step,
    pub asked: Asked,
}

/// From when on a revision is to be in force, and what it is believed to replace.
#[derive(Debug, Clone)]
pub(crate) struct Activation {
    pub change: StateChange,
    pub active_from: Month,
    /// The revision that the caller believes to be in force in that month.
    pub replaced: Option<RulePackRevisionName>,
}

impl App {
    /// Hands a revision in, approves or refuses it.
    pub(crate) async fn change_state(
        &self,
        change: StateChange,
    ) -> Result<(Revision, Text), Error> {
        let jurisdiction = &change.revision.jurisdiction;
        let asked = &change.asked;
        let content = asked.content(&[change.revision.to_string()]);
        let mut transaction = self.store.begin().await?;
        let head = heads::lock(&mut transaction, jurisdiction).await?;
        if let Some(done) = requests::find(&mut transaction, jurisdiction, asked, &content).await? {
            return Ok((done.revision, done.text));
        }
        let (mut revision, text) = self.admit(&mut transaction, &change).await?;
        revision.approver = match change.step {
            Step::Approve => asked.actor.clone(),
            _ => String::new(),
        };
        if asked.validate_only {
            return Ok((revision, text));
        }
        finish(&mut transaction, &head, &change, &revision).await?;
        let answer = (&revision, None);
        requests::remember(&mut transaction, jurisdiction, asked, content, answer).await?;
        store::commit(transaction).await?;
        Ok((revision, text))
    }

    /// Puts a revision in force from `active_from` on.
    ///
    /// Whoever decides what is in force in a month has to know what was: of two who do so at the
    /// same moment, the second is told.
    pub(crate) async fn activate(&self, wanted: Activation) -> Result<(Revision, Text), Error> {
        let Activation { change, active_from, replaced } = wanted;
        let jurisdiction = &change.revision.jurisdiction;
        let asked = &change.asked;
        let believed = replaced.as_ref().map_or_else(String::new, ToString::to_string);
        let content =
            asked.content(&[change.revision.to_string(), active_from.to_string(), believed]);
        let mut transaction = self.store.begin().await?;
        let seen = heads::get(&mut transaction, jurisdiction).await?.activation_sequence;
        let head = heads::lock(&mut transaction, jurisdiction).await?;
        if let Some(done) = requests::find(&mut transaction, jurisdiction, asked, &content).await? {
            drop(transaction);
            // The first call may have been given up before all had let go of what was in force.
            self.settle(jurisdiction).await;
            return Ok((done.revision, done.text));
        }
        if activations::is_newer_for(&mut transaction, jurisdiction, active_from, seen).await? {
            return Err(Error::ActivationRaced { month: active_from });
        }
        if let Some(replaced) = &replaced {
            require_replaced(&mut transaction, replaced, jurisdiction, active_from).await?;
        }
        let (mut revision, text) = self.admit(&mut transaction, &change).await?;
        if !brings_forward(revision.active_from, active_from) {
            let change_of_state = IllegalChange { from: revision.state, to: revision.state };
            let resource = change.revision.to_string();
            return Err(Error::IllegalStateChange { resource, change: change_of_state });
        }
        revision.active_from = Some(active_from);
        if asked.validate_only {
            return Ok((revision, text));
        }
        let now = finish(&mut transaction, &head, &change, &revision).await?;
        supersede(&mut transaction, &change.revision, &revision, (active_from, now)).await?;
        let sequence = heads::advance_activations(&mut transaction, jurisdiction).await?;
        let (what, by) = ((&revision, active_from), (asked.actor.as_str(), now));
        activations::insert(&mut transaction, jurisdiction, sequence, what, by).await?;
        let answer = (&revision, None);
        requests::remember(&mut transaction, jurisdiction, asked, content, answer).await?;
        store::commit(transaction).await?;
        self.settle(jurisdiction).await;
        Ok((revision, text))
    }

    /// The revision in the state to which the step leads, if it may be taken.
    async fn admit(
        &self,
        connection: &mut Connection,
        change: &StateChange,
    ) -> Result<(Revision, Text), Error> {
        let RulePackRevisionName { jurisdiction, rule_pack, revision } = &change.revision;
        let resource = || change.revision.to_string();
        let (mut revision, text) = read(connection, jurisdiction, rule_pack, *revision).await?;
        if !change.asked.etag.is_empty() && change.asked.etag != revision.etag() {
            return Err(Error::EtagMismatch { resource: resource() });
        }
        let next = revision.state.after(change.step);
        let next =
            next.map_err(|change| Error::IllegalStateChange { resource: resource(), change })?;
        let own = change.step == Step::Approve && revision.author == change.asked.actor;
        if own && self.settings.four_eyes {
            return Err(Error::FourEyes {
                resource: resource(),
                actor: change.asked.actor.clone(),
            });
        }
        if revision.state == State::Superseded {
            // It is in force from no month on, so it may come back from any.
            revision.active_from = None;
        }
        revision.state = next;
        revision.version += 1;
        Ok((revision, text))
    }
}

/// Whoever says what is replaced is told when it is something else by now.
async fn require_replaced(
    connection: &mut Connection,
    replaced: &RulePackRevisionName,
    jurisdiction: &JurisdictionId,
    month: Month,
) -> Result<(), Error> {
    let standing = activations::effective(connection, jurisdiction, month).await?;
    let standing = standing.map(|revision| name(jurisdiction, &revision.pack, revision.revision));
    if standing.as_ref() == Some(replaced) {
        return Ok(());
    }
    let standing = standing.map_or_else(String::new, |standing| standing.to_string());
    Err(Error::AnotherReplaced { month, expected: replaced.to_string(), standing })
}

/// Writes and records where the revision now stands.
async fn finish(
    connection: &mut Connection,
    head: &Head,
    change: &StateChange,
    revision: &Revision,
) -> Result<Instant, Error> {
    let RulePackRevisionName { jurisdiction, rule_pack, .. } = &change.revision;
    let now = store::audit::now(connection).await?;
    revisions::put_review(connection, jurisdiction, revision).await?;
    rule_packs::touch(connection, jurisdiction, rule_pack, now).await?;
    let digest = revision.digest.to_string();
    let entry = Change {
        actor: change.asked.actor.clone(),
        action: change.asked.action,
        resource: change.revision.to_string(),
        reason: change.asked.reason.clone(),
        digest_before: digest.clone(),
        digest_after: digest,
    };
    audit::record(connection, jurisdiction, head, now, entry).await?;
    Ok(now)
}

async fn supersede(
    connection: &mut Connection,
    changed: &RulePackRevisionName,
    revision: &Revision,
    (active_from, now): (Month, Instant),
) -> Result<(), Error> {
    let jurisdiction = &changed.jurisdiction;
    let packs = revisions::supersede(connection, jurisdiction, revision, active_from).await?;
    let others: BTreeSet<_> = packs.into_iter().filter(|pack| *pack != revision.pack).collect();
    for pack in others {
        rule_packs::touch(connection, jurisdiction, &pack, now).await?;
    }
    Ok(())
}
