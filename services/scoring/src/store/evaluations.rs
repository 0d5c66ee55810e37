//! Evaluations and their documents, which never change.

use chengping_types::name::{EvaluationName, RulePackRevisionName, SnapshotName};
use chengping_types::{JurisdictionId, Month};
use time::OffsetDateTime;

use super::{Connection, StoreError, bigint, instant, offset_date_time, parse, unsigned};
use crate::domain::{Document, Evaluation, Request};

const COLUMNS: &str = "jurisdiction, evaluation_id, request_id, request_digest, month, as_of, decided,
    rule_pack, rule_pack_revision, rule_pack_digest, registry_revision, snapshot, snapshot_digest, watermark,
    open_reject_count, engine_version, digest, body_count, create_time, end_time";

#[derive(sqlx::FromRow)]
struct Row {
    jurisdiction: String,
    evaluation_id: String,
    request_id: Option<String>,
    request_digest: Option<String>,
    month: String,
    as_of: OffsetDateTime,
    decided: OffsetDateTime,
    rule_pack: String,
    rule_pack_revision: i64,
    rule_pack_digest: String,
    registry_revision: i64,
    snapshot: String,
    snapshot_digest: String,
    watermark: i64,
    open_reject_count: i64,
    engine_version: String,
    digest: String,
    body_count: i32,
    create_time: OffsetDateTime,
    end_time: OffsetDateTime,
}

impl TryFrom<Row> for Evaluation {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let jurisdiction: JurisdictionId = parse("jurisdiction", &row.jurisdiction)?;
        let request = match (row.request_id, row.request_digest) {
            (Some(id), Some(digest)) => Some(Request { id, content: parse("digest", &digest)? }),
            _ => None,
        };
        Ok(Self {
            name: EvaluationName {
                jurisdiction: jurisdiction.clone(),
                evaluation: parse("evaluation ID", &row.evaluation_id)?,
            },
            request,
            month: parse("month", &row.month)?,
            as_of: instant(row.as_of),
            decided: instant(row.decided),
            rule_pack: RulePackRevisionName {
                jurisdiction: jurisdiction.clone(),
                rule_pack: parse("rule pack", &row.rule_pack)?,
                revision: unsigned("rule pack revision", row.rule_pack_revision)?,
            },
            rule_pack_digest: parse("digest", &row.rule_pack_digest)?,
            registry_revision: unsigned("registry revision", row.registry_revision)?,
            snapshot: SnapshotName { jurisdiction, snapshot: parse("snapshot", &row.snapshot)? },
            snapshot_digest: parse("digest", &row.snapshot_digest)?,
            watermark: unsigned("watermark", row.watermark)?,
            open_reject_count: unsigned("count", row.open_reject_count)?,
            engine_version: row.engine_version,
            digest: parse("digest", &row.digest)?,
            body_count: unsigned("count", row.body_count)?,
            create_time: instant(row.create_time),
            end_time: instant(row.end_time),
        })
    }
}

const fn code(document: Document) -> i16 {
    match document {
        Document::Results => 1,
        Document::Input => 2,
    }
}

/// Stores an evaluation; a conflict when its request ID was used before.
pub(crate) async fn insert(
    connection: &mut Connection,
    evaluation: &Evaluation,
) -> Result<(), StoreError> {
    let sql = format!(
        "insert into evaluation ({COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
             $12, $13, $14, $15, $16, $17, $18, $19, $20)"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(evaluation.name.jurisdiction.as_str())
        .bind(evaluation.name.evaluation.as_str())
        .bind(evaluation.request.as_ref().map(|request| request.id.as_str()))
        .bind(evaluation.request.as_ref().map(|request| request.content.to_string()))
        .bind(evaluation.month.to_string())
        .bind(offset_date_time(evaluation.as_of))
        .bind(offset_date_time(evaluation.decided))
        .bind(evaluation.rule_pack.rule_pack.as_str())
        .bind(bigint(evaluation.rule_pack.revision))
        .bind(evaluation.rule_pack_digest.to_string())
        .bind(bigint(evaluation.registry_revision))
        .bind(evaluation.snapshot.snapshot.as_str())
        .bind(evaluation.snapshot_digest.to_string())
        .bind(bigint(evaluation.watermark))
        .bind(bigint(evaluation.open_reject_count))
        .bind(&evaluation.engine_version)
        .bind(evaluation.digest.to_string())
        .bind(i32::try_from(evaluation.body_count).unwrap_or(i32::MAX))
        .bind(offset_date_time(evaluation.create_time))
        .bind(offset_date_time(evaluation.end_time))
        .execute(connection)
        .await?;
    Ok(())
}

/// Stores a document of an evaluation.
pub(crate) async fn insert_document(
    connection: &mut Connection,
    name: &EvaluationName,
    document: Document,
    data: &[u8],
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into evaluation_document (jurisdiction, evaluation_id, document, data)
         values ($1, $2, $3, $4)",
    )
    .bind(name.jurisdiction.as_str())
    .bind(name.evaluation.as_str())
    .bind(code(document))
    .bind(data)
    .execute(connection)
    .await?;
    Ok(())
}

/// An evaluation.
pub(crate) async fn get(
    connection: &mut Connection,
    name: &EvaluationName,
) -> Result<Option<Evaluation>, StoreError> {
    let sql =
        format!("select {COLUMNS} from evaluation where jurisdiction = $1 and evaluation_id = $2");
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(name.jurisdiction.as_str())
        .bind(name.evaluation.as_str())
        .fetch_optional(connection)
        .await?;
    row.map(Evaluation::try_from).transpose()
}

/// The evaluation that a request created.
pub(crate) async fn get_by_request(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    request_id: &str,
) -> Result<Option<Evaluation>, StoreError> {
    let sql =
        format!("select {COLUMNS} from evaluation where jurisdiction = $1 and request_id = $2");
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(jurisdiction.as_str())
        .bind(request_id)
        .fetch_optional(connection)
        .await?;
    row.map(Evaluation::try_from).transpose()
}

/// At most `limit` evaluations before `before`, newest first: their IDs rise with time.
pub(crate) async fn list(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    month: Option<Month>,
    before: Option<&str>,
    limit: u32,
) -> Result<Vec<Evaluation>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from evaluation
         where jurisdiction = $1 and ($2::text is null or month = $2)
             and ($3::text is null or evaluation_id < $3)
         order by evaluation_id desc limit $4"
    );
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(jurisdiction.as_str())
        .bind(month.map(|month| month.to_string()))
        .bind(before)
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(Evaluation::try_from).collect()
}

/// A document of an evaluation.
pub(crate) async fn get_document(
    connection: &mut Connection,
    name: &EvaluationName,
    document: Document,
) -> Result<Option<Vec<u8>>, StoreError> {
    let data = sqlx::query_scalar(
        "select data from evaluation_document
         where jurisdiction = $1 and evaluation_id = $2 and document = $3",
    )
    .bind(name.jurisdiction.as_str())
    .bind(name.evaluation.as_str())
    .bind(code(document))
    .fetch_optional(connection)
    .await?;
    Ok(data)
}
