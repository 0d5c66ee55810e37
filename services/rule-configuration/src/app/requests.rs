//! Answering a repeated request with the first answer.

use chengping_types::{Digest, JurisdictionId};

use super::commit::read;
use crate::domain::pack::{Revision, Text};
use crate::domain::request::{Asked, Detail, Handled};
use crate::error::Error;
use crate::store::{Connection, StoreError, requests};

/// An answer that was given before.
pub(super) struct Repeated {
    pub revision: Revision,
    pub text: Text,
    pub detail: Detail,
}

/// The first answer to a request, if this is a repeat. The jurisdiction must be locked.
pub(super) async fn find(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    asked: &Asked,
    content: &Digest,
) -> Result<Option<Repeated>, Error> {
    let Some(request_id) = asked.request_id else { return Ok(None) };
    let Some(handled) = requests::get(connection, jurisdiction, request_id).await? else {
        return Ok(None);
    };
    if handled.content != *content || handled.method != asked.action {
        return Err(Error::RequestIdReused { request_id: request_id.to_string() });
    }
    let (revision, text) = read(connection, jurisdiction, &handled.pack, handled.revision).await?;
    let revision = handled.as_answered(revision);
    Ok(Some(Repeated { revision, text, detail: handled.detail.unwrap_or_default() }))
}

/// Remembers an answer, if its request may be repeated.
pub(super) async fn remember(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    asked: &Asked,
    content: Digest,
    (revision, detail): (&Revision, Option<Detail>),
) -> Result<(), StoreError> {
    let Some(request_id) = asked.request_id else { return Ok(()) };
    let handled = Handled::of(asked, content, revision, detail);
    requests::insert(connection, jurisdiction, request_id, &handled).await
}
