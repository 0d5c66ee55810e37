//! Reading an archive, whoever wrote the file.

use std::collections::BTreeMap;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::str::FromStr;

use chengping_casework::archive::{Adder, Counts, FORMAT, Record, Sum};
use chengping_types::{Digest, JurisdictionId, Month};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::file::reader::{FileReader as _, SerializedFileReader};

use super::columns::{COLUMNS, Cell, schema, to_record};
use super::{
    About, ArchiveError, COUNTS_KEY, DIGEST_KEY, FORMAT_KEY, JURISDICTION_KEY, MONTH_KEY,
    ROWS_A_GROUP, TEXT_DIGEST_KEY,
};

/// What a row group may become in memory.
const GROUP_BYTES_MAX: i64 = 1 << 30;

/// Reads an archive, row group by row group.
pub struct Reader {
    file: SerializedFileReader<File>,
    about: About,
}

fn form(what: impl Into<String>) -> ArchiveError {
    ArchiveError::Form(what.into())
}

impl Reader {
    /// Opens a file, and reads what it says of itself.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or has not the form of an archive.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        let opened = File::open(path)?;
        let file = unharmed(|| Ok(SerializedFileReader::new(opened)?))?;
        let metadata = file.metadata().file_metadata();
        if metadata.schema().get_fields() != schema().get_fields() {
            return Err(form("its columns are not those of an archive"));
        }
        let values = metadata.key_value_metadata().into_iter().flatten();
        let values: BTreeMap<_, _> = values
            .map(|one| (one.key.as_str(), one.value.as_deref().unwrap_or_default()))
            .collect();
        let about = about(&values)?;
        Ok(Self { file, about })
    }

    /// What the file says of itself.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Gives all records, some at a time, and makes sure that they are what the file says.
    ///
    /// # Errors
    ///
    /// If they are not, or cannot be read, or `take` fails.
    pub fn read<E: From<ArchiveError>>(
        &self,
        mut take: impl FnMut(Vec<Record>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut adder = Adder::default();
        for index in 0..self.file.num_row_groups() {
            let records = unharmed(|| self.group(index))?;
            for record in &records {
                adder.add(record).map_err(|error| form(error.to_string()))?;
            }
            take(records)?;
        }
        let found = adder.finish();
        if found.digest != self.about.sum.digest {
            let (digest, found) = (self.about.sum.digest, found.digest);
            return Err(form(format!("its records have the digest {found}, not {digest}")).into());
        }
        if found.counts != self.about.sum.counts {
            return Err(form("it has not as many records as it says").into());
        }
        if found.text_digest != self.about.sum.text_digest {
            return Err(form("its titles and notes are not those that were written").into());
        }
        Ok(())
    }

    fn group(&self, index: usize) -> Result<Vec<Record>, ArchiveError> {
        let group = self.file.get_row_group(index)?;
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(usize::MAX);
        let bytes = group.metadata().total_byte_size();
        if rows > ROWS_A_GROUP || !(0..=GROUP_BYTES_MAX).contains(&bytes) {
            return Err(form("a row group is larger than any that was written"));
        }
        let schema = schema();
        let mut columns = Vec::with_capacity(COLUMNS);
        for (column, field) in schema.get_fields().iter().enumerate() {
            let optional = field.is_optional();
            let cells = match group.get_column_reader(column)? {
                ColumnReader::ByteArrayColumnReader(reader) => read(reader, rows, optional, text)?,
                ColumnReader::Int64ColumnReader(reader) => {
                    read(reader, rows, optional, |number| Ok(Cell::Number(number)))?
                }
                _ => return Err(form("a column has another type")),
            };
            columns.push(cells.into_iter());
        }
        let mut records = Vec::with_capacity(rows);
        for _ in 0..rows {
            let mut row = [const { Cell::Absent }; COLUMNS];
            for (cell, column) in row.iter_mut().zip(&mut columns) {
                *cell = column.next().ok_or_else(|| form("a column is too short"))?;
            }
            records.push(to_record(row)?);
        }
        Ok(records)
    }
}

/// The library takes some damage for a mistake of its own, and panics.
fn unharmed<T>(read: impl FnOnce() -> Result<T, ArchiveError>) -> Result<T, ArchiveError> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(form("it is damaged")))
}

fn text(bytes: ByteArray) -> Result<Cell, ArchiveError> {
    let text = std::str::from_utf8(bytes.data()).map_err(|_| form("a text is not UTF-8"))?;
    Ok(Cell::Text(text.to_owned()))
}

/// The cells of a column.
fn read<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
    optional: bool,
    cell: impl Fn(T::T) -> Result<Cell, ArchiveError>,
) -> Result<Vec<Cell>, ArchiveError> {
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    let mut found = 0;
    while found < rows {
        let levels = optional.then_some(&mut levels);
        let (records, _, _) = reader.read_records(rows - found, levels, None, &mut values)?;
        if records == 0 {
            return Err(form("a column is too short"));
        }
        found += records;
    }
    if !optional {
        levels.resize(rows, 1);
    }
    let mut values = values.into_iter();
    let mut cells = Vec::with_capacity(rows);
    for level in levels {
        cells.push(match level {
            0 => Cell::Absent,
            _ => cell(values.next().ok_or_else(|| form("a column lacks a value"))?)?,
        });
    }
    Ok(cells)
}

fn about(values: &BTreeMap<&str, &str>) -> Result<About, ArchiveError> {
    fn value<T: FromStr>(values: &BTreeMap<&str, &str>, key: &str) -> Result<T, ArchiveError> {
        let value = values.get(key).and_then(|value| value.parse().ok());
        value.ok_or_else(|| form(format!("it does not say {key}")))
    }
    let version: u32 = value(values, FORMAT_KEY)?;
    if version != FORMAT {
        return Err(form(format!("it has format {version}; this version reads {FORMAT}")));
    }
    let jurisdiction: JurisdictionId = value(values, JURISDICTION_KEY)?;
    let month: Month = value(values, MONTH_KEY)?;
    let digest: Digest = value(values, DIGEST_KEY)?;
    let with_texts = values.contains_key(TEXT_DIGEST_KEY);
    let text_digest = if with_texts {
        value(values, TEXT_DIGEST_KEY)?
    } else {
        Adder::default().finish().text_digest
    };
    let counts = values.get(COUNTS_KEY).copied().unwrap_or_default().split(' ');
    let counts: Vec<i64> = counts.filter_map(|number| number.parse().ok()).collect();
    let [cases, events, deadlines, titles, notes] = counts[..] else {
        return Err(form(format!("it does not say {COUNTS_KEY}")));
    };
    let counts = Counts { cases, events, deadlines, titles, notes };
    Ok(About { jurisdiction, month, with_texts, sum: Sum { digest, text_digest, counts } })
}
