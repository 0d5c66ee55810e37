//! Versions: what they were made from, and where they stand.

use std::collections::BTreeSet;

use chengping_types::name::EvaluationName;
use chengping_types::{Instant, JurisdictionId, Month};
use time::OffsetDateTime;

use super::touched::names;
use super::{Connection, StoreError, bigint, instant, integer, offset_date_time, parse, unsigned};
use crate::domain::state::{Notice, State};
use crate::domain::{Move, Moved, Sealed, Version, Withdrawn};

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    jurisdiction: String,
    month: String,
    version: i32,
    evaluation: String,
    results_digest: String,
    reason: String,
    state: String,
    revision: i64,
    create_time: OffsetDateTime,
    document_digest: Option<String>,
    log_index: Option<i64>,
    publish_time: Option<OffsetDateTime>,
    notice_time: Option<OffsetDateTime>,
    objection_start: Option<OffsetDateTime>,
    objection_end: Option<OffsetDateTime>,
    decision_due: Option<OffsetDateTime>,
    waive_reason: String,
    withdraw_reason: String,
    withdraw_time: Option<OffsetDateTime>,
    inquiries: Vec<i64>,
    touched: Vec<String>,
}

/// What is read of a version, and more; joins and conditions on `v` follow. A version is published
/// once: the limit says so where statistics do not, else the whole log is read for each version.
macro_rules! select {
    ($rest:literal) => {
        $crate::store::versions::select!($rest, "")
    };
    ($rest:literal, $more:literal) => {
        concat!(
            "select v.jurisdiction, v.month, v.version, v.evaluation, d.results_digest, v.reason,
                 v.state, v.revision, v.create_time, e.document_digest, e.log_index, e.publish_time,
                 v.notice_time, v.objection_start, v.objection_end, v.decision_due, v.waive_reason,
                 v.withdraw_reason, v.withdraw_time,
                 array(select i.inquiry from inquiry i
                     where i.jurisdiction = v.jurisdiction and i.month = v.month
                         and i.correcting_version = v.version
                     order by i.inquiry) as inquiries,
                 array(select t.touched_month || '/' || t.touched_version from touched_version t
                     where t.jurisdiction = v.jurisdiction and t.month = v.month
                         and t.version = v.version
                     order by t.touched_month) as touched",
            $more,
            " from bulletin_version v
                 join evaluation_document d using (jurisdiction, evaluation)
                 left join lateral (
                     select document_digest, log_index, publish_time from log_entry
                     where jurisdiction = v.jurisdiction and month = v.month
                         and version = v.version and kind = 'published'
                     limit 1) e on true
             ",
            $rest
        )
    };
}
pub(super) use select;

impl TryFrom<Row> for Version {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let sealed = match (row.document_digest, row.log_index, row.publish_time) {
            (Some(digest), Some(log_index), Some(publish_time)) => Some(Sealed {
                digest: parse("digest", &digest)?,
                log_index: unsigned("log index", log_index)?,
                publish_time: instant(publish_time),
            }),
            _ => None,
        };
        let times = (row.notice_time, row.objection_start, row.objection_end, row.decision_due);
        let notice = match times {
            (Some(time), Some(start), Some(end), Some(due)) => Some(Notice {
                time: instant(time),
                objection_start: instant(start),
                objection_end: instant(end),
                decision_due: instant(due),
            }),
            _ => None,
        };
        let withdraw_reason = row.withdraw_reason;
        let withdrawn = row
            .withdraw_time
            .map(|time| Withdrawn { reason: withdraw_reason, time: instant(time) });
        let jurisdiction = parse("jurisdiction ID", &row.jurisdiction)?;
        let inquiries = row.inquiries.into_iter().map(|number| unsigned("inquiry", number));
        Ok(Self {
            touched: names(&jurisdiction, &row.touched)?,
            inquiries: inquiries.collect::<Result<_, _>>()?,
            jurisdiction,
            month: parse("month", &row.month)?,
            number: unsigned("version", row.version)?,
            evaluation: parse("evaluation ID", &row.evaluation)?,
            results_digest: parse("digest", &row.results_digest)?,
            reason: row.reason,
            state: parse("state", &row.state)?,
            revision: unsigned("revision", row.revision)?,
            create_time: instant(row.create_time),
            sealed,
            notice,
            waive_reason: row.waive_reason,
            withdrawn,
        })
    }
}

