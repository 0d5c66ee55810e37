//! How far each jurisdiction is: by what a copy of the database is compared with it.

use sqlx::PgConnection;

/// What was taken in of a jurisdiction.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct IntakeStanding {
    /// The jurisdiction.
    pub jurisdiction: String,
    /// The number of records, cases and events together.
    pub watermark: i64,
    /// The number of cases.
    pub cases: i64,
}

/// All jurisdictions, in order. Every release of the schema has what this reads.
///
/// # Errors
///
/// When the database does not answer.
pub async fn standings(connection: &mut PgConnection) -> sqlx::Result<Vec<IntakeStanding>> {
    sqlx::query_as(
        "SELECT jurisdiction, watermark,
             (SELECT count(*) FROM case_record
              WHERE case_record.jurisdiction = jurisdiction.jurisdiction) AS cases
         FROM jurisdiction ORDER BY jurisdiction",
    )
    .fetch_all(connection)
    .await
}
