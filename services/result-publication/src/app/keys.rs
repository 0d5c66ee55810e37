//! The keys of logs: which one signs, and how another takes its place.

use chengping_ledger::handover::hand_over;
use chengping_ledger::note::Signer;
use chengping_types::JurisdictionId;

use super::{App, now};
use crate::domain::log_key::{LogKey, Rotation, log_keys};
use crate::error::Error;
use crate::store::{Connection, commit, keys, log};

/// A wish to have another key sign.
#[derive(Debug, Clone)]
pub(crate) struct RotateKey {
    pub(crate) jurisdiction: JurisdictionId,
    pub(crate) reason: String,
    /// The key that signs now, as the caller knows it.
    pub(crate) expected: String,
    pub(crate) actor: String,
    pub(crate) validate_only: bool,
}

impl App {
    /// The key that signs for the log of `jurisdiction`.
    pub(super) async fn signer(
        &self,
        connection: &mut Connection,
        jurisdiction: &JurisdictionId,
    ) -> Result<Signer, Error> {
        let generation = keys::generation(connection, jurisdiction).await?;
        Ok(self.keys.signer(jurisdiction, generation)?)
    }

    /// The keys of the log, newest first: the one that signs from now on, and those that did.
    pub(crate) async fn log_keys(
        &self,
        jurisdiction: &JurisdictionId,
    ) -> Result<Vec<LogKey>, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let current = self.signer(&mut transaction, jurisdiction).await?.verifier_key();
        let first = self.keys.signer(jurisdiction, 0)?.verifier_key();
        let rotations = keys::rotations(&mut transaction, jurisdiction).await?;
        let signed = log::verifier_keys(&mut transaction, jurisdiction).await?;
        let (current, first) = (current.to_string(), first.to_string());
        // A log that this installation's first key neither signs nor signed does not name it.
        let first = if rotations.is_empty() { current.clone() } else { first };
        Ok(log_keys(&current, &first, &rotations, &signed))
    }

    /// Begins another key: from the next entry of the log on it signs alone.
    pub(crate) async fn rotate_key(&self, wish: RotateKey) -> Result<LogKey, Error> {
        let RotateKey { jurisdiction, reason, expected, actor, validate_only } = wish;
        let mut transaction = self.store.begin().await?;
        log::lock(&mut transaction, &jurisdiction).await?;
        let generation = keys::generation(&mut transaction, &jurisdiction).await?;
        let former = self.keys.signer(&jurisdiction, generation)?;
        let signs = former.verifier_key().to_string();
        if signs != expected {
            return Err(Error::OtherKeySigns { jurisdiction: jurisdiction.to_string(), signs });
        }
        let entries = self.sound_entries(&mut transaction, &jurisdiction, &former).await?;
        let generation = generation + 1;
        let tree_size = entries.len() as u64;
        if validate_only {
            // Whoever waits for the log does not wait for an answer that needs another connection.
            drop(transaction);
            let made = self.log_keys(&jurisdiction).await?;
            return Ok(made.into_iter().next().expect("every log has a key"));
        }
        let next = self.keys.signer_or_new(&jurisdiction, generation)?;
        let handover = hand_over(&former, &next, tree_size).map_err(Error::Handover)?;
        let rotation = Rotation {
            generation,
            verifier_key: next.verifier_key(),
            former_key: former.verifier_key(),
            tree_size,
            begin_time: now(),
            actor,
            reason,
            handover: handover.to_string(),
        };
        keys::insert(&mut transaction, &jurisdiction, &rotation).await?;
        commit(transaction).await?;
        let folder = self.keys.folder().display().to_string();
        tracing::warn!(%jurisdiction, key = %rotation.verifier_key, folder,
            "another key signs the log; back its seed up and tell the readers");
        let keys = self.log_keys(&jurisdiction).await?;
        Ok(keys.into_iter().next().expect("every log has a key"))
    }
}