/// A version.
pub(crate) async fn get(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    month: Month,
    number: u32,
) -> Result<Option<Version>, StoreError> {
    let row: Option<Row> =
        sqlx::query_as(select!("where v.jurisdiction = $1 and v.month = $2 and v.version = $3"))
            .bind(jurisdiction.as_str())
            .bind(month.to_string())
            .bind(integer(number))
            .fetch_optional(connection)
            .await?;
    row.map(Version::try_from).transpose()
}

/// States as they are stored.
pub(super) fn texts(states: &[State]) -> Vec<&'static str> {
    states.iter().map(|state| state.as_str()).collect()
}

/// At most `limit` versions of a month in these states below `before`, newest first.
pub(crate) async fn list(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    month: Month,
    states: &[State],
    (before, limit): (Option<u32>, u32),
) -> Result<Vec<Version>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(select!(
        "where v.jurisdiction = $1 and v.month = $2 and v.version < $3 and v.state = any($5)
             order by v.version desc limit $4"
    ))
    .bind(jurisdiction.as_str())
    .bind(month.to_string())
    .bind(before.map_or(i32::MAX, integer))
    .bind(i64::from(limit))
    .bind(texts(states))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Version::try_from).collect()
}

/// The newest version of a month.
pub(crate) async fn newest(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    month: Month,
) -> Result<Option<Version>, StoreError> {
    Ok(list(connection, jurisdiction, month, State::ALL, (None, 1)).await?.pop())
}

/// Which of these versions, each by month and number, stand.
pub(crate) async fn standing(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    versions: &BTreeSet<(Month, u64)>,
) -> Result<BTreeSet<(Month, u64)>, StoreError> {
    let months: Vec<_> = versions.iter().map(|(month, _)| month.to_string()).collect();
    let numbers: Vec<_> = versions.iter().map(|(_, number)| bigint(*number)).collect();
    let rows: Vec<(String, i32)> = sqlx::query_as(
        "select month, version from bulletin_version
         where jurisdiction = $1 and state = 'published'
             and (month, version) in (select * from unnest($2::text[], $3::bigint[]))",
    )
    .bind(jurisdiction.as_str())
    .bind(months)
    .bind(numbers)
    .fetch_all(connection)
    .await?;
    let read = |(month, version): (String, i32)| {
        Ok((parse("month", &month)?, unsigned("version", version)?))
    };
    rows.into_iter().map(read).collect()
}

/// The numbers of the versions of a month that were withdrawn.
pub(crate) async fn withdrawn(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    month: Month,
) -> Result<Vec<u32>, StoreError> {
    let numbers: Vec<i32> = sqlx::query_scalar(
        "select version from bulletin_version
         where jurisdiction = $1 and month = $2 and state = 'withdrawn'",
    )
    .bind(jurisdiction.as_str())
    .bind(month.to_string())
    .fetch_all(connection)
    .await?;
    numbers.into_iter().map(|number| unsigned("version", number)).collect()
}

/// Whether the number of a version was ever shown to the bodies, whatever it was made from then.
pub(crate) async fn was_shown(
    connection: &mut Connection,
    version: &Version,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(
        "select exists (
             select from version_move
             where jurisdiction = $1 and month = $2 and version = $3 and state = 'under_notice')",
    )
    .bind(version.jurisdiction.as_str())
    .bind(version.month.to_string())
    .bind(integer(version.number))
    .fetch_one(connection)
    .await?)
}

