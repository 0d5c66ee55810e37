//! Objections and inquiries, and every step of theirs.

use chengping_types::{Instant, JurisdictionId, Month};
use time::OffsetDateTime;

use super::{Connection, StoreError, bigint, instant, integer, offset_date_time, parse, unsigned};
use crate::domain::inquiry::{
    FileInquiry, Inquiry, InquiryFilter, InquiryMove, InquiryState, Kind, Subject,
};

#[derive(sqlx::FromRow)]
struct Row {
    jurisdiction: String,
    inquiry: i64,
    kind: String,
    month: String,
    version: Option<i32>,
    body_id: String,
    subject: String,
    case_no: String,
    statement: String,
    author: String,
    due_time: OffsetDateTime,
    create_time: OffsetDateTime,
    state: String,
    finding: String,
    reviewer: String,
    review_time: Option<OffsetDateTime>,
    answer: String,
    decider: String,
    decide_time: Option<OffsetDateTime>,
    mended_by: String,
    correcting_version: Option<i32>,
    revision: i64,
}

impl TryFrom<Row> for Inquiry {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let version = |number: Option<i32>| number.map(|n| unsigned("version", n)).transpose();
        let case_no = Some(row.case_no).filter(|case_no| !case_no.is_empty());
        Ok(Self {
            jurisdiction: parse("jurisdiction ID", &row.jurisdiction)?,
            number: unsigned("inquiry", row.inquiry)?,
            kind: parse("kind of an inquiry", &row.kind)?,
            month: parse("month", &row.month)?,
            version: version(row.version)?,
            body: parse("body ID", &row.body_id)?,
            subject: parse("subject", &row.subject)?,
            case_no: case_no.map(|case_no| parse("case number", &case_no)).transpose()?,
            statement: row.statement,
            author: row.author,
            due_time: instant(row.due_time),
            create_time: instant(row.create_time),
            state: parse("state of an inquiry", &row.state)?,
            finding: row.finding,
            reviewer: row.reviewer,
            review_time: row.review_time.map(instant),
            answer: row.answer,
            decider: row.decider,
            decide_time: row.decide_time.map(instant),
            mended_by: row.mended_by,
            correcting_version: version(row.correcting_version)?,
            revision: unsigned("revision", row.revision)?,
        })
    }
}

/// An inquiry.
pub(crate) async fn get(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    number: u64,
) -> Result<Option<Inquiry>, StoreError> {
    let row: Option<Row> =
        sqlx::query_as("select * from inquiry where jurisdiction = $1 and inquiry = $2")
            .bind(jurisdiction.as_str())
            .bind(bigint(number))
            .fetch_optional(connection)
            .await?;
    row.map(Inquiry::try_from).transpose()
}

/// At most `limit` inquiries below `before` that the filter lets through, newest first. `bodies`
/// are those that may be seen; none for all.
pub(crate) async fn list(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    (filter, bodies): (&InquiryFilter, Option<&[String]>),
    (before, limit): (Option<u64>, u32),
    now: Instant,
) -> Result<Vec<Inquiry>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "select * from inquiry
         where jurisdiction = $1 and inquiry < $2
             and ($3::text is null or month = $3) and ($4::text is null or body_id = $4)
             and ($5::text is null or kind = $5) and ($6::text is null or state = $6)
             and ($7::timestamptz is null or due_time < $7 and state in ('filed', 'reviewed'))
             and ($8::text[] is null or body_id = any($8))
         order by inquiry desc limit $9",
    )
    .bind(jurisdiction.as_str())
    .bind(before.map_or(i64::MAX, bigint))
    .bind(filter.month.map(|month| month.to_string()))
    .bind(filter.body.as_ref().map(|body| body.as_str()))
    .bind(filter.kind.map(Kind::as_str))
    .bind(filter.state.map(InquiryState::as_str))
    .bind(filter.overdue.then(|| offset_date_time(now)))
    .bind(bodies)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Inquiry::try_from).collect()
}

/// The objections to a version that wait for their decision, or that were upheld.
pub(crate) async fn objections(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    month: Month,
    version: u32,
) -> Result<Vec<Inquiry>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "select * from inquiry
         where jurisdiction = $1 and month = $2 and version = $3 and kind = 'objection'
             and state <> 'refused'
         order by inquiry",
    )
    .bind(jurisdiction.as_str())
    .bind(month.to_string())
    .bind(integer(version))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Inquiry::try_from).collect()
}

/// The upheld inquiries of a month.
pub(crate) async fn upheld(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    month: Month,
) -> Result<Vec<Inquiry>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "select * from inquiry
         where jurisdiction = $1 and month = $2 and state = 'upheld'
         order by inquiry",
    )
    .bind(jurisdiction.as_str())
    .bind(month.to_string())
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Inquiry::try_from).collect()
}

/// Says which version takes account of an upheld inquiry; none yet where it is `None`.
pub(crate) async fn link(
    connection: &mut Connection,
    inquiry: &Inquiry,
    version: Option<u32>,
) -> Result<(), StoreError> {
    sqlx::query(
        "update inquiry set correcting_version = $3, revision = revision + 1
         where jurisdiction = $1 and inquiry = $2 and correcting_version is distinct from $3",
    )
    .bind(inquiry.jurisdiction.as_str())
    .bind(bigint(inquiry.number))
    .bind(version.map(integer))
    .execute(connection)
    .await?;
    Ok(())
}

