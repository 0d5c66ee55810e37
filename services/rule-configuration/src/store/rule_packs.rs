//! Rule packs: the series, not the texts.

use chengping_types::{Instant, JurisdictionId, PackId};
use time::OffsetDateTime;

use super::revisions::{newest_approved, parent};
use super::{Connection, StoreError, bigint, instant, offset_date_time, parse, unsigned};
use crate::domain::pack::{CheckedPack, Pack};

#[derive(sqlx::FromRow)]
struct Row {
    rule_pack: String,
    title: String,
    newest_revision: i64,
    active_revision: Option<i64>,
    version: i64,
    create_time: OffsetDateTime,
    update_time: OffsetDateTime,
    parent_jurisdiction: Option<String>,
    parent_pack: Option<String>,
    parent_revision: Option<i64>,
}

impl TryFrom<Row> for Pack {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let active_revision =
            row.active_revision.map(|revision| unsigned("revision", revision)).transpose()?;
        let of = (row.parent_jurisdiction.as_deref(), row.parent_pack.as_deref());
        Ok(Self {
            parent: parent(of.0, of.1, row.parent_revision)?,
            offered_parent: None,
            pack: parse("rule pack ID", &row.rule_pack)?,
            title: row.title,
            newest_revision: unsigned("revision", row.newest_revision)?,
            active_revision,
            version: row.version,
            create_time: instant(row.create_time),
            update_time: instant(row.update_time),
        })
    }
}

/// A pack, with its revision in force in the month that runs in the pack's own time zone.
pub(crate) async fn get(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    pack: &PackId,
) -> Result<Option<Pack>, StoreError> {
    let packs = select(connection, jurisdiction, Some(pack), "", 1).await?;
    Ok(packs.into_iter().next())
}

/// At most `limit` packs behind `after`, by ID.
pub(crate) async fn list(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    after: &str,
    limit: u32,
) -> Result<Vec<Pack>, StoreError> {
    select(connection, jurisdiction, None, after, limit).await
}

async fn select(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    pack: Option<&PackId>,
    after: &str,
    limit: u32,
) -> Result<Vec<Pack>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "select p.rule_pack, p.title, p.newest_revision, p.version, p.create_time, p.update_time,
             case when e.rule_pack = p.rule_pack then e.revision end as active_revision,
             r.parent_jurisdiction, r.parent_pack, r.parent_revision
         from rule_pack p join rule_pack_revision r on r.jurisdiction = p.jurisdiction
             and r.rule_pack = p.rule_pack and r.revision = p.newest_revision
         left join lateral (
             select a.rule_pack, a.revision from rule_pack_activation a
             where a.jurisdiction = p.jurisdiction
                 and a.active_from <= to_char(now() at time zone p.time_zone, 'YYYY-MM')
             order by a.active_from desc, a.sequence desc limit 1
         ) e on true
         where p.jurisdiction = $1 and ($2::text is null or p.rule_pack = $2) and p.rule_pack > $3
         order by p.rule_pack limit $4",
    )
    .bind(jurisdiction.as_str())
    .bind(pack.map(PackId::as_str))
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(&mut *connection)
    .await?;
    let mut packs: Vec<Pack> = rows.into_iter().map(Pack::try_from).collect::<Result<_, _>>()?;
    // Each by itself, because the parent may be of another jurisdiction.
    for pack in &mut packs {
        if let Some(parent) = &pack.parent {
            pack.offered_parent = newest_approved(&mut *connection, parent).await?;
        }
    }
    Ok(packs)
}

/// Notes that `revision` with the text of `checked` is now the newest one of its pack.
pub(crate) async fn put_newest(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    checked: &CheckedPack,
    revision: u64,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into rule_pack (jurisdiction, rule_pack, title, time_zone, newest_revision,
             version, create_time, update_time)
         values ($1, $2, $3, $4, $5, 1, $6, $6)
         on conflict (jurisdiction, rule_pack) do update set
             title = excluded.title, time_zone = excluded.time_zone,
             newest_revision = excluded.newest_revision, version = rule_pack.version + 1,
             update_time = excluded.update_time",
    )
    .bind(jurisdiction.as_str())
    .bind(checked.pack.as_str())
    .bind(&checked.title)
    .bind(&checked.time_zone)
    .bind(bigint(revision))
    .bind(offset_date_time(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that something about revisions of the pack changed.
pub(crate) async fn touch(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    pack: &PackId,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query(
        "update rule_pack set version = version + 1, update_time = $3
         where jurisdiction = $1 and rule_pack = $2",
    )
    .bind(jurisdiction.as_str())
    .bind(pack.as_str())
    .bind(offset_date_time(now))
    .execute(connection)
    .await?;
    Ok(())
}
