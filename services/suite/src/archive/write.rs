//! Writing an archive.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use chengping_casework::archive::{Adder, Record};
use chengping_types::{JurisdictionId, Month};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;

use super::columns::{COLUMNS, Cell, schema, to_row};
use super::{About, ArchiveError, ROWS_A_GROUP};

/// A column of the rows that are not written yet.
#[derive(Default)]
struct Column {
    texts: Vec<ByteArray>,
    numbers: Vec<i64>,
    /// 1 where something stands, 0 where nothing does.
    levels: Vec<i16>,
}

impl Column {
    fn push(&mut self, cell: Cell) {
        self.levels.push((cell != Cell::Absent).into());
        match cell {
            Cell::Absent => {}
            Cell::Text(text) => self.texts.push(text.into_bytes().into()),
            Cell::Number(number) => self.numbers.push(number),
        }
    }
}

/// Writes records in their order.
pub struct Writer {
    file: SerializedFileWriter<File>,
    columns: [Column; COLUMNS],
    adder: Adder,
}

impl Writer {
    /// Begins a file that is not there yet.
    ///
    /// # Errors
    ///
    /// If it is there, or cannot be made.
    pub fn create(path: &Path) -> Result<Self, ArchiveError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            // The digest says more than they would.
            .set_statistics_enabled(EnabledStatistics::None)
            .set_offset_index_disabled(true)
            .set_created_by("chengping archive".to_owned())
            .build();
        let file = File::create_new(path)?;
        let file = SerializedFileWriter::new(file, schema(), Arc::new(properties))?;
        let columns = std::array::from_fn(|_| Column::default());
        Ok(Self { file, columns, adder: Adder::default() })
    }

    /// Writes the next record.
    ///
    /// # Errors
    ///
    /// If it stands out of order, or the file cannot be written.
    pub fn write(&mut self, record: Record) -> Result<(), ArchiveError> {
        self.adder.add(&record).map_err(|error| ArchiveError::Form(error.to_string()))?;
        for (column, cell) in self.columns.iter_mut().zip(to_row(record)) {
            column.push(cell);
        }
        if self.columns[0].levels.len() >= ROWS_A_GROUP { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ArchiveError> {
        let schema = schema();
        let mut group = self.file.next_row_group()?;
        for (column, field) in self.columns.iter_mut().zip(schema.get_fields()) {
            let Column { texts, numbers, levels } = std::mem::take(column);
            let levels = field.is_optional().then_some(levels.as_slice());
            let mut writer = group.next_column()?.expect("a writer for each column");
            if field.get_physical_type() == parquet::basic::Type::INT64 {
                writer.typed::<Int64Type>().write_batch(&numbers, levels, None)?;
            } else {
                writer.typed::<ByteArrayType>().write_batch(&texts, levels, None)?;
            }
            writer.close()?;
        }
        group.close()?;
        Ok(())
    }

    /// Ends the file, and makes sure that it lasts.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn finish(
        mut self,
        jurisdiction: JurisdictionId,
        month: Month,
        with_texts: bool,
    ) -> Result<About, ArchiveError> {
        if !self.columns[0].levels.is_empty() {
            self.flush()?;
        }
        let about = About { jurisdiction, month, with_texts, sum: self.adder.finish() };
        for (key, value) in about.metadata() {
            self.file.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
        }
        self.file.into_inner()?.sync_all()?;
        Ok(about)
    }
}
