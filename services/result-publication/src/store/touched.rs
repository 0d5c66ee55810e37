//! Which published versions of later months a published correction touches.

use chengping_types::name::BulletinVersionName;
use chengping_types::{JurisdictionId, Month};

use super::{Connection, StoreError, integer, parse};
use crate::domain::Version;

/// The versions that texts of the form `month/version` name.
pub(super) fn names(
    jurisdiction: &JurisdictionId,
    texts: &[String],
) -> Result<Vec<BulletinVersionName>, StoreError> {
    let name = |text: &String| {
        let (month, version) = text.split_once('/').unwrap_or_default();
        let version: u64 = parse("version", version)?;
        let jurisdiction = jurisdiction.clone();
        Ok(BulletinVersionName { jurisdiction, month: parse("month", month)?, version })
    };
    texts.iter().map(name).collect()
}

/// A version of a later month that a correction touches, and of which bodies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Touched {
    pub(crate) month: Month,
    pub(crate) version: u32,
    pub(crate) bodies: Vec<String>,
}

/// Keeps what a version, just published, touches.
pub(crate) async fn put(
    connection: &mut Connection,
    version: &Version,
    touched: &[Touched],
) -> Result<(), StoreError> {
    for touched in touched {
        sqlx::query(
            "insert into touched_version
                 (jurisdiction, month, version, touched_month, touched_version, body_ids)
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(version.jurisdiction.as_str())
        .bind(version.month.to_string())
        .bind(integer(version.number))
        .bind(touched.month.to_string())
        .bind(integer(touched.version))
        .bind(&touched.bodies)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
