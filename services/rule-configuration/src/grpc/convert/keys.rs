//! The keys of rows that are to be taken out.

use chengping_chassis::error::FieldErrors;
use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::registry_row::Content;
use chengping_types::Zone;

use crate::domain::change::RowKey;

/// The key of a row whose other columns may be empty; `at` is its place in the request.
pub(super) fn row_key(errors: &mut FieldErrors, at: &str, row: pb::RegistryRow) -> Option<RowKey> {
    let Some(content) = row.content else {
        errors.push(at, "must have a content");
        return None;
    };
    match content {
        Content::Body(row) => {
            let body = errors.parse(format!("{at}.body.body_id"), &row.body_id);
            let from = errors.parse(format!("{at}.body.valid_from"), &row.valid_from);
            Some(RowKey::Body((body?, from?)))
        }
        Content::Area(row) => {
            let from = errors.parse(format!("{at}.area.valid_from"), &row.valid_from);
            Some(RowKey::Area((row.area_code, from?)))
        }
        Content::Coefficient(row) => {
            let body = errors.parse(format!("{at}.coefficient.body_id"), &row.body_id);
            let zone = u8::try_from(row.zone).ok().and_then(Zone::from_code);
            if zone.is_none() {
                errors.push(format!("{at}.coefficient.zone"), "must be a zone");
            }
            let from = errors.parse(format!("{at}.coefficient.valid_from"), &row.valid_from);
            Some(RowKey::Coefficient((body?, zone?.as_str(), from?)))
        }
        Content::LongTerm(row) => {
            let from = errors.parse(format!("{at}.long_term.valid_from"), &row.valid_from);
            let key = (row.category_scheme, row.category_code, row.area_code, from?);
            Some(RowKey::LongTerm(key))
        }
        Content::WorkingHours(row) => {
            let field = format!("{at}.working_hours.effective_date");
            errors.parse(field, &row.effective_date).map(RowKey::WorkingHours)
        }
        Content::CalendarDay(row) => {
            errors.parse(format!("{at}.calendar_day.date"), &row.date).map(RowKey::CalendarDay)
        }
        Content::FilingLimit(row) => {
            let from = errors.parse(format!("{at}.filing_limit.valid_from"), &row.valid_from);
            let key = (row.condition_id, row.category_scheme, row.category_code, from?);
            Some(RowKey::FilingCondition(key))
        }
        Content::Category(row) => {
            let from = errors.parse(format!("{at}.category.valid_from"), &row.valid_from);
            Some(RowKey::Category((row.scheme, row.code, from?)))
        }
    }
}
