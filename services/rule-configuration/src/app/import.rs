//! Taking a registry in: all of it in one transaction, and one revision of it at most.

use chengping_types::{DeadlineRules, Digest, Instant, JurisdictionId, TimeZone};

use super::{App, audit};
use crate::domain::audit::Change;
use crate::domain::import::{self, Counts, Outcome, Reject, Row};
use crate::domain::registry::{Content, RegistryRevision, Sizes, Standing};
use crate::error::Error;
use crate::store::heads::Head;
use crate::store::{
    self, Transaction, activations, deadline_rules, heads, registry, registry_revisions,
};

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
    /// Of the deadline rules that hold now.
    pub deadline_rules: Digest,
}

impl App {
    /// Takes rows in. Content that stands already makes no new revision.
    pub(crate) async fn import_registry(&self, import: Import) -> Result<Imported, Error> {
        let Import { jurisdiction, rows, validate_only, actor, action } = import;
        let mut transaction = self.store.begin().await?;
        let head = heads::lock(&mut transaction, &jurisdiction).await?;
        let mut standing = registry::load(&mut transaction, &jurisdiction).await?;
        deadline_rules::load(&mut transaction, &jurisdiction, &mut standing).await?;
        let newest = registry_revisions::get(&mut transaction, &jurisdiction, None).await?;
        // A hundred thousand rows take their time.
        let worked_out = tokio::task::spawn_blocking(move || work_out(standing, rows)).await?;
        let WorkedOut { outcome: Outcome { changes, counts, rejects }, .. } = &worked_out;
        let (counts, rejects) = (*counts, rejects.clone());
        if validate_only || changes.is_empty() {
            let deadline_rules = worked_out.deadline_rules.0;
            return Ok(Imported { revision: newest, counts, rejects, deadline_rules });
        }
        registry::write(&mut transaction, &jurisdiction, changes).await?;
        deadline_rules::write(&mut transaction, &jurisdiction, changes).await?;
        let now = store::audit::now(&mut transaction).await?;
        let by = By { jurisdiction: &jurisdiction, actor, action, now };
        let revision = record_revision(&mut transaction, &by, head, newest, &worked_out).await?;
        record_deadline_rules(&mut transaction, &by, &worked_out).await?;
        store::commit(transaction).await?;
        let deadline_rules = worked_out.deadline_rules.1;
        Ok(Imported { revision, counts, rejects, deadline_rules })
    }

    /// What deadlines are computed from, as it stands, and the time zone of the pack that was
    /// activated last.
    pub(crate) async fn deadline_rules(
        &self,
        jurisdiction: &JurisdictionId,
    ) -> Result<(DeadlineRules, Option<TimeZone>), Error> {
        let mut transaction = self.store.begin_reading().await?;
        let mut standing = Standing::default();
        deadline_rules::load(&mut transaction, jurisdiction, &mut standing).await?;
        let time_zone = activations::newest_time_zone(&mut transaction, jurisdiction).await?;
        Ok((standing.deadline_rules(), time_zone))
    }
}

/// Who changes what, and when.
struct By<'a> {
    jurisdiction: &'a JurisdictionId,
    actor: String,
    action: &'static str,
    now: Instant,
}

impl By<'_> {
    fn change(&self, resource: String, before: Option<Digest>, after: Digest) -> Change {
        Change {
            actor: self.actor.clone(),
            action: self.action,
            resource,
            reason: String::new(),
            digest_before: before.map_or_else(String::new, |digest| digest.to_string()),
            digest_after: after.to_string(),
        }
    }
}

/// Makes a revision of the registry, if it changed; gives the one that holds.
async fn record_revision(
    transaction: &mut Transaction,
    by: &By<'_>,
    head: Head,
    newest: Option<RegistryRevision>,
    worked_out: &WorkedOut,
) -> Result<Option<RegistryRevision>, Error> {
    let WorkedOut { sizes, digest, compressed, .. } = worked_out;
    let stands = match &newest {
        Some(newest) => newest.digest == *digest,
        None => *sizes == Sizes::default(),
    };
    if stands {
        return Ok(newest);
    }
    let number = heads::advance_registry(transaction, by.jurisdiction).await?;
    let (digest, sizes) = (*digest, *sizes);
    let revision = RegistryRevision { revision: number, digest, sizes, create_time: by.now };
    registry_revisions::insert(transaction, by.jurisdiction, &revision, compressed).await?;
    let resource = revision_name(by.jurisdiction, number);
    let change = by.change(resource, newest.map(|newest| newest.digest), digest);
    audit::record(transaction, by.jurisdiction, &head, by.now, change).await?;
    Ok(Some(revision))
}

async fn record_deadline_rules(
    transaction: &mut Transaction,
    by: &By<'_>,
    worked_out: &WorkedOut,
) -> Result<(), Error> {
    let (before, after) = worked_out.deadline_rules;
    if before == after {
        return Ok(());
    }
    // The revision may have an entry of its own.
    let head = heads::lock(transaction, by.jurisdiction).await?;
    let change =
        by.change(format!("jurisdictions/{}/deadlineRules", by.jurisdiction), Some(before), after);
    audit::record(transaction, by.jurisdiction, &head, by.now, change).await?;
    Ok(())
}

/// A registry after an import.
struct WorkedOut {
    outcome: Outcome,
    sizes: Sizes,
    digest: Digest,
    /// The canonical content.
    compressed: Vec<u8>,
    /// The digests of the deadline rules, before and after.
    deadline_rules: (Digest, Digest),
}

fn work_out(mut standing: Standing, rows: Vec<Row>) -> WorkedOut {
    let before = standing.deadline_rules().digest();
    let outcome = import::import(&mut standing, rows);
    let deadline_rules = (before, standing.deadline_rules().digest());
    let content = Content::from(standing);
    let canonical = content.canonical();
    let compressed =
        zstd::encode_all(&canonical[..], COMPRESSION_LEVEL).expect("memory can be written to");
    let (sizes, digest) = (content.sizes(), Digest::of(&canonical));
    WorkedOut { outcome, sizes, digest, compressed, deadline_rules }
}

/// The resource name of a registry revision.
pub(crate) fn revision_name(jurisdiction: &JurisdictionId, revision: u64) -> String {
    format!("jurisdictions/{jurisdiction}/registryRevisions/{revision}")
}
