//! What a pack says of the way from results to a publication.

use chengping_types::named_enum;
use serde::Serialize;

use crate::decode::{Decode, Decoder, Fields};
use crate::document::Node;
use crate::source::{Provenance, Source};

/// How the results of a month are decided on, and what becomes of those that districts report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Publication {
    /// Whether nobody takes a step towards publication whose step before was their own. A
    /// deployment may ask for it where the pack does not, and not the other way round.
    pub four_eyes: bool,
    /// What becomes of the results that districts report (6.4).
    pub district_reports: DistrictReports,
    /// Where the settings come from.
    #[serde(flatten)]
    pub source: Source,
}

named_enum! {
    /// What becomes of the results that districts report for their own bodies (6.4).
    pub enum DistrictReports: "use of district reports" {
        /// None are taken.
        Refused = 1 => "refused",
        /// They are accepted or returned, and kept.
        Kept = 2 => "kept",
        /// Those that were accepted are sealed with the version of the month, and stand in its
        /// bulletin beside the scores.
        Published = 3 => "published",
    }
}

impl Default for Publication {
    /// What holds for a pack that does not say.
    fn default() -> Self {
        Self {
            four_eyes: false,
            district_reports: DistrictReports::Kept,
            source: Source {
                clause: "6.4".to_owned(),
                provenance: Provenance::Assumption,
                note: None,
            },
        }
    }
}

impl Decode for Publication {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("publication", node, decoder)?;
        let four_eyes: Option<Option<bool>> = fields.optional("four_eyes");
        let district_reports: Option<Option<DistrictReports>> = fields.optional("district_reports");
        let source = Source::from_fields(&mut fields);
        fields.close();
        Some(Self {
            four_eyes: four_eyes?.unwrap_or_default(),
            district_reports: district_reports?.unwrap_or(DistrictReports::Kept),
            source: source?,
        })
    }
}
