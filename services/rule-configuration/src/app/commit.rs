//! Committing revisions of rule packs.

use chengping_chassis::error::FieldErrors;
use chengping_types::name::{RulePackName, RulePackRevisionName};
use chengping_types::{Digest, Instant, JurisdictionId, PackId};
use uuid::Uuid;

use super::check::require_good;
use super::{App, audit};
use crate::domain::audit::Change;
use crate::domain::pack::{CheckedPack, Pack, Revision, Text};
use crate::domain::review::State;
use crate::error::Error;
use crate::store::requests::{self, Handled};
use crate::store::{self, Connection, StoreError, heads, revisions, rule_packs};

/// What is to be committed.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    pub pack: RulePackName,
    pub source: String,
    pub request_id: Option<Uuid>,
    /// Empty when any standing state will do.
    pub etag: String,
    pub validate_only: bool,
    pub reason: String,
    pub actor: String,
    pub action: &'static str,
}

/// Which revision is to be committed once more.
#[derive(Debug, Clone)]
pub(crate) struct Rollback {
    pub pack: RulePackName,
    pub revision: u64,
    pub reason: String,
    pub actor: String,
    pub action: &'static str,
}

impl App {
    /// Commits a revision. A text that says the same as the newest one gives that one.
    pub(crate) async fn commit_revision(&self, commit: Commit) -> Result<(Revision, Text), Error> {
        let checked = require_good(&commit.source)?;
        require_same_name(&commit.pack, &checked)?;
        let jurisdiction = &commit.pack.jurisdiction;
        let mut transaction = self.store.begin().await?;
        let head = heads::lock(&mut transaction, jurisdiction).await?;
        if let Some(done) = find_repeat(&mut transaction, &commit).await? {
            return read(&mut transaction, jurisdiction, &done.pack, done.revision).await;
        }
        let pack = rule_packs::get(&mut transaction, jurisdiction, &commit.pack.rule_pack).await?;
        require_etag(&commit, pack.as_ref())?;
        let newest = match &pack {
            Some(pack) => {
                let number = pack.newest_revision;
                revisions::get(&mut transaction, jurisdiction, &pack.pack, number).await?
            }
            None => None,
        };
        if let Some(newest) = newest.as_ref().filter(|newest| newest.digest == checked.digest) {
            let number = newest.revision;
            let stands = read(&mut transaction, jurisdiction, &newest.pack, number).await?;
            if !commit.validate_only {
                remember(&mut transaction, &commit, number).await?;
                store::commit(transaction).await?;
            }
            return Ok(stands);
        }
        let now = store::audit::now(&mut transaction).await?;
        let mut revision = draft(&commit, &checked, newest.as_ref());
        let text = Text { source: checked.source.clone(), canonical: checked.canonical.clone() };
        if commit.validate_only {
            return Ok((revision, text));
        }
        revision.create_time = Some(now);
        write(&mut transaction, jurisdiction, &checked, &revision, now).await?;
        remember(&mut transaction, &commit, revision.revision).await?;
        let before = newest.map_or_else(String::new, |newest| newest.digest.to_string());
        let change = change(&commit, &revision, before);
        audit::record(&mut transaction, jurisdiction, &head, now, change).await?;
        store::commit(transaction).await?;
        Ok((revision, text))
    }

    /// Commits the text of a former revision as a new one.
    pub(crate) async fn roll_back(&self, rollback: Rollback) -> Result<(Revision, Text), Error> {
        let RulePackName { jurisdiction, rule_pack } = &rollback.pack;
        let mut transaction = self.store.begin().await?;
        let (_, text) = read(&mut transaction, jurisdiction, rule_pack, rollback.revision).await?;
        drop(transaction);
        self.commit_revision(Commit {
            pack: rollback.pack.clone(),
            source: text.source,
            request_id: None,
            etag: String::new(),
            validate_only: false,
            reason: rollback.reason,
            actor: rollback.actor,
            action: rollback.action,
        })
        .await
    }
}

