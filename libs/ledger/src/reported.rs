//! What districts reported of their own bodies (regulation 6.4), as it is sealed with a version.

use chengping_types::{BodyId, Digest, Exact, JurisdictionId};
use serde::{Deserialize, Serialize};

/// A report that was accepted before the version was sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reported {
    /// The district that reported.
    pub district: BodyId,
    /// Where the results were published, when they were computed with the same programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<ReportedVersion>,
    /// The bodies, as reported.
    pub lines: Vec<ReportedLine>,
}

/// A sealed version of another jurisdiction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedVersion {
    /// Whose result it is.
    pub jurisdiction: JurisdictionId,
    /// The version of the month.
    pub version: u32,
    /// The digest of its document.
    pub digest: Digest,
}

/// What was reported of one body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedLine {
    /// The body, as the district names it.
    pub body_id: BodyId,
    /// The score, with two decimals; none where it was not rated.
    pub score: Option<String>,
    /// The rank among the bodies of the report; none where it was not ranked.
    pub rank: Option<u32>,
}

/// Checks the reports of a version: each district stands there once, in byte order, with each body
/// once, and each score is one.
///
/// # Errors
///
/// What is wrong.
pub fn check(reports: &[Reported]) -> Result<(), String> {
    let rises = |pair: &[Reported]| pair[0].district < pair[1].district;
    if !reports.windows(2).all(rises) {
        return Err("each district reports once, in the order of their IDs".to_owned());
    }
    for Reported { district, lines, .. } in reports {
        let mut bodies: Vec<_> = lines.iter().map(|line| &line.body_id).collect();
        bodies.sort_unstable();
        if let Some(repeated) = bodies.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("{district} reports {} twice", repeated[0]));
        }
        let mut scores = lines.iter().filter_map(|line| line.score.as_deref());
        if let Some(wrong) = scores.find(|score| !is_score(score)) {
            return Err(format!("{district} reports {wrong:?}, which is no score"));
        }
    }
    Ok(())
}

/// Whether a text is a number with two decimals, in its only spelling.
#[must_use]
pub fn is_score(text: &str) -> bool {
    text.parse::<Exact>().is_ok_and(|score| score.to_decimal(2) == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_has_two_decimals() {
        for good in ["0.00", "94.26", "100.00", "-3.50"] {
            assert!(is_score(good), "{good}");
        }
        for bad in [
            "-0.00", "", "94", "94.2", "94.260", "094.26", "9e1.00", ".50", "1.", "--1.00", "９.00",
        ] {
            assert!(!is_score(bad), "{bad}");
        }
    }
}
