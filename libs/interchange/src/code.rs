//! Reject codes. They are part of the interchange contract: names and meanings stay.

/// Not a timestamp of RFC 3339.
pub const BAD_TIMESTAMP: &str = "bad_timestamp";
/// A timestamp without an offset: an error, not a guess.
pub const TIMESTAMP_WITHOUT_OFFSET: &str = "timestamp_without_offset";
/// Not a month `YYYY-MM`, or a `valid_to` before its `valid_from`.
pub const BAD_MONTH: &str = "bad_month";
/// Not a day `YYYY-MM-DD`.
pub const BAD_DATE: &str = "bad_date";
/// Not the working time of a day, or not days of the week.
pub const BAD_WORKING_HOURS: &str = "bad_working_hours";
/// Not a number of the expected form.
pub const BAD_NUMBER: &str = "bad_number";
/// Neither `true` nor `false`.
pub const BAD_FLAG: &str = "bad_flag";
/// Not an event number, 0 to 2^63 - 1.
pub const BAD_EVENT_NO: &str = "bad_event_no";
/// Not of the form of a body id.
pub const BAD_BODY_ID: &str = "bad_body_id";
/// Not of the form of a case number.
pub const BAD_CASE_NO: &str = "bad_case_no";
/// An outcome that the kind of event does not know, or none where it needs one.
pub const BAD_OUTCOME: &str = "bad_outcome";
/// More or fewer fields than the header has.
pub const COLUMN_COUNT: &str = "column_count";
/// Contradicts an accepted row (found by the services).
pub const CONFLICT: &str = "conflict";
/// Names a body that is not registered (found by the services).
pub const UNKNOWN_BODY: &str = "unknown_body";
/// Belongs to a case that is not there (found by the services).
pub const UNKNOWN_CASE: &str = "unknown_case";
/// Not a kind of body, area, day or event.
pub const UNKNOWN_KIND: &str = "unknown_kind";
/// Not a unit of limits.
pub const UNKNOWN_UNIT: &str = "unknown_unit";
/// Not a source.
pub const UNKNOWN_SOURCE: &str = "unknown_source";
/// Not a zone.
pub const UNKNOWN_ZONE: &str = "unknown_zone";
/// Not a class of grids.
pub const UNKNOWN_GRID_CLASS: &str = "unknown_grid_class";

/// No case number.
pub const MISSING_CASE_NO: &str = "missing_case_no";
/// No event number.
pub const MISSING_EVENT_NO: &str = "missing_event_no";
/// No instant of the event.
pub const MISSING_AT: &str = "missing_at";
/// No kind.
pub const MISSING_KIND: &str = "missing_kind";
/// No handling unit where the kind of event needs one.
pub const MISSING_UNIT: &str = "missing_unit";
/// No deadline where the kind of event needs one.
pub const MISSING_DUE_AT: &str = "missing_due_at";
/// No category scheme or no category code.
pub const MISSING_CATEGORY: &str = "missing_category";
/// No source.
pub const MISSING_SOURCE: &str = "missing_source";
/// No body id.
pub const MISSING_BODY_ID: &str = "missing_body_id";
/// No name.
pub const MISSING_NAME: &str = "missing_name";
/// No area code.
pub const MISSING_AREA_CODE: &str = "missing_area_code";
/// No day.
pub const MISSING_DATE: &str = "missing_date";
/// No working time of a day.
pub const MISSING_PERIODS: &str = "missing_periods";
/// No filing condition where it is what the row is about.
pub const MISSING_CONDITION_ID: &str = "missing_condition_id";
/// No limit, or not what it is counted in.
pub const MISSING_LIMIT: &str = "missing_limit";
/// No zone.
pub const MISSING_ZONE: &str = "missing_zone";
/// No first month.
pub const MISSING_VALID_FROM: &str = "missing_valid_from";
/// No number of road sections.
pub const MISSING_ROAD_SECTIONS: &str = "missing_road_sections";
/// No difficulty.
pub const MISSING_DIFFICULTY: &str = "missing_difficulty";

/// Not UTF-8, or not of the encoding that was said.
pub const NOT_UTF8: &str = "not_utf8";
/// Holds a byte 0.
pub const NUL_BYTE: &str = "nul_byte";
/// A field over 64 KiB.
pub const FIELD_TOO_LONG: &str = "field_too_long";
/// A row over 16 MiB.
pub const ROW_TOO_LONG: &str = "row_too_long";
/// A quoted field that does not end, or goes on after its end.
pub const BAD_QUOTE: &str = "bad_quote";
/// A line of NDJSON that is no object of texts and whole numbers, or JSON that is none.
pub const BAD_JSON: &str = "bad_json";
/// The file ends in the middle.
pub const TRUNCATED_FILE: &str = "truncated_file";
/// The compressed data are damaged.
pub const CORRUPT_FILE: &str = "corrupt_file";
/// Reading failed.
pub const READ_FAILED: &str = "read_failed";
/// A local time that never was, or came twice, and the mapping refuses such times.
pub const AMBIGUOUS_TIME: &str = "ambiguous_time";
/// A cell of a spreadsheet that shows an error, or lost digits before it was read.
pub const BAD_CELL: &str = "bad_cell";
/// A value that the mapping does not know.
pub const UNMAPPED_VALUE: &str = "unmapped_value";

/// The file has the same column twice (refuses the file).
pub const DUPLICATE_COLUMN: &str = "duplicate_column";
/// The file lacks a column (refuses the file).
pub const MISSING_COLUMN: &str = "missing_column";
