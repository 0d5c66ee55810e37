//! Changing the registry: the whole of it in memory, all in one transaction, and one revision of it
//! at most.

use chengping_types::{Digest, Instant, JurisdictionId};

use super::{App, audit};
use crate::domain::audit::Change;
use crate::domain::difference::{Changes, Differences, differences};
use crate::domain::registry::{Content, RegistryRevision, Sizes, Standing};
use crate::error::Error;
use crate::store::heads::Head;
use crate::store::{
    self, Transaction, categories, deadline_rules, heads, registry, registry_revisions,
};

/// How much time the compression may take, of zstd's 1 to 22.
const COMPRESSION_LEVEL: i32 = 3;
/// Differences that an answer lists.
pub(super) const DIFFERENCES_MAX: usize = 5_000;
/// Warnings that an answer lists.
const WARNINGS_MAX: usize = 100;

/// Who changes what, and why.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub jurisdiction: JurisdictionId,
    pub actor: String,
    pub action: &'static str,
    pub reason: String,
    pub validate_only: bool,
    /// The revision that the caller looked at; none where any will do.
    pub expected_revision: Option<u64>,
}

/// What became of a change.
#[derive(Debug)]
pub(crate) struct Revised {
    /// The revision that holds now; none while nothing was ever taken in.
    pub revision: Option<RegistryRevision>,
    /// What is different, or would be.
    pub differences: Differences,
    /// What holds but should be looked at.
    pub warnings: Vec<String>,
    /// Of the deadline rules that hold now, or would.
    pub deadline_rules: Digest,
}

/// A jurisdiction that is locked, and its registry.
pub(super) struct Open {
    pub transaction: Transaction,
    head: Head,
    newest: Option<RegistryRevision>,
    standing: Standing,
}

impl App {
    /// Locks the jurisdiction of an order.
    pub(super) async fn open(&self, order: &Order) -> Result<Open, Error> {
        let jurisdiction = &order.jurisdiction;
        let mut transaction = self.store.begin().await?;
        let head = heads::lock(&mut transaction, jurisdiction).await?;
        let mut standing = registry::load(&mut transaction, jurisdiction).await?;
        deadline_rules::load(&mut transaction, jurisdiction, &mut standing).await?;
        categories::load(&mut transaction, jurisdiction, &mut standing).await?;
        let newest = registry_revisions::get(&mut transaction, jurisdiction, None).await?;
        Ok(Open { transaction, head, newest, standing })
    }
}

impl Open {
    /// Does `work` on the registry and writes what it changed, unless the order asks for no more
    /// than an answer; the caller commits.
    pub(super) async fn revise<T: Send + 'static>(
        self,
        order: &Order,
        work: impl FnOnce(&mut Standing) -> Result<T, Error> + Send + 'static,
    ) -> Result<(Transaction, T, Revised), Error> {
        let Self { mut transaction, head, newest, standing } = self;
        require_revision(order, newest.as_ref())?;
        // A hundred thousand rows take their time.
        let worked_out = tokio::task::spawn_blocking(move || work_out(standing, work)).await?;
        let (made, worked_out) = worked_out?;
        let mut revision = newest;
        if !order.validate_only && worked_out.differences.count > 0 {
            revision = write(&mut transaction, order, head, revision, &worked_out).await?;
        }
        let WorkedOut { differences, warnings, deadline_rules, .. } = worked_out;
        let deadline_rules = deadline_rules.1;
        Ok((transaction, made, Revised { revision, differences, warnings, deadline_rules }))
    }
}

fn require_revision(order: &Order, newest: Option<&RegistryRevision>) -> Result<(), Error> {
    let found = newest.map_or(0, |newest| newest.revision);
    match order.expected_revision {
        Some(expected) if expected != found => {
            let resource =
                format!("jurisdictions/{}/registryRevisions/current", order.jurisdiction);
            Err(Error::RevisionMismatch { resource, expected, found })
        }
        _ => Ok(()),
    }
}

