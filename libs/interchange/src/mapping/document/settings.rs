//! What a mapping says of the table as a whole.

use chengping_types::TimeZone;
use serde_json::Value as Json;

use super::{Document, Fields};
use crate::mapping::time::{Clock, Gap, Local, Overlap};
use crate::reader::{SheetOptions, Within};
use crate::serial::Epoch;

/// Rows of a sheet.
const SHEET_ROWS: u64 = 1_048_576;

impl Document {
    /// Where the rows of a workbook or a JSON document are.
    pub(super) fn within(&mut self, fields: &Fields<'_>) -> Option<Within> {
        let sheet = match fields.get("sheet") {
            None => Some(SheetOptions::default()),
            Some(node) => self.sheet(node),
        };
        let records = match fields.get("records") {
            None => Some(Vec::new()),
            Some(node) => self.text(node, "records").and_then(|text| {
                let keys: Vec<_> = text.split('.').map(str::to_owned).collect();
                if keys.iter().any(String::is_empty) {
                    return self.reject("records", "expected keys with points between them");
                }
                Some(keys)
            }),
        };
        Some(Within { sheet: sheet?, records: records?, ..Within::default() })
    }

    fn sheet(&mut self, node: &Json) -> Option<SheetOptions> {
        let fields = self.fields(node, "sheet", &["name", "header_row"])?;
        let name = match fields.get("name") {
            None => Some(None),
            Some(node) => self.text(node, "sheet.name").map(|name| Some(name.to_owned())),
        };
        let header_row = match fields.get("header_row") {
            None => Some(1),
            Some(node) => {
                let row = node.as_u64().filter(|row| (1..=SHEET_ROWS).contains(row));
                row.and_then(|row| u32::try_from(row).ok()).or_else(|| {
                    self.reject("sheet.header_row", "expected the number of a row, from 1")
                })
            }
        };
        Some(SheetOptions { name: name?, header_row: header_row? })
    }

    pub(super) fn clock(&mut self, node: &Json) -> Option<Clock> {
        let fields = self.fields(node, "time", &["format", "serial", "zone", "gap", "overlap"])?;
        let format = self.parse::<String>(&fields, "format");
        if format.as_deref() == Some("rfc3339") {
            for key in ["serial", "zone", "gap", "overlap"] {
                if fields.get(key).is_some() {
                    self.reject::<()>(&fields.path(key), "rfc3339 has offsets; leave this out");
                }
            }
            return Some(Clock::Rfc3339);
        }
        let zone = self.parse::<TimeZone>(&fields, "zone");
        let gaps = [("reject", Gap::Reject), ("shift_forward", Gap::ShiftForward)];
        let gap = self.choice(&fields, "gap", &gaps);
        let overlaps =
            [("reject", Overlap::Reject), ("earlier", Overlap::Earlier), ("later", Overlap::Later)];
        let overlap = self.choice(&fields, "overlap", &overlaps);
        let serial = match fields.get("serial") {
            None => Some(None),
            Some(_) => {
                let epochs = [("1900", Epoch::Of1900), ("1904", Epoch::Of1904)];
                self.choice(&fields, "serial", &epochs).map(Some)
            }
        };
        let (format, zone, gap, overlap) = (format?, zone?, gap?, overlap?);
        let serial = serial?;
        let sample = jiff::civil::date(2018, 4, 3).at(9, 15, 0, 0);
        let written = jiff::fmt::strtime::format(&format, sample);
        let read = written.ok().and_then(|text| {
            jiff::civil::DateTime::strptime(&format, text).ok().filter(|time| *time == sample)
        });
        if read.is_none() {
            let message = "not a strptime format of date and time, such as %Y-%m-%d %H:%M:%S";
            return self.reject("time.format", message);
        }
        let Some(rules) = Local::rules(&zone) else {
            return self.reject("time.zone", "has no rules in the bundled database");
        };
        Some(Clock::Local(Local { format, serial, zone, rules, gap, overlap }))
    }
}