/// The number of the next inquiry. The log must be locked.
pub(crate) async fn next_number(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
) -> Result<u64, StoreError> {
    let last: i64 =
        sqlx::query_scalar("select coalesce(max(inquiry), 0) from inquiry where jurisdiction = $1")
            .bind(jurisdiction.as_str())
            .fetch_one(connection)
            .await?;
    Ok(unsigned::<u64>("inquiry", last)? + 1)
}

/// The same objection of the same body to the same version, if there is one.
pub(crate) async fn same_objection(
    connection: &mut Connection,
    wish: &FileInquiry,
    version: u32,
) -> Result<Option<u64>, StoreError> {
    let found: Option<i64> = sqlx::query_scalar(
        "select inquiry from inquiry
         where jurisdiction = $1 and month = $2 and version = $3 and body_id = $4 and subject = $5
             and case_no = $6 and kind = 'objection'",
    )
    .bind(wish.jurisdiction.as_str())
    .bind(wish.month.to_string())
    .bind(integer(version))
    .bind(wish.body.as_str())
    .bind(Subject::as_str(wish.subject))
    .bind(wish.case_no.as_ref().map_or("", |case_no| case_no.as_str()))
    .fetch_optional(connection)
    .await?;
    found.map(|number| unsigned("inquiry", number)).transpose()
}

/// Files an inquiry. The log must be locked.
pub(crate) async fn insert(
    connection: &mut Connection,
    inquiry: &Inquiry,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into inquiry
             (jurisdiction, inquiry, kind, month, version, body_id, subject, case_no, statement,
              author, due_time, create_time, state)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(inquiry.jurisdiction.as_str())
    .bind(bigint(inquiry.number))
    .bind(inquiry.kind.as_str())
    .bind(inquiry.month.to_string())
    .bind(inquiry.version.map(integer))
    .bind(inquiry.body.as_str())
    .bind(inquiry.subject.as_str())
    .bind(inquiry.case_no.as_ref().map_or("", |case_no| case_no.as_str()))
    .bind(&inquiry.statement)
    .bind(&inquiry.author)
    .bind(offset_date_time(inquiry.due_time))
    .bind(offset_date_time(inquiry.create_time))
    .bind(inquiry.state.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes how an inquiry was answered. The log must be locked.
pub(crate) async fn put(connection: &mut Connection, inquiry: &Inquiry) -> Result<(), StoreError> {
    sqlx::query(
        "update inquiry set state = $3, finding = $4, reviewer = $5, review_time = $6, answer = $7,
             decider = $8, decide_time = $9, mended_by = $10, revision = $11
         where jurisdiction = $1 and inquiry = $2",
    )
    .bind(inquiry.jurisdiction.as_str())
    .bind(bigint(inquiry.number))
    .bind(inquiry.state.as_str())
    .bind(&inquiry.finding)
    .bind(&inquiry.reviewer)
    .bind(inquiry.review_time.map(offset_date_time))
    .bind(&inquiry.answer)
    .bind(&inquiry.decider)
    .bind(inquiry.decide_time.map(offset_date_time))
    .bind(&inquiry.mended_by)
    .bind(bigint(inquiry.revision))
    .execute(connection)
    .await?;
    Ok(())
}

/// Keeps a step of an inquiry, which is now as given.
pub(crate) async fn put_move(
    connection: &mut Connection,
    inquiry: &Inquiry,
    step: &InquiryMove,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into inquiry_move
             (jurisdiction, inquiry, revision, state, actor, move_time, digest_before, digest_after)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(inquiry.jurisdiction.as_str())
    .bind(bigint(inquiry.number))
    .bind(bigint(inquiry.revision))
    .bind(step.state.as_str())
    .bind(&step.actor)
    .bind(offset_date_time(step.time))
    .bind(step.digest_before.map(|digest| digest.to_string()).unwrap_or_default())
    .bind(step.digest_after.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

/// The steps of an inquiry, earliest first.
pub(crate) async fn moves(
    connection: &mut Connection,
    inquiry: &Inquiry,
) -> Result<Vec<InquiryMove>, StoreError> {
    let rows: Vec<(String, String, OffsetDateTime, String, String)> = sqlx::query_as(
        "select state, actor, move_time, digest_before, digest_after from inquiry_move
         where jurisdiction = $1 and inquiry = $2 order by revision",
    )
    .bind(inquiry.jurisdiction.as_str())
    .bind(bigint(inquiry.number))
    .fetch_all(connection)
    .await?;
    let read = |(state, actor, time, before, after): (String, String, _, String, String)| {
        let before = Some(before).filter(|before| !before.is_empty());
        Ok(InquiryMove {
            state: parse("state of an inquiry", &state)?,
            actor,
            time: instant(time),
            digest_before: before.map(|before| parse("digest", &before)).transpose()?,
            digest_after: parse("digest", &after)?,
        })
    };
    rows.into_iter().map(read).collect()
}
