//! The documents of evaluations, which never change.

use chengping_types::{Digest, JurisdictionId, RecordId};

use super::{Connection, StoreError, parse};
use crate::domain::documents::Documents;

/// Keeps the documents of an evaluation; those that are kept already stay.
pub(crate) async fn put(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    evaluation: &RecordId,
    documents: &Documents,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into evaluation_document
             (jurisdiction, evaluation, results, results_digest, input, registry_revision)
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
    )
    .bind(jurisdiction.as_str())
    .bind(evaluation.as_str())
    .bind(&documents.results)
    .bind(documents.results_digest.to_string())
    .bind(&documents.input)
    .bind(&documents.registry_revision)
    .execute(connection)
    .await?;
    Ok(())
}

/// The documents of an evaluation of which a version was made.
pub(crate) async fn get(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    evaluation: &RecordId,
) -> Result<Documents, StoreError> {
    let row: (Vec<u8>, String, Vec<u8>, String) = sqlx::query_as(
        "select results, results_digest, input, registry_revision from evaluation_document
         where jurisdiction = $1 and evaluation = $2",
    )
    .bind(jurisdiction.as_str())
    .bind(evaluation.as_str())
    .fetch_one(connection)
    .await?;
    let (results, digest, input, registry_revision) = row;
    Ok(Documents { results, results_digest: parse("digest", &digest)?, input, registry_revision })
}

/// The input of an evaluation of which a version was made.
pub(crate) async fn input(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    evaluation: &RecordId,
) -> Result<Vec<u8>, StoreError> {
    let input = sqlx::query_scalar(
        "select input from evaluation_document where jurisdiction = $1 and evaluation = $2",
    );
    let input = input.bind(jurisdiction.as_str()).bind(evaluation.as_str());
    Ok(input.fetch_one(connection).await?)
}

/// The digest of the results of an evaluation whose documents are kept.
pub(crate) async fn digest(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    evaluation: &RecordId,
) -> Result<Digest, StoreError> {
    let digest: String = sqlx::query_scalar(
        "select results_digest from evaluation_document
         where jurisdiction = $1 and evaluation = $2",
    )
    .bind(jurisdiction.as_str())
    .bind(evaluation.as_str())
    .fetch_one(connection)
    .await?;
    parse("digest", &digest)
}
