//! What was refused.

use std::fmt;
use std::str::FromStr;

use chengping_types::{CaseNo, Instant, JurisdictionId, RecordId};
use sha2::{Digest as _, Sha256};

use super::record::{Position, SentEvent};

/// The name of a reject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RejectName {
    pub(crate) jurisdiction: JurisdictionId,
    pub(crate) reject: RecordId,
}

impl fmt::Display for RejectName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "jurisdictions/{}/rejects/{}", self.jurisdiction, self.reject)
    }
}

impl FromStr for RejectName {
    type Err = RejectNameError;

    fn from_str(text: &str) -> Result<Self, RejectNameError> {
        let read = || {
            let (jurisdiction, reject) =
                text.strip_prefix("jurisdictions/")?.split_once("/rejects/")?;
            Some(Self { jurisdiction: jurisdiction.parse().ok()?, reject: reject.parse().ok()? })
        };
        read().ok_or_else(|| RejectNameError(text.chars().take(200).collect()))
    }
}

/// A text that is not the name of a reject.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a resource name of the format jurisdictions/{{jurisdiction}}/rejects/{{reject}}"
)]
pub(crate) struct RejectNameError(String);

chengping_types::named_enum! {
    /// What became of a reject.
    pub(crate) enum RejectState: "reject state" {
        /// Waits for a correction, or for its case.
        Open = 1 => "open",
        /// Taken in since.
        Replayed = 2 => "replayed",
        /// Looked at, and left out for a reason.
        Dismissed = 3 => "dismissed",
    }
}

/// A row to be set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewReject {
    pub(crate) position: Position,
    pub(crate) column: String,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) accepted_payload: Option<Vec<u8>>,
    pub(crate) case_no: Option<CaseNo>,
    /// Whether it is taken in by itself once what it lacks has come.
    pub(crate) waits: bool,
    /// The place among those that wait, for one that does.
    pub(crate) waiting_no: Option<i64>,
}

impl NewReject {
    /// The identity: the same bytes, refused for the same reason at the same place.
    pub(crate) fn id(&self) -> String {
        let mut hash = Sha256::new();
        let mut add = |part: &[u8]| {
            // With its length, so that no two lists of parts are the same bytes.
            hash.update(u64::try_from(part.len()).expect("a length fits").to_be_bytes());
            hash.update(part);
        };
        add(self.position.file.as_bytes());
        add(&self.position.row.to_be_bytes());
        add(&self.position.line.to_be_bytes());
        add(self.code.as_bytes());
        add(self.column.as_bytes());
        add(&self.payload);
        hex::encode(&hash.finalize()[..16])
    }
}

/// A row that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reject {
    pub(crate) id: String,
    pub(crate) position: Position,
    pub(crate) column: String,
    pub(crate) code: String,
    pub(crate) message: String,
    /// In a list, the first bytes only.
    pub(crate) payload: Vec<u8>,
    /// The length of the whole payload.
    pub(crate) payload_size: i64,
    pub(crate) accepted_payload: Option<Vec<u8>>,
    pub(crate) case_no: Option<String>,
    pub(crate) state: RejectState,
    pub(crate) dismiss_reason: Option<String>,
    pub(crate) create_time: Instant,
    pub(crate) update_time: Instant,
}

/// An event that was set aside to wait, and whose time may have come.
#[derive(Debug)]
pub(crate) struct WaitingEvent {
    pub(crate) reject_id: String,
    pub(crate) position: Position,
    pub(crate) sent: SentEvent,
    /// What its reject says.
    pub(crate) message: String,
}

/// Which rejects are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RejectListing {
    pub(crate) state: RejectState,
    /// Only those with this code.
    pub(crate) code: Option<String>,
}

/// Where a reject stands in a list; the default stands before all of them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct RejectPlace {
    pub(crate) file: String,
    pub(crate) row: i64,
    pub(crate) id: String,
}

impl From<&Reject> for RejectPlace {
    fn from(reject: &Reject) -> Self {
        Self { file: reject.position.file.clone(), row: reject.position.row, id: reject.id.clone() }
    }
}

impl fmt::Display for RejectPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}/{}", self.row, self.id, self.file)
    }
}

impl RejectPlace {
    /// Reads what was displayed; anything else is the start of the list.
    pub(crate) fn read(text: &str) -> Self {
        let read = || {
            let (row, rest) = text.split_once('/')?;
            let (id, file) = rest.split_once('/')?;
            Some(Self { file: file.to_owned(), row: row.parse().ok()?, id: id.to_owned() })
        };
        read().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reject() -> NewReject {
        NewReject {
            position: Position { file: "events.csv".to_owned(), row: 2, line: 3 },
            column: "at".to_owned(),
            code: "bad_timestamp".to_owned(),
            message: "not a timestamp".to_owned(),
            payload: b"a,b".to_vec(),
            accepted_payload: None,
            case_no: None,
            waits: false,
            waiting_no: None,
        }
    }

    #[test]
    fn the_same_bytes_for_the_same_reason_at_the_same_place_are_one_reject() {
        let id = reject().id();
        assert_eq!(id.len(), 32);
        let reworded = NewReject { message: "bad".to_owned(), waiting_no: Some(1), ..reject() };
        assert_eq!(reworded.id(), id);
        let moved = |row, line| Position { row, line, ..reject().position };
        for other in [
            NewReject { position: moved(3, 3), ..reject() },
            NewReject { position: moved(2, 4), ..reject() },
            NewReject { code: "bad_number".to_owned(), ..reject() },
            NewReject { column: String::new(), ..reject() },
            NewReject { payload: b"a,c".to_vec(), ..reject() },
            // The same bytes in a row, cut elsewhere.
            NewReject { column: "ata".to_owned(), payload: b",b".to_vec(), ..reject() },
        ] {
            assert_ne!(other.id(), id);
        }
    }

    #[test]
    fn a_place_survives_its_text_and_a_name_has_one_form() {
        let place = RejectPlace { file: "a/b/郑.csv".to_owned(), row: 7, id: "0f".to_owned() };
        assert_eq!(RejectPlace::read(&place.to_string()), place);
        assert_eq!(RejectPlace::read("nonsense"), RejectPlace::default());

        let name = "jurisdictions/zz/rejects/0f";
        assert_eq!(name.parse::<RejectName>().unwrap().to_string(), name);
        for bad in ["rejects/0f", "jurisdictions/zz/rejects/", "jurisdictions/zz/rejects/a/b"] {
            assert!(bad.parse::<RejectName>().is_err(), "{bad}");
        }
    }
}
