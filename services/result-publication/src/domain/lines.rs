//! The lines of a publication, read out of the sealed version.

use std::collections::{BTreeMap, BTreeSet};

use chengping_types::Exact;
use serde::{Deserialize, Serialize};

/// Moves when [`Line`] or what is read into it does: lines that were kept before are read anew.
pub(crate) const LINES_FORMAT: i32 = 1;

/// The published line of one body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) body_id: String,
    /// Its code in the comprehensive-assessment system (7.3), where one was registered.
    pub(crate) assessment_code: Option<String>,
    pub(crate) group: String,
    /// With two decimals; none when not rated.
    pub(crate) score: Option<String>,
    pub(crate) score_max: String,
    pub(crate) rank: Option<u32>,
    pub(crate) tied: bool,
    pub(crate) grade: Option<String>,
    /// `no_data`, `too_few_cases` or none.
    pub(crate) not_rated_reason: Option<String>,
}

/// What is read of a sealed version; the rest is skipped.
#[derive(Deserialize)]
struct Document {
    results: Results,
    #[serde(default)]
    input: Input,
}

/// What the scores were computed from has what is registered of each body in the month.
#[derive(Deserialize, Default)]
struct Input {
    #[serde(default)]
    bodies: Vec<Registered>,
}

#[derive(Deserialize)]
struct Registered {
    body_id: String,
    assessment_code: Option<String>,
}

#[derive(Deserialize)]
struct Results {
    bodies: BTreeMap<String, Body>,
}

#[derive(Deserialize)]
struct Body {
    group: String,
    state: String,
    score: Option<String>,
    rank: Option<u32>,
    #[serde(default)]
    tied: bool,
    grade: Option<String>,
    #[serde(default)]
    streams: BTreeMap<String, Stream>,
}

#[derive(Deserialize)]
struct Stream {
    cap: Exact,
}

/// The state of a body that is both scored and ranked.
const SCORED: &str = "scored";

/// Whether lines can be read out of a results document.
///
/// # Errors
///
/// When it is not of the shape that an evaluation exports.
pub(crate) fn check(results: &[u8]) -> Result<(), serde_json::Error> {
    serde_json::from_slice::<Results>(results).map(drop)
}

/// The bodies that have a line in a results document.
///
/// # Errors
///
/// When it is not of the shape that an evaluation exports.
pub(crate) fn bodies(results: &[u8]) -> Result<BTreeSet<String>, serde_json::Error> {
    let Results { bodies } = serde_json::from_slice(results)?;
    Ok(bodies.into_keys().collect())
}

/// The bytes that are kept of lines.
pub(crate) fn encode(lines: &[Line]) -> Vec<u8> {
    serde_json::to_vec(lines).expect("lines are texts, numbers and truth values")
}

/// The lines of a sealed version: by group, in the order in which the document names the groups,
/// then by rank, those without a rank last, then by body.
///
/// # Errors
///
/// When the results are not of the shape that an evaluation exports.
pub(crate) fn read(sealed: &[u8]) -> Result<Vec<Line>, serde_json::Error> {
    let Document { results: Results { bodies }, input } = serde_json::from_slice(sealed)?;
    let codes = input.bodies.into_iter().map(|body| (body.body_id, body.assessment_code));
    let mut codes: BTreeMap<_, _> = codes.collect();
    let lines = bodies.into_iter().map(|(body_id, body)| {
        let assessment_code = codes.remove(&body_id).flatten();
        Line { assessment_code, ..line(body_id, body) }
    });
    Ok(in_order(lines.collect(), |line| (&line.group, line.rank)))
}

/// Lines, each of a group and perhaps with a rank, in the order in which they are told: by group, as
/// the groups first come, then by rank, those without one last, and else as they came.
pub(super) fn in_order<T>(lines: Vec<T>, place: impl Fn(&T) -> (&str, Option<u32>)) -> Vec<T> {
    let mut groups = BTreeMap::<String, usize>::new();
    let ordered = lines.into_iter().map(|line| {
        let (group, rank) = place(&line);
        let next = groups.len();
        let group = *groups.entry(group.to_owned()).or_insert(next);
        ((group, rank.unwrap_or(u32::MAX)), line)
    });
    let mut ordered: Vec<_> = ordered.collect();
    ordered.sort_by_key(|(place, _)| *place);
    ordered.into_iter().map(|(_, line)| line).collect()
}

fn line(body_id: String, body: Body) -> Line {
    // Nothing is deducted beyond the caps, and nothing added.
    let score_max = body.streams.values().fold(Exact::integer(0), |sum, stream| sum + &stream.cap);
    Line {
        body_id,
        assessment_code: None,
        group: body.group,
        score: body.score,
        score_max: if body.streams.is_empty() { String::new() } else { score_max.to_string() },
        rank: body.rank,
        tied: body.tied,
        grade: body.grade,
        not_rated_reason: Some(body.state).filter(|state| state != SCORED),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_are_in_the_order_of_groups_and_ranks() {
        let body = |group: &str, rank: Option<u32>| {
            json!({
                "group": group, "state": if rank.is_some() { "scored" } else { "no_data" },
                "score": rank.map(|_| "90.00"), "rank": rank, "tied": false, "grade": "A",
                "streams": {"public": {"cap": "30"}, "regular": {"cap": "139/2"}},
            })
        };
        let sealed = json!({"results": {"bodies": {
            "a": body("street", None), "b": body("district", Some(2)), "c": body("street", Some(1)),
            "d": body("district", Some(1)), "e": body("street", Some(1)),
        }}, "input": {"ignored": true, "bodies": [
            {"body_id": "c", "name": "街道", "assessment_code": "410102"}, {"body_id": "a"},
        ]}});
        let lines = read(sealed.to_string().as_bytes()).unwrap();
        let order: Vec<_> = lines.iter().map(|line| line.body_id.as_str()).collect();
        assert_eq!(order, ["c", "e", "a", "d", "b"]);
        assert_eq!(lines[2].not_rated_reason.as_deref(), Some("no_data"));
        assert_eq!(lines[0].not_rated_reason, None);
        assert_eq!(lines[0].assessment_code.as_deref(), Some("410102"));
        assert_eq!(lines[2].assessment_code, None);
        assert_eq!(lines[0].score_max, "199/2");
    }
}
