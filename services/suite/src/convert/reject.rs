//! Rows that a reader set aside, as the API has them.

use chengping_interchange::Reject;
use chengping_proto::cases::v1 as pb;

/// A place as the API has it.
pub fn position(file: &str, row: u64, line: u64) -> pb::Position {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    pb::Position { file: file.to_owned(), row: number(row), line: number(line) }
}

/// A reject of a reader as the API has it.
pub fn reject(reject: Reject) -> pb::Reject {
    pb::Reject {
        position: Some(position(&reject.file, reject.row, reject.line)),
        column: reject.column.unwrap_or_default(),
        code: reject.code.to_owned(),
        message: reject.message,
        payload: reject.payload,
        case_no: reject.case_no.unwrap_or_default(),
        ..pb::Reject::default()
    }
}