/// A registry after a change.
struct WorkedOut {
    changes: Changes,
    differences: Differences,
    warnings: Vec<String>,
    sizes: Sizes,
    digest: Digest,
    /// The canonical content.
    compressed: Vec<u8>,
    /// The digests of the deadline rules, before and after.
    deadline_rules: (Digest, Digest),
    /// Those of the categories.
    categories: (Digest, Digest),
}

fn work_out<T>(
    before: Standing,
    work: impl FnOnce(&mut Standing) -> Result<T, Error>,
) -> Result<(T, WorkedOut), Error> {
    let mut after = before.clone();
    let made = work(&mut after)?;
    let content = Content::from(&after);
    let canonical = content.canonical();
    let compressed =
        zstd::encode_all(&canonical[..], COMPRESSION_LEVEL).expect("memory can be written to");
    let worked_out = WorkedOut {
        changes: Changes::between(&before, &after),
        differences: differences(&before, &after, 0..DIFFERENCES_MAX),
        warnings: warnings(&before, &after),
        sizes: content.sizes(),
        digest: Digest::of(&canonical),
        compressed,
        deadline_rules: (before.deadline_rules().digest(), after.deadline_rules().digest()),
        categories: (before.categories_digest(), after.categories_digest()),
    };
    Ok((made, worked_out))
}

/// What the change made, and somebody should look at.
fn warnings(before: &Standing, after: &Standing) -> Vec<String> {
    let (was, is) = (before.warnings(), after.warnings());
    is.difference(&was).take(WARNINGS_MAX).cloned().collect()
}

async fn write(
    transaction: &mut Transaction,
    order: &Order,
    head: Head,
    newest: Option<RegistryRevision>,
    worked_out: &WorkedOut,
) -> Result<Option<RegistryRevision>, Error> {
    let (jurisdiction, changes) = (&order.jurisdiction, &worked_out.changes);
    registry::write(transaction, jurisdiction, changes).await?;
    deadline_rules::write(transaction, jurisdiction, changes).await?;
    categories::write(transaction, jurisdiction, changes).await?;
    let by = By { order, now: store::audit::now(transaction).await? };
    let revision = record_revision(transaction, &by, head, newest, worked_out).await?;
    let parts =
        [("deadlineRules", worked_out.deadline_rules), ("categories", worked_out.categories)];
    for (part, (before, after)) in parts {
        if before != after {
            // What was recorded just now moved the end of the chain.
            let head = heads::lock(transaction, jurisdiction).await?;
            let resource = format!("jurisdictions/{jurisdiction}/{part}");
            let change = by.change(resource, Some(before), after);
            audit::record(transaction, jurisdiction, &head, by.now, change).await?;
        }
    }
    Ok(revision)
}

/// Who changes what, and when.
struct By<'a> {
    order: &'a Order,
    now: Instant,
}

impl By<'_> {
    fn change(&self, resource: String, before: Option<Digest>, after: Digest) -> Change {
        Change {
            actor: self.order.actor.clone(),
            action: self.order.action,
            resource,
            reason: self.order.reason.clone(),
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
    let jurisdiction = &by.order.jurisdiction;
    let number = heads::advance_registry(transaction, jurisdiction).await?;
    let (digest, sizes) = (*digest, *sizes);
    let revision = RegistryRevision { revision: number, digest, sizes, create_time: by.now };
    registry_revisions::insert(transaction, jurisdiction, &revision, compressed).await?;
    let resource = revision_name(jurisdiction, number);
    let change = by.change(resource, newest.map(|newest| newest.digest), digest);
    audit::record(transaction, jurisdiction, &head, by.now, change).await?;
    Ok(Some(revision))
}

/// The resource name of a registry revision.
pub(crate) fn revision_name(jurisdiction: &JurisdictionId, revision: u64) -> String {
    format!("jurisdictions/{jurisdiction}/registryRevisions/{revision}")
}
