//! The rows of registry files, on their way to the service.

use std::collections::BTreeMap;

use anyhow::Context as _;
use chengping_interchange::{Record, damage};
use chengping_proto::cases::v1::Reject;
use chengping_proto::rules::v1::{ImportRegistryRequest, RegistryRow, registry_row::Content};

use super::import::Asked;
use crate::convert::reject::{position, reject};
use crate::convert::{deadline_rules, registry as convert};
use crate::files::{self, SourceFile};

/// Rows of one message.
const ROWS_MAX: usize = 2000;

/// The rows of all files, as they are sent and as they were.
#[derive(Default)]
pub(super) struct Rows {
    /// Those that can be sent.
    pub(super) contents: Vec<RegistryRow>,
    /// For the payload of a row that the service refuses; its line is for finding it again.
    pub(super) records: BTreeMap<(String, i64), (Record, u64)>,
    /// Those that cannot.
    pub(super) rejects: Vec<Reject>,
    /// How many there are of both.
    pub(super) read: u64,
}

impl Rows {
    /// Reads a file; what is wrong with its rows is kept.
    pub(super) fn read(&mut self, file: &SourceFile) -> anyhow::Result<()> {
        let path = &file.path;
        if let Some(damaged) = damage(path)? {
            self.rejects.push(reject(damaged));
            return Ok(());
        }
        let reader = file.open()?;
        files::say_unknown_columns(path, reader.unknown_columns());
        let file = files::name(path);
        for entry in reader {
            self.read += 1;
            match entry {
                Err(refused) => self.rejects.push(reject(refused)),
                Ok(entry) => {
                    let row = position(&file, entry.row, entry.line).row;
                    let content = Some(content(&entry.record)?);
                    self.contents.push(RegistryRow { file: file.clone(), row, content });
                    self.records.insert((file.clone(), row), (entry.record, entry.line));
                }
            }
        }
        Ok(())
    }

    /// The messages of an import.
    pub(super) fn messages(&mut self, parent: String, asked: &Asked) -> Vec<ImportRegistryRequest> {
        let mut messages: Vec<_> = std::mem::take(&mut self.contents)
            .chunks(ROWS_MAX)
            .map(|rows| ImportRegistryRequest { rows: rows.to_vec(), ..Default::default() })
            .collect();
        // A file of which every row is bad is an import of nothing, and not an error.
        if messages.is_empty() {
            messages.push(ImportRegistryRequest::default());
        }
        messages[0].parent = parent;
        messages[0].validate_only = asked.validate_only;
        messages[0].reason.clone_from(&asked.reason);
        messages[0].replace = asked.replace;
        messages[0].expected_revision = asked.expected_revision;
        messages
    }
}

/// A row as the API has it.
pub(super) fn content(record: &Record) -> anyhow::Result<Content> {
    match record {
        Record::Body(body) => Ok(convert::body(body)),
        Record::Area(area) => Ok(convert::area(area)),
        Record::Coefficient(row) => convert::coefficient(row),
        Record::LongTerm(entry) => Ok(convert::long_term(entry)),
        Record::WorkingHours(row) => Ok(deadline_rules::working_hours(row)),
        Record::CalendarDay(row) => Ok(deadline_rules::calendar_day(row)),
        Record::FilingCondition(row) => Ok(deadline_rules::filing_limit(row)),
        Record::Category(row) => Ok(convert::category(row)),
        Record::Case(_) | Record::Event(_) => None.context("a registry file has no cases"),
    }
}
