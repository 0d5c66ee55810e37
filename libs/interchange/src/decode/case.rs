//! `cases`.

use chengping_casework::{Case, Source};
use chengping_types::CaseNo;

use super::Row;
use crate::code;
use crate::reject::Fault;

pub(super) fn case(row: &Row<'_>) -> Result<Case, Fault> {
    Ok(Case {
        case_no: row.parse::<CaseNo>(0, code::MISSING_CASE_NO, code::BAD_CASE_NO)?,
        source: row.parse::<Source>(1, code::MISSING_SOURCE, code::UNKNOWN_SOURCE)?,
        category_scheme: row.required(2, code::MISSING_CATEGORY)?.to_owned(),
        category_code: row.required(3, code::MISSING_CATEGORY)?.to_owned(),
        area_code: row.text(4).to_owned(),
        collector: row.body(5)?,
        title: row.optional(6),
        filing_condition: row.optional(7),
    })
}
