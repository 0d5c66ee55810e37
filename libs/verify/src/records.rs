//! From the case records to the counts of a sealed version: what a bundle cannot show by itself.
//!
//! The bundle seals the digest of the snapshot and the counts. With the records it can be said that
//! they are those of the snapshot, and that the counts of all months follow from them. The registry
//! is not sealed as a whole: what the bundle has of it is compared, and its digest is told.

mod count;

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context as _, bail};
use chengping_casework::View;
use chengping_casework::records::{Head, Reader, RecordsError, SnapshotHead};
use chengping_ledger::bundle::{Check, Checked, Failure, Outcome, Place};
use chengping_ledger::difference::{Difference, first_difference};
use chengping_scoring::{EvaluatedPart, Input, Tallies};
use chengping_types::{Digest, canonical};
use serde_json::{Value, json};

use self::count::{Months, Recount, recount};
use crate::{Trust, Verdict, check};

/// What is read at a time.
const READ_BYTES: usize = 1 << 16;

/// Checks the bytes of a bundle, and with the file of case records what it was counted from.
///
/// # Errors
///
/// If there is no such file, or the bytes are those of a receipt, which has no counts.
pub fn check_with_records(bytes: &[u8], records: &Path, trust: &Trust) -> anyhow::Result<Verdict> {
    let file = File::open(records).with_context(|| format!("cannot read {}", records.display()))?;
    let mut verdict = check(bytes, trust);
    let Verdict::Bundle(report) = &mut verdict else {
        bail!("case records go with a bundle, and this is the receipt of a body");
    };
    let found = match input(bytes) {
        Some(input) => check_records(&input, BufReader::with_capacity(READ_BYTES, file)),
        None => Found::default(),
    };
    report.registry = found.registry_digest;
    report.checks.extend(found.checks());
    Ok(verdict)
}

/// The sealed input, where it is one that can be counted again.
fn input(bytes: &[u8]) -> Option<Input> {
    let bundle: Value = serde_json::from_slice(bytes).ok()?;
    let input = bundle.pointer("/document/input")?;
    let input: Input = serde_json::from_value(input.clone()).ok()?;
    (input.rule_pack.digest == input.rule_pack.pack.digest()).then_some(input)
}

/// What the checks with the records found; none of one that had nothing to look at.
#[derive(Debug, Default)]
struct Found {
    records: Option<Vec<Failure>>,
    registry: Option<Vec<Failure>>,
    tallies: Option<Vec<Failure>>,
    registry_digest: Option<Digest>,
}

impl Found {
    fn checks(self) -> impl Iterator<Item = Checked> {
        let found = [self.records, self.registry, self.tallies];
        Check::OF_RECORDS.into_iter().zip(found).map(|(check, found)| {
            let outcome = match found {
                None => Outcome::NotRun,
                Some(failures) if failures.is_empty() => Outcome::Passed,
                Some(failures) => Outcome::Failed { failures },
            };
            Checked { check, outcome }
        })
    }
}

fn at(pointer: impl Into<String>, message: impl Display) -> Failure {
    Failure { place: Place::Pointer(pointer.into()), message: message.to_string() }
}

fn wrong_file(error: &RecordsError) -> Failure {
    let cause = std::error::Error::source(error).map(|source| format!(": {source}"));
    let message = format!("the file of case records {error}{}", cause.unwrap_or_default());
    at("/document/input/snapshot", message)
}

fn check_records(input: &Input, file: impl BufRead) -> Found {
    let mut found = Found::default();
    let mut reader = match Reader::new(file) {
        Ok(reader) => reader,
        Err(error) => return Found { records: Some(vec![wrong_file(&error)]), ..found },
    };
    let mut failures = other_snapshot(input, reader.head());
    if !failures.is_empty() {
        return Found { records: Some(failures), ..found };
    }
    found.registry_digest = canonical::digest(&reader.head().registry).ok();
    found.registry = Some(registry(input, reader.head()));
    let counted = match recount(input, &mut reader) {
        Ok(counted) => counted,
        Err(error) => return Found { records: Some(vec![wrong_file(&error)]), ..found },
    };
    let Recount { records, digest, tallies } = counted;
    let snapshot = &input.snapshot;
    if i64::try_from(snapshot.watermark) != Ok(records) {
        let message =
            format!("the file holds {records} records, the snapshot is of {0}", snapshot.watermark);
        failures.push(at("/document/input/snapshot/watermark", message));
    }
    if digest != snapshot.digest {
        let message = format!("the records give {digest}, the input says {}", snapshot.digest);
        failures.push(at("/document/input/snapshot/digest", message));
    }
    found.records = Some(failures);
    found.tallies = Some(other_tallies(input, tallies));
    found
}

