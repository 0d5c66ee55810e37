//! Moving versions into the log.

use chengping_ledger::checkpoint::Checkpoint;
use chengping_ledger::merkle::TreeHead;
use chengping_ledger::note::Signer;
use chengping_ledger::version::{Draft, Entry, Link, SealedVersion, Superseded, seal};
use chengping_types::name::{BulletinVersionName, EvaluationName};
use chengping_types::{Digest, Instant, JurisdictionId, Month, RecordId};

use super::notice::{Asked, moved};
use super::{App, now, require_etag, version};
use crate::domain::documents::Documents;
use crate::domain::lines::{self, Line};
use crate::domain::state::{State, Step};
use crate::domain::{Moved, Sealed, Version};
use crate::error::Error;
use crate::store::log::{Appended, SignedCheckpoint};
use crate::store::touched::Touched;
use crate::store::{
    Connection, Transaction, bulletins, commit, documents, feed, log, touched, versions,
};

/// How often what a correction touches is asked for again, because something was published meanwhile.
const TRACINGS_MAX: u32 = 5;

impl App {
    /// Seals a version, appends it to the log and signs a checkpoint: all of it, or nothing.
    ///
    /// A version that is sealed already is given as it is, whatever the etag: the answer to the
    /// call that sealed it may have been lost.
    pub(crate) async fn publish(&self, asked: &Asked) -> Result<Version, Error> {
        for _ in 0..TRACINGS_MAX {
            // Before the lock: scoring takes its time.
            let traced = self.trace(&asked.name).await?;
            if let Some(version) = self.publish_traced(asked, traced).await? {
                return Ok(version);
            }
        }
        Err(Error::TooMuchPublished { name: asked.name.to_string() })
    }

    /// As [`publish`](Self::publish); none when other versions stand by now than were traced.
    async fn publish_traced(
        &self,
        asked: &Asked,
        traced: Traced,
    ) -> Result<Option<Version>, Error> {
        let name = &asked.name;
        let mut transaction = self.locked(&name.jurisdiction).await?;
        let mut version = version(&mut transaction, name).await?;
        if version.state.is_sealed() {
            return Ok(Some(version));
        }
        require_etag(name, &version.etag(), &asked.etag)?;
        self.apply(&mut transaction, &mut version, Step::Publish).await?;
        self.require_another(&mut transaction, &version, Step::Publish, &asked.actor).await?;
        if standing_after(&mut transaction, &version).await? != traced.standing {
            return Ok(None);
        }

        let signer = self.signer(&mut transaction, &name.jurisdiction).await?;
        let entries = self.sound_entries(&mut transaction, &name.jurisdiction, &signer).await?;
        let publish_time = now();
        let superseded = self.correct(&mut transaction, &version, asked, publish_time).await?;
        let kept = documents::get(&mut transaction, &name.jurisdiction, &version.evaluation);
        let draft = version.clone();
        let (kept, leaves) = (kept.await?, leaves(&entries));
        let sealed = tokio::task::spawn_blocking(move || {
            sealed(&draft, &kept, superseded, publish_time, &leaves)
        });
        let (sealed, lines) = sealed.await??;
        let (entry, index) = (sealed.entry(), sealed.document().chain.index);
        let appended =
            Appended { entry: &entry, document: sealed.bytes(), index, time: publish_time };
        log::append(&mut transaction, &appended).await?;
        feed::put(&mut transaction, &sealed, &lines).await?;
        self.sign(&mut transaction, &signer, entries, entry).await?;

        let digest = sealed.digest();
        version.sealed = Some(Sealed { digest, log_index: index, publish_time });
        let moved = moved(asked, Step::Publish, publish_time);
        versions::put(&mut transaction, &version, &moved).await?;
        let Version { jurisdiction, month, number, .. } = &version;
        bulletins::put_published(&mut transaction, jurisdiction, *month, *number, publish_time)
            .await?;
        touched::put(&mut transaction, &version, &traced.touched).await?;
        commit(transaction).await?;
        version.touched = traced.names(&name.jurisdiction);
        self.published.send_replace(());
        tracing::info!(version = %name, digest = %sealed.digest(), "published");
        Ok(Some(version))
    }

