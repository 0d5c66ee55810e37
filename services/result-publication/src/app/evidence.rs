//! What shows that nothing published was altered: bundles, checkpoints, proofs, keys.

use chengping_ledger::bundle::{Bundle, Evidence, Proofs};
use chengping_ledger::merkle;
use chengping_ledger::note::SignedNote;
use chengping_ledger::version::{Entry, SealedVersion};
use chengping_types::name::{BulletinVersionName, JurisdictionName};
use chengping_types::{Digest, JurisdictionId};

use super::{App, version};
use crate::domain::{Sealed, Version};
use crate::error::Error;
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
        let mut transaction = self.store.begin_reading().await?;
        let version = version(&mut transaction, name).await?;
        let Sealed { log_index, .. } = sealed(&version)?;
        let jurisdiction = &name.jurisdiction;
        let document =
            log::document(&mut transaction, jurisdiction, version.month, version.number).await?;
        let entries = log::entries(&mut transaction, jurisdiction, u64::MAX).await?;
        let checkpoint = log::checkpoint(&mut transaction, jurisdiction).await?;
        let checkpoint = checkpoint.expect("every entry is signed together with its checkpoint");
        drop(transaction);
        let name = name.to_string();
        let bundled =
            tokio::task::spawn_blocking(move || bundle(document, &entries, log_index, &checkpoint));
        bundled.await?.map_err(|source| Error::DocumentCorrupt { name, source })
    }

    /// The newest checkpoint.
    pub(crate) async fn checkpoint(
        &self,
        jurisdiction: &JurisdictionId,
    ) -> Result<SignedCheckpoint, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let checkpoint = log::checkpoint(&mut transaction, jurisdiction).await?;
        let name = || JurisdictionName { jurisdiction: jurisdiction.clone() }.to_string();
        checkpoint.ok_or_else(|| Error::LogEmpty { name: name() })
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

    /// The keys of the log, newest first: the one that signs from now on, and those that did.
    pub(crate) async fn verifier_keys(
        &self,
        jurisdiction: &JurisdictionId,
    ) -> Result<Vec<String>, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let current = self.keys.signer(jurisdiction).verifier_key().to_string();
        let mut keys = log::verifier_keys(&mut transaction, jurisdiction).await?;
        keys.retain(|key| *key != current);
        keys.insert(0, current);
        Ok(keys)
    }
}

fn bundle(
    document: Vec<u8>,
    entries: &[Entry],
    index: u64,
    checkpoint: &SignedCheckpoint,
) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let sealed = SealedVersion::parse(document)?;
    let evidence = if entries.len() <= ENTRIES_MAX {
        Evidence::Entries(entries.to_vec())
    } else {
        Evidence::Proofs(Proofs::of(entries, index)?)
    };
    let note: SignedNote = checkpoint.note.parse()?;
    Ok(Bundle::new(&sealed, evidence, &note, vec![checkpoint.verifier_key.clone()]).to_vec())
}

pub(super) fn sealed(version: &Version) -> Result<Sealed, Error> {
    version.sealed.clone().ok_or_else(|| Error::NotPublished {
        name: version.name().to_string(),
        state: version.state.as_str(),
    })
}

/// The size of the tree that is meant: all of it when `asked` is 0.
fn tree_of(asked: u64, least: u64, most: u64) -> Result<u64, Error> {
    match asked {
        0 => Ok(most),
        _ if (least..=most).contains(&asked) => Ok(asked),
        _ => Err(Error::TreeSize { asked, least, most }),
    }
}
