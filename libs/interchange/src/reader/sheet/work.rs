//! The thread that reads a workbook.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader};
use std::sync::mpsc::SyncSender;

use calamine::{DataRef, Reader as _, Xlsx, XlsxError};

use super::cell::{self, Dates};
use super::{Message, SheetOptions, invalid, send};
use crate::reader::csv::{RawRecord, Shape};
use crate::serial::Epoch;
use crate::source::Counted;

/// Rows of a batch.
const ROWS_MAX: usize = 500;
/// Bytes of a batch, unless a single row has more.
const BYTES_MAX: usize = 1 << 20;
/// Columns that a table may have.
const COLUMNS_MAX: usize = 1000;
/// Merged regions that one row can touch: as many as a sheet has columns.
const REGIONS_MAX: usize = 16_384;

/// A merged region, and the text that it shows.
struct Merged {
    first: (u32, u32),
    last: (u32, u32),
    text: Option<(String, bool)>,
}

/// Reads a sheet to its end, or until nobody takes its rows.
pub(super) fn read(
    file: Counted<File>,
    options: &SheetOptions,
    dates: &Dates,
    sender: &SyncSender<Message>,
) -> io::Result<()> {
    let restart = file.restart();
    let mut workbook = Xlsx::new(BufReader::new(file)).map_err(told)?;
    let names = workbook.sheet_names();
    let name = match &options.name {
        None => names.first().cloned().ok_or_else(|| invalid("the workbook has no sheet"))?,
        Some(name) if names.contains(name) => name.clone(),
        Some(name) => {
            let names = names.join(", ");
            return Err(invalid(format!("the workbook has no sheet {name:?}; it has {names}")));
        }
    };
    if sender.send(Message::Name(name.clone())).is_err() {
        return Ok(());
    }
    let mut merged: Vec<Merged> = workbook
        .merge_cells_by_sheet_name(&name)
        .map_err(told)?
        .into_iter()
        .map(|region| Merged { first: region.start, last: region.end, text: None })
        .collect();
    merged.sort_by_key(|region| std::cmp::Reverse(region.first));
    restart();
    let epoch = if workbook.has_1904_epoch() { Epoch::Of1904 } else { Epoch::Of1900 };
    let mut cells = workbook.worksheet_cells_reader(&name).map_err(told)?;
    let header = options.header_row.max(1) - 1;
    let mut rows = Rows {
        header,
        columns: BTreeMap::new(),
        below: merged,
        open: Vec::new(),
        batch: Vec::new(),
    };
    let mut row: Option<(u32, Fields)> = None;
    let mut bytes = 0;
    while let Some(cell) = cells.next_cell().map_err(told)? {
        let (at, column) = cell.get_position();
        let value = cell.get_value();
        if at < header || *value == DataRef::Empty {
            continue;
        }
        if row.as_ref().is_some_and(|(number, _)| at < *number) {
            return Err(invalid("the rows of the sheet are not in order"));
        }
        if row.as_ref().is_some_and(|(number, _)| at > *number)
            && let Some((number, fields)) = row.take()
        {
            bytes += rows.end(number, fields)?;
            if rows.batch.len() >= ROWS_MAX || bytes > BYTES_MAX {
                bytes = 0;
                if !send(sender, std::mem::take(&mut rows.batch)) {
                    return Ok(());
                }
            }
        }
        let (_, fields) = row.get_or_insert_with(|| (at, BTreeMap::new()));
        if at == header || rows.columns.contains_key(&column) || rows.merges(at, column) {
            fields.insert(column, cell::text(value, dates, epoch));
        }
    }
    if let Some((number, fields)) = row {
        rows.end(number, fields)?;
    }
    send(sender, rows.batch);
    Ok(())
}

/// What is known of the sheet so far.
struct Rows {
    header: u32,
    /// The position of each named column among the fields.
    columns: BTreeMap<u32, usize>,
    /// Regions that begin below, the next one last.
    below: Vec<Merged>,
    /// Regions that the row is in, or that have just ended.
    open: Vec<Merged>,
    batch: Vec<RawRecord>,
}

type Fields = BTreeMap<u32, (String, bool)>;

