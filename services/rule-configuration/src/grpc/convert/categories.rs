//! Categories as messages.

use chengping_proto::rules::v1 as pb;
use chengping_types::name::CategoryName;
use chengping_types::{FilingCondition, JurisdictionId};

use super::registry::optional;
use crate::domain::categories::Listed;

pub(in crate::grpc) fn category(jurisdiction: &JurisdictionId, listed: Listed) -> pb::Category {
    let Listed { category, path, conditions } = listed;
    let id = format!("{}:{}", category.category_scheme, category.category_code);
    let name = CategoryName { jurisdiction: jurisdiction.clone(), category: id };
    pb::Category {
        name: name.to_string(),
        scheme: category.category_scheme,
        code: category.category_code,
        display_name: category.name,
        conditions: conditions.into_iter().map(condition).collect(),
        path,
        local_extension: category.local_extension,
        valid_from: category.valid_from.to_string(),
        valid_to: optional(category.valid_to.as_ref()),
    }
}

/// Its wording, or its ID where it has none.
fn condition(row: FilingCondition) -> pb::FilingCondition {
    let exact_limit = row.limit.value.to_string();
    pb::FilingCondition {
        condition: if row.name.is_empty() { row.condition_id } else { row.name },
        closing_condition: String::new(),
        limit: exact_limit.parse().unwrap_or_default(),
        unit: row.limit.unit.to_string(),
        exact_limit,
    }
}
