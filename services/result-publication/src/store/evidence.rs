//! Evidence of inquiries, which never changes.

use std::collections::BTreeMap;

use chengping_types::{Instant, JurisdictionId};
use time::OffsetDateTime;

use super::{Connection, StoreError, bigint, instant, offset_date_time, parse, unsigned};
use crate::domain::inquiry::{Evidence, Inquiry};

#[derive(sqlx::FromRow)]
struct Row {
    inquiry: i64,
    evidence: i32,
    file_name: String,
    media_type: String,
    digest: String,
    size: i32,
    content: Vec<u8>,
    author: String,
    create_time: OffsetDateTime,
}

impl TryFrom<Row> for Evidence {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            number: unsigned("evidence", row.evidence)?,
            file_name: row.file_name,
            media_type: row.media_type,
            digest: parse("digest", &row.digest)?,
            size: unsigned("size", row.size)?,
            content: row.content,
            author: row.author,
            create_time: instant(row.create_time),
        })
    }
}

/// The evidence of an inquiry in the order of adding, without its bytes.
pub(crate) async fn list(
    connection: &mut Connection,
    inquiry: &Inquiry,
) -> Result<Vec<Evidence>, StoreError> {
    let mut evidence = list_all(connection, &inquiry.jurisdiction, &[inquiry.number]).await?;
    Ok(evidence.remove(&inquiry.number).unwrap_or_default())
}

/// The evidence of inquiries by their numbers, as [`list`].
pub(crate) async fn list_all(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    inquiries: &[u64],
) -> Result<BTreeMap<u64, Vec<Evidence>>, StoreError> {
    let numbers: Vec<_> = inquiries.iter().map(|number| bigint(*number)).collect();
    let rows: Vec<Row> = sqlx::query_as(
        "select inquiry, evidence, file_name, media_type, digest, octet_length(content) as size,
             ''::bytea as content, author, create_time
         from inquiry_evidence where jurisdiction = $1 and inquiry = any($2)
         order by inquiry, evidence",
    )
    .bind(jurisdiction.as_str())
    .bind(numbers)
    .fetch_all(connection)
    .await?;
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for row in rows {
        all.entry(unsigned("inquiry", row.inquiry)?).or_default().push(row.try_into()?);
    }
    Ok(all)
}

/// A piece of evidence with its bytes.
pub(crate) async fn get(
    connection: &mut Connection,
    inquiry: &Inquiry,
    number: u64,
) -> Result<Option<Evidence>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "select inquiry, evidence, file_name, media_type, digest, octet_length(content) as size,
             content, author, create_time
         from inquiry_evidence where jurisdiction = $1 and inquiry = $2 and evidence = $3",
    )
    .bind(inquiry.jurisdiction.as_str())
    .bind(bigint(inquiry.number))
    .bind(bigint(number))
    .fetch_optional(connection)
    .await?;
    row.map(Evidence::try_from).transpose()
}

/// Adds a piece of evidence. The log must be locked.
pub(crate) async fn insert(
    connection: &mut Connection,
    inquiry: &Inquiry,
    evidence: &Evidence,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into inquiry_evidence
             (jurisdiction, inquiry, evidence, file_name, media_type, digest, content, author,
              create_time)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(inquiry.jurisdiction.as_str())
    .bind(bigint(inquiry.number))
    .bind(i32::try_from(evidence.number).unwrap_or(i32::MAX))
    .bind(&evidence.file_name)
    .bind(&evidence.media_type)
    .bind(evidence.digest.to_string())
    .bind(&evidence.content)
    .bind(&evidence.author)
    .bind(offset_date_time(now))
    .execute(connection)
    .await?;
    Ok(())
}
