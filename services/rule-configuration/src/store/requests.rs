//! Commits that carried a request ID.

use chengping_types::{Digest, JurisdictionId, PackId};
use uuid::Uuid;

use super::{Connection, StoreError, bigint, parse, unsigned};

/// What a request with an ID made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handled {
    /// The digest of what the request asked for.
    pub content: Digest,
    pub pack: PackId,
    pub revision: u64,
}

/// What the request with this ID made, if there was one.
pub(crate) async fn get(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    request_id: Uuid,
) -> Result<Option<Handled>, StoreError> {
    let row: Option<(String, String, i64)> = sqlx::query_as(
        "select content_digest, rule_pack, revision from commit_request
         where jurisdiction = $1 and request_id = $2",
    )
    .bind(jurisdiction.as_str())
    .bind(request_id)
    .fetch_optional(connection)
    .await?;
    row.map(|(content, pack, revision)| {
        Ok(Handled {
            content: parse("digest", &content)?,
            pack: parse("rule pack ID", &pack)?,
            revision: unsigned("revision", revision)?,
        })
    })
    .transpose()
}

/// Remembers what a request made.
pub(crate) async fn insert(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    request_id: Uuid,
    handled: &Handled,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into commit_request
             (jurisdiction, request_id, content_digest, rule_pack, revision, create_time)
         values ($1, $2, $3, $4, $5, now())",
    )
    .bind(jurisdiction.as_str())
    .bind(request_id)
    .bind(handled.content.to_string())
    .bind(handled.pack.as_str())
    .bind(bigint(handled.revision))
    .execute(connection)
    .await?;
    Ok(())
}
