//! How the months of a year become one score (7.3).

use chengping_types::{Exact, named_enum};
use serde::Serialize;

use crate::decode::{Decode, Decoder, Fields};
use crate::document::Node;
use crate::number::{Number, share};
use crate::source::{Provenance, Source};

/// The mean over the months of a year that have a score. A month without data has none, and is
/// neither 0 nor 100 (decisions.md 142).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Annual {
    /// Which score of a month is meant.
    pub of: ScoreForm,
    /// Whether months with too few cases for a rank are in the mean.
    pub few_cases: FewCases,
    /// The least share of the evaluated months that a body needs a score in to be ranked.
    pub share_min: Number,
    /// Where the settings come from.
    #[serde(flatten)]
    pub source: Source,
}

named_enum! {
    /// Which score of a month enters the mean.
    pub enum ScoreForm: "form of a score" {
        /// The exact one, so that the mean alone is rounded.
        Exact = 1 => "exact",
        /// The rounded one, as published.
        Stored = 2 => "stored",
    }
}

named_enum! {
    /// What a month with too few cases is to the year.
    pub enum FewCases: "rule for months with too few cases" {
        /// A month like any other: it has a score.
        Counted = 1 => "counted",
        /// None.
        LeftOut = 2 => "left_out",
    }
}

impl Default for Annual {
    /// What holds for a pack that does not say.
    fn default() -> Self {
        Self {
            of: ScoreForm::Exact,
            few_cases: FewCases::Counted,
            share_min: Number::plain(half()),
            source: Source {
                clause: "7.3".to_owned(),
                provenance: Provenance::Assumption,
                note: None,
            },
        }
    }
}

fn half() -> Exact {
    Exact::ratio(1, 2).unwrap_or_default()
}

impl Decode for Annual {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open(node, decoder)?;
        let of: Option<Option<ScoreForm>> = fields.optional("of");
        let few_cases: Option<Option<FewCases>> = fields.optional("few_cases");
        let share_min: Option<Option<Number>> = fields.optional_with("share_min", share);
        let source = Source::from_fields(&mut fields);
        fields.close();
        Some(Self {
            of: of?.unwrap_or(ScoreForm::Exact),
            few_cases: few_cases?.unwrap_or(FewCases::Counted),
            share_min: share_min?.unwrap_or_else(|| Number::plain(half())),
            source: source?,
        })
    }
}
