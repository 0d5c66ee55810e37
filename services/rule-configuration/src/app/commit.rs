//! Committing revisions of rule packs.

use chengping_chassis::error::FieldErrors;
use chengping_types::name::{RulePackName, RulePackRevisionName};
use chengping_types::{Digest, Instant, JurisdictionId, PackId};

use super::requests::{self, Repeated};
use super::{App, audit};
use crate::domain::audit::Change;
use crate::domain::pack::{CheckedPack, Pack, Revision, Text};
use crate::domain::request::{Asked, Detail};
use crate::domain::review::State;
use crate::error::Error;
use crate::store::{self, Connection, StoreError, heads, revisions, rule_packs};

/// What is to be committed.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    pub pack: RulePackName,
    pub source: String,
    pub asked: Asked,
}

/// Which revision is to be committed once more.
#[derive(Debug, Clone)]
pub(crate) struct Rollback {
    pub pack: RulePackName,
    pub revision: u64,
    pub asked: Asked,
}

/// A text without a mistake, on its way to become a revision.
pub(super) struct Prepared {
    pub pack: RulePackName,
    pub checked: CheckedPack,
    /// The revision that it was made of, which must be the newest still.
    pub base: Option<u64>,
    pub detail: Option<Detail>,
}

impl App {
    /// Commits a revision. A text that says the same as the newest one gives that one.
    pub(crate) async fn commit_revision(&self, commit: Commit) -> Result<(Revision, Text), Error> {
        let Commit { pack, source, asked } = commit;
        let content = asked.content(&[pack.to_string(), source.clone()]);
        if let Some(repeated) = self.repeated(&pack.jurisdiction, &asked, &content).await? {
            return Ok((repeated.revision, repeated.text));
        }
        let place = self.place().await;
        self.require_wanted(&pack, &asked, None).await?;
        let checked = self.require_good(&source).await?;
        drop(place);
        require_same_name(&pack, &checked)?;
        let prepared = Prepared { pack, checked, base: None, detail: None };
        let done = self.commit_prepared(prepared, &asked, content).await?;
        Ok((done.revision, done.text))
    }

    /// Commits the text of a former revision as a new one.
    pub(crate) async fn roll_back(&self, rollback: Rollback) -> Result<(Revision, Text), Error> {
        let Rollback { pack, revision, asked } = rollback;
        let content = asked.content(&[pack.to_string(), revision.to_string()]);
        if let Some(repeated) = self.repeated(&pack.jurisdiction, &asked, &content).await? {
            return Ok((repeated.revision, repeated.text));
        }
        let RulePackName { jurisdiction, rule_pack } = &pack;
        let mut connection = self.store.acquire().await?;
        let (_, text) = read(&mut connection, jurisdiction, rule_pack, revision).await?;
        drop(connection);
        let checked = self.require_good(&text.source).await?;
        let prepared = Prepared { pack, checked, base: None, detail: None };
        let done = self.commit_prepared(prepared, &asked, content).await?;
        Ok((done.revision, done.text))
    }

    /// The first answer to a request that may be a repeat, before anything is looked at that may
    /// have changed since.
    pub(super) async fn repeated(
        &self,
        jurisdiction: &JurisdictionId,
        asked: &Asked,
        content: &Digest,
    ) -> Result<Option<Repeated>, Error> {
        if asked.request_id.is_none() {
            return Ok(None);
        }
        let mut connection = self.store.acquire().await?;
        requests::find(&mut connection, jurisdiction, asked, content).await
    }

    /// Looks whether work on a text can still come to something. Only the look under the lock counts;
    /// this one saves the work.
    pub(super) async fn require_wanted(
        &self,
        name: &RulePackName,
        asked: &Asked,
        base: Option<u64>,
    ) -> Result<(), Error> {
        let mut connection = self.store.acquire().await?;
        let pack = rule_packs::get(&mut connection, &name.jurisdiction, &name.rule_pack).await?;
        require_etag(name, asked, pack.as_ref())?;
        require_newest(name, base, pack.as_ref())
    }

