//! The identifiers of a pack.

use crate::decode::{Decode, Decoder};
use crate::document::Node;

/// A stream, group or band table: `[a-z0-9_]{1,63}`.
pub(crate) fn lower(node: &Node, decoder: &mut Decoder) -> Option<String> {
    read(node, decoder, 63, "a-z, 0-9 and _", is_lower)
}

/// Whether a character belongs into a [`lower`] identifier.
pub(crate) const fn is_lower(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'
}

/// An item or a figure: `[A-Za-z0-9_]{1,16}`.
pub(crate) fn mixed(node: &Node, decoder: &mut Decoder) -> Option<String> {
    read(node, decoder, 16, "A-Z, a-z, 0-9 and _", |c| c.is_ascii_alphanumeric() || c == '_')
}

fn read(
    node: &Node,
    decoder: &mut Decoder,
    longest: usize,
    alphabet: &str,
    belongs: impl Fn(char) -> bool,
) -> Option<String> {
    let text = String::decode(node, decoder)?;
    if text.chars().all(belongs) && text.len() <= longest {
        return Some(text);
    }
    decoder.reject(node, format!("`{text}` is no identifier; use 1 to {longest} of {alphabet}"))
}
