//! What shows that nothing published was altered: bundles, checkpoints, proofs, keys.

use chengping_ledger::bundle::{Bundle, EntryProof, Evidence, Proofs};
use chengping_ledger::lines::{LineError, LineProof};
use chengping_ledger::merkle;
use chengping_ledger::note::{SignedNote, VerifierKey};
use chengping_ledger::receipt::{Receipt, ReceiptError};
use chengping_ledger::version::{Document, Entry, SealedVersion};
use chengping_types::name::{BulletinVersionName, JurisdictionName};
use chengping_types::{BodyId, Digest, JurisdictionId};

use super::sealed::{document, sealed};
use super::{App, version};
use crate::error::Error;
use crate::store::Connection;
use crate::store::log::{self, SignedCheckpoint};

/// A bundle has the whole log up to this many entries, some forty years of a city, because that
/// shows besides that nothing was published twice; of a longer log it has proofs.
const ENTRIES_MAX: usize = 1000;

/// That a version is in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inclusion {
    pub(crate) index: u64,
    pub(crate) tree_size: u64,
    pub(crate) leaf: Digest,
    pub(crate) path: Vec<Digest>,
}

/// That a log only grew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Consistency {
    pub(crate) second: u64,
    pub(crate) path: Vec<Digest>,
}

impl App {
    /// The file that `chengping verify` reads.
    pub(crate) async fn bundle(&self, name: &BulletinVersionName) -> Result<Vec<u8>, Error> {
        let place = self.place().await;
        let mut transaction = self.store.begin_reading().await?;
        let version = version(&mut transaction, name).await?;
        let log_index = sealed(&version)?.log_index;
        let jurisdiction = &name.jurisdiction;
        let document = document(&mut transaction, &version).await?;
        let entries = log::entries(&mut transaction, jurisdiction, u64::MAX).await?;
        let (_, checkpoint) = self.current_checkpoint(&mut transaction, jurisdiction).await?;
        let stored = log::checkpoint(&mut transaction, jurisdiction).await?;
        let signer = self.signer(&mut transaction, jurisdiction).await?;
        drop(transaction);
        let mut keys: Vec<_> = stored.into_iter().map(|stored| stored.verifier_key).collect();
        keys.extend(Some(signer.verifier_key()).filter(|key| !keys.contains(key)));
        let bundled = tokio::task::spawn_blocking(move || {
            let _place = place;
            bundle(document, &entries, log_index, &checkpoint, keys)
        });
        bundled.await?.map_err(|source| Error::corrupt(name, source))
    }

