//! Changes of rule packs that carried a request ID.

use chengping_types::{Digest, JurisdictionId, Month, PackId};
use sqlx::types::Json;
use uuid::Uuid;

use super::{Connection, StoreError, bigint, parse, parse_optional, unsigned};
use crate::domain::request::{Detail, Handled};
use crate::domain::review::State;

#[derive(sqlx::FromRow)]
struct Row {
    method: String,
    content_digest: String,
    rule_pack: String,
    revision: i64,
    state: String,
    active_from: Option<String>,
    approver: String,
    version: i64,
    detail: Option<Json<Detail>>,
}

impl TryFrom<Row> for Handled {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            method: row.method,
            content: parse::<Digest>("digest", &row.content_digest)?,
            pack: parse::<PackId>("rule pack ID", &row.rule_pack)?,
            revision: unsigned("revision", row.revision)?,
            state: parse::<State>("state", &row.state)?,
            active_from: parse_optional::<Month>("month", row.active_from.as_deref())?,
            approver: row.approver,
            version: row.version,
            detail: row.detail.map(|detail| detail.0),
        })
    }
}

/// What the request with this ID made, if there was one.
pub(crate) async fn get(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    request_id: Uuid,
) -> Result<Option<Handled>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "select method, content_digest, rule_pack, revision, state, active_from, approver, version,
             detail
         from rule_pack_request where jurisdiction = $1 and request_id = $2",
    )
    .bind(jurisdiction.as_str())
    .bind(request_id)
    .fetch_optional(connection)
    .await?;
    row.map(Handled::try_from).transpose()
}

/// Remembers what a request made.
pub(crate) async fn insert(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    request_id: Uuid,
    handled: &Handled,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into rule_pack_request (jurisdiction, request_id, method, content_digest,
             rule_pack, revision, state, active_from, approver, version, detail, create_time)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now())",
    )
    .bind(jurisdiction.as_str())
    .bind(request_id)
    .bind(&handled.method)
    .bind(handled.content.to_string())
    .bind(handled.pack.as_str())
    .bind(bigint(handled.revision))
    .bind(handled.state.as_str())
    .bind(handled.active_from.map(|month| month.to_string()))
    .bind(&handled.approver)
    .bind(handled.version)
    .bind(handled.detail.as_ref().map(Json))
    .execute(connection)
    .await?;
    Ok(())
}
