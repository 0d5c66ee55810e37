//! Reading everything that is stored of publications, to see whether it is what was published.

use chengping_ledger::checkpoint::Checkpoint;
use chengping_ledger::note::VerifierKey;
use chengping_types::JurisdictionId;

use super::App;
use crate::domain::state::State;
use crate::domain::stored::{Findings, Reading};
use crate::error::Error;
use crate::store::{Connection, StoreError, keys, stored};

/// How many rows with documents are read at a time.
const BATCH: i64 = 16;

/// What a reading found.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) entry_count: u64,
    pub(crate) checkpoint_count: u64,
    pub(crate) findings: Findings,
    /// The newest checkpoint as it is stored; empty without one.
    pub(crate) checkpoint: String,
}

impl App {
    /// Reads all that is stored of a jurisdiction's publications in one state, and compares it with
    /// the sealed documents, the keys, and a checkpoint that was `kept` elsewhere.
    pub(crate) async fn verify_log(
        &self,
        jurisdiction: &JurisdictionId,
        kept: Option<&Checkpoint>,
    ) -> Result<Verified, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let mut reading = Reading::new(jurisdiction.clone());
        reading = read_entries(&mut transaction, jurisdiction, reading).await?;
        reading = read_versions(&mut transaction, jurisdiction, reading).await?;
        let head_size = stored::head_size(&mut transaction, jurisdiction).await?;
        let published = stored::published(&mut transaction, jurisdiction).await?;
        reading.heads(head_size, &published);
        let checkpoints = stored::checkpoints(&mut transaction, jurisdiction).await?;
        match keys::rotations(&mut transaction, jurisdiction).await {
            Ok(rotations) => {
                let known = self.generations(jurisdiction, rotations.len() as u64)?;
                reading.keys(&known, &rotations);
                let origin = self.keys.origin(jurisdiction);
                reading.checkpoints(&origin, &known[0], &rotations, &checkpoints);
            }
            Err(StoreError::Corrupt { what, source }) => {
                reading.findings.push("log_key", "", format!("the {what} is not one: {source}"));
            }
            Err(error) => return Err(error.into()),
        }
        if let Some(kept) = kept {
            reading.continues(kept);
        }
        let checkpoint = checkpoints.last().map(|last| last.note.clone()).unwrap_or_default();
        Ok(Verified {
            entry_count: reading.len(),
            checkpoint_count: checkpoints.len() as u64,
            findings: reading.findings,
            checkpoint,
        })
    }

    /// The keys of the generations from 0 to `last`.
    fn generations(
        &self,
        jurisdiction: &JurisdictionId,
        last: u64,
    ) -> Result<Vec<VerifierKey>, Error> {
        let key = |generation| Ok(self.keys.signer(jurisdiction, generation)?.verifier_key());
        (0..=last).map(key).collect()
    }
}

async fn read_entries(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    mut reading: Reading,
) -> Result<Reading, Error> {
    let mut after = None;
    loop {
        let entries = stored::entries(connection, jurisdiction, after, BATCH).await?;
        let Some(last) = entries.last() else { return Ok(reading) };
        after = Some(last.log_index);
        let read = tokio::task::spawn_blocking(move || {
            entries.iter().for_each(|entry| reading.entry(entry));
            reading
        });
        reading = read.await?;
    }
}

async fn read_versions(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    mut reading: Reading,
) -> Result<Reading, Error> {
    let sealed = State::ALL.iter().filter(|state| state.is_sealed());
    let sealed: Vec<_> = sealed.map(ToString::to_string).collect();
    let mut after = (String::new(), 0);
    loop {
        let place = (after.0.as_str(), after.1);
        let versions = stored::versions(connection, jurisdiction, place, &sealed, BATCH).await?;
        let Some(last) = versions.last() else { return Ok(reading) };
        after = (last.month.clone(), last.version);
        let read = tokio::task::spawn_blocking(move || {
            versions.iter().for_each(|version| reading.version(version));
            reading
        });
        reading = read.await?;
    }
}
