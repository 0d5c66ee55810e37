//! The verifier: everything that can be known from a bundle, without a server.

use std::fmt::Display;

use chengping_types::{Digest, canonical};
use serde_json::Value;

use super::evidence::Claim;
use super::report::{Check, Checked, Failure, Outcome, Report, Standing};
use super::{BUNDLE_FORMAT, Bundle};
use crate::checkpoint::{self, Checkpoint};
use crate::difference::{Difference, first_difference, first_differing_byte};
use crate::note::{SignedNote, VerifierKey};
use crate::version::{Document, VersionError};

/// Checks a bundle, given as the bytes of its file.
///
/// `trusted` are the keys that the reader believes, got by another way than the bundle.
/// `recompute` turns the sealed input into the bytes of the results document, or says why it
/// cannot; this crate does not know how to score.
///
/// Everything that can be checked is, so that the report shows all that is wrong.
pub fn verify<E: Display>(
    bytes: &[u8],
    trusted: &[VerifierKey],
    recompute: impl FnOnce(&Value) -> Result<Vec<u8>, E>,
) -> Report {
    let mut verifier = Verifier::default();
    let bundle = match serde_json::from_slice::<Bundle>(bytes) {
        Ok(bundle) => bundle,
        Err(error) => {
            let offset = offset(bytes, error.line(), error.column());
            verifier.failed(Check::Form, vec![Failure::at_byte(offset, error)]);
            return verifier.report();
        }
    };
    verifier.failed(Check::Form, form(&bundle, bytes));
    verifier.bundle(&bundle, trusted, recompute);
    verifier.report()
}

/// The results of the checks so far.
#[derive(Default)]
struct Verifier {
    checked: Vec<(Check, Vec<Failure>)>,
    document: Option<(Document, Digest)>,
    signers: Vec<String>,
    standing: Option<Standing>,
}

impl Verifier {
    /// Notes that `check` ran and found these failures, or none.
    fn failed(&mut self, check: Check, failures: Vec<Failure>) {
        self.checked.push((check, failures));
    }

    fn bundle<E: Display>(
        &mut self,
        bundle: &Bundle,
        trusted: &[VerifierKey],
        recompute: impl FnOnce(&Value) -> Result<Vec<u8>, E>,
    ) {
        let document = match read(&bundle.document) {
            Ok((document, digest)) => {
                let rules = document.check().err();
                let failures = rules.map(|error| version_failure("/document", &error));
                self.failed(Check::Document, failures.into_iter().collect());
                self.failed(Check::Seal, seal(bundle.digest, digest));
                let contents = document.contents();
                let contents =
                    contents.iter().map(|error| version_failure("/document", error)).collect();
                self.failed(Check::Contents, contents);
                self.failed(Check::Versions, versions(&document, &bundle.earlier));
                self.failed(Check::Recomputation, recomputation(&document, recompute));
                self.standing = bundle.log.standing(&document);
                Some((document, digest))
            }
            Err(error) => {
                self.failed(Check::Document, vec![version_failure("/document", &error)]);
                None
            }
        };
        self.checkpoint(bundle, document.as_ref(), trusted);
        self.document = document;
    }

    fn checkpoint(
        &mut self,
        bundle: &Bundle,
        document: Option<&(Document, Digest)>,
        trusted: &[VerifierKey],
    ) {
        let note: SignedNote = match bundle.checkpoint.parse() {
            Ok(note) => note,
            Err(error) => {
                self.failed(Check::Signature, vec![Failure::at("/checkpoint", error)]);
                return;
            }
        };
        let mut failures = signatures(&note, &bundle.keys, trusted);
        match Checkpoint::open(&note, trusted) {
            Ok(opened) => self.signers = opened.signers,
            Err(error) => failures.push(Failure::at("/checkpoint", error)),
        }
        // Signed or not, what the checkpoint says is compared with the rest.
        if let (Ok(checkpoint), Some((document, digest))) =
            (note.text().parse::<Checkpoint>(), document)
        {
            failures.extend(foreign_log(&checkpoint, document));
            let entry = document.entry(*digest);
            let claim = Claim { document, entry: &entry, head: checkpoint.head() };
            self.failed(Check::Chain, bundle.log.chain(&claim));
            self.failed(Check::Inclusion, bundle.log.inclusion(&claim));
        }
        self.failed(Check::Signature, failures);
    }

    fn report(self) -> Report {
        let outcome = |check| {
            let found = self.checked.iter().find(|(checked, _)| *checked == check);
            match found {
                None => Outcome::NotRun,
                Some((_, failures)) if failures.is_empty() => Outcome::Passed,
                Some((_, failures)) => Outcome::Failed { failures: failures.clone() },
            }
        };
        let checks = Check::ALL.map(|check| Checked { check, outcome: outcome(check) }).to_vec();
        let document = self.document.as_ref().map(|(document, _)| document);
        Report {
            jurisdiction: document.map(|document| document.jurisdiction.clone()),
            month: document.map(|document| document.month),
            version: document.map(|document| document.version),
            digest: self.document.as_ref().map(|(_, digest)| *digest),
            signers: self.signers,
            standing: self.standing,
            registry: None,
            checks,
        }
    }
}

