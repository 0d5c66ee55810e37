//! Which revision is in force when.

use chengping_types::{Instant, JurisdictionId, Month, PackId, TimeZone};

use super::revisions::Row as RevisionRow;
use super::{Connection, StoreError, bigint, offset_date_time, parse, unsigned};
use crate::domain::pack::{Activation, Revision};

#[derive(sqlx::FromRow)]
struct Row {
    sequence: i64,
    from_month: String,
    #[sqlx(flatten)]
    revision: RevisionRow,
}

impl TryFrom<Row> for Activation {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let mut revision = Revision::try_from(row.revision)?;
        // A revision that was brought forward is in force from two months on; this is the one.
        revision.active_from = Some(parse("month", &row.from_month)?);
        Ok(Self { sequence: row.sequence, revision })
    }
}

/// Appends an activation to the feed. The jurisdiction must be locked.
pub(crate) async fn insert(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    sequence: i64,
    (revision, active_from): (&Revision, Month),
    (actor, now): (&str, Instant),
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into rule_pack_activation
             (jurisdiction, sequence, rule_pack, revision, active_from, actor, create_time)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(jurisdiction.as_str())
    .bind(sequence)
    .bind(revision.pack.as_str())
    .bind(bigint(revision.revision))
    .bind(active_from.to_string())
    .bind(actor)
    .bind(offset_date_time(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether something was activated for `month` behind `sequence`.
pub(crate) async fn is_newer_for(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    month: Month,
    sequence: i64,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(
        "select exists (select from rule_pack_activation
         where jurisdiction = $1 and active_from = $2 and sequence > $3)",
    )
    .bind(jurisdiction.as_str())
    .bind(month.to_string())
    .bind(sequence)
    .fetch_one(connection)
    .await?)
}

/// The revision in force in `month`.
pub(crate) async fn effective(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    month: Month,
) -> Result<Option<Revision>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "select a.sequence, a.active_from as from_month, r.rule_pack, r.revision, r.digest,
             r.source_digest, r.warnings, r.author, r.create_time,
             r.parent_jurisdiction, r.parent_pack, r.parent_revision, r.overrides,
             v.state, v.active_from, v.approver, v.version
         from rule_pack_activation a
             join rule_pack_revision r using (jurisdiction, rule_pack, revision)
             join rule_pack_review v using (jurisdiction, rule_pack, revision)
         where a.jurisdiction = $1 and a.active_from <= $2
         order by a.active_from desc, a.sequence desc limit 1",
    )
    .bind(jurisdiction.as_str())
    .bind(month.to_string())
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Activation::try_from).transpose()?.map(|activation| activation.revision))
}

/// The revision in force in the month that runs in its own time zone.
pub(crate) async fn running(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
) -> Result<Option<(PackId, u64)>, StoreError> {
    let row: Option<(String, i64)> = sqlx::query_as(
        "select a.rule_pack, a.revision
         from rule_pack_activation a join rule_pack p using (jurisdiction, rule_pack)
         where a.jurisdiction = $1
             and a.active_from <= to_char(now() at time zone p.time_zone, 'YYYY-MM')
         order by a.active_from desc, a.sequence desc limit 1",
    )
    .bind(jurisdiction.as_str())
    .fetch_optional(connection)
    .await?;
    let Some((pack, revision)) = row else { return Ok(None) };
    Ok(Some((parse("rule pack ID", &pack)?, unsigned("revision", revision)?)))
}

/// What is in force in some month: of each first month the newest activation, oldest first.
pub(crate) async fn in_force(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
) -> Result<Vec<Activation>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "select a.sequence, a.active_from as from_month, r.rule_pack, r.revision, r.digest,
             r.source_digest, r.warnings, r.author, r.create_time,
             r.parent_jurisdiction, r.parent_pack, r.parent_revision, r.overrides,
             v.state, v.active_from, v.approver, v.version
         from (select distinct on (active_from) * from rule_pack_activation
               where jurisdiction = $1 order by active_from, sequence desc) a
             join rule_pack_revision r using (jurisdiction, rule_pack, revision)
             join rule_pack_review v using (jurisdiction, rule_pack, revision)
         order by a.sequence",
    )
    .bind(jurisdiction.as_str())
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Activation::try_from).collect()
}

/// The time zone of the revision that was activated last.
pub(crate) async fn newest_time_zone(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
) -> Result<Option<TimeZone>, StoreError> {
    let zone: Option<String> = sqlx::query_scalar(
        "select convert_from(r.canonical, 'UTF8')::jsonb ->> 'time_zone'
         from rule_pack_activation a join rule_pack_revision r
             using (jurisdiction, rule_pack, revision)
         where a.jurisdiction = $1 order by a.sequence desc limit 1",
    )
    .bind(jurisdiction.as_str())
    .fetch_optional(connection)
    .await?;
    zone.map(|zone| parse("time zone", &zone)).transpose()
}

/// At most `limit` activations behind `sequence`, oldest first.
pub(crate) async fn list_after(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    sequence: i64,
    limit: u32,
) -> Result<Vec<Activation>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "select a.sequence, a.active_from as from_month, r.rule_pack, r.revision, r.digest,
             r.source_digest, r.warnings, r.author, r.create_time,
             r.parent_jurisdiction, r.parent_pack, r.parent_revision, r.overrides,
             v.state, v.active_from, v.approver, v.version
         from rule_pack_activation a
             join rule_pack_revision r using (jurisdiction, rule_pack, revision)
             join rule_pack_review v using (jurisdiction, rule_pack, revision)
         where a.jurisdiction = $1 and a.sequence > $2
         order by a.sequence limit $3",
    )
    .bind(jurisdiction.as_str())
    .bind(sequence)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Activation::try_from).collect()
}
