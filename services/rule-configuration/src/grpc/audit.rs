//! The audit log: listed and checked.

use chengping_chassis::error::FieldErrors;
use chengping_proto::rules::v1 as pb;
use chengping_types::name::JurisdictionName;

use super::convert;
use super::page::Page;
use crate::app::App;
use crate::domain::audit::filter::Filter;
use crate::error::Error;

pub(super) async fn list(
    app: &App,
    request: pb::ListAuditEntriesRequest,
) -> Result<pb::ListAuditEntriesResponse, Error> {
    let mut errors = FieldErrors::default();
    let parent = errors.parse::<JurisdictionName>("parent", &request.parent);
    let filter = errors.parse_optional::<Filter>("filter", &request.filter).flatten();
    errors.into_result()?;
    let jurisdiction = parent.expect("no error means a value").jurisdiction;
    let arguments = ["ListAuditEntries", request.parent.as_str(), request.filter.as_str()];
    let page = Page::read(request.page_size, &request.page_token, &arguments)?;
    let found =
        app.list_audit_entries(&jurisdiction, page.after, filter.as_ref(), page.limit()).await?;
    let (items, next_page_token) = page.cut(found, |item| item.sequence);
    let audit_entries =
        items.into_iter().map(|item| convert::audit::entry(&jurisdiction, item)).collect();
    Ok(pb::ListAuditEntriesResponse { audit_entries, next_page_token })
}

pub(super) async fn verify(
    app: &App,
    request: pb::VerifyAuditEntriesRequest,
) -> Result<pb::VerifyAuditEntriesResponse, Error> {
    let jurisdiction = convert::jurisdiction(&request.parent)?;
    let verified = app.verify_audit_entries(&jurisdiction).await?;
    Ok(convert::audit::verified(&jurisdiction, verified))
}
