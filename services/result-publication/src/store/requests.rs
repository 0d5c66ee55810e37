//! Calls that carried a request ID.

use std::fmt::Display;

use chengping_types::{Digest, JurisdictionId, Month, RecordId};
use uuid::Uuid;

use super::{Connection, StoreError, integer, parse, unsigned};
use crate::domain::Version;

/// What a call with a request ID asked for and got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    /// The digest of what was asked for.
    pub(crate) content: Digest,
    pub(crate) month: Month,
    pub(crate) version: u32,
    pub(crate) evaluation: RecordId,
}

/// What the call with this ID got, if there was one.
pub(crate) async fn get(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    request_id: Uuid,
) -> Result<Option<Answered>, StoreError> {
    let row: Option<(String, String, i32, String)> = sqlx::query_as(
        "select content_digest, month, version, evaluation from version_request
         where jurisdiction = $1 and request_id = $2",
    )
    .bind(jurisdiction.as_str())
    .bind(request_id)
    .fetch_optional(connection)
    .await?;
    row.map(|(content, month, version, evaluation)| {
        Ok(Answered {
            content: parse("digest", &content)?,
            month: parse("month", &month)?,
            version: unsigned("version", version)?,
            evaluation: parse("evaluation ID", &evaluation)?,
        })
    })
    .transpose()
}

/// Remembers what a call got.
pub(crate) async fn insert(
    connection: &mut Connection,
    request_id: Uuid,
    content: Digest,
    version: &Version,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into version_request
             (jurisdiction, request_id, content_digest, month, version, evaluation)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(version.jurisdiction.as_str())
    .bind(request_id)
    .bind(content.to_string())
    .bind(version.month.to_string())
    .bind(integer(version.number))
    .bind(version.evaluation.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

/// The digest of what the call with this ID asked for, and the resource name of what it made, if there
/// was one.
pub(crate) async fn made(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    request_id: Uuid,
) -> Result<Option<(Digest, String)>, StoreError> {
    let row: Option<(String, String)> = sqlx::query_as(
        "select content_digest, made from made_request where jurisdiction = $1 and request_id = $2",
    )
    .bind(jurisdiction.as_str())
    .bind(request_id)
    .fetch_optional(connection)
    .await?;
    row.map(|(content, made)| Ok((parse("digest", &content)?, made))).transpose()
}

/// Remembers what a call made.
pub(crate) async fn insert_made(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    request_id: Uuid,
    content: Digest,
    made: impl Display,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into made_request (jurisdiction, request_id, content_digest, made)
         values ($1, $2, $3, $4)",
    )
    .bind(jurisdiction.as_str())
    .bind(request_id)
    .bind(content.to_string())
    .bind(made.to_string())
    .execute(connection)
    .await?;
    Ok(())
}
