//! Revisions: their texts, which never change, and where they stand.

use chengping_types::name::RulePackRevisionName;
use chengping_types::{Instant, JurisdictionId, Month, PackId};
use sqlx::types::Json;
use time::OffsetDateTime;

use super::{
    Connection, StoreError, bigint, instant, offset_date_time, parse, parse_optional, unsigned,
};
use crate::domain::pack::{CheckedPack, Difference, Finding, Revision, Text};
use crate::domain::review::State;

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    rule_pack: String,
    revision: i64,
    digest: String,
    source_digest: String,
    state: String,
    active_from: Option<String>,
    warnings: Json<Vec<Finding>>,
    author: String,
    approver: String,
    create_time: OffsetDateTime,
    version: i64,
    parent_jurisdiction: Option<String>,
    parent_pack: Option<String>,
    parent_revision: Option<i64>,
    overrides: Json<Vec<Difference>>,
}

/// The name of a revision that is kept in three columns, all of them empty or none.
pub(super) fn parent(
    jurisdiction: Option<&str>,
    pack: Option<&str>,
    revision: Option<i64>,
) -> Result<Option<RulePackRevisionName>, StoreError> {
    let (Some(jurisdiction), Some(pack), Some(revision)) = (jurisdiction, pack, revision) else {
        return Ok(None);
    };
    Ok(Some(RulePackRevisionName {
        jurisdiction: parse("jurisdiction ID", jurisdiction)?,
        rule_pack: parse("rule pack ID", pack)?,
        revision: unsigned("revision", revision)?,
    }))
}

impl TryFrom<Row> for Revision {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let of = (row.parent_jurisdiction.as_deref(), row.parent_pack.as_deref());
        Ok(Self {
            parent: parent(of.0, of.1, row.parent_revision)?,
            overrides: row.overrides.0,
            pack: parse("rule pack ID", &row.rule_pack)?,
            revision: unsigned("revision", row.revision)?,
            digest: parse("digest", &row.digest)?,
            source_digest: parse("digest", &row.source_digest)?,
            state: parse("state", &row.state)?,
            active_from: parse_optional("month", row.active_from.as_deref())?,
            warnings: row.warnings.0,
            author: row.author,
            approver: row.approver,
            create_time: Some(instant(row.create_time)),
            version: row.version,
        })
    }
}

/// Stores the text of a new revision, a draft.
pub(crate) async fn insert(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    checked: &CheckedPack,
    revision: &Revision,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into rule_pack_revision (jurisdiction, rule_pack, revision, digest, source,
             source_digest, canonical, warnings, author, create_time,
             parent_jurisdiction, parent_pack, parent_revision, overrides)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(jurisdiction.as_str())
    .bind(revision.pack.as_str())
    .bind(bigint(revision.revision))
    .bind(revision.digest.to_string())
    .bind(&checked.source)
    .bind(revision.source_digest.to_string())
    .bind(&checked.canonical)
    .bind(Json(&revision.warnings))
    .bind(&revision.author)
    .bind(offset_date_time(now))
    .bind(revision.parent.as_ref().map(|parent| parent.jurisdiction.as_str()))
    .bind(revision.parent.as_ref().map(|parent| parent.rule_pack.as_str()))
    .bind(revision.parent.as_ref().map(|parent| bigint(parent.revision)))
    .bind(Json(&revision.overrides))
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "insert into rule_pack_review (jurisdiction, rule_pack, revision, state)
         values ($1, $2, $3, $4)",
    )
    .bind(jurisdiction.as_str())
    .bind(revision.pack.as_str())
    .bind(bigint(revision.revision))
    .bind(revision.state.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

/// A revision.
pub(crate) async fn get(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    pack: &PackId,
    revision: u64,
) -> Result<Option<Revision>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "select r.rule_pack, r.revision, r.digest, r.source_digest, r.warnings, r.author,
             r.parent_jurisdiction, r.parent_pack, r.parent_revision, r.overrides,
             r.create_time, v.state, v.active_from, v.approver, v.version
         from rule_pack_revision r join rule_pack_review v using (jurisdiction, rule_pack, revision)
         where r.jurisdiction = $1 and r.rule_pack = $2 and r.revision = $3",
    )
    .bind(jurisdiction.as_str())
    .bind(pack.as_str())
    .bind(bigint(revision))
    .fetch_optional(connection)
    .await?;
    row.map(Revision::try_from).transpose()
}

