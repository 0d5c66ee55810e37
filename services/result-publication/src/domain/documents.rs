//! The documents of an evaluation, checked before they are kept: what is kept can be sealed.

use chengping_ledger::lines;
use chengping_types::{Digest, Instant, JurisdictionId, Month, canonical};
use serde::Deserialize;
use serde_json::Value;

use super::decision::Seen;
use super::lines as published;

/// The documents of an evaluation, as their bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Documents {
    pub(crate) results: Vec<u8>,
    pub(crate) results_digest: Digest,
    pub(crate) input: Vec<u8>,
    /// The name of the registry that was read; empty where nobody said.
    pub(crate) registry_revision: String,
}

/// What is read of the results to know what the evaluation saw.
#[derive(Deserialize)]
struct View {
    as_of: String,
    decided: Option<String>,
    snapshot: Option<Snapshot>,
    rule_pack: Option<RulePack>,
}

#[derive(Deserialize)]
struct Snapshot {
    watermark: u64,
}

#[derive(Deserialize)]
struct RulePack {
    name: String,
    revision: u64,
}

/// Why documents cannot be sealed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DocumentsError {
    /// The results are not those that the evaluation says it has.
    #[error("the evaluation has results with the digest {expected}, these have {found}")]
    Digest { expected: String, found: Digest },
    /// The bytes are not JSON.
    #[error("the {document} are not JSON")]
    Json { document: &'static str, source: serde_json::Error },
    /// What is hashed must be the one canonical form.
    #[error("the {document} are not in canonical form")]
    NotCanonical { document: &'static str },
    /// A float or an integer that is too large.
    #[error("the {document} have no canonical form")]
    Canonical { document: &'static str, source: canonical::CanonicalError },
    /// The results are of something else.
    #[error("the {field} of the results is {found}, not {expected}")]
    Other { field: &'static str, expected: String, found: String },
    /// The evaluation does not see the whole month.
    #[error("the results are of {month} as of {as_of}, before its end")]
    Provisional { month: Month, as_of: String },
    /// The results are not what an evaluation exports.
    #[error("the results have no lines")]
    Lines(#[from] lines::LineError),
    /// The results of a body are not what an evaluation exports.
    #[error("the lines of the results lack what is published")]
    Shape(#[source] serde_json::Error),
}

impl Documents {
    /// The documents that were fetched, when they are what the evaluation says.
    ///
    /// # Errors
    ///
    /// Every [`DocumentsError`].
    pub(crate) fn check(
        results: Vec<u8>,
        input: Vec<u8>,
        digest: &str,
        jurisdiction: &JurisdictionId,
        month: Month,
    ) -> Result<Self, DocumentsError> {
        let results_digest = Digest::of(&results);
        if results_digest.to_string() != digest {
            let expected = digest.to_owned();
            return Err(DocumentsError::Digest { expected, found: results_digest });
        }
        let value = canonical_value("results", &results)?;
        for (field, expected) in
            [("jurisdiction", jurisdiction.to_string()), ("month", month.to_string())]
        {
            let found = value.get(field).and_then(Value::as_str).unwrap_or("absent");
            if found != expected {
                return Err(DocumentsError::Other { field, expected, found: found.to_owned() });
            }
        }
        require_whole_month(&value, month)?;
        lines::lines_root(&value)?;
        published::check(&results).map_err(DocumentsError::Shape)?;
        canonical_value("input", &input)?;
        Ok(Self { results, results_digest, input, registry_revision: String::new() })
    }

    /// What the evaluation saw.
    ///
    /// # Errors
    ///
    /// When the results do not say it.
    pub(crate) fn seen(&self) -> Result<Seen, serde_json::Error> {
        let view: View = serde_json::from_slice(&self.results)?;
        let instant = |text: &str| Instant::parse(text).map_err(serde::de::Error::custom);
        let as_of = instant(&view.as_of)?;
        Ok(Seen {
            as_of,
            decided: view.decided.as_deref().map_or(Ok(as_of), instant)?,
            watermark: view.snapshot.map_or(0, |snapshot| snapshot.watermark),
            rule_pack: view
                .rule_pack
                .and_then(|RulePack { name, revision }| Some((name.parse().ok()?, revision))),
            registry: self.registry_revision.parse().ok(),
        })
    }
}

/// An evaluation whose view ends inside of the month, or before, is provisional. Instants are
/// printed in the zone of the rules, so that the month of the view is what its text says.
fn require_whole_month(results: &Value, month: Month) -> Result<(), DocumentsError> {
    let as_of = results.get("as_of").and_then(Value::as_str).unwrap_or_default();
    let seen_to = as_of.get(..7).and_then(|text| text.parse::<Month>().ok());
    match seen_to {
        Some(seen_to) if seen_to > month => Ok(()),
        _ => Err(DocumentsError::Provisional { month, as_of: as_of.to_owned() }),
    }
}

fn canonical_value(document: &'static str, bytes: &[u8]) -> Result<Value, DocumentsError> {
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|source| DocumentsError::Json { document, source })?;
    let canonical = canonical::to_vec(&value)
        .map_err(|source| DocumentsError::Canonical { document, source })?;
    if canonical == bytes { Ok(value) } else { Err(DocumentsError::NotCanonical { document }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(results: &str, input: &str) -> Result<Documents, DocumentsError> {
        let digest = Digest::of(results.as_bytes()).to_string();
        let (jurisdiction, month) = ("zz".parse().unwrap(), "2018-04".parse().unwrap());
        Documents::check(results.into(), input.into(), &digest, &jurisdiction, month)
    }

    #[test]
    fn only_what_can_be_sealed_is_kept() {
        let good = r#"{"as_of":"2018-05-01T00:00:00+08:00","bodies":{},"jurisdiction":"zz","month":"2018-04"}"#;
        assert!(check(good, "{}").is_ok());
        for as_of in ["2018-04-30T23:59:59+08:00", "2018-01-01T00:00:00+08:00"] {
            let early = good.replace("2018-05-01T00:00:00+08:00", as_of);
            assert!(matches!(check(&early, "{}"), Err(DocumentsError::Provisional { .. })));
        }
        let other_month = good.replace("2018-04", "2018-05");
        let error = check(&other_month, "{}").unwrap_err();
        assert_eq!(error.to_string(), "the month of the results is 2018-05, not 2018-04");
        let error = check(&good.replace("zz", "kf"), "{}").unwrap_err();
        assert_eq!(error.to_string(), "the jurisdiction of the results is kf, not zz");
        let spaced = good.replace(',', ", ");
        assert!(matches!(check(&spaced, "{}"), Err(DocumentsError::NotCanonical { .. })));
        assert!(matches!(check(good, r#"{"a":0.5}"#), Err(DocumentsError::Canonical { .. })));
        assert!(matches!(check(good, "{"), Err(DocumentsError::Json { document: "input", .. })));
        let bare = good.replace(r#""bodies":{},"#, "");
        assert!(matches!(check(&bare, "{}"), Err(DocumentsError::Lines(_))));
        let shapeless = good.replace("{}", r#"{"d01":{"score":"94.26"}}"#);
        assert!(matches!(check(&shapeless, "{}"), Err(DocumentsError::Shape(_))));
    }
}
