//! The published months of years.

use chengping_types::name::BulletinVersionName;
use chengping_types::{JurisdictionId, Month};

use super::{Connection, StoreError, parse, unsigned};
use crate::domain::year::PublishedMonth;

/// The years of which a version stands, newest first, at most `limit` before `before`.
pub(crate) async fn list(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    before: Option<u16>,
    limit: u32,
) -> Result<Vec<u16>, StoreError> {
    let years: Vec<String> = sqlx::query_scalar(
        "select distinct left(month, 4) as year from bulletin_version
         where jurisdiction = $1 and state = 'published'
             and ($2::text is null or left(month, 4) < $2)
         order by year desc limit $3",
    )
    .bind(jurisdiction.as_str())
    .bind(before.map(|before| format!("{before:04}")))
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    years.iter().map(|year| parse("year", year)).collect()
}

/// The versions that stand for the months of a year, in their order.
pub(crate) async fn months(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    year: u16,
) -> Result<Vec<PublishedMonth>, StoreError> {
    let rows: Vec<(String, i32, String, String)> = sqlx::query_as(
        "select month, version, e.document_digest, d.results_digest
         from bulletin_version v
             join log_entry e using (jurisdiction, month, version)
             join evaluation_document d using (jurisdiction, evaluation)
         where v.jurisdiction = $1 and v.state = 'published' and e.kind = 'published'
             and left(month, 4) = $2
         order by month",
    )
    .bind(jurisdiction.as_str())
    .bind(format!("{year:04}"))
    .fetch_all(connection)
    .await?;
    let published = |(month, version, digest, results): (String, i32, String, String)| {
        let month: Month = parse("month", &month)?;
        let version: u32 = unsigned("version", version)?;
        let jurisdiction = jurisdiction.clone();
        Ok(PublishedMonth {
            name: BulletinVersionName { jurisdiction, month, version: version.into() },
            digest: parse("digest", &digest)?,
            results_digest: parse("digest", &results)?,
        })
    };
    rows.into_iter().map(published).collect()
}