/// At most `limit` revisions of a pack before `before`, newest first.
pub(crate) async fn list(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    pack: &PackId,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Revision>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "select r.rule_pack, r.revision, r.digest, r.source_digest, r.warnings, r.author,
             r.parent_jurisdiction, r.parent_pack, r.parent_revision, r.overrides,
             r.create_time, v.state, v.active_from, v.approver, v.version
         from rule_pack_revision r join rule_pack_review v using (jurisdiction, rule_pack, revision)
         where r.jurisdiction = $1 and r.rule_pack = $2 and r.revision < $3
         order by r.revision desc limit $4",
    )
    .bind(jurisdiction.as_str())
    .bind(pack.as_str())
    .bind(before.map_or(i64::MAX, bigint))
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Revision::try_from).collect()
}

/// The newest revision of a pack behind `after` that is approved or in force.
pub(crate) async fn newest_approved(
    connection: &mut Connection,
    after: &RulePackRevisionName,
) -> Result<Option<RulePackRevisionName>, StoreError> {
    let newest: Option<i64> = sqlx::query_scalar(
        "select max(revision) from rule_pack_review
         where jurisdiction = $1 and rule_pack = $2 and revision > $3 and state in ($4, $5)",
    )
    .bind(after.jurisdiction.as_str())
    .bind(after.rule_pack.as_str())
    .bind(bigint(after.revision))
    .bind(State::Approved.as_str())
    .bind(State::Active.as_str())
    .fetch_one(connection)
    .await?;
    let newest = newest.map(|revision| unsigned("revision", revision)).transpose()?;
    Ok(newest.map(|revision| RulePackRevisionName { revision, ..after.clone() }))
}

/// The text of a revision that exists.
pub(crate) async fn text(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    pack: &PackId,
    revision: u64,
) -> Result<Text, StoreError> {
    let (source, canonical): (String, Vec<u8>) = sqlx::query_as(
        "select source, canonical from rule_pack_revision
         where jurisdiction = $1 and rule_pack = $2 and revision = $3",
    )
    .bind(jurisdiction.as_str())
    .bind(pack.as_str())
    .bind(bigint(revision))
    .fetch_one(connection)
    .await?;
    Ok(Text { source, canonical })
}

/// Writes where a revision stands, as `revision` says. The jurisdiction must be locked.
pub(crate) async fn put_review(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    revision: &Revision,
) -> Result<(), StoreError> {
    sqlx::query(
        "update rule_pack_review
         set state = $4, active_from = $5, approver = $6, version = $7
         where jurisdiction = $1 and rule_pack = $2 and revision = $3",
    )
    .bind(jurisdiction.as_str())
    .bind(revision.pack.as_str())
    .bind(bigint(revision.revision))
    .bind(revision.state.as_str())
    .bind(revision.active_from.map(|month| month.to_string()))
    .bind(&revision.approver)
    .bind(revision.version)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes every other revision out of its place that is in force from `active_from` or earlier on,
/// and from no later month anew.
pub(crate) async fn supersede(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    by: &Revision,
    active_from: Month,
) -> Result<Vec<PackId>, StoreError> {
    let packs: Vec<String> = sqlx::query_scalar(
        "update rule_pack_review v set state = $5, version = version + 1
         where jurisdiction = $1 and state = $6 and active_from <= $4
             and (rule_pack, revision) <> ($2, $3)
             and not exists (
                 select from rule_pack_activation a
                 where a.jurisdiction = v.jurisdiction and a.rule_pack = v.rule_pack
                     and a.revision = v.revision and a.active_from > $4
             )
         returning rule_pack",
    )
    .bind(jurisdiction.as_str())
    .bind(by.pack.as_str())
    .bind(bigint(by.revision))
    .bind(active_from.to_string())
    .bind(State::Superseded.as_str())
    .bind(State::Active.as_str())
    .fetch_all(connection)
    .await?;
    packs.iter().map(|pack| parse("rule pack ID", pack)).collect()
}
