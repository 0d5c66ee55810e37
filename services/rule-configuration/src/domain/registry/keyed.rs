//! What tells the rows of each table apart.

use std::collections::BTreeMap;

use chengping_types::calendar::{CalendarDay, WorkingHours};
use chengping_types::registry::{Area, Body, Coefficient, LongTermEntry};
use chengping_types::row::Row;
use chengping_types::{Category, Date, FilingCondition};

use super::{AreaKey, BodyKey, CategoryKey, CoefficientKey, ConditionKey, LongTermKey, Standing};

/// A row of one of the tables of a registry.
pub(crate) trait Keyed: Row + Clone + PartialEq {
    /// What tells it from the others of its table.
    type Key: Ord + Clone;

    /// Its key.
    fn at(&self) -> Self::Key;

    /// The table of such rows.
    fn table(standing: &Standing) -> &BTreeMap<Self::Key, Self>;

    /// The same, to be changed.
    fn table_mut(standing: &mut Standing) -> &mut BTreeMap<Self::Key, Self>;
}

macro_rules! keyed {
    ($($row:ty, $table:ident, $key:ty: |$this:ident| $at:expr;)+) => {$(
        impl Keyed for $row {
            type Key = $key;

            fn at(&self) -> Self::Key {
                let $this = self;
                $at
            }

            fn table(standing: &Standing) -> &BTreeMap<Self::Key, Self> {
                &standing.$table
            }

            fn table_mut(standing: &mut Standing) -> &mut BTreeMap<Self::Key, Self> {
                &mut standing.$table
            }
        }
    )+};
}

keyed! {
    Body, bodies, BodyKey: |row| (row.body_id.clone(), row.valid_from);
    Area, areas, AreaKey: |row| (row.area_code.clone(), row.valid_from);
    Coefficient, coefficients, CoefficientKey:
        |row| (row.body_id.clone(), row.zone.as_str(), row.valid_from);
    LongTermEntry, long_term, LongTermKey: |row| {
        let area = row.area_code.clone().unwrap_or_default();
        (row.category_scheme.clone(), row.category_code.clone(), area, row.valid_from)
    };
    WorkingHours, working_hours, Date: |row| row.effective_date;
    CalendarDay, calendar, Date: |row| row.date;
    FilingCondition, conditions, ConditionKey: |row| {
        let (id, scheme) = (row.condition_id.clone(), row.category_scheme.clone());
        (id, scheme, row.category_code.clone(), row.valid_from)
    };
    Category, categories, CategoryKey:
        |row| (row.category_scheme.clone(), row.category_code.clone(), row.valid_from);
}
