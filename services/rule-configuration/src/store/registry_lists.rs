//! Pages of the registry as it stands.

use chengping_types::registry::{Area, Body, Coefficient};
use chengping_types::{BodyId, JurisdictionId};

use super::registry::{AreaRow, BodyRow, CoefficientRow};
use super::{Connection, StoreError};
use crate::domain::registry::RegisteredBody;

/// A body.
pub(crate) async fn body(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    body_id: &BodyId,
) -> Result<Option<RegisteredBody>, StoreError> {
    let rows: Vec<BodyRow> = sqlx::query_as(
        "select * from body where jurisdiction = $1 and body_id = $2 order by valid_from",
    )
    .bind(jurisdiction.as_str())
    .bind(body_id.as_str())
    .fetch_all(connection)
    .await?;
    let periods = rows.into_iter().map(Body::try_from).collect::<Result<_, _>>()?;
    Ok(RegisteredBody::new(periods))
}

/// At most `limit` bodies behind the kind and ID of `after`, by kind and ID.
pub(crate) async fn bodies(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    after: Option<&(String, String)>,
    limit: u32,
) -> Result<Vec<RegisteredBody>, StoreError> {
    let (kind, body_id) = after.cloned().unwrap_or_default();
    let rows: Vec<BodyRow> = sqlx::query_as(
        "select body.* from body
         join (select distinct kind, body_id from body
               where jurisdiction = $1 and (kind, body_id) > ($2, $3)
               order by kind, body_id limit $4) as page using (kind, body_id)
         where jurisdiction = $1
         order by kind, body_id, valid_from",
    )
    .bind(jurisdiction.as_str())
    .bind(kind)
    .bind(body_id)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    let periods: Vec<_> = rows.into_iter().map(Body::try_from).collect::<Result<_, _>>()?;
    let of_body = periods.chunk_by(|one, next| one.body_id == next.body_id);
    Ok(of_body.filter_map(|periods| RegisteredBody::new(periods.to_vec())).collect())
}

/// At most `limit` areas behind the code and first month of `after`, by code and first month.
pub(crate) async fn areas(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    after: Option<&(String, String)>,
    limit: u32,
) -> Result<Vec<Area>, StoreError> {
    let (area_code, valid_from) = after.cloned().unwrap_or_default();
    let rows: Vec<AreaRow> = sqlx::query_as(
        "select * from area where jurisdiction = $1 and (area_code, valid_from) > ($2, $3)
         order by area_code, valid_from limit $4",
    )
    .bind(jurisdiction.as_str())
    .bind(area_code)
    .bind(valid_from)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Area::try_from).collect()
}

/// At most `limit` coefficients behind the body, zone and first month of `after`.
pub(crate) async fn coefficients(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    after: Option<&(String, String, String)>,
    limit: u32,
) -> Result<Vec<Coefficient>, StoreError> {
    let (body_id, zone, valid_from) = after.cloned().unwrap_or_default();
    let rows: Vec<CoefficientRow> = sqlx::query_as(
        "select * from coefficient
         where jurisdiction = $1 and (body_id, zone, valid_from) > ($2, $3, $4)
         order by body_id, zone, valid_from limit $5",
    )
    .bind(jurisdiction.as_str())
    .bind(body_id)
    .bind(zone)
    .bind(valid_from)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Coefficient::try_from).collect()
}
