use std::fmt;

/// PostgreSQL cuts longer names off.
const BYTES_MAX: usize = 63;

/// The name of a schema or role that needs no quotes: `[a-z_][a-z0-9_]{0,62}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identifier(String);

/// The name is not a plain one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a name for a schema or role; use up to 63 of a-z, 0-9 and _, no digit first")]
pub struct IdentifierError(String);

impl Identifier {
    /// Takes `name` if it is plain.
    ///
    /// # Errors
    ///
    /// If it is not.
    pub fn new(name: impl Into<String>) -> Result<Self, IdentifierError> {
        let name = name.into();
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let starts_well = name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
        if starts_well && name.len() <= BYTES_MAX && name.bytes().all(is_plain) {
            Ok(Self(name))
        } else {
            Err(IdentifierError(name))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// In quotes: `user` is plain, and yet a keyword.
impl fmt::Display for Identifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "\"{}\"", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_needs_escaping_is_a_name() {
        for name in ["scoring", "_a1", "user", &"a".repeat(63)] {
            assert!(Identifier::new(name).is_ok(), "{name}");
        }
        for name in ["", "1a", "A", "a-b", "a\"b", "a b", "评", &"a".repeat(64)] {
            assert!(Identifier::new(name).is_err(), "{name}");
        }
    }
}
