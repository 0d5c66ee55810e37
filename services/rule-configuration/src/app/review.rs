//! Moving a revision through its review, and putting it in force.

use std::collections::BTreeSet;

use chengping_types::name::RulePackRevisionName;
use chengping_types::{Instant, Month};

use super::commit::read;
use super::{App, audit};
use crate::domain::audit::Change;
use crate::domain::pack::{Revision, Text};
use crate::domain::review::{IllegalChange, State, Step, brings_forward};
use crate::error::Error;
use crate::store::heads::Head;
use crate::store::{self, Connection, activations, heads, revisions, rule_packs};

/// What is to happen to a revision.
#[derive(Debug, Clone)]
pub(crate) struct StateChange {
    pub revision: RulePackRevisionName,
    pub step: Step,
    /// Empty when any standing state will do.
    pub etag: String,
    pub reason: String,
    pub actor: String,
    pub action: &'static str,
}

impl App {
    /// Hands a revision in, approves or refuses it.
    pub(crate) async fn change_state(
        &self,
        change: StateChange,
    ) -> Result<(Revision, Text), Error> {
        let jurisdiction = &change.revision.jurisdiction;
        let mut transaction = self.store.begin().await?;
        let head = heads::lock(&mut transaction, jurisdiction).await?;
        let (mut revision, text) = self.admit(&mut transaction, &change).await?;
        revision.approver = match change.step {
            Step::Approve => change.actor.clone(),
            _ => String::new(),
        };
        finish(&mut transaction, &head, &change, &revision).await?;
        store::commit(transaction).await?;
        Ok((revision, text))
    }

    /// Puts a revision in force from `active_from` on.
    ///
    /// Whoever decides what is in force in a month has to know what was: of two who do so at the
    /// same moment, the second is told.
    pub(crate) async fn activate(
        &self,
        change: StateChange,
        active_from: Month,
    ) -> Result<(Revision, Text), Error> {
        let jurisdiction = &change.revision.jurisdiction;
        let mut transaction = self.store.begin().await?;
        let seen = heads::get(&mut transaction, jurisdiction).await?.activation_sequence;
        let head = heads::lock(&mut transaction, jurisdiction).await?;
        if activations::is_newer_for(&mut transaction, jurisdiction, active_from, seen).await? {
            return Err(Error::ActivationRaced { month: active_from });
        }
        let (mut revision, text) = self.admit(&mut transaction, &change).await?;
        if !brings_forward(revision.active_from, active_from) {
            let change_of_state = IllegalChange { from: revision.state, to: revision.state };
            let resource = change.revision.to_string();
            return Err(Error::IllegalStateChange { resource, change: change_of_state });
        }
        revision.active_from = Some(active_from);
        let now = finish(&mut transaction, &head, &change, &revision).await?;
        supersede(&mut transaction, &change.revision, &revision, (active_from, now)).await?;
        let sequence = heads::advance_activations(&mut transaction, jurisdiction).await?;
        activations::insert(
            &mut transaction,
            jurisdiction,
            sequence,
            (&revision, active_from),
            (&change.actor, now),
        )
        .await?;
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
        if !change.etag.is_empty() && change.etag != revision.etag() {
            return Err(Error::EtagMismatch { resource: resource() });
        }
        let next = revision.state.after(change.step);
        let next =
            next.map_err(|change| Error::IllegalStateChange { resource: resource(), change })?;
        let own = change.step == Step::Approve && revision.author == change.actor;
        if own && self.settings.four_eyes {
            return Err(Error::FourEyes { resource: resource(), actor: change.actor.clone() });
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
        actor: change.actor.clone(),
        action: change.action,
        resource: change.revision.to_string(),
        reason: change.reason.clone(),
        digest_before: digest.clone(),
        digest_after: digest,
    };
    audit::record(connection, jurisdiction, head, now, entry).await?;
    Ok(now)
}

async fn supersede(
    connection: &mut Connection,
    name: &RulePackRevisionName,
    revision: &Revision,
    (active_from, now): (Month, Instant),
) -> Result<(), Error> {
    let packs = revisions::supersede(connection, &name.jurisdiction, revision, active_from).await?;
    let others: BTreeSet<_> = packs.into_iter().filter(|pack| *pack != revision.pack).collect();
    for pack in others {
        rule_packs::touch(connection, &name.jurisdiction, &pack, now).await?;
    }
    Ok(())
}