/// A revision that is to exist, with its text.
pub(super) async fn read(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    pack: &PackId,
    revision: u64,
) -> Result<(Revision, Text), Error> {
    let found = revisions::get(connection, jurisdiction, pack, revision).await?;
    let Some(found) = found else {
        return Err(Error::NotFound { resource: name(jurisdiction, pack, revision).to_string() });
    };
    let text = revisions::text(connection, jurisdiction, pack, revision).await?;
    if !text.is(&found.digest, &found.source_digest) {
        return Err(Error::Corrupt { resource: name(jurisdiction, pack, revision).to_string() });
    }
    Ok((found, text))
}

pub(super) fn name(
    jurisdiction: &JurisdictionId,
    pack: &PackId,
    revision: u64,
) -> RulePackRevisionName {
    RulePackRevisionName { jurisdiction: jurisdiction.clone(), rule_pack: pack.clone(), revision }
}

fn require_same_name(name: &RulePackName, checked: &CheckedPack) -> Result<(), Error> {
    if checked.pack == name.rule_pack {
        return Ok(());
    }
    let mut errors = FieldErrors::default();
    errors.push(
        "source:pack",
        format!("the text says {}, the name {}; let them agree", checked.pack, name.rule_pack),
    );
    Err(Error::PackInvalid(errors))
}

fn require_etag(commit: &Commit, pack: Option<&Pack>) -> Result<(), Error> {
    let standing = pack.map_or_else(String::new, Pack::etag);
    if commit.etag.is_empty() || commit.etag == standing {
        Ok(())
    } else {
        Err(Error::EtagMismatch { resource: commit.pack.to_string() })
    }
}

/// What a request asks for, but for its ID.
fn content_of(commit: &Commit) -> Digest {
    let parts = [commit.pack.to_string(), commit.source.clone(), commit.reason.clone()];
    chengping_types::canonical::digest(&parts).expect("texts have a canonical form")
}

async fn find_repeat(
    connection: &mut Connection,
    commit: &Commit,
) -> Result<Option<Handled>, Error> {
    let Some(request_id) = commit.request_id else { return Ok(None) };
    let handled = requests::get(connection, &commit.pack.jurisdiction, request_id).await?;
    match handled {
        Some(handled) if handled.content != content_of(commit) => {
            Err(Error::RequestIdReused { request_id: request_id.to_string() })
        }
        handled => Ok(handled),
    }
}

async fn remember(
    connection: &mut Connection,
    commit: &Commit,
    revision: u64,
) -> Result<(), StoreError> {
    let Some(request_id) = commit.request_id else { return Ok(()) };
    let pack = commit.pack.rule_pack.clone();
    let handled = Handled { content: content_of(commit), pack, revision };
    requests::insert(connection, &commit.pack.jurisdiction, request_id, &handled).await
}

fn draft(commit: &Commit, checked: &CheckedPack, newest: Option<&Revision>) -> Revision {
    Revision {
        pack: checked.pack.clone(),
        revision: newest.map_or(0, |newest| newest.revision) + 1,
        digest: checked.digest,
        source_digest: Digest::of(checked.source.as_bytes()),
        state: State::Draft,
        active_from: None,
        warnings: checked.warnings.clone(),
        author: commit.actor.clone(),
        approver: String::new(),
        create_time: None,
        version: 1,
    }
}

async fn write(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    checked: &CheckedPack,
    revision: &Revision,
    now: Instant,
) -> Result<(), StoreError> {
    rule_packs::put_newest(connection, jurisdiction, checked, revision.revision, now).await?;
    revisions::insert(connection, jurisdiction, checked, revision, now).await
}

fn change(commit: &Commit, revision: &Revision, digest_before: String) -> Change {
    let resource = name(&commit.pack.jurisdiction, &revision.pack, revision.revision);
    Change {
        actor: commit.actor.clone(),
        action: commit.action,
        resource: resource.to_string(),
        reason: commit.reason.clone(),
        digest_before,
        digest_after: revision.digest.to_string(),
    }
}
