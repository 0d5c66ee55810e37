//! What districts reported, which never changes, and what the centre made of it.

use std::collections::BTreeMap;

use chengping_types::{Digest, Instant, JurisdictionId, Month, RecordId};
use time::OffsetDateTime;

use super::{Connection, StoreError, bigint, instant, offset_date_time, parse, unsigned};
use crate::domain::report::{Attachment, Report};

#[derive(sqlx::FromRow)]
struct Row {
    jurisdiction: String,
    district_report: String,
    sequence: i64,
    district: String,
    month: String,
    bulletin_version: String,
    bulletin_digest: String,
    lines: Vec<u8>,
    state: String,
    return_reason: String,
    revision: i64,
    creator: String,
    create_time: OffsetDateTime,
    decider: String,
    decide_time: Option<OffsetDateTime>,
}

impl Row {
    fn read(self, attachments: Vec<Attachment>) -> Result<Report, StoreError> {
        let version = match self.bulletin_version.as_str() {
            "" => None,
            name => Some((parse("version", name)?, parse("digest", &self.bulletin_digest)?)),
        };
        let lines = serde_json::from_slice(&self.lines);
        let corrupt = |error| StoreError::Corrupt { what: "lines", source: Box::new(error) };
        Ok(Report {
            jurisdiction: parse("jurisdiction ID", &self.jurisdiction)?,
            id: parse("report ID", &self.district_report)?,
            sequence: unsigned("sequence", self.sequence)?,
            district: parse("body ID", &self.district)?,
            month: parse("month", &self.month)?,
            version,
            stands: false,
            lines: lines.map_err(corrupt)?,
            attachments,
            state: parse("state", &self.state)?,
            return_reason: self.return_reason,
            revision: unsigned("revision", self.revision)?,
            creator: self.creator,
            create_time: instant(self.create_time),
            decider: self.decider,
            decide_time: self.decide_time.map(instant),
        })
    }
}

/// A report, with its attachments whole.
pub(crate) async fn get(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    id: &RecordId,
) -> Result<Option<Report>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "select * from district_report where jurisdiction = $1 and district_report = $2",
    )
    .bind(jurisdiction.as_str())
    .bind(id.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let ids = [row.district_report.clone()];
    let attached = attachments(connection, jurisdiction, &ids, true).await?;
    row.read(attached.into_values().next().unwrap_or_default()).map(Some)
}

/// At most `limit` reports before `before`, newest first, with their attachments but for the content;
/// those of a month and of `districts`, where these are given.
pub(crate) async fn list(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    (month, districts): (Option<Month>, Option<&[String]>),
    (before, limit): (Option<u64>, u32),
) -> Result<Vec<Report>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "select * from district_report
         where jurisdiction = $1 and ($2::text is null or month = $2)
             and ($3::text[] is null or district = any($3))
             and ($4::bigint is null or sequence < $4)
         order by sequence desc limit $5",
    )
    .bind(jurisdiction.as_str())
    .bind(month.map(|month| month.to_string()))
    .bind(districts)
    .bind(before.map(bigint))
    .bind(i64::from(limit))
    .fetch_all(&mut *connection)
    .await?;
    let ids: Vec<_> = rows.iter().map(|row| row.district_report.clone()).collect();
    let mut attached = attachments(connection, jurisdiction, &ids, false).await?;
    let read = |row: Row| {
        let of = attached.remove(&row.district_report).unwrap_or_default();
        row.read(of)
    };
    rows.into_iter().map(read).collect()
}

/// The attachments of reports, by report; with their content only if `whole`.
async fn attachments(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    reports: &[String],
    whole: bool,
) -> Result<BTreeMap<String, Vec<Attachment>>, StoreError> {
    let rows: Vec<(String, String, String, Vec<u8>, String, i64)> = sqlx::query_as(
        "select district_report, file_name, media_type,
             case when $3 then data else ''::bytea end, digest, length(data)::bigint
         from district_report_attachment
         where jurisdiction = $1 and district_report = any($2) order by district_report, number",
    )
    .bind(jurisdiction.as_str())
    .bind(reports)
    .bind(whole)
    .fetch_all(connection)
    .await?;
    let mut attached = BTreeMap::<_, Vec<_>>::new();
    for (report, file_name, media_type, data, digest, size) in rows {
        let (digest, size) = (parse("digest", &digest)?, unsigned("size", size)?);
        let attachment = Attachment { file_name, media_type, data, digest, size };
        attached.entry(report).or_default().push(attachment);
    }
    Ok(attached)
}

