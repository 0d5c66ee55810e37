//! Changes of a registry, or of its calendar, that carried a request ID.

use chengping_types::{Digest, JurisdictionId};
use uuid::Uuid;

use super::{Connection, StoreError, bigint, parse, unsigned};

/// What a request with an ID made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handled {
    /// The digest of what the request asked for, its method included.
    pub content: Digest,
    /// The registry revision that held then; none while there was none.
    pub revision: Option<u64>,
    /// The rest of the answer, as JSON.
    pub answer: Vec<u8>,
}

/// What the request with this ID made, if there was one.
pub(crate) async fn get(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    request_id: Uuid,
) -> Result<Option<Handled>, StoreError> {
    let row: Option<(String, Option<i64>, Vec<u8>)> = sqlx::query_as(
        "select content_digest, revision, answer from registry_request
         where jurisdiction = $1 and request_id = $2",
    )
    .bind(jurisdiction.as_str())
    .bind(request_id)
    .fetch_optional(connection)
    .await?;
    row.map(|(content, revision, answer)| {
        Ok(Handled {
            content: parse("digest", &content)?,
            revision: revision.map(|number| unsigned("revision", number)).transpose()?,
            answer,
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
        "insert into registry_request
             (jurisdiction, request_id, content_digest, revision, answer, create_time)
         values ($1, $2, $3, $4, $5, now())",
    )
    .bind(jurisdiction.as_str())
    .bind(request_id)
    .bind(handled.content.to_string())
    .bind(handled.revision.map(bigint))
    .bind(&handled.answer)
    .execute(connection)
    .await?;
    Ok(())
}
