//! Where a number comes from, and what things are called.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::decode::{Decode, Decoder, Fields};
use crate::document::Node;

/// On whose authority a number stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provenance {
    /// The regulation says so, in the named clause.
    Regulation,
    /// A national or industry standard says so.
    Standard,
    /// Another city does so.
    City(String),
    /// Nobody published it; the evaluation office has to confirm it.
    Assumption,
}

/// A text that is no provenance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no provenance; write regulation, standard, city:<name> or assumption")]
pub struct ProvenanceError(String);

impl FromStr for Provenance {
    type Err = ProvenanceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "regulation" => Ok(Self::Regulation),
            "standard" => Ok(Self::Standard),
            "assumption" => Ok(Self::Assumption),
            _ => match text.strip_prefix("city:").map(str::trim) {
                Some(city) if !city.is_empty() => Ok(Self::City(city.to_owned())),
                _ => Err(ProvenanceError(text.to_owned())),
            },
        }
    }
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Regulation => f.write_str("regulation"),
            Self::Standard => f.write_str("standard"),
            Self::City(name) => write!(f, "city:{name}"),
            Self::Assumption => f.write_str("assumption"),
        }
    }
}

impl Serialize for Provenance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The clause that a part of a pack carries out, and the authority of its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Clause of the regulation, such as `5.2.1`.
    pub clause: String,
    /// Authority of the numbers.
    pub provenance: Provenance,
    /// The nearest real source, or why this choice was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Source {
    /// Reads the three fields out of a mapping that may have others.
    pub(crate) fn from_fields(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let clause = fields.required("clause");
        let provenance = fields.required("provenance");
        let note = fields.optional("note");
        Some(Self { clause: clause?, provenance: provenance?, note: note? })
    }
}

/// A name in the two languages of the product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Names {
    /// Chinese, as printed in a bulletin.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Decode for Names {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("names", node, decoder)?;
        let (zh, en) = (fields.required("zh"), fields.required("en"));
        fields.close();
        Some(Self { zh: zh?, en: en? })
    }
}