    /// What the correction that is about to be published touches of later months.
    async fn trace(&self, name: &BulletinVersionName) -> Result<Traced, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let version = version(&mut transaction, name).await?;
        let standing = standing_after(&mut transaction, &version).await?;
        drop(transaction);
        if standing.is_empty() || version.state.is_sealed() {
            return Ok(Traced { standing, touched: Vec::new() });
        }
        let evaluation = |id: &RecordId| EvaluationName {
            jurisdiction: name.jurisdiction.clone(),
            evaluation: id.clone(),
        };
        let later: Vec<_> = standing.iter().map(|(_, _, id)| evaluation(id)).collect();
        let mut found = self.peers.scoring.touched(&version.evaluation_name(), &later).await?;
        let touched = standing.iter().filter_map(|(month, number, id)| {
            let bodies = found.remove(&evaluation(id).to_string())?;
            Some(Touched { month: *month, version: *number, bodies })
        });
        let touched = touched.collect();
        Ok(Traced { standing, touched })
    }

    pub(super) async fn locked(&self, jurisdiction: &JurisdictionId) -> Result<Transaction, Error> {
        let mut transaction = self.store.begin().await?;
        log::lock(&mut transaction, jurisdiction).await?;
        Ok(transaction)
    }

    /// Takes a step of a version.
    pub(super) async fn apply(
        &self,
        connection: &mut Connection,
        version: &mut Version,
        step: Step,
    ) -> Result<(), Error> {
        let state = version.state_at(now());
        let must_be_shown = self.require_notice
            || step == Step::Publish && versions::was_shown(connection, version).await?;
        version.state = state.after(step, must_be_shown).map_err(|change| {
            Error::IllegalStateChange { name: version.name().to_string(), change }
        })?;
        version.revision += 1;
        Ok(())
    }

    /// The entries of the log, when they are those that were last signed: no checkpoint is ever
    /// signed that does not continue the one before.
    pub(super) async fn sound_entries(
        &self,
        connection: &mut Connection,
        jurisdiction: &JurisdictionId,
        signer: &Signer,
    ) -> Result<Vec<Entry>, Error> {
        let entries = log::entries(connection, jurisdiction, u64::MAX).await?;
        let last = log::checkpoint(connection, jurisdiction).await?;
        let found = TreeHead::of(&leaves(&entries));
        let signed = last.as_ref().map(|last| last.head);
        if signed.map_or(!entries.is_empty(), |signed| signed != found) {
            let jurisdiction = jurisdiction.to_string();
            return Err(Error::LogCorrupt { jurisdiction, found, signed });
        }
        let key = signer.verifier_key();
        if last.is_some_and(|last| last.verifier_key != key) {
            tracing::warn!(%key, "the log gets another key than before; tell its readers");
        }
        Ok(entries)
    }

    /// Marks the version before this one as corrected; one that was withdrawn stays so.
    async fn correct(
        &self,
        connection: &mut Connection,
        version: &Version,
        asked: &Asked,
        now: Instant,
    ) -> Result<Option<Superseded>, Error> {
        let Some(before) = version.number.checked_sub(1).filter(|before| *before > 0) else {
            return Ok(None);
        };
        let before = versions::get(connection, &version.jurisdiction, version.month, before);
        let mut before = before.await?.expect("versions have no gap");
        let sealed = before.sealed.clone().expect("a number is followed only once published");
        if before.state != State::Withdrawn {
            self.apply(connection, &mut before, Step::Correct).await?;
            let moved = Moved {
                step: Step::Correct,
                actor: &asked.actor,
                reason: &version.reason,
                time: now,
            };
            versions::put(connection, &before, &moved).await?;
        }
        Ok(Some(Superseded { version: before.number, digest: sealed.digest }))
    }

    pub(super) async fn sign(
        &self,
        connection: &mut Connection,
        signer: &Signer,
        mut entries: Vec<Entry>,
        entry: Entry,
    ) -> Result<(), Error> {
        let jurisdiction = entry.jurisdiction.clone();
        entries.push(entry);
        let head = TreeHead::of(&leaves(&entries));
        let checkpoint = Checkpoint::new(&self.keys.origin(&jurisdiction), head)
            .expect("the name of a key is one line");
        let note = checkpoint.signed_by(signer).to_string();
        let signed = SignedCheckpoint { head, note, verifier_key: signer.verifier_key() };
        Ok(log::put_checkpoint(connection, &jurisdiction, &signed).await?)
    }
}

/// The versions of later months that stand, and which of them a correction touches.
struct Traced {
    standing: Vec<(Month, u32, RecordId)>,
    touched: Vec<Touched>,
}

impl Traced {
    fn names(&self, jurisdiction: &JurisdictionId) -> Vec<BulletinVersionName> {
        let name = |touched: &Touched| BulletinVersionName {
            jurisdiction: jurisdiction.clone(),
            month: touched.month,
            version: touched.version.into(),
        };
        self.touched.iter().map(name).collect()
    }
}

/// The versions of later months that stand; none where the version corrects nothing.
async fn standing_after(
    connection: &mut Connection,
    version: &Version,
) -> Result<Vec<(Month, u32, RecordId)>, Error> {
    if version.number == 1 {
        return Ok(Vec::new());
    }
    Ok(bulletins::standing_after(connection, &version.jurisdiction, version.month).await?)
}

fn sealed(
    version: &Version,
    documents: &Documents,
    supersedes: Option<Superseded>,
    publish_time: Instant,
    leaves: &[Digest],
) -> Result<(SealedVersion, Vec<Line>), Error> {
    let value = |bytes| {
        let value = serde_json::from_slice(bytes);
        value.map_err(|error| Error::corrupt(version.name(), error))
    };
    let draft = Draft {
        jurisdiction: version.jurisdiction.clone(),
        month: version.month,
        supersedes,
        reason: Some(version.reason.clone()).filter(|reason| !reason.is_empty()),
        publish_time: publish_time.to_string(),
        chain: Link::after(leaves),
        results: value(&documents.results)?,
        input: value(&documents.input)?,
        reported: Vec::new(),
    };
    let sealed =
        seal(draft).map_err(|source| Error::Seal { name: version.name().to_string(), source })?;
    let lines = lines::read(sealed.bytes());
    let lines = lines.map_err(|error| Error::corrupt(version.name(), error))?;
    Ok((sealed, lines))
}

pub(super) fn leaves(entries: &[Entry]) -> Vec<Digest> {
    entries.iter().map(Entry::leaf).collect()
}
