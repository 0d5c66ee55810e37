//! Identifiers: text that was checked once, at the border, and is cheap to copy afterwards.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use smol_str::SmolStr;

/// An identifier that does not have its form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {what}: expected {form}")]
pub struct IdError {
    /// What was expected, such as `body id`.
    pub what: &'static str,
    /// The form it should have.
    pub form: &'static str,
    /// What was found, cut to 80 characters.
    pub text: String,
}

macro_rules! text_id {
    ($(#[$meta:meta])* $name:ident, $what:literal, $form:literal, $check:expr) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(SmolStr);

        impl $name {
            /// The form, in words, as errors print it.
            pub const FORM: &'static str = $form;

            /// The text of the identifier.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(SmolStr::new(text)))
                } else {
                    let text = text.chars().take(80).collect();
                    Err(IdError { what: $what, form: $form, text })
                }
            }
        }

        impl TryFrom<&str> for $name {
            type Error = IdError;

            fn try_from(text: &str) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, formatter)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

fn is_pack_id(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
}

fn is_case_no(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= 128 && !text.chars().any(char::is_control)
}

text_id! {
    /// The stable identifier of an evaluated body (regulation 3.1 to 3.4).
    BodyId, "body id", "1 to 63 of a-z, 0-9 and -", is_label
}
text_id! {
    /// The identifier of a jurisdiction: a city, a district with its own method, a county.
    JurisdictionId, "jurisdiction id", "1 to 63 of a-z, 0-9 and -", is_label
}
text_id! {
    /// The identifier of a record that the system itself made, such as an evaluation or snapshot.
    RecordId, "record id", "1 to 63 of a-z, 0-9 and -", is_label
}
text_id! {
    /// The identifier of a rule pack, such as `zz-2018` or `gbt-30428.4`.
    PackId, "rule pack id", "1 to 63 of a-z, 0-9, - and ., the first a letter or digit", is_pack_id
}
text_id! {
    /// The number that the platform gave a case, unique in the jurisdiction.
    CaseNo, "case number", "1 to 128 characters, none of them a control character", is_case_no
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_id_is_lower_case_and_short() {
        assert_eq!("d-01".parse::<BodyId>().unwrap().as_str(), "d-01");
        for bad in ["", "D01", "d_01", "d 01", "区", &"x".repeat(64)] {
            assert!(bad.parse::<BodyId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_case_number_is_anything_printable() {
        for good in ["ZZ/2018-04 1", "郑〔2018〕1号", &"号".repeat(128)] {
            assert_eq!(good.parse::<CaseNo>().unwrap().as_str(), good);
        }
        for bad in ["", "a\nb", "a\u{0}", &"x".repeat(129)] {
            assert!(bad.parse::<CaseNo>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_pack_id_may_hold_dots_but_not_begin_with_one() {
        assert!("gbt-30428.4".parse::<PackId>().is_ok());
        assert!(".hidden".parse::<PackId>().is_err());
    }

    #[test]
    fn serde_checks_the_form() {
        let id: BodyId = serde_json::from_str("\"d01\"").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"d01\"");
        let error = serde_json::from_str::<BodyId>("\"D01\"").unwrap_err().to_string();
        assert!(error.contains("\"D01\" is not a body id"), "{error}");
    }
}