    /// The newest checkpoint.
    pub(crate) async fn checkpoint(
        &self,
        jurisdiction: &JurisdictionId,
    ) -> Result<SignedCheckpoint, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let stored = log::checkpoint(&mut transaction, jurisdiction).await?;
        let stored = stored.ok_or_else(|| Error::LogEmpty { name: named(jurisdiction) })?;
        let (_, note) = self.current_checkpoint(&mut transaction, jurisdiction).await?;
        Ok(SignedCheckpoint { note: note.to_string(), ..stored })
    }

    /// The proof that a version is in the log of `tree_size` leaves, of all when it is 0.
    pub(crate) async fn inclusion(
        &self,
        name: &BulletinVersionName,
        tree_size: u64,
    ) -> Result<Inclusion, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let version = version(&mut transaction, name).await?;
        let index = sealed(&version)?.log_index;
        let most = log::size(&mut transaction, &name.jurisdiction).await?;
        let tree_size = tree_of(tree_size, index + 1, most)?;
        let entries = log::entries(&mut transaction, &name.jurisdiction, tree_size).await?;
        let leaves: Vec<_> = entries.iter().map(Entry::leaf).collect();
        let path = merkle::inclusion_path(&leaves, index).expect("the tree is larger");
        let place = usize::try_from(index).expect("the leaves are in memory");
        Ok(Inclusion { index, tree_size, leaf: leaves[place], path })
    }

    /// The proof that the log of `second` leaves, of all when it is 0, continues that of `first`.
    pub(crate) async fn consistency(
        &self,
        jurisdiction: &JurisdictionId,
        first: u64,
        second: u64,
    ) -> Result<Consistency, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let most = log::size(&mut transaction, jurisdiction).await?;
        let second = tree_of(second, 0, most)?;
        let first = if first == 0 { 0 } else { tree_of(first, 0, second)? };
        let entries = log::entries(&mut transaction, jurisdiction, second).await?;
        let leaves: Vec<_> = entries.iter().map(Entry::leaf).collect();
        let path = merkle::consistency_path(&leaves, first).expect("the first is not larger");
        Ok(Consistency { second, path })
    }

    /// The line of a body with its proof, up to the newest checkpoint.
    pub(crate) async fn receipt(
        &self,
        name: &BulletinVersionName,
        body: &BodyId,
    ) -> Result<Vec<u8>, Error> {
        let place = self.place().await;
        let mut transaction = self.store.begin_reading().await?;
        let version = version(&mut transaction, name).await?;
        let index = sealed(&version)?.log_index;
        let jurisdiction = &name.jurisdiction;
        let document = document(&mut transaction, &version).await?;
        let entries = log::entries(&mut transaction, jurisdiction, u64::MAX).await?;
        let (checkpoint, _) = self.current_checkpoint(&mut transaction, jurisdiction).await?;
        drop(transaction);
        let body = body.clone();
        let made = tokio::task::spawn_blocking(move || {
            let _place = place;
            receipt(document, &entries, index, &checkpoint, &body)
        });
        match made.await? {
            Ok(receipt) => Ok(receipt),
            Err(ReceiptError::Line(LineError::NoSuchBody { body })) => {
                Err(Error::LineNotFound { name: name.to_string(), body: body.to_string() })
            }
            Err(error) => Err(Error::corrupt(name, error)),
        }
    }

    /// The newest checkpoint, signed with the key that signs now and with that which signed then:
    /// the note of the one alone, and of both.
    async fn current_checkpoint(
        &self,
        connection: &mut Connection,
        jurisdiction: &JurisdictionId,
    ) -> Result<(SignedNote, SignedNote), Error> {
        let stored = log::checkpoint(connection, jurisdiction).await?;
        let stored = stored.ok_or_else(|| Error::LogEmpty { name: named(jurisdiction) })?;
        let signer = self.signer(connection, jurisdiction).await?;
        let corrupt = |source| Error::CheckpointCorrupt { name: named(jurisdiction), source };
        let note: SignedNote = stored.note.parse().map_err(corrupt)?;
        if stored.verifier_key == signer.verifier_key() {
            return Ok((note.clone(), note));
        }
        // Nothing is signed on the word of another key alone.
        self.sound_entries(connection, jurisdiction, &signer).await?;
        let alone = SignedNote::new(note.text().to_owned()).map_err(corrupt)?.signed_by(&signer);
        Ok((alone, note.signed_by(&signer)))
    }
}

fn named(jurisdiction: &JurisdictionId) -> String {
    JurisdictionName { jurisdiction: jurisdiction.clone() }.to_string()
}

fn receipt(
    document: Vec<u8>,
    entries: &[Entry],
    index: u64,
    checkpoint: &SignedNote,
    body: &BodyId,
) -> Result<Vec<u8>, ReceiptError> {
    let document = serde_json::from_slice::<Document>(&document)?;
    let line = LineProof::of(&document.results, body)?;
    Receipt::new(line, EntryProof::of(entries, index)?, checkpoint).to_vec()
}

fn bundle(
    document: Vec<u8>,
    entries: &[Entry],
    index: u64,
    checkpoint: &SignedNote,
    keys: Vec<VerifierKey>,
) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let sealed = SealedVersion::parse(document)?;
    let evidence = if entries.len() <= ENTRIES_MAX {
        Evidence::Entries(entries.to_vec())
    } else {
        Evidence::Proofs(Proofs::of(entries, index)?)
    };
    Ok(Bundle::new(&sealed, evidence, checkpoint, keys).to_vec())
}

/// The size of the tree that is meant: all of it when `asked` is 0.
fn tree_of(asked: u64, least: u64, most: u64) -> Result<u64, Error> {
    match asked {
        0 => Ok(most),
        _ if (least..=most).contains(&asked) => Ok(asked),
        _ => Err(Error::TreeSize { asked, least, most }),
    }
}
