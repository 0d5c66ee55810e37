//! The messages of an import, put together.

use chengping_chassis::error::FieldErrors;
use chengping_proto::rules::v1 as pb;
use chengping_types::name::JurisdictionName;
use prost::Message as _;

use super::convert::change::expected_revision;
use super::convert::{self, row};
use crate::app::{Import, Order, ROWS_MAX_PER_MESSAGE};
use crate::domain::import::Row;
use crate::error::Error;

const IMPORT: &str = "chengping.rules.v1.RegistryService/ImportRegistry";
/// Rows of a whole import, which is taken in in one transaction.
const ROWS_MAX: usize = 500_000;
/// What they may take together: a row of a real registry has some two hundred bytes.
const BYTES_MAX: usize = 256 << 20;

/// What the messages of an import add up to.
#[derive(Default)]
pub(super) struct Gathered {
    parent: Option<JurisdictionName>,
    validate_only: bool,
    reason: String,
    expected_revision: Option<u64>,
    replace: bool,
    rows: Vec<Row>,
    bytes: usize,
}

impl Gathered {
    pub(super) fn add(&mut self, message: pb::ImportRegistryRequest) -> Result<(), Error> {
        let mut errors = FieldErrors::default();
        match &self.parent {
            None => {
                self.parent = errors.parse("parent", &message.parent);
                self.validate_only = message.validate_only;
                self.reason = message.reason.clone();
                self.expected_revision = expected_revision(&mut errors, message.expected_revision);
                self.replace = message.replace;
            }
            Some(parent) if message.parent.is_empty() || message.parent == parent.to_string() => {}
            Some(parent) => errors.push("parent", format!("must stay {parent}, or be empty")),
        }
        if message.rows.len() > ROWS_MAX_PER_MESSAGE {
            errors.push(
                "rows",
                format!("must be at most {ROWS_MAX_PER_MESSAGE}; send more messages"),
            );
        }
        errors.into_result()?;
        self.bytes += message.encoded_len();
        if self.rows.len() + message.rows.len() > ROWS_MAX || self.bytes > BYTES_MAX {
            return Err(Error::ImportTooLarge { rows_max: ROWS_MAX, bytes_max: BYTES_MAX });
        }
        self.rows.extend(message.rows.into_iter().map(row::row));
        Ok(())
    }

    pub(super) fn finish(self, actor: String) -> Result<Import, Error> {
        let parent = match self.parent {
            Some(parent) => parent,
            None => convert::single("parent", "")?,
        };
        let order = Order {
            jurisdiction: parent.jurisdiction,
            actor,
            action: IMPORT,
            reason: self.reason,
            validate_only: self.validate_only,
            expected_revision: self.expected_revision,
        };
        Ok(Import { order, rows: self.rows, replace: self.replace })
    }
}