/// Writes a version as it is now, new or changed, and how it came there. The log must be locked.
pub(crate) async fn put(
    connection: &mut Connection,
    version: &Version,
    moved: &Moved<'_>,
) -> Result<(), StoreError> {
    let notice = version.notice.as_ref();
    let time = |of: fn(&Notice) -> Instant| notice.map(|notice| offset_date_time(of(notice)));
    let withdrawn = version.withdrawn.as_ref();
    sqlx::query(
        "insert into bulletin_version
             (jurisdiction, month, version, evaluation, reason, state, revision, create_time,
              notice_time, objection_start, objection_end, decision_due, waive_reason,
              withdraw_reason, withdraw_time)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         on conflict (jurisdiction, month, version)
             do update set evaluation = excluded.evaluation, reason = excluded.reason,
                 state = excluded.state, revision = excluded.revision,
                 create_time = excluded.create_time, notice_time = excluded.notice_time,
                 objection_start = excluded.objection_start,
                 objection_end = excluded.objection_end,
                 decision_due = excluded.decision_due, waive_reason = excluded.waive_reason,
                 withdraw_reason = excluded.withdraw_reason,
                 withdraw_time = excluded.withdraw_time",
    )
    .bind(version.jurisdiction.as_str())
    .bind(version.month.to_string())
    .bind(integer(version.number))
    .bind(version.evaluation.as_str())
    .bind(&version.reason)
    .bind(version.state.as_str())
    .bind(bigint(version.revision))
    .bind(offset_date_time(version.create_time))
    .bind(time(|notice| notice.time))
    .bind(time(|notice| notice.objection_start))
    .bind(time(|notice| notice.objection_end))
    .bind(time(|notice| notice.decision_due))
    .bind(&version.waive_reason)
    .bind(withdrawn.map_or("", |withdrawn| &withdrawn.reason))
    .bind(withdrawn.map(|withdrawn| offset_date_time(withdrawn.time)))
    .execute(&mut *connection)
    .await?;
    put_move(connection, version, moved).await
}

async fn put_move(
    connection: &mut Connection,
    version: &Version,
    moved: &Moved<'_>,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into version_move
             (jurisdiction, month, version, revision, evaluation, state, move_time, step, actor,
              reason)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(version.jurisdiction.as_str())
    .bind(version.month.to_string())
    .bind(integer(version.number))
    .bind(bigint(version.revision))
    .bind(version.evaluation.as_str())
    .bind(version.state.as_str())
    .bind(offset_date_time(moved.time))
    .bind(moved.step.as_str())
    .bind(moved.actor)
    .bind(moved.reason)
    .execute(connection)
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct MoveRow {
    revision: i64,
    state: String,
    step: String,
    actor: String,
    reason: String,
    move_time: OffsetDateTime,
    evaluation: String,
    digest_before: Option<String>,
    digest_after: String,
}

/// At most `limit` moves of a version below the revision `before`, latest first.
pub(crate) async fn moves(
    connection: &mut Connection,
    version: &Version,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Move>, StoreError> {
    let rows: Vec<MoveRow> = sqlx::query_as(
        "select * from (
             select m.revision, m.state, m.step, m.actor, m.reason, m.move_time, m.evaluation,
                 lag(d.results_digest) over (order by m.revision) as digest_before,
                 d.results_digest as digest_after
             from version_move m join evaluation_document d using (jurisdiction, evaluation)
             where m.jurisdiction = $1 and m.month = $2 and m.version = $3) moves
         where revision < $4 order by revision desc limit $5",
    )
    .bind(version.jurisdiction.as_str())
    .bind(version.month.to_string())
    .bind(integer(version.number))
    .bind(before.map_or(i64::MAX, bigint))
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    let digest = |text: String| parse("digest", &text);
    let read = |row: MoveRow| {
        let step = Some(row.step).filter(|step| !step.is_empty());
        Ok(Move {
            revision: unsigned("revision", row.revision)?,
            state: parse("state", &row.state)?,
            step: step.map(|step| parse("step", &step)).transpose()?,
            actor: row.actor,
            reason: row.reason,
            time: instant(row.move_time),
            evaluation: EvaluationName {
                jurisdiction: version.jurisdiction.clone(),
                evaluation: parse("evaluation ID", &row.evaluation)?,
            },
            digest_before: row.digest_before.map(digest).transpose()?,
            digest_after: digest(row.digest_after)?,
        })
    };
    rows.into_iter().map(read).collect()
}
