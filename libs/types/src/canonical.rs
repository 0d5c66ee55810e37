//! The one canonical byte form: JSON as RFC 8785 has it, of integers and texts only.
//!
//! What is published is hashed and signed in this form. A float is refused rather than printed,
//! and so is an integer that a JavaScript reader could not hold exactly.

use serde::Serialize;
use serde_json::Value;

use crate::Digest;

/// The largest integer that every JSON reader holds exactly, 2^53.
const EXACT_MAX: u64 = 1 << 53;

/// A value that has no canonical form.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// A number with a fraction or an exponent.
    #[error("float at {path}: write it as a text, such as \"0.85\" or \"3/4\"")]
    Float {
        /// JSON pointer of the number.
        path: String,
    },
    /// An integer outside of ±2^53.
    #[error("integer {number} at {path} is beyond 2^53: write it as a text")]
    IntegerTooLarge {
        /// JSON pointer of the number.
        path: String,
        /// The number.
        number: String,
    },
    /// The value does not serialise, for instance because a map has keys that are no texts.
    #[error("value does not serialise to JSON")]
    Json(#[from] serde_json::Error),
}

/// The canonical bytes of `value`.
///
/// # Errors
///
/// When the value holds a float or an integer beyond ±2^53, or does not serialise.
pub fn to_vec<T: Serialize>(value: &T) -> Result<Vec<u8>, CanonicalError> {
    // A NaN becomes null in a `Value`, but fails below.
    check(&serde_json::to_value(value)?, &mut String::new())?;
    Ok(serde_json_canonicalizer::to_vec(value)?)
}

/// The digest of the canonical bytes of `value`.
///
/// # Errors
///
/// As [`to_vec`].
pub fn digest<T: Serialize>(value: &T) -> Result<Digest, CanonicalError> {
    Ok(Digest::of(&to_vec(value)?))
}

fn check(value: &Value, path: &mut String) -> Result<(), CanonicalError> {
    let mut check_at = |key: &str, value: &Value| {
        let length = path.len();
        path.push('/');
        path.push_str(key);
        check(value, path)?;
        path.truncate(length);
        Ok(())
    };
    match value {
        Value::Array(values) => {
            values.iter().enumerate().try_for_each(|(i, value)| check_at(&i.to_string(), value))
        }
        Value::Object(values) => values.iter().try_for_each(|(key, value)| check_at(key, value)),
        Value::Number(number) => {
            let magnitude = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            match magnitude {
                Some(0..=EXACT_MAX) => Ok(()),
                Some(_) => Err(CanonicalError::IntegerTooLarge {
                    path: path.clone(),
                    number: number.to_string(),
                }),
                None => Err(CanonicalError::Float { path: path.clone() }),
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_sorted_by_utf_16_and_space_is_left_out() {
        // The sample of RFC 8785, 3.2.3, without its numbers.
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew",
            "1": "One", "\u{1f600}": "Emoji", "\u{80}": "Control", "\u{f6}": "Latin",
        });
        let text = String::from_utf8(to_vec(&value).unwrap()).unwrap();
        assert_eq!(
            text,
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\
             \"\u{f6}\":\"Latin\",\"\u{20ac}\":\"Euro Sign\",\"\u{1f600}\":\"Emoji\",\
             \"\u{fb33}\":\"Hebrew\"}"
        );
    }

    #[test]
    fn floats_are_refused_with_their_place() {
        let error = to_vec(&json!({"a": [1, {"b": 1.0}]})).unwrap_err();
        assert_eq!(error.to_string().split(':').next(), Some("float at /a/1/b"));
        assert!(to_vec(&f64::NAN).is_err());
        assert!(to_vec(&f32::INFINITY).is_err());
    }

    #[test]
    fn integers_are_exact_or_refused() {
        assert_eq!(to_vec(&json!([-1, 1_u64 << 53])).unwrap(), b"[-1,9007199254740992]");
        assert!(to_vec(&((1_u64 << 53) + 1)).is_err());
        assert!(to_vec(&(-(1_i64 << 53) - 1)).is_err());
        assert!(to_vec(&u64::MAX).is_err());
    }

    #[test]
    fn the_digest_does_not_depend_on_the_order_of_fields() {
        let sorted = BTreeMap::from([("a", 1), ("b", 2)]);
        let other: Value = serde_json::from_str("{ \"b\": 2, \"a\": 1 }").unwrap();
        assert_eq!(digest(&sorted).unwrap(), digest(&other).unwrap());
    }
}
