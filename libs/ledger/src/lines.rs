//! One line a body: the part of a month's result that is about one body, and the Merkle tree over
//! these lines.
//!
//! The root of that tree is sealed with the results, so that a body can show its own line, with a
//! proof of a few hashes, to somebody who may not see the lines of the others.

use chengping_types::{BodyId, Digest, canonical};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thiserror::Error;

use crate::merkle::{self, MerkleError};

/// The format of a line, part of its bytes.
pub const LINE_FORMAT: &str = "chengping.line/1";

/// Why results have no lines, or a line no proof.
#[derive(Debug, Error)]
pub enum LineError {
    /// The results lack a part that every results document has.
    #[error("the results have no `{field}`; expected the document that an evaluation exports")]
    Results {
        /// The missing or mistyped field.
        field: &'static str,
    },
    /// A key of `bodies` is not the ID of a body.
    #[error("`{key}` in the results is not the ID of a body")]
    BodyId {
        /// The key.
        key: String,
    },
    /// The results hold what canonical JSON cannot.
    #[error("the line of {body} has no canonical form")]
    Canonical {
        /// Whose line.
        body: BodyId,
        /// What is wrong with it.
        #[source]
        source: canonical::CanonicalError,
    },
    /// The body was not evaluated.
    #[error("the results have no line of {body}")]
    NoSuchBody {
        /// The body asked for.
        body: BodyId,
    },
    /// The proof does not hold.
    #[error("the line is not one of the sealed lines: {0}")]
    Proof(#[from] MerkleError),
}

/// The lines of a results document, by body ID: for each its canonical bytes.
///
/// A line says of what it is a line: `{"body_id", "format", "jurisdiction", "month", "result"}`,
/// where `result` is what the results say of the body.
///
/// # Errors
///
/// All but [`LineError::NoSuchBody`] and [`LineError::Proof`].
pub fn lines(results: &Value) -> Result<Vec<(BodyId, Vec<u8>)>, LineError> {
    let text =
        |field| results.get(field).and_then(Value::as_str).ok_or(LineError::Results { field });
    let jurisdiction = text("jurisdiction")?;
    let month = text("month")?;
    let field = "bodies";
    let bodies = results.get(field).and_then(Value::as_object);
    let bodies = bodies.ok_or(LineError::Results { field })?;

    let mut lines = Vec::with_capacity(bodies.len());
    for (key, result) in bodies {
        let body: BodyId = key.parse().map_err(|_| LineError::BodyId { key: key.clone() })?;
        let line = json!({
            "body_id": body,
            "format": LINE_FORMAT,
            "jurisdiction": jurisdiction,
            "month": month,
            "result": result,
        });
        match canonical::to_vec(&line) {
            Ok(bytes) => lines.push((body, bytes)),
            Err(source) => return Err(LineError::Canonical { body, source }),
        }
    }
    lines.sort_by(|(left, _), (right, _)| left.cmp(right));
    Ok(lines)
}

/// The root of the tree over the lines of a results document.
///
/// # Errors
///
/// Those of [`lines`].
pub fn lines_root(results: &Value) -> Result<Digest, LineError> {
    Ok(merkle::root(&leaves(&lines(results)?)))
}

fn leaves(lines: &[(BodyId, Vec<u8>)]) -> Vec<Digest> {
    lines.iter().map(|(_, line)| merkle::leaf_hash(line)).collect()
}

/// One line and where it stands among the lines of its month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineProof {
    /// The line, see [`lines`].
    pub line: Value,
    /// Its place, from 0, in the order of body IDs.
    pub index: u64,
    /// How many lines there are.
    pub count: u64,
    /// From the line to the root of the lines.
    pub path: Vec<Digest>,
}

impl LineProof {
    /// The proof for the line of `body`.
    ///
    /// # Errors
    ///
    /// Those of [`lines`]; [`LineError::NoSuchBody`].
    pub fn of(results: &Value, body: &BodyId) -> Result<Self, LineError> {
        let lines = lines(results)?;
        let position = lines
            .binary_search_by(|(id, _)| id.cmp(body))
            .map_err(|_| LineError::NoSuchBody { body: body.clone() })?;
        let line = serde_json::from_slice(&lines[position].1).expect("canonical JSON is JSON");
        let index = position as u64;
        let path = merkle::inclusion_path(&leaves(&lines), index)?;
        Ok(Self { line, index, count: lines.len() as u64, path })
    }

    /// Checks that the line is one of those under `lines_root`.
    ///
    /// # Errors
    ///
    /// [`LineError::Proof`]; [`LineError::Results`] when the line is not a line.
    pub fn verify(&self, lines_root: Digest) -> Result<(), LineError> {
        let text = |field| {
            self.line.get(field).and_then(Value::as_str).ok_or(LineError::Results { field })
        };
        if text("format")? != LINE_FORMAT {
            return Err(LineError::Results { field: "format" });
        }
        let key = text("body_id")?;
        let body = key.parse().map_err(|_| LineError::BodyId { key: key.to_owned() })?;
        let bytes = canonical::to_vec(&self.line)
            .map_err(|source| LineError::Canonical { body, source })?;
        let leaf = merkle::leaf_hash(&bytes);
        Ok(merkle::verify_inclusion(leaf, self.index, self.count, &self.path, lines_root)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(bodies: usize) -> Value {
        let bodies: serde_json::Map<_, _> = (0..bodies)
            .map(|number| (format!("d{number:02}"), json!({"rank": number, "score": "94.26"})))
            .collect();
        json!({"bodies": bodies, "jurisdiction": "zz", "month": "2018-04"})
    }

    #[test]
    fn a_line_says_of_what_it_is_a_line() {
        let lines = lines(&results(2)).unwrap();
        assert_eq!(
            String::from_utf8(lines[1].1.clone()).unwrap(),
            concat!(
                r#"{"body_id":"d01","format":"chengping.line/1","jurisdiction":"zz","#,
                r#""month":"2018-04","result":{"rank":1,"score":"94.26"}}"#
            )
        );
    }

    #[test]
    fn every_line_is_proven_and_none_in_the_place_of_another() {
        for count in 1..20 {
            let results = results(count);
            let root = lines_root(&results).unwrap();
            for (body, _) in lines(&results).unwrap() {
                let proof = LineProof::of(&results, &body).unwrap();
                proof.verify(root).unwrap();
                let mut moved = proof.clone();
                moved.index = (moved.index + 1) % count as u64;
                assert!(count == 1 || moved.verify(root).is_err());
                let mut better = proof;
                better.line["result"]["rank"] = json!(100);
                assert!(matches!(better.verify(root), Err(LineError::Proof(_))));
            }
        }
    }

    #[test]
    fn results_without_their_parts_have_no_lines() {
        let error = lines(&json!({"jurisdiction": "zz", "month": "2018-04"})).unwrap_err();
        assert!(error.to_string().starts_with("the results have no `bodies`"), "{error}");
        let mut odd = results(1);
        odd["bodies"]["No Body"] = json!({});
        assert!(matches!(lines(&odd), Err(LineError::BodyId { .. })));
        let absent = "d09".parse().unwrap();
        let error = LineProof::of(&results(3), &absent).unwrap_err();
        assert_eq!(error.to_string(), "the results have no line of d09");
    }

    #[test]
    fn a_fraction_in_a_line_is_refused() {
        let mut inexact = results(1);
        inexact["bodies"]["d00"]["rank"] = json!(0.5);
        assert!(matches!(lines(&inexact), Err(LineError::Canonical { .. })));
    }
}
