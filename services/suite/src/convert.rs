//! Between the messages of the API and what people read and write.

pub mod archive;
pub mod deadline_rules;
pub mod record;
pub mod registry;
pub mod reject;

use chengping_types::Instant;
use prost_types::Timestamp;

const MICROS_PER_SECOND: i64 = 1_000_000;
const NANOS_PER_MICRO: i64 = 1_000;

/// An instant as the API has it.
pub fn timestamp(instant: Instant) -> Timestamp {
    let micros = instant.as_micros();
    let nanos = micros.rem_euclid(MICROS_PER_SECOND) * NANOS_PER_MICRO;
    Timestamp {
        seconds: micros.div_euclid(MICROS_PER_SECOND),
        nanos: i32::try_from(nanos).expect("less than a second"),
    }
}

/// A time of the API as an instant, cut to microseconds.
pub fn instant(timestamp: &Timestamp) -> Instant {
    let micros = i64::from(timestamp.nanos) / NANOS_PER_MICRO;
    Instant::from_micros(timestamp.seconds.saturating_mul(MICROS_PER_SECOND) + micros)
}

/// A time of the API as RFC 3339 in UTC; empty when absent.
pub fn time_text(timestamp: Option<&Timestamp>) -> String {
    timestamp.map(|timestamp| instant(timestamp).to_string()).unwrap_or_default()
}

/// A time of the API for a table: to the second.
pub fn second_text(timestamp: Option<&Timestamp>) -> String {
    let whole = timestamp.map(|timestamp| Timestamp { nanos: 0, ..*timestamp });
    time_text(whole.as_ref())
}

/// The name of an enum value as the files and JSON have it: `STATE_SCORED` as `scored`.
pub fn enum_text(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_ascii_lowercase()
}

/// The name of an enum value as the API has it: `long_term` as `STREAM_LONG_TERM`.
pub fn enum_name(text: &str, prefix: &str) -> String {
    format!("{prefix}{}", text.to_ascii_uppercase())
}

/// The last part of a resource name.
pub fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_survive_the_api_also_before_1970() {
        for text in ["1969-12-31T23:59:59.999999Z", "2018-05-03T16:00:00Z", "0001-01-01T00:00:00Z"]
        {
            let read: Instant = text.parse().unwrap();
            assert!(timestamp(read).nanos >= 0);
            assert_eq!(time_text(Some(&timestamp(read))), text);
        }
    }

    #[test]
    fn enum_values_have_their_file_names() {
        assert_eq!(enum_text("STATE_TOO_FEW_CASES", "STATE_"), "too_few_cases");
        assert_eq!(enum_name("hotline_12319", "SOURCE_"), "SOURCE_HOTLINE_12319");
    }
}
