//! What is different between two states of a registry, to be told and to be written.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;

use chengping_types::calendar::{CalendarDay, WorkingHours};
use chengping_types::registry::{Area, Body, Coefficient, LongTermEntry};
use chengping_types::row::Row;
use chengping_types::{Category, FilingCondition, named_enum};
use serde::{Deserialize, Serialize};

use super::registry::{Keyed, Standing};

named_enum! {
    /// What happens to a row. The codes are those of the API.
    pub(crate) enum Change: "change of a row" {
        /// It is new.
        Added = 1 => "added",
        /// It is another one than before.
        Changed = 2 => "changed",
        /// It is gone.
        Removed = 3 => "removed",
    }
}

/// A row that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Difference {
    pub change: Change,
    /// The interchange file that such rows stand in, without ending.
    pub table: String,
    /// The values of the key columns, in their order.
    pub key: Vec<String>,
    /// The columns that differ; of a row that is new or gone, all that are not empty.
    pub fields: Vec<Field>,
}

/// A column that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Field {
    pub column: String,
    pub before: String,
    pub after: String,
}

/// Some of the rows that differ, and how many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Differences {
    pub rows: Vec<Difference>,
    pub count: usize,
    /// How many of all are gone.
    pub removed: usize,
}

/// What is different between `before` and `after`, by table and key; of these the rows whose places
/// lie in `wanted`.
pub(crate) fn differences(
    before: &Standing,
    after: &Standing,
    wanted: Range<usize>,
) -> Differences {
    let mut found = Finding { found: Differences::default(), wanted };
    found.table::<Body>(before, after);
    found.table::<Area>(before, after);
    found.table::<Coefficient>(before, after);
    found.table::<LongTermEntry>(before, after);
    found.table::<WorkingHours>(before, after);
    found.table::<CalendarDay>(before, after);
    found.table::<FilingCondition>(before, after);
    found.table::<Category>(before, after);
    found.found
}

struct Finding {
    found: Differences,
    wanted: Range<usize>,
}

impl Finding {
    fn table<T: Keyed>(&mut self, before: &Standing, after: &Standing) {
        for (before, after) in differing(T::table(before), T::table(after)) {
            if self.wanted.contains(&self.found.count) {
                self.found.rows.extend(difference(before, after));
            }
            self.found.count += 1;
            self.found.removed += usize::from(after.is_none());
        }
    }
}

/// The rows that are not the same, by key.
fn differing<'a, K: Ord, T: PartialEq>(
    before: &'a BTreeMap<K, T>,
    after: &'a BTreeMap<K, T>,
) -> impl Iterator<Item = (Option<&'a T>, Option<&'a T>)> {
    let (mut before, mut after) = (before.iter().peekable(), after.iter().peekable());
    let next = move || {
        let order = match (before.peek(), after.peek()) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((before, _)), Some((after, _))) => before.cmp(after),
        };
        let was = if order.is_gt() { None } else { before.next().map(|(_, row)| row) };
        let is = if order.is_lt() { None } else { after.next().map(|(_, row)| row) };
        Some((was, is))
    };
    std::iter::from_fn(next).filter(|(was, is)| was != is)
}

fn difference<T: Row>(before: Option<&T>, after: Option<&T>) -> Option<Difference> {
    let (change, key) = match (before, after) {
        (None, Some(after)) => (Change::Added, after.key()),
        (Some(_), Some(after)) => (Change::Changed, after.key()),
        (Some(before), None) => (Change::Removed, before.key()),
        (None, None) => return None,
    };
    let texts =
        |row: Option<&T>| row.map_or_else(|| vec![String::new(); T::COLUMNS.len()], T::texts);
    let fields = T::COLUMNS.iter().zip(texts(before)).zip(texts(after));
    let fields = fields.filter(|((_, before), after)| before != after);
    let field = |((column, before), after): ((&&str, String), String)| Field {
        column: (*column).to_owned(),
        before,
        after,
    };
    Some(Difference {
        change,
        table: T::TABLE.to_owned(),
        key,
        fields: fields.map(field).collect(),
    })
}

/// What has to be written to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rows<T> {
    /// Rows that are new or other ones.
    pub put: Vec<T>,
    /// Rows that are gone.
    pub removed: Vec<T>,
}

impl<T: Keyed> Rows<T> {
    fn between(before: &Standing, after: &Standing) -> Self {
        let mut rows = Self { put: Vec::new(), removed: Vec::new() };
        for (was, is) in differing(T::table(before), T::table(after)) {
            match (was, is) {
                (_, Some(is)) => rows.put.push(is.clone()),
                (was, None) => rows.removed.extend(was.cloned()),
            }
        }
        rows
    }
}

/// What has to be written.
#[derive(Debug)]
pub(crate) struct Changes {
    pub bodies: Rows<Body>,
    pub areas: Rows<Area>,
    pub coefficients: Rows<Coefficient>,
    pub long_term: Rows<LongTermEntry>,
    pub working_hours: Rows<WorkingHours>,
    pub calendar: Rows<CalendarDay>,
    pub conditions: Rows<FilingCondition>,
    pub categories: Rows<Category>,
}

impl Changes {
    /// What makes `after` of `before`.
    pub(crate) fn between(before: &Standing, after: &Standing) -> Self {
        Self {
            bodies: Rows::between(before, after),
            areas: Rows::between(before, after),
            coefficients: Rows::between(before, after),
            long_term: Rows::between(before, after),
            working_hours: Rows::between(before, after),
            calendar: Rows::between(before, after),
            conditions: Rows::between(before, after),
            categories: Rows::between(before, after),
        }
    }
}
