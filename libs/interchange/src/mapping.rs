//! Any other table through a mapping file: a case and its events from each row.
//!
//! A mapping file (YAML) says which column becomes which field. See `deploy/mappings` for one that
//! is in use, and `docs` of the keys at [`Mapping`].

mod apply;
mod document;
mod mistakes;
mod model;
mod slug;
mod time;

pub use apply::{Mapped, MappedReader};
pub use mistakes::{Mistake, Mistakes};
pub use slug::slug;

use std::path::Path;

use chengping_types::Month;

use crate::reader::{Table, duplicates, open_table, table};
use crate::{Encoding, FileError};

/// A mapping file that was read and found right.
///
/// ```yaml
/// mapping: boston-311            # its name, for messages
/// encoding: utf-8                # or gb18030 (gbk is a part of it); of CSV and NDJSON
/// sheet: {name: 案件, header_row: 2}  # optional: of a workbook (XLSX); the first sheet, row 1
/// records: service_requests.request  # optional: keys to the array of a JSON document
/// time:
///   serial: "1900"               # optional: numbers are days of a spreadsheet; or 1904
///   format: "%Y-%m-%d %H:%M:%S"  # strptime; or rfc3339, which takes no zone
///   zone: America/New_York
///   gap: shift_forward           # local times that never were: reject, shift_forward
///   overlap: earlier             # local times that came twice: reject, earlier, later
/// rows:                          # optional; a row is taken when all of these hold
///   - {column: status, not: Draft}
/// case:                          # case_no, source, category_scheme, category_code, area_code;
///   case_no: {column: id}        # optional: collector, title, filing_condition
///   source: {column: origin, map: {Phone: hotline_12319}, default: other_public}
///   category_code: {concat: [{column: group}, {column: type}], separator: /}
///   category_scheme: {constant: boston-311}
///   area_code: {column: district, slug: true}
/// events:                        # event_no is the place in this list, from 1
///   - kind: dispatched
///     at: {column: opened}
///     unit: {column: department, slug: true}
///     due_at: {column: target}
///     no_deadline: allowed       # a dispatch without a deadline, else missing_due_at
///     when: [{column: opened, present: true}]
/// ```
///
/// In JSON a column is a key, or a path such as `address.street` or `photos[0].url`.
///
/// A value is `column`, `constant` or `concat`. `column` may have `map` (a value that it lacks is
/// the `default`, else the row is refused), `default` (without `map`: for an empty value) and
/// `slug` (as last step). A condition has `column` and one of `equals`, `not`, `in`, `present`, or
/// `from`/`until` (local times, half-open).
#[derive(Debug, Clone)]
pub struct Mapping {
    model: model::Model,
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    ///
    /// Every mistake, each with its path.
    pub fn parse(yaml: &str) -> Result<Self, Mistakes> {
        document::read(yaml).map(|model| Self { model })
    }

    /// The name of the mapping.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.model.name
    }

    /// The mapping for tables in another encoding than it says.
    #[must_use]
    pub fn with_encoding(mut self, encoding: Encoding) -> Self {
        self.model.encoding = encoding;
        self
    }

    /// Opens a table to be mapped; with a month, only rows reported in it (local time of the
    /// mapping) are taken.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened, or lacks columns that the mapping names.
    pub fn open(&self, path: &Path, month: Option<Month>) -> Result<MappedReader, FileError> {
        let (table, progress) = open_table(path, self.model.encoding, Some(&self.model.within))?;
        let table = self.fit(table)?;
        Ok(MappedReader::new(self.model.clone(), table, progress, month))
    }

    /// Reads the payload of a reject again, as it is or corrected.
    ///
    /// # Errors
    ///
    /// When the payload has not the columns that the mapping names.
    pub fn replay(&self, file: &str, payload: Vec<u8>) -> Result<MappedReader, FileError> {
        let json = payload.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        let format = if json { crate::Format::Ndjson } else { crate::Format::Csv };
        let source = Box::new(std::io::Cursor::new(payload));
        let table = self.fit(table(source, file, format, Encoding::Utf8)?)?;
        Ok(MappedReader::new(self.model.clone(), table, crate::Progress::default(), None))
    }

    /// Refuses a table that lacks a column, naming every place that wants it.
    fn fit(&self, mut table: Table) -> Result<Table, FileError> {
        let file = table.file.clone();
        if table.format() == crate::Format::Ndjson {
            table.ask_by_path(self.model.columns().into_iter());
            return Ok(table);
        }
        let problems = duplicates(table.names());
        if !problems.is_empty() {
            return Err(table.columns_error(problems));
        }
        let unknown =
            self.model.places.iter().filter(|(_, column)| !table.names().contains(column));
        let mistakes = unknown.map(|(path, column)| Mistake {
            path: path.clone(),
            message: format!("the file has no column {column:?}"),
        });
        match Mistakes::collect(mistakes.collect()) {
            Some(mistakes) => Err(FileError::Mapping { file, mistakes }),
            None => Ok(table),
        }
    }
}