    /// Commits what was made ready outside of the lock.
    pub(super) async fn commit_prepared(
        &self,
        prepared: Prepared,
        asked: &Asked,
        content: Digest,
    ) -> Result<Repeated, Error> {
        let Prepared { pack: name, checked, base, detail } = prepared;
        let jurisdiction = &name.jurisdiction;
        let mut transaction = self.store.begin().await?;
        let head = heads::lock(&mut transaction, jurisdiction).await?;
        if let Some(done) = requests::find(&mut transaction, jurisdiction, asked, &content).await? {
            return Ok(done);
        }
        let pack = rule_packs::get(&mut transaction, jurisdiction, &name.rule_pack).await?;
        require_etag(&name, asked, pack.as_ref())?;
        require_newest(&name, base, pack.as_ref())?;
        let newest = match &pack {
            Some(pack) => {
                let number = pack.newest_revision;
                revisions::get(&mut transaction, jurisdiction, &pack.pack, number).await?
            }
            None => None,
        };
        let says_the_same =
            |newest: &&Revision| newest.digest == checked.digest && newest.parent == checked.parent;
        let answered = detail.clone().unwrap_or_default();
        if let Some(newest) = newest.as_ref().filter(says_the_same) {
            let number = newest.revision;
            let (revision, text) =
                read(&mut transaction, jurisdiction, &newest.pack, number).await?;
            if !asked.validate_only {
                let answer = (&revision, detail);
                requests::remember(&mut transaction, jurisdiction, asked, content, answer).await?;
                store::commit(transaction).await?;
            }
            return Ok(Repeated { revision, text, detail: answered });
        }
        let now = store::audit::now(&mut transaction).await?;
        let mut revision = draft(asked, &checked, newest.as_ref());
        let text = Text { source: checked.source.clone(), canonical: checked.canonical.clone() };
        if asked.validate_only {
            return Ok(Repeated { revision, text, detail: answered });
        }
        revision.create_time = Some(now);
        write(&mut transaction, jurisdiction, &checked, &revision, now).await?;
        let answer = (&revision, detail);
        requests::remember(&mut transaction, jurisdiction, asked, content, answer).await?;
        let before = newest.map_or_else(String::new, |newest| newest.digest.to_string());
        let change = change(&name, asked, &revision, before);
        audit::record(&mut transaction, jurisdiction, &head, now, change).await?;
        store::commit(transaction).await?;
        Ok(Repeated { revision, text, detail: answered })
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

fn require_etag(name: &RulePackName, asked: &Asked, pack: Option<&Pack>) -> Result<(), Error> {
    let standing = pack.map_or_else(String::new, Pack::etag);
    if asked.etag.is_empty() || asked.etag == standing {
        Ok(())
    } else {
        Err(Error::EtagMismatch { resource: name.to_string() })
    }
}

/// Of two who change one revision, the second would undo what the first did.
fn require_newest(
    name: &RulePackName,
    base: Option<u64>,
    pack: Option<&Pack>,
) -> Result<(), Error> {
    let newest = pack.map_or(0, |pack| pack.newest_revision);
    match base {
        Some(base) if base != newest => {
            Err(Error::NotNewest { resource: name.to_string(), revision: base, newest })
        }
        _ => Ok(()),
    }
}

fn draft(asked: &Asked, checked: &CheckedPack, newest: Option<&Revision>) -> Revision {
    Revision {
        pack: checked.pack.clone(),
        revision: newest.map_or(0, |newest| newest.revision) + 1,
        digest: checked.digest,
        source_digest: Digest::of(checked.source.as_bytes()),
        state: State::Draft,
        active_from: None,
        warnings: checked.warnings.clone(),
        author: asked.actor.clone(),
        approver: String::new(),
        create_time: None,
        version: 1,
        parent: checked.parent.clone(),
        overrides: checked.overrides.clone(),
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

fn change(
    pack: &RulePackName,
    asked: &Asked,
    revision: &Revision,
    digest_before: String,
) -> Change {
    let resource = name(&pack.jurisdiction, &revision.pack, revision.revision);
    Change {
        actor: asked.actor.clone(),
        action: asked.action,
        resource: resource.to_string(),
        reason: asked.reason.clone(),
        digest_before,
        digest_after: revision.digest.to_string(),
    }
}
