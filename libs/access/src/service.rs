//! Speaks gRPC for the access log of any service.

use chengping_chassis::error::FieldErrors;
use chengping_chassis::page_token::{self, PageError};
use chengping_proto::access::v1 as pb;
use chengping_types::name::JurisdictionName;
use prost_types::Timestamp;

use crate::error::Error;
use crate::log::AccessLog;
use crate::store::{self, Entry, Listing};

const SIZE_DEFAULT: u32 = 100;
const SIZE_MAX: u32 = 1_000;

/// Answers `ListAccessEntries`.
///
/// # Errors
///
/// If the request is malformed or the log cannot be read.
pub async fn list(
    log: &AccessLog,
    request: pb::ListAccessEntriesRequest,
) -> Result<pb::ListAccessEntriesResponse, Error> {
    let mut errors = FieldErrors::default();
    let parent: Option<JurisdictionName> = errors.parse("parent", &request.parent);
    let Some(JurisdictionName { jurisdiction }) = parent else { return Err(errors.into()) };
    let arguments = ["accessEntries", &request.parent, &request.actor, &request.resource];
    let size = page_token::page_size(request.page_size, SIZE_DEFAULT, SIZE_MAX)?;
    let before = page_token::open(&request.page_token, &arguments)?;
    let before = before.map(|before| before.parse().map_err(|_| PageError::TokenInvalid));
    let listing = Listing {
        jurisdiction: jurisdiction.as_str(),
        actor: &request.actor,
        resource: request.resource.trim_end_matches('/'),
        before: before.transpose()?,
        limit: size + 1,
    };
    let mut found = store::list(&log.pool, &listing).await?;
    let size = usize::try_from(size).expect("a page fits");
    let mut next_page_token = String::new();
    if found.len() > size {
        found.truncate(size);
        let last = found.last().map(|last| last.entry.to_string()).unwrap_or_default();
        next_page_token = page_token::issue(&last, &arguments);
    }
    let shown = |entry| shown(jurisdiction.as_str(), entry);
    let access_entries = found.into_iter().map(shown).collect();
    Ok(pb::ListAccessEntriesResponse { access_entries, next_page_token })
}

fn shown(jurisdiction: &str, found: Entry) -> pb::AccessEntry {
    let Entry { entry, actor, through, roles, action, resource, request_id, create_time } = found;
    pb::AccessEntry {
        name: format!("jurisdictions/{jurisdiction}/accessEntries/{entry}"),
        actor,
        through,
        roles,
        action,
        resource,
        request_id,
        create_time: Some(Timestamp {
            seconds: create_time.unix_timestamp(),
            nanos: i32::try_from(create_time.nanosecond()).expect("below one second"),
        }),
    }
}
