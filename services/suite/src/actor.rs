//! Who acts.

use std::fmt;
use std::str::FromStr;

use tonic::metadata::{Ascii, MetadataValue};

/// The longest name that a service takes.
const BYTES_MAX: usize = 128;

/// Who acts, as an audit log has it: 1 to 128 visible ASCII characters.
#[derive(Debug, Clone)]
pub struct Actor(MetadataValue<Ascii>);

/// A text that names nobody.
#[derive(Debug, thiserror::Error)]
#[error("write 1 to {BYTES_MAX} visible ASCII characters, such as an account name")]
pub struct ActorError;

impl Actor {
    /// The header of a call that has it.
    pub const HEADER: &str = "x-actor";

    /// The value of that header.
    pub fn to_header(&self) -> MetadataValue<Ascii> {
        self.0.clone()
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.to_str().expect("it was read from visible characters"))
    }
}

impl FromStr for Actor {
    type Err = ActorError;

    fn from_str(text: &str) -> Result<Self, ActorError> {
        let text = text.trim();
        let is_visible = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        if text.is_empty() || text.len() > BYTES_MAX || !is_visible {
            return Err(ActorError);
        }
        text.parse().map(Self).map_err(|_| ActorError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_a_header_can_hold() {
        let header = |text: &str| text.parse::<Actor>().map(|actor| actor.to_header());
        assert_eq!(header(" li.wei ").unwrap(), "li.wei");
        for bad in ["", " ", "李伟", "a\nb", &"a".repeat(129)] {
            assert!(header(bad).is_err(), "{bad:?}");
        }
    }
}