impl Rows {
    /// Whether a region begins at a cell.
    fn merges(&self, row: u32, column: u32) -> bool {
        let place = |region: &Merged| std::cmp::Reverse(region.first);
        self.below.binary_search_by_key(&std::cmp::Reverse((row, column)), place).is_ok()
    }

    /// Takes a whole row; gives its length in bytes.
    fn end(&mut self, row: u32, fields: Fields) -> io::Result<usize> {
        let record = if row == self.header {
            self.names(fields)?
        } else if self.columns.is_empty() {
            let header = self.header + 1;
            return Err(invalid(format!("row {header} of the sheet, the header, is empty")));
        } else {
            match self.fields(row, &fields)? {
                Some(record) => record,
                None => return Ok(0),
            }
        };
        let length = record.bytes.len();
        self.batch.push(record);
        Ok(length)
    }

    fn names(&mut self, fields: Fields) -> io::Result<RawRecord> {
        let named: Vec<_> = fields
            .into_iter()
            .map(|(column, (name, _))| (column, name.trim().to_owned()))
            .filter(|(_, name)| !name.is_empty())
            .collect();
        if named.len() > COLUMNS_MAX {
            return Err(invalid(format!("the sheet has more than {COLUMNS_MAX} columns")));
        }
        self.columns = named.iter().zip(0..).map(|((column, _), at)| (*column, at)).collect();
        let names: Vec<_> = named.iter().map(|(_, name)| name.as_str()).collect();
        Ok(record(self.header, &names, Vec::new()))
    }

    /// The record of a row, with what merged cells show in it; none of a row without a value of
    /// its own.
    fn fields(&mut self, row: u32, fields: &Fields) -> io::Result<Option<RawRecord>> {
        self.merge(row, fields)?;
        let mut texts = vec![""; self.columns.len()];
        let mut broken = Vec::new();
        let mut any = false;
        for (column, (text, lost)) in fields {
            if let Some(at) = self.columns.get(column) {
                texts[*at] = text;
                broken.extend(lost.then_some(*at));
                any |= !text.is_empty();
            }
        }
        if !any {
            return Ok(None);
        }
        for region in &self.open {
            let Some((text, lost)) = &region.text else { continue };
            let columns = region.first.1..=region.last.1.max(region.first.1);
            for (column, at) in self.columns.range(columns) {
                if !fields.contains_key(column) {
                    texts[*at] = text;
                    broken.extend(lost.then_some(*at));
                }
            }
        }
        Ok(Some(record(row, &texts, broken)))
    }

    /// Goes on to the regions of a row.
    fn merge(&mut self, row: u32, fields: &Fields) -> io::Result<()> {
        while let Some(mut region) = self.below.pop_if(|region| region.first.0 <= row) {
            if region.first.0 == row {
                region.text = fields.get(&region.first.1).cloned();
            }
            self.open.push(region);
        }
        self.open.retain(|region| row <= region.last.0);
        if self.open.len() > REGIONS_MAX {
            return Err(invalid("more merged cells lie over each other than a sheet can have"));
        }
        Ok(())
    }
}

/// A row of a sheet as a record of a CSV file.
fn record(row: u32, texts: &[&str], broken: Vec<usize>) -> RawRecord {
    let mut bytes = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        if index > 0 {
            bytes.push(b',');
        }
        // A single empty field would be an empty line.
        if text.contains([',', '"', '\n', '\r']) || (texts.len() == 1 && text.is_empty()) {
            bytes.push(b'"');
            bytes.extend(
                text.bytes()
                    .flat_map(|byte| std::iter::repeat_n(byte, if byte == b'"' { 2 } else { 1 })),
            );
            bytes.push(b'"');
        } else {
            bytes.extend_from_slice(text.as_bytes());
        }
    }
    RawRecord { bytes, line: u64::from(row) + 1, shape: Shape::Whole, broken }
}

fn told(error: XlsxError) -> io::Error {
    match error {
        XlsxError::Io(error) => error,
        XlsxError::Password => invalid("the workbook is protected by a password; save it without"),
        error => invalid(format!("no workbook that can be read: {error}")),
    }
}
