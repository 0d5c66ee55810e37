//! Who was given which revision last.

use std::collections::BTreeMap;

use chengping_types::JurisdictionId;
use time::OffsetDateTime;

use super::{Connection, StoreError, bigint, instant, offset_date_time, parse, unsigned};
use crate::domain::holders::{HOLDERS_MAX, Held, Holder, HolderKey};

#[derive(sqlx::FromRow)]
struct Row {
    service: String,
    instance: String,
    month: String,
    rule_pack: String,
    revision: i64,
    digest: String,
    last_time: OffsetDateTime,
}

impl TryFrom<Row> for Holder {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let Row { service, instance, .. } = row;
        Ok(Self {
            key: HolderKey { service, instance, month: parse("month", &row.month)? },
            pack: parse("rule pack ID", &row.rule_pack)?,
            revision: unsigned("revision", row.revision)?,
            digest: parse("digest", &row.digest)?,
            last_time: self::instant(row.last_time),
        })
    }
}

/// Writes down who was given what, where nothing newer stands, and lets the oldest go beyond
/// [`HOLDERS_MAX`].
pub(crate) async fn put(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    held: &BTreeMap<HolderKey, Held>,
) -> Result<(), StoreError> {
    let keys = || held.keys();
    let revisions = || held.values().map(|held| &held.given.revision);
    sqlx::query(
        "insert into rule_pack_holder
             (jurisdiction, service, instance, month, rule_pack, revision, last_time)
         select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[],
             $7::timestamptz[])
         on conflict (jurisdiction, service, instance, month) do update set
             rule_pack = excluded.rule_pack, revision = excluded.revision,
             last_time = excluded.last_time
         where rule_pack_holder.last_time < excluded.last_time",
    )
    .bind(jurisdiction.as_str())
    .bind(keys().map(|key| key.service.as_str()).collect::<Vec<_>>())
    .bind(keys().map(|key| key.instance.as_str()).collect::<Vec<_>>())
    .bind(keys().map(|key| key.month.to_string()).collect::<Vec<_>>())
    .bind(revisions().map(|revision| revision.pack.as_str()).collect::<Vec<_>>())
    .bind(revisions().map(|revision| bigint(revision.revision)).collect::<Vec<_>>())
    .bind(held.values().map(|held| offset_date_time(held.last_time)).collect::<Vec<_>>())
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "delete from rule_pack_holder h using (
             select last_time, service, instance, month from rule_pack_holder
             where jurisdiction = $1 order by last_time desc, service, instance, month offset $2
         ) old
         where h.jurisdiction = $1 and h.service = old.service and h.instance = old.instance
             and h.month = old.month and h.last_time = old.last_time",
    )
    .bind(jurisdiction.as_str())
    .bind(i64::try_from(HOLDERS_MAX).expect("a small number"))
    .execute(connection)
    .await?;
    Ok(())
}

/// At most `limit` holders behind `after`, by service, instance and month.
pub(crate) async fn list(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    after: Option<&HolderKey>,
    limit: u32,
) -> Result<Vec<Holder>, StoreError> {
    let (service, instance, month) = match after {
        Some(after) => (after.service.as_str(), after.instance.as_str(), after.month.to_string()),
        None => ("", "", String::new()),
    };
    let rows: Vec<Row> = sqlx::query_as(
        "select h.service, h.instance, h.month, h.rule_pack, h.revision, r.digest, h.last_time
         from rule_pack_holder h join rule_pack_revision r using (jurisdiction, rule_pack, revision)
         where h.jurisdiction = $1 and (h.service, h.instance, h.month) > ($2, $3, $4)
         order by h.service, h.instance, h.month limit $5",
    )
    .bind(jurisdiction.as_str())
    .bind(service)
    .bind(instance)
    .bind(month)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Holder::try_from).collect()
}
