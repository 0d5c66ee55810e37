//! Bulletins: the months that have versions.

use chengping_types::{Instant, JurisdictionId, Month, RecordId};
use time::OffsetDateTime;

use super::touched::names;
use super::versions::texts;
use super::{Connection, StoreError, instant, integer, offset_date_time, parse, unsigned};
use crate::domain::Bulletin;
use crate::domain::state::State;

#[derive(sqlx::FromRow)]
struct Row {
    jurisdiction: String,
    month: String,
    newest_version: i32,
    published_version: i32,
    touched_by: Vec<String>,
    create_time: OffsetDateTime,
    update_time: OffsetDateTime,
}

impl TryFrom<Row> for Bulletin {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let jurisdiction = parse("jurisdiction ID", &row.jurisdiction)?;
        Ok(Self {
            touched_by: names(&jurisdiction, &row.touched_by)?,
            jurisdiction,
            month: parse("month", &row.month)?,
            newest_version: unsigned("version", row.newest_version)?,
            published_version: unsigned("version", row.published_version)?,
            create_time: instant(row.create_time),
            update_time: instant(row.update_time),
        })
    }
}

/// What is read of a bulletin by who sees versions in the states `$2`, all of them where `$3`: of what
/// they do not see, neither number nor time; conditions on `b` follow.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select b.jurisdiction, b.month, seen.newest_version, b.published_version, b.create_time,
                 case when $3 then b.update_time else coalesce(
                     (select max(m.move_time) from version_move m
                         where m.jurisdiction = b.jurisdiction and m.month = b.month
                             and m.state = any($2)),
                     b.create_time) end as update_time,
                 array(select t.month || '/' || t.version
                     from touched_version t
                         join bulletin_version v using (jurisdiction, month, version)
                     where t.jurisdiction = b.jurisdiction and t.touched_month = b.month
                         and t.touched_version = b.published_version
                         and v.state in ('published', 'corrected')
                     order by t.month, t.version) as touched_by
             from bulletin b
                 cross join lateral (
                     select max(v.version) as newest_version from bulletin_version v
                     where v.jurisdiction = b.jurisdiction and v.month = b.month
                         and v.state = any($2)
                 ) seen
             where b.jurisdiction = $1 and seen.newest_version is not null and ",
            $rest
        )
    };
}

/// A bulletin, for who sees versions in these states; none where they see no version of it.
pub(crate) async fn get(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    month: Month,
    states: &[State],
) -> Result<Option<Bulletin>, StoreError> {
    let row: Option<Row> = sqlx::query_as(select!("b.month = $4"))
        .bind(jurisdiction.as_str())
        .bind(texts(states))
        .bind(states == State::ALL)
        .bind(month.to_string())
        .fetch_optional(connection)
        .await?;
    row.map(Bulletin::try_from).transpose()
}

/// At most `limit` bulletins of months before `before`, newest first, for who sees versions in these
/// states.
pub(crate) async fn list(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    before: Option<Month>,
    states: &[State],
    limit: u32,
) -> Result<Vec<Bulletin>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(select!(
        "($4::text is null or b.month < $4) order by b.month desc limit $5"
    ))
    .bind(jurisdiction.as_str())
    .bind(texts(states))
    .bind(states == State::ALL)
    .bind(before.map(|month| month.to_string()))
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Bulletin::try_from).collect()
}

/// Notes that version `newest` of the month is its newest.
pub(crate) async fn put_newest(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    month: Month,
    newest: u32,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into bulletin
             (jurisdiction, month, newest_version, published_version, create_time, update_time)
         values ($1, $2, $3, 0, $4, $4)
         on conflict (jurisdiction, month)
             do update set newest_version = excluded.newest_version,
                 update_time = excluded.update_time",
    )
    .bind(jurisdiction.as_str())
    .bind(month.to_string())
    .bind(integer(newest))
    .bind(offset_date_time(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that version `published` of the month, just sealed, stands.
pub(crate) async fn put_published(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    month: Month,
    published: u32,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query(
        "update bulletin set published_version = $3, update_time = $4
         where jurisdiction = $1 and month = $2",
    )
    .bind(jurisdiction.as_str())
    .bind(month.to_string())
    .bind(integer(published))
    .bind(offset_date_time(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that no version of the month stands any more.
pub(crate) async fn put_withdrawn(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    month: Month,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query(
        "update bulletin set published_version = 0, update_time = $3
         where jurisdiction = $1 and month = $2",
    )
    .bind(jurisdiction.as_str())
    .bind(month.to_string())
    .bind(offset_date_time(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// The versions of months after `month` that stand: month, number and evaluation, by month.
pub(crate) async fn standing_after(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    month: Month,
) -> Result<Vec<(Month, u32, RecordId)>, StoreError> {
    let rows: Vec<(String, i32, String)> = sqlx::query_as(
        "select b.month, v.version, v.evaluation from bulletin b
             join bulletin_version v on v.jurisdiction = b.jurisdiction and v.month = b.month
                 and v.version = b.published_version
         where b.jurisdiction = $1 and b.month > $2 order by b.month",
    )
    .bind(jurisdiction.as_str())
    .bind(month.to_string())
    .fetch_all(connection)
    .await?;
    let standing = |(month, version, evaluation): (String, i32, String)| {
        let version = unsigned("version", version)?;
        Ok((parse("month", &month)?, version, parse("evaluation ID", &evaluation)?))
    };
    rows.into_iter().map(standing).collect()
}