/// Where the file says that it is of something else than the input.
fn other_snapshot(input: &Input, head: &Head) -> Vec<Failure> {
    let SnapshotHead { month, as_of, decided, watermark, digest } = &head.snapshot;
    let pairs = [
        ("jurisdiction", head.jurisdiction.to_string(), input.jurisdiction.to_string()),
        ("month", month.to_string(), input.month.to_string()),
        ("as_of", as_of.to_string(), input.as_of.to_string()),
        ("decided", decided.to_string(), input.decided.to_string()),
        ("snapshot/watermark", watermark.to_string(), input.snapshot.watermark.to_string()),
        ("snapshot/digest", digest.to_string(), input.snapshot.digest.to_string()),
    ];
    let others = pairs.into_iter().filter(|(_, file, input)| file != input);
    let failure = |(field, file, input): (&str, String, String)| {
        let message = format!("the case records are of {file}, the input of {input}");
        at(format!("/document/input/{field}"), message)
    };
    others.map(failure).collect()
}

/// Where the registry gives other bodies or coefficients than the input has.
fn registry(input: &Input, head: &Head) -> Vec<Failure> {
    let expected = EvaluatedPart::new(&input.rule_pack.pack, &head.registry, input.month);
    let found = EvaluatedPart {
        bodies: input.bodies.clone(),
        former_periods: input.former_periods.clone(),
        coefficients: input.coefficients.clone(),
    };
    let part = |part: &EvaluatedPart| {
        json!({
            "bodies": part.bodies,
            "former_periods": part.former_periods,
            "coefficients": part.coefficients,
        })
    };
    let difference = first_difference(&part(&expected), &part(&found));
    difference.map(|it| differs("/document/input", "the registry gives", it)).into_iter().collect()
}

fn differs(place: &str, source: &str, difference: Difference) -> Failure {
    let nothing = || "nothing".to_owned();
    let Difference { pointer, expected, found } = difference;
    let (expected, found) = (expected.unwrap_or_else(nothing), found.unwrap_or_else(nothing));
    at(format!("{place}{pointer}"), format!("{source} {expected}, the input says {found}"))
}

/// For the month and each earlier one, the first count that does not follow from the records.
fn other_tallies(input: &Input, mut counted: Months) -> Vec<Failure> {
    let own = counted.remove(&input.month).unwrap_or_default();
    counted.retain(|_, tallies| *tallies != Tallies::default());
    let mut failures = Vec::new();
    let mut compare = |place: &str, source: &str, counted: &Tallies, sealed: &Tallies| {
        let json = |tallies: &Tallies| serde_json::to_value(tallies).unwrap_or_default();
        if counted != sealed {
            let difference = first_difference(&json(counted), &json(sealed));
            failures.extend(difference.map(|it| differs(place, source, it)));
        }
    };
    compare("/document/input/tallies", "the records give", &own, &input.tallies);
    let nothing = Tallies::default();
    let months: BTreeSet<_> = counted.keys().chain(input.earlier.keys()).collect();
    for month in months.into_iter().rev() {
        let counted = counted.get(month).unwrap_or(&nothing);
        let sealed = input.earlier.get(month).unwrap_or(&nothing);
        let place = format!("/document/input/earlier/{month}");
        // What stands in the place of a frozen month is of another evaluation.
        let source = "as frozen, and not corrected (--correction), the records give";
        compare(&place, source, counted, sealed);
    }
    failures
}

/// The view of the evaluation.
const fn view(input: &Input) -> View {
    View { as_of: input.as_of, decided: input.decided }
}

#[cfg(test)]
mod tests;