/// The number that the next report gets. The jurisdiction must be locked.
pub(crate) async fn next_sequence(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
) -> Result<u64, StoreError> {
    let next: i64 = sqlx::query_scalar(
        "select coalesce(max(sequence), 0) + 1 from district_report where jurisdiction = $1",
    )
    .bind(jurisdiction.as_str())
    .fetch_one(connection)
    .await?;
    unsigned("sequence", next)
}

/// The report of a district for a month that is submitted or accepted.
pub(crate) async fn live(
    connection: &mut Connection,
    report: &Report,
) -> Result<Option<RecordId>, StoreError> {
    let found: Option<String> = sqlx::query_scalar(
        "select district_report from district_report
         where jurisdiction = $1 and district = $2 and month = $3 and state <> 'returned'",
    )
    .bind(report.jurisdiction.as_str())
    .bind(report.district.as_str())
    .bind(report.month.to_string())
    .fetch_optional(connection)
    .await?;
    found.map(|id| parse("report ID", &id)).transpose()
}

/// Keeps a report with its attachments.
pub(crate) async fn insert(connection: &mut Connection, report: &Report) -> Result<(), StoreError> {
    let (version, digest) = match &report.version {
        Some((name, digest)) => (name.to_string(), digest.to_string()),
        None => (String::new(), String::new()),
    };
    let lines = serde_json::to_vec(&report.lines).expect("lines are texts and numbers");
    sqlx::query(
        "insert into district_report (jurisdiction, district_report, sequence, district, month,
             bulletin_version, bulletin_digest, lines, state, return_reason, creator, create_time)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', $10, $11)",
    )
    .bind(report.jurisdiction.as_str())
    .bind(report.id.as_str())
    .bind(bigint(report.sequence))
    .bind(report.district.as_str())
    .bind(report.month.to_string())
    .bind(version)
    .bind(digest)
    .bind(lines)
    .bind(report.state.as_str())
    .bind(&report.creator)
    .bind(offset_date_time(report.create_time))
    .execute(&mut *connection)
    .await?;
    for (number, attachment) in (0_i32..).zip(&report.attachments) {
        sqlx::query(
            "insert into district_report_attachment (jurisdiction, district_report, number,
                 file_name, media_type, data, digest)
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(report.jurisdiction.as_str())
        .bind(report.id.as_str())
        .bind(number)
        .bind(&attachment.file_name)
        .bind(&attachment.media_type)
        .bind(&attachment.data)
        .bind(attachment.digest.to_string())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Keeps what the centre decided.
pub(crate) async fn put_decision(
    connection: &mut Connection,
    report: &Report,
) -> Result<(), StoreError> {
    sqlx::query(
        "update district_report set state = $3, return_reason = $4, revision = $5, decider = $6,
             decide_time = $7
         where jurisdiction = $1 and district_report = $2",
    )
    .bind(report.jurisdiction.as_str())
    .bind(report.id.as_str())
    .bind(report.state.as_str())
    .bind(&report.return_reason)
    .bind(bigint(report.revision))
    .bind(&report.decider)
    .bind(report.decide_time.map(offset_date_time))
    .execute(connection)
    .await?;
    Ok(())
}

/// Keeps who moved a report to where it stands now, from what it was `before`.
pub(crate) async fn insert_move(
    connection: &mut Connection,
    report: &Report,
    actor: &str,
    before: Option<Digest>,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into district_report_move (jurisdiction, district_report, revision, state, actor,
             reason, digest_before, digest_after, move_time)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(report.jurisdiction.as_str())
    .bind(report.id.as_str())
    .bind(bigint(report.revision))
    .bind(report.state.as_str())
    .bind(actor)
    .bind(&report.return_reason)
    .bind(before.map(|digest| digest.to_string()).unwrap_or_default())
    .bind(report.digest().to_string())
    .bind(offset_date_time(now))
    .execute(connection)
    .await?;
    Ok(())
}
