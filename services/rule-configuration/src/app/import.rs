//! Taking a registry in: all of it in one transaction, and one revision of it at most.

use chengping_types::{Digest, JurisdictionId};

use super::{App, audit};
use crate::domain::audit::Change;
use crate::domain::import::{self, Counts, Outcome, Reject, Row};
use crate::domain::registry::{Content, RegistryRevision, Sizes, Standing};
use crate::error::Error;
use crate::store::{self, heads, registry, registry_revisions};

/// How much time the compression may take, of zstd's 1 to 22.
const COMPRESSION_LEVEL: i32 = 3;

/// What is to be taken in.
#[derive(Debug)]
pub(crate) struct Import {
    pub jurisdiction: JurisdictionId,
    pub rows: Vec<Row>,
    pub validate_only: bool,
    pub actor: String,
    pub action: &'static str,
}

/// What became of it.
#[derive(Debug)]
pub(crate) struct Imported {
    /// The revision that holds now; none while nothing was ever taken in.
    pub revision: Option<RegistryRevision>,
    pub counts: Counts,
    pub rejects: Vec<Reject>,
}

impl App {
    /// Takes rows in. Content that stands already makes no new revision.
    pub(crate) async fn import_registry(&self, import: Import) -> Result<Imported, Error> {
        let Import { jurisdiction, rows, validate_only, actor, action } = import;
        let mut transaction = self.store.begin().await?;
        let head = heads::lock(&mut transaction, &jurisdiction).await?;
        let standing = registry::load(&mut transaction, &jurisdiction).await?;
        let newest = registry_revisions::get(&mut transaction, &jurisdiction, None).await?;
        // A hundred thousand rows take their time.
        let result = tokio::task::spawn_blocking(move || work_out(standing, rows)).await?;
        let WorkedOut { outcome, sizes, digest, compressed } = result;
        let Outcome { changes, counts, rejects } = outcome;
        let stands = match &newest {
            Some(newest) => newest.digest == digest,
            None => sizes == Sizes::default(),
        };
        if stands || validate_only {
            return Ok(Imported { revision: newest, counts, rejects });
        }
        registry::write(&mut transaction, &jurisdiction, &changes).await?;
        let now = store::audit::now(&mut transaction).await?;
        let number = heads::advance_registry(&mut transaction, &jurisdiction).await?;
        let revision = RegistryRevision { revision: number, digest, sizes, create_time: now };
        registry_revisions::insert(&mut transaction, &jurisdiction, &revision, &compressed).await?;
        let change = Change {
            actor,
            action,
            resource: revision_name(&jurisdiction, number),
            reason: String::new(),
            digest_before: newest.map_or_else(String::new, |newest| newest.digest.to_string()),
            digest_after: digest.to_string(),
        };
        audit::record(&mut transaction, &jurisdiction, &head, now, change).await?;
        store::commit(transaction).await?;
        Ok(Imported { revision: Some(revision), counts, rejects })
    }
}

/// A registry after an import.
struct WorkedOut {
    outcome: Outcome,
    sizes: Sizes,
    digest: Digest,
    /// The canonical content.
    compressed: Vec<u8>,
}

fn work_out(mut standing: Standing, rows: Vec<Row>) -> WorkedOut {
    let outcome = import::import(&mut standing, rows);
    let content = Content::from(standing);
    let canonical = content.canonical();
    let compressed =
        zstd::encode_all(&canonical[..], COMPRESSION_LEVEL).expect("memory can be written to");
    WorkedOut { outcome, sizes: content.sizes(), digest: Digest::of(&canonical), compressed }
}

/// The resource name of a registry revision.
pub(crate) fn revision_name(jurisdiction: &JurisdictionId, revision: u64) -> String {
    format!("jurisdictions/{jurisdiction}/registryRevisions/{revision}")
}
