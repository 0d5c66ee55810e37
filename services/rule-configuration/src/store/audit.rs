//! The audit log.

use chengping_types::{Instant, JurisdictionId};
use sqlx::{Postgres, QueryBuilder};
use time::OffsetDateTime;

use super::{Connection, StoreError, bigint, instant, offset_date_time, unsigned};
use crate::domain::audit::filter::{Filter, TextField, TextOperator, TimeOperator};
use crate::domain::audit::{Entry, Found};

#[derive(sqlx::FromRow)]
struct Row {
    jurisdiction: String,
    sequence: i64,
    actor: String,
    action: String,
    resource: String,
    reason: String,
    digest_before: String,
    digest_after: String,
    previous_digest: String,
    create_time: OffsetDateTime,
}

impl TryFrom<Row> for Entry {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            jurisdiction: row.jurisdiction,
            sequence: unsigned("audit sequence", row.sequence)?,
            actor: row.actor,
            action: row.action,
            resource: row.resource,
            reason: row.reason,
            digest_before: row.digest_before,
            digest_after: row.digest_after,
            previous_digest: row.previous_digest,
            create_time: instant(row.create_time),
        })
    }
}

/// The time of the transaction, to the microsecond.
pub(crate) async fn now(connection: &mut Connection) -> Result<Instant, StoreError> {
    let now: OffsetDateTime = sqlx::query_scalar("select now()").fetch_one(connection).await?;
    Ok(instant(now))
}

/// Appends the entry and moves the end of the chain to it. The jurisdiction must be locked.
pub(crate) async fn append(connection: &mut Connection, entry: &Entry) -> Result<(), StoreError> {
    let digest = entry.digest().to_string();
    sqlx::query(
        "insert into audit_entry (jurisdiction, sequence, actor, action, resource, reason,
             digest_before, digest_after, previous_digest, digest, create_time)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(&entry.jurisdiction)
    .bind(bigint(entry.sequence))
    .bind(&entry.actor)
    .bind(&entry.action)
    .bind(&entry.resource)
    .bind(&entry.reason)
    .bind(&entry.digest_before)
    .bind(&entry.digest_after)
    .bind(&entry.previous_digest)
    .bind(&digest)
    .bind(offset_date_time(entry.create_time))
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "update jurisdiction_head set audit_sequence = $2, audit_digest = $3
         where jurisdiction = $1",
    )
    .bind(&entry.jurisdiction)
    .bind(bigint(entry.sequence))
    .bind(&digest)
    .execute(connection)
    .await?;
    Ok(())
}

/// At most `limit` entries before `before` that `filter` means, newest first.
pub(crate) async fn list(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    before: Option<u64>,
    filter: Option<&Filter>,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    let mut query = QueryBuilder::new(
        "select jurisdiction, sequence, actor, action, resource, reason, digest_before,
             digest_after, previous_digest, create_time
         from audit_entry where jurisdiction = ",
    );
    query.push_bind(jurisdiction.as_str());
    query.push(" and sequence < ").push_bind(before.map_or(i64::MAX, bigint));
    if let Some(filter) = filter {
        query.push(" and ");
        push(&mut query, filter);
    }
    query.push(" order by sequence desc limit ").push_bind(i64::from(limit));
    let rows: Vec<Row> = query.build_query_as().fetch_all(connection).await?;
    rows.into_iter().map(Entry::try_from).collect()
}

/// Adds a filter to a query: its values as parameters, all else out of what stands here.
fn push(query: &mut QueryBuilder<Postgres>, filter: &Filter) {
    match filter {
        Filter::And(parts) => push_joined(query, parts, " and "),
        Filter::Or(parts) => push_joined(query, parts, " or "),
        Filter::Not(inner) => {
            query.push("not ");
            push(query, inner);
        }
        Filter::Text(field, TextOperator::Has, value) => {
            query.push("(position(").push_bind(value.clone());
            query.push(" in ").push(column(*field)).push(") > 0)");
        }
        Filter::Text(field, operator, value) => {
            let operator = if *operator == TextOperator::Equal { " = " } else { " <> " };
            query.push("(").push(column(*field)).push(operator);
            query.push_bind(value.clone()).push(")");
        }
        Filter::Time(operator, time) => {
            let operator = match operator {
                TimeOperator::Equal => " = ",
                TimeOperator::NotEqual => " <> ",
                TimeOperator::Before => " < ",
                TimeOperator::UpTo => " <= ",
                TimeOperator::After => " > ",
                TimeOperator::From => " >= ",
            };
            query.push("(create_time").push(operator);
            query.push_bind(offset_date_time(*time)).push(")");
        }
    }
}

fn push_joined(query: &mut QueryBuilder<Postgres>, parts: &[Filter], between: &str) {
    query.push("(");
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            query.push(between);
        }
        push(query, part);
    }
    query.push(")");
}

const fn column(field: TextField) -> &'static str {
    match field {
        TextField::Actor => "actor",
        TextField::Action => "action",
        TextField::Resource => "resource",
        TextField::Reason => "reason",
        TextField::DigestBefore => "digest_before",
        TextField::DigestAfter => "digest_after",
    }
}

#[derive(sqlx::FromRow)]
struct FoundRow {
    #[sqlx(flatten)]
    row: Row,
    digest: String,
}

/// At most `limit` entries behind `after` with their stored digests, oldest first.
pub(crate) async fn list_after(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    after: u64,
    limit: u32,
) -> Result<Vec<Found>, StoreError> {
    let rows: Vec<FoundRow> = sqlx::query_as(
        "select jurisdiction, sequence, actor, action, resource, reason, digest_before,
             digest_after, previous_digest, digest, create_time
         from audit_entry where jurisdiction = $1 and sequence > $2
         order by sequence limit $3",
    )
    .bind(jurisdiction.as_str())
    .bind(bigint(after))
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    let found =
        |FoundRow { row, digest }| Ok(Found { entry: row.try_into()?, stored_digest: digest });
    rows.into_iter().map(found).collect()
}