fn form(bundle: &Bundle, bytes: &[u8]) -> Vec<Failure> {
    let mut failures = Vec::new();
    if bundle.format != BUNDLE_FORMAT {
        let message = format!("expected {BUNDLE_FORMAT}, got {}", bundle.format);
        failures.push(Failure::at("/format", message));
    }
    match canonical::to_vec(bundle) {
        Ok(canonical) => {
            let offset = first_differing_byte(&canonical, bytes);
            let message = "not in canonical form from here on";
            failures.extend(offset.map(|offset| Failure::at_byte(offset, message)));
        }
        Err(error) => failures.push(Failure::at("", error)),
    }
    failures
}

/// Reads a document of the bundle and digests its bytes. The form check has seen to it that these
/// are the bytes in the file.
fn read(document: &Value) -> Result<(Document, Digest), VersionError> {
    let digest = canonical::digest(document)?;
    Ok((serde_json::from_value(document.clone())?, digest))
}

fn seal(stated: Digest, computed: Digest) -> Vec<Failure> {
    if stated == computed {
        return Vec::new();
    }
    let message = format!("the bundle states {stated}, the document has {computed}");
    vec![Failure::at("/digest", message)]
}

fn version_failure(place: &str, error: &VersionError) -> Failure {
    match error {
        VersionError::Field { field, .. } | VersionError::Digest { field, .. } => {
            Failure::at(format!("{place}/{field}"), error)
        }
        VersionError::Json(source) => Failure::at(place, format!("{error}: {source}")),
        VersionError::Canonical(source) => Failure::at(place, format!("{error}: {source}")),
        VersionError::Lines(source) => {
            Failure::at(format!("{place}/results"), format!("{error}: {source}"))
        }
        VersionError::NotCanonical { .. } => Failure::at(place, error),
    }
}

/// Follows the digests from the document down through the earlier versions.
fn versions(document: &Document, earlier: &[Value]) -> Vec<Failure> {
    let mut failures = Vec::new();
    let mut expected = (document.version.saturating_sub(1), document.previous);
    for (index, older) in earlier.iter().enumerate() {
        let place = format!("/earlier/{index}");
        let (version, Some(previous)) = expected else {
            failures.push(Failure::at(place, "there is no version before version 1"));
            break;
        };
        let (older, digest) = match read(older) {
            Ok(read) => read,
            Err(error) => {
                failures.push(version_failure(&place, &error));
                break;
            }
        };
        if digest != previous {
            let message = format!("version {} names {previous}, this has {digest}", version + 1);
            failures.push(Failure::at(place.clone(), message));
        }
        let named = (&older.jurisdiction, older.month, older.version);
        if named != (&document.jurisdiction, document.month, version) {
            let (jurisdiction, month, version) = named;
            let message = format!("version {version} of {month} in {jurisdiction} stands here");
            failures.push(Failure::at(place.clone(), message));
        }
        failures.extend(older.check().err().map(|error| version_failure(&place, &error)));
        failures.extend(older.contents().iter().map(|error| version_failure(&place, error)));
        expected = (version.saturating_sub(1), older.previous);
    }
    failures
}

/// That every signature of the checkpoint is of a known key, and every key of the bundle signed:
/// so that not even the parts of a note that its readers ignore can be altered unseen.
fn signatures(note: &SignedNote, keys: &[VerifierKey], trusted: &[VerifierKey]) -> Vec<Failure> {
    let mut failures = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        if let Err(error) = note.open(std::slice::from_ref(key)) {
            failures.push(Failure::at(format!("/keys/{index}"), error));
        }
    }
    for signature in note.signatures() {
        if !keys.iter().chain(trusted).any(|key| signature.claims(key)) {
            let message = format!("signed by {}, whose key is not listed", signature.signer());
            failures.push(Failure::at("/checkpoint", message));
        }
    }
    failures
}

/// The log of a jurisdiction is named after it.
fn foreign_log(checkpoint: &Checkpoint, document: &Document) -> Option<Failure> {
    let origin = checkpoint.origin();
    let own = checkpoint::is_log_of(origin, &document.jurisdiction);
    let message = || format!("{origin} is not the log of {}", document.jurisdiction);
    (!own).then(|| Failure::at("/checkpoint", message()))
}

fn recomputation<E: Display>(
    document: &Document,
    recompute: impl FnOnce(&Value) -> Result<Vec<u8>, E>,
) -> Vec<Failure> {
    let computed = match recompute(&document.input) {
        Ok(computed) => computed,
        Err(error) => return vec![Failure::at("/document/input", error)],
    };
    let sealed = match canonical::to_vec(&document.results) {
        Ok(sealed) => sealed,
        Err(error) => return vec![Failure::at("/document/results", error)],
    };
    let Some(offset) = first_differing_byte(&computed, &sealed) else {
        return Vec::new();
    };
    let computed = serde_json::from_slice(&computed).ok();
    let difference = computed.and_then(|computed| first_difference(&computed, &document.results));
    let (pointer, message) = match difference {
        Some(Difference { pointer, expected, found }) => {
            let nothing = || "nothing".to_owned();
            let expected = expected.unwrap_or_else(nothing);
            let found = found.unwrap_or_else(nothing);
            (pointer, format!("the input gives {expected}, the results say {found}"))
        }
        None => (String::new(), format!("the bytes differ from byte {offset} on")),
    };
    vec![Failure::at(format!("/document/results{pointer}"), message)]
}

/// The offset of a line and column, both from 1, as JSON errors have them.
fn offset(bytes: &[u8], line: usize, column: usize) -> usize {
    let before = bytes.split_inclusive(|byte| *byte == b'\n').take(line.saturating_sub(1));
    before.map(<[u8]>::len).sum::<usize>() + column.saturating_sub(1)
}
