//! The log of a jurisdiction: its entries and the checkpoints that were signed.

use chengping_ledger::note::VerifierKey;
use chengping_ledger::version::{Entry, EntryKind};
use chengping_types::name::BulletinVersionName;
use chengping_types::{Digest, Instant, JurisdictionId, Month};

use super::{Connection, StoreError, bigint, integer, offset_date_time, parse, unsigned};

/// A checkpoint as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignedCheckpoint {
    pub(crate) head: chengping_ledger::merkle::TreeHead,
    /// The signed note.
    pub(crate) note: String,
    pub(crate) verifier_key: VerifierKey,
}

/// Locks the jurisdiction for changes until the transaction ends.
pub(crate) async fn lock(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
) -> Result<(), StoreError> {
    sqlx::query("insert into log_head (jurisdiction) values ($1) on conflict do nothing")
        .bind(jurisdiction.as_str())
        .execute(&mut *connection)
        .await?;
    sqlx::query("select size from log_head where jurisdiction = $1 for update")
        .bind(jurisdiction.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// The number of entries.
pub(crate) async fn size(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
) -> Result<u64, StoreError> {
    let size: Option<i64> = sqlx::query_scalar("select size from log_head where jurisdiction = $1")
        .bind(jurisdiction.as_str())
        .fetch_optional(connection)
        .await?;
    unsigned("log size", size.unwrap_or_default())
}

/// The first `size` entries, in their order; all that there are when there are fewer.
pub(crate) async fn entries(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    size: u64,
) -> Result<Vec<Entry>, StoreError> {
    let rows: Vec<(String, String, String, i32, String)> = sqlx::query_as(
        "select document_digest, lines_root, month, version, kind from log_entry
         where jurisdiction = $1 and log_index < $2 order by log_index",
    )
    .bind(jurisdiction.as_str())
    .bind(bigint(size))
    .fetch_all(connection)
    .await?;
    let entry = |(document, lines_root, month, version, kind): (_, _, _, i32, String)| {
        let (document, lines_root, month): (String, String, String) = (document, lines_root, month);
        Ok(Entry {
            document: parse("digest", &document)?,
            jurisdiction: jurisdiction.clone(),
            kind: entry_kind(&kind)?,
            lines_root: parse("digest", &lines_root)?,
            month: parse("month", &month)?,
            version: unsigned("version", version)?,
        })
    };
    rows.into_iter().map(entry).collect()
}

/// A document on its way into the log: a sealed version, or a withdrawal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Appended<'a> {
    /// What the log says of it.
    pub(crate) entry: &'a Entry,
    /// Its canonical bytes.
    pub(crate) document: &'a [u8],
    /// Its place.
    pub(crate) index: u64,
    pub(crate) time: Instant,
}

/// Appends a document at its place.
pub(crate) async fn append(
    connection: &mut Connection,
    appended: &Appended<'_>,
) -> Result<(), StoreError> {
    let Appended { entry, document, index, time } = *appended;
    sqlx::query(
        "insert into log_entry (jurisdiction, log_index, month, version, document,
             document_digest, lines_root, publish_time, kind)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(entry.jurisdiction.as_str())
    .bind(bigint(index))
    .bind(entry.month.to_string())
    .bind(integer(entry.version))
    .bind(document)
    .bind(entry.document.to_string())
    .bind(entry.lines_root.to_string())
    .bind(offset_date_time(time))
    .bind(entry.kind.as_str())
    .execute(&mut *connection)
    .await?;
    sqlx::query("update log_head set size = $2 where jurisdiction = $1")
        .bind(entry.jurisdiction.as_str())
        .bind(bigint(index + 1))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) fn entry_kind(text: &str) -> Result<EntryKind, StoreError> {
    [EntryKind::Published, EntryKind::Withdrawn]
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or_else(|| StoreError::Corrupt { what: "kind of an entry", source: text.into() })
}

/// Keeps a signed checkpoint.
pub(crate) async fn put_checkpoint(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    checkpoint: &SignedCheckpoint,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into checkpoint (jurisdiction, tree_size, root, note, verifier_key)
         values ($1, $2, $3, $4, $5)",
    )
    .bind(jurisdiction.as_str())
    .bind(bigint(checkpoint.head.size))
    .bind(checkpoint.head.root.to_string())
    .bind(&checkpoint.note)
    .bind(checkpoint.verifier_key.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

/// The newest checkpoint; none of an empty log.
pub(crate) async fn checkpoint(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
) -> Result<Option<SignedCheckpoint>, StoreError> {
    let row: Option<(i64, String, String, String)> = sqlx::query_as(
        "select tree_size, root, note, verifier_key from checkpoint
         where jurisdiction = $1 order by tree_size desc limit 1",
    )
    .bind(jurisdiction.as_str())
    .fetch_optional(connection)
    .await?;
    row.map(|(size, root, note, key)| {
        let root = parse("digest", &root)?;
        let head = chengping_ledger::merkle::TreeHead { size: unsigned("log size", size)?, root };
        Ok(SignedCheckpoint { head, note, verifier_key: parse("verifier key", &key)? })
    })
    .transpose()
}

/// The keys that signed checkpoints, that of the newest one first, each with the smallest and the
/// largest log that it signed.
pub(crate) async fn verifier_keys(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
) -> Result<Vec<(String, u64, u64)>, StoreError> {
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "select verifier_key, min(tree_size), max(tree_size) from checkpoint
         where jurisdiction = $1 group by verifier_key order by max(tree_size) desc",
    )
    .bind(jurisdiction.as_str())
    .fetch_all(connection)
    .await?;
    let sized =
        |(key, least, most)| Ok((key, unsigned("log size", least)?, unsigned("log size", most)?));
    rows.into_iter().map(sized).collect()
}

/// The sealed bytes of a version that is published, nothing of them checked.
pub(crate) async fn document(
    connection: &mut Connection,
    name: &BulletinVersionName,
) -> Result<Vec<u8>, StoreError> {
    Ok(sqlx::query_scalar(
        "select document from log_entry
         where jurisdiction = $1 and month = $2 and version = $3 and kind = 'published'",
    )
    .bind(name.jurisdiction.as_str())
    .bind(name.month.to_string())
    .bind(bigint(name.version))
    .fetch_one(connection)
    .await?)
}

/// What was published of a month and stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) version: u32,
    pub(crate) digest: Digest,
    /// The results document.
    pub(crate) results: Vec<u8>,
}

/// What was published of the months from `first` up to `end`, without it, when the log had `size`
/// entries: of each the newest version, unless that was withdrawn by then.
pub(crate) async fn published_before(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    (first, end): (Month, Month),
    size: u64,
) -> Result<Vec<Published>, StoreError> {
    let rows: Vec<(i32, String, Vec<u8>)> = sqlx::query_as(
        "select e.version, e.document_digest, d.results
         from (
                 select distinct on (month) jurisdiction, month, version, document_digest, kind
                 from log_entry
                 where jurisdiction = $1 and log_index < $2 and month >= $3 and month < $4
                 order by month, log_index desc
             ) e
             join bulletin_version v using (jurisdiction, month, version)
             join evaluation_document d using (jurisdiction, evaluation)
         where e.kind = 'published' order by e.month",
    )
    .bind(jurisdiction.as_str())
    .bind(bigint(size))
    .bind(first.to_string())
    .bind(end.to_string())
    .fetch_all(connection)
    .await?;
    let published = |(version, digest, results): (i32, String, Vec<u8>)| {
        Ok(Published {
            version: unsigned("version", version)?,
            digest: parse("digest", &digest)?,
            results,
        })
    };
    rows.into_iter().map(published).collect()
}
