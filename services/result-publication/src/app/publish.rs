//! Moving versions on, up to the log.

use chengping_ledger::checkpoint::Checkpoint;
use chengping_ledger::merkle::TreeHead;
use chengping_ledger::note::Signer;
use chengping_ledger::version::{Draft, Entry, Link, SealedVersion, Superseded, seal};
use chengping_types::name::BulletinVersionName;
use chengping_types::{Digest, Instant, JurisdictionId};

use super::{App, now, version};
use crate::domain::documents::Documents;
use crate::domain::lines::{self, Line};
use crate::domain::state::Step;
use crate::domain::{Sealed, Version};
use crate::error::Error;
use crate::store::log::SignedCheckpoint;
use crate::store::{Connection, Transaction, bulletins, commit, documents, feed, log, versions};

impl App {
    /// Moves a version on by `step`, which is not [`Step::Publish`].
    pub(crate) async fn advance(
        &self,
        name: &BulletinVersionName,
        etag: &str,
        step: Step,
    ) -> Result<Version, Error> {
        let mut transaction = self.locked(&name.jurisdiction).await?;
        let mut version = version(&mut transaction, name).await?;
        require_etag(&version, etag)?;
        self.apply(&mut version, step)?;
        versions::put(&mut transaction, &version, now()).await?;
        commit(transaction).await?;
        Ok(version)
    }

    /// Seals a version, appends it to the log and signs a checkpoint: all of it, or nothing.
    ///
    /// A version that is sealed already is given as it is, whatever the etag: the answer to the
    /// call that sealed it may have been lost.
    pub(crate) async fn publish(
        &self,
        name: &BulletinVersionName,
        etag: &str,
    ) -> Result<Version, Error> {
        let mut transaction = self.locked(&name.jurisdiction).await?;
        let mut version = version(&mut transaction, name).await?;
        if version.state.is_sealed() {
            return Ok(version);
        }
        require_etag(&version, etag)?;
        self.apply(&mut version, Step::Publish)?;

        let signer = self.signer(&mut transaction, &name.jurisdiction).await?;
        let entries = self.sound_entries(&mut transaction, &name.jurisdiction, &signer).await?;
        let superseded = self.correct(&mut transaction, &version).await?;
        let kept = documents::get(&mut transaction, &name.jurisdiction, &version.evaluation);
        let (draft, publish_time) = (version.clone(), now());
        let (kept, leaves) = (kept.await?, leaves(&entries));
        let sealed = tokio::task::spawn_blocking(move || {
            sealed(&draft, &kept, superseded, publish_time, &leaves)
        });
        let (sealed, lines) = sealed.await??;
        log::append(&mut transaction, &sealed, publish_time).await?;
        feed::put(&mut transaction, &sealed, &lines).await?;
        self.sign(&mut transaction, &signer, entries, &sealed).await?;

        version.sealed = Some(Sealed {
            digest: sealed.digest(),
            log_index: sealed.document().chain.index,
            publish_time,
        });
        versions::put(&mut transaction, &version, publish_time).await?;
        let Version { jurisdiction, month, number, .. } = &version;
        bulletins::put_published(&mut transaction, jurisdiction, *month, *number, publish_time)
            .await?;
        commit(transaction).await?;
        self.published.send_replace(());
        tracing::info!(version = %name, digest = %sealed.digest(), "published");
        Ok(version)
    }

    async fn locked(&self, jurisdiction: &JurisdictionId) -> Result<Transaction, Error> {
        let mut transaction = self.store.begin().await?;
        log::lock(&mut transaction, jurisdiction).await?;
        Ok(transaction)
    }

    fn apply(&self, version: &mut Version, step: Step) -> Result<(), Error> {
        version.state = version.state.after(step, self.require_notice).map_err(|change| {
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

    /// Marks the version before this one, which is published, as corrected.
    async fn correct(
        &self,
        connection: &mut Connection,
        version: &Version,
    ) -> Result<Option<Superseded>, Error> {
        let Some(before) = version.number.checked_sub(1).filter(|before| *before > 0) else {
            return Ok(None);
        };
        let before = versions::get(connection, &version.jurisdiction, version.month, before);
        let mut before = before.await?.expect("versions have no gap");
        let sealed = before.sealed.clone().expect("a number is followed only once published");
        self.apply(&mut before, Step::Correct)?;
        versions::put(connection, &before, now()).await?;
        Ok(Some(Superseded { version: before.number, digest: sealed.digest }))
    }

    async fn sign(
        &self,
        connection: &mut Connection,
        signer: &Signer,
        mut entries: Vec<Entry>,
        sealed: &SealedVersion,
    ) -> Result<(), Error> {
        entries.push(sealed.entry());
        let head = TreeHead::of(&leaves(&entries));
        let jurisdiction = &sealed.document().jurisdiction;
        let checkpoint = Checkpoint::new(&self.keys.origin(jurisdiction), head)
            .expect("the name of a key is one line");
        let note = checkpoint.signed_by(signer).to_string();
        let signed = SignedCheckpoint { head, note, verifier_key: signer.verifier_key() };
        Ok(log::put_checkpoint(connection, jurisdiction, &signed).await?)
    }
}

fn sealed(
    version: &Version,
    documents: &Documents,
    supersedes: Option<Superseded>,
    publish_time: Instant,
    leaves: &[Digest],
) -> Result<(SealedVersion, Vec<Line>), Error> {
    let name = || version.name().to_string();
    let value = |bytes| {
        let value = serde_json::from_slice(bytes);
        value.map_err(|error| Error::DocumentCorrupt { name: name(), source: Box::new(error) })
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
    };
    let sealed = seal(draft).map_err(|source| Error::Seal { name: name(), source })?;
    let lines = lines::read(sealed.bytes());
    let lines =
        lines.map_err(|error| Error::DocumentCorrupt { name: name(), source: Box::new(error) })?;
    Ok((sealed, lines))
}

pub(super) fn leaves(entries: &[Entry]) -> Vec<Digest> {
    entries.iter().map(Entry::leaf).collect()
}

fn require_etag(version: &Version, etag: &str) -> Result<(), Error> {
    if etag.is_empty() || etag == version.etag() {
        return Ok(());
    }
    Err(Error::EtagMismatch { name: version.name().to_string(), current: version.etag() })
}
