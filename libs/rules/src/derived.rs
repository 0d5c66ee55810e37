//! Packs that derive from another: the method of a district or county that follows a city's (6.3,
//! 6.5) and makes some values different. The result is a whole pack; nobody who evaluates by it
//! needs the parent.

mod adjust;
mod derive;
#[cfg(test)]
mod tests;
mod value;

use chengping_types::{Digest, JurisdictionId, PackId};

use crate::decode::{Decode, Decoder, Fields};
use crate::document::{self, Node, Value};
use crate::mistakes::{Mistake, Mistakes, Position};
use crate::source::{Names, Provenance};

pub use adjust::{adjust_derived, rebased};
pub use derive::{Derivation, contested, derive};

/// The text of a pack that derives from another.
#[derive(Debug)]
pub struct Derived {
    /// Identifier of the pack that derives.
    pub pack: PackId,
    /// Title for readers.
    pub title: Names,
    /// What it derives from.
    pub extends: Extends,
    overrides: Vec<Override>,
    root: Node,
}

/// The one revision from which a pack derives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extends {
    /// The jurisdiction of the parent, which may be another one.
    pub jurisdiction: JurisdictionId,
    /// The parent pack.
    pub pack: PackId,
    /// Its revision, from 1.
    pub revision: u64,
    /// The digest of that revision, so that what was read is what is meant.
    pub digest: Digest,
}

/// One thing that a pack makes different.
#[derive(Debug)]
pub(crate) struct Override {
    path: String,
    position: Option<Position>,
    change: Change,
}

#[derive(Debug)]
enum Change {
    /// The part, item or stream is not there.
    Remove,
    /// It is this.
    Set { value: value::Given, source: GivenSource },
}

/// What an override says of its source.
#[derive(Debug)]
struct GivenSource {
    provenance: Option<Provenance>,
    clause: Option<String>,
    note: Option<String>,
}

/// Whether a text says that it derives from another pack. One that cannot be read does not.
#[must_use]
pub fn is_derived(text: &str) -> bool {
    text.contains("extends")
        && document::read(text).is_ok_and(|root| root.field("extends").is_some())
}

/// Reads the text of a pack that derives from another, without the parent.
///
/// # Errors
///
/// All mistakes at once, each with its place: what stands there besides `pack`, `title`, `extends`
/// and `overrides`, what these lack, and overrides that say neither a value nor `remove`.
pub fn read_derived(text: &str) -> Result<Derived, Mistakes> {
    let root = document::read(text).map_err(Mistakes::one)?;
    let mut decoder = Decoder::default();
    let read = decode(&root, &mut decoder);
    match (Mistakes::collect(decoder.into_mistakes()), read) {
        (None, Some((pack, title, extends, overrides))) => {
            Ok(Derived { pack, title, extends, overrides, root })
        }
        (Some(mistakes), _) => Err(mistakes),
        (None, None) => unreachable!("nothing is left unread without a mistake"),
    }
}

pub(crate) type Parts = (PackId, Names, Extends, Vec<Override>);

/// Reads the parts; `None` stands for at least one mistake.
pub(crate) fn decode(root: &Node, decoder: &mut Decoder) -> Option<Parts> {
    let mut fields = Fields::open("derived", root, decoder)?;
    let pack = fields.required("pack");
    let title = fields.required("title");
    let extends = fields.required("extends");
    let overrides: Option<Option<Vec<Override>>> = fields.optional("overrides");
    fields.close();
    Some((pack?, title?, extends?, overrides?.unwrap_or_default()))
}

impl Decode for Extends {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("extends", node, decoder)?;
        let jurisdiction =
            fields.required_with("jurisdiction", |node, inner| inner.parse(node, "a jurisdiction"));
        let pack = fields.required("pack");
        let revision = fields.required_with("revision", |node, inner| match node.value {
            Value::Integer(revision) if revision > 0 => u64::try_from(revision).ok(),
            _ => inner.reject(node, "expected the number of a revision, from 1"),
        });
        let digest = fields.required_with("digest", |node, inner| inner.parse(node, "a digest"));
        fields.close();
        let (jurisdiction, pack) = (jurisdiction?, pack?);
        Some(Self { jurisdiction, pack, revision: revision?, digest: digest? })
    }
}

impl Decode for Override {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("override", node, decoder)?;
        let path: Option<Option<String>> = fields.optional("path");
        let remove: Option<Option<String>> = fields.optional("remove");
        let value = fields.optional_with("value", value::Given::decode);
        let provenance = fields.optional("provenance");
        let clause = fields.optional("clause");
        // An empty one takes away what stands.
        let note = fields.optional_with("note", |node, inner| match &node.value {
            Value::Text(text) => Some(text.clone()),
            _ => inner.reject(node, format!("expected text, found {}", node.kind())),
        });
        let read = (path?, remove?, value?, provenance?, clause?, note?);
        let position = node.position;
        let read = match read {
            (Some(path), None, Some(value), provenance, clause, note) => {
                let source = GivenSource { provenance, clause, note };
                Some(Self { path, position, change: Change::Set { value, source } })
            }
            (None, Some(path), None, None, None, None) => {
                Some(Self { path, position, change: Change::Remove })
            }
            _ => fields.reject(
                "write either `path` and `value`, with the source of a number, or `remove` alone",
            ),
        };
        fields.close();
        read
    }
}

impl Derived {
    /// A mistake at an override, or inside of what it sets.
    fn mistake(&self, at: usize, message: String) -> Mistake {
        let one = &self.overrides[at];
        Mistake { path: one.path.clone(), position: one.position, message }
    }

    /// Where the text says what it derives from.
    #[must_use]
    pub fn position_of_extends(&self) -> Option<Position> {
        self.root.field("extends")?.position
    }

    /// The node of an override.
    fn node(&self, at: usize) -> &Node {
        &self.root.field("overrides").map_or(&[][..], Node::list)[at]
    }
}
