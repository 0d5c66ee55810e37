//! What a category stands under, and on what conditions its cases are filed.

use std::collections::BTreeMap;

use chengping_types::{Category, FilingCondition, Month};

use super::registry::Standing;

/// A category with what follows from other rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub category: Category,
    /// The names from the widest category above it to its own.
    pub path: Vec<String>,
    /// The conditions that hold now, by ID.
    pub conditions: Vec<FilingCondition>,
}

impl Standing {
    /// At most `limit` categories behind `after`, by scheme, code and first month.
    pub(crate) fn list_categories(
        &self,
        after: Option<&(String, String, Month)>,
        limit: usize,
        now: Month,
    ) -> Vec<Listed> {
        let rows = self.categories.iter().filter(|(key, _)| after.is_none_or(|after| *key > after));
        let listed = |(_, category): (_, &Category)| Listed {
            path: self.path_of(category, now),
            conditions: self.conditions_of(category, now),
            category: category.clone(),
        };
        rows.take(limit).map(listed).collect()
    }

    /// As its rows stand now; of a category that is over, or yet to come, as they stand in its month
    /// nearest to now.
    fn path_of(&self, category: &Category, now: Month) -> Vec<String> {
        let month = now
            .clamp(category.valid_from, category.valid_to.unwrap_or(now.max(category.valid_from)));
        let code = &category.category_code;
        let beginnings = code.char_indices().map(|(index, char)| &code[..index + char.len_utf8()]);
        let of_code = |code: &str| {
            let at = |month| (category.category_scheme.clone(), code.to_owned(), month);
            let begun = self.categories.range(at(Month::MIN)..=at(month)).next_back();
            begun.map(|(_, row)| row).filter(|row| row.is_valid_in(month))
        };
        beginnings.filter_map(of_code).map(|row| row.name.clone()).collect()
    }

    /// Of each condition the row for the category that began last, of the widest and the narrowest
    /// codes the narrowest.
    fn conditions_of(&self, category: &Category, now: Month) -> Vec<FilingCondition> {
        let (scheme, code) = (&category.category_scheme, &category.category_code);
        let mut found: BTreeMap<&str, &FilingCondition> = BTreeMap::new();
        for row in self.conditions.values() {
            if row.covers(scheme, code) && row.is_valid_in(now) {
                let rank = |row: &FilingCondition| (row.valid_from, row.category_code.len());
                let best = found.entry(&row.condition_id).or_insert(row);
                if rank(best) < rank(row) {
                    *best = row;
                }
            }
        }
        found.into_values().cloned().collect()
    }
}
