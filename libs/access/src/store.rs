//! The SQL of the access log.

use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

/// What is written of a reading.
pub(crate) struct NewEntry<'a> {
    /// Rises with time.
    pub(crate) id: Uuid,
    pub(crate) jurisdiction: &'a str,
    pub(crate) actor: &'a str,
    pub(crate) through: &'a str,
    pub(crate) roles: Vec<String>,
    pub(crate) action: &'a str,
    pub(crate) resource: String,
    pub(crate) request_id: String,
}

/// What was written.
#[derive(sqlx::FromRow)]
pub(crate) struct Entry {
    pub(crate) entry: Uuid,
    pub(crate) actor: String,
    pub(crate) through: String,
    pub(crate) roles: Vec<String>,
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) request_id: String,
    pub(crate) create_time: OffsetDateTime,
}

/// Which entries are asked for.
pub(crate) struct Listing<'a> {
    pub(crate) jurisdiction: &'a str,
    /// Empty for everybody.
    pub(crate) actor: &'a str,
    /// Empty for everything.
    pub(crate) resource: &'a str,
    pub(crate) before: Option<Uuid>,
    pub(crate) limit: u32,
}

pub(crate) async fn insert(pool: &PgPool, entry: &NewEntry<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO access_entry (jurisdiction, entry, actor, through, roles, action, resource,
                                   request_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(entry.jurisdiction)
    .bind(entry.id)
    .bind(entry.actor)
    .bind(entry.through)
    .bind(&entry.roles)
    .bind(entry.action)
    .bind(&entry.resource)
    .bind(&entry.request_id)
    .execute(pool)
    .await?;
    Ok(())
}

/// The entries that are asked for, newest first.
pub(crate) async fn list(pool: &PgPool, of: &Listing<'_>) -> Result<Vec<Entry>, sqlx::Error> {
    sqlx::query_as(
        "SELECT entry, actor, through, roles, action, resource, request_id, create_time
         FROM access_entry
         WHERE jurisdiction = $1 AND ($2::uuid IS NULL OR entry < $2)
           AND ($3 = '' OR actor = $3)
           AND ($4 = '' OR resource = $4 OR starts_with(resource, $4 || '/'))
         ORDER BY entry DESC LIMIT $5",
    )
    .bind(of.jurisdiction)
    .bind(of.before)
    .bind(of.actor)
    .bind(of.resource)
    .bind(i64::from(of.limit))
    .fetch_all(pool)
    .await
}
