//! How far each log is, and which key goes on with it: by what a copy of the database is compared
//! with it.

use super::Connection;

/// Where the log of a jurisdiction stands.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct LogStanding {
    /// The jurisdiction.
    pub jurisdiction: String,
    /// The number of entries.
    pub size: i64,
    /// The newest checkpoint, as the note that was signed.
    pub checkpoint: Option<String>,
    /// Which key signs: 0 until it was rotated.
    pub generation: i64,
    /// That key, as readers write it down; of a log that was never signed there is none.
    pub verifier_key: Option<String>,
}

/// All logs in the order of their jurisdictions, also of a database that a former release made, in
/// which keys were never rotated.
///
/// # Errors
///
/// When the database does not answer.
pub async fn standings(connection: &mut Connection) -> sqlx::Result<Vec<LogStanding>> {
    let rotates: bool = sqlx::query_scalar("select to_regclass('log_key') is not null")
        .fetch_one(&mut *connection)
        .await?;
    let logs = "select log_head.jurisdiction, size, signed.note as checkpoint,
             coalesce(newest.generation, 0) as generation,
             coalesce(newest.verifier_key, signed.verifier_key) as verifier_key
         from log_head
         left join lateral (
             select note, verifier_key from checkpoint
             where checkpoint.jurisdiction = log_head.jurisdiction order by tree_size desc limit 1
         ) as signed on true
         left join lateral (";
    let keys = if rotates {
        "select generation, verifier_key from log_key
         where log_key.jurisdiction = log_head.jurisdiction order by generation desc limit 1"
    } else {
        "select null::bigint as generation, null::text as verifier_key"
    };
    let query = format!("{logs}{keys}) as newest on true order by log_head.jurisdiction");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).fetch_all(connection).await
}
