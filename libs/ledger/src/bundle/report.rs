//! What a verification found, check by check.

use std::fmt;

use chengping_types::{Digest, JurisdictionId, Month};
use serde::Serialize;

/// The checks, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The file is a bundle in canonical form.
    Form,
    /// The document is a sealed version whose header keeps the rules.
    Document,
    /// The document has the digest that the bundle states.
    Seal,
    /// Results, input and lines have the digests that the document states.
    Contents,
    /// The version follows the one before it.
    Versions,
    /// The leaf follows the one before it, and the log tells one story.
    Chain,
    /// The log at the checkpoint holds the document where it says.
    Inclusion,
    /// A trusted key signed the checkpoint in the name of the log.
    Signature,
    /// The results, computed again from the input, are the same bytes.
    Recomputation,
    /// The case records are those that the snapshot has the digest of.
    Records,
    /// The registry beside the records is the one that the input was made by.
    Registry,
    /// The tallies, counted again from the records, are those of the input.
    Tallies,
}

impl Check {
    /// All checks of a bundle by itself, in their order.
    pub const ALL: [Self; 9] = [
        Self::Form,
        Self::Document,
        Self::Seal,
        Self::Contents,
        Self::Versions,
        Self::Chain,
        Self::Inclusion,
        Self::Signature,
        Self::Recomputation,
    ];

    /// The checks with the case records beside the bundle, in their order.
    pub const OF_RECORDS: [Self; 3] = [Self::Records, Self::Registry, Self::Tallies];

    /// The name, in `snake_case`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Document => "document",
            Self::Seal => "seal",
            Self::Contents => "contents",
            Self::Versions => "versions",
            Self::Chain => "chain",
            Self::Inclusion => "inclusion",
            Self::Signature => "signature",
            Self::Recomputation => "recomputation",
            Self::Records => "records",
            Self::Registry => "registry",
            Self::Tallies => "tallies",
        }
    }

    /// What it means that the check passed.
    #[must_use]
    pub const fn claim(self) -> &'static str {
        match self {
            Self::Form => "the file is a bundle in canonical form",
            Self::Document => "the document is a sealed version",
            Self::Seal => "the document has the digest stated",
            Self::Contents => "results, input and lines have the digests sealed with them",
            Self::Versions => "the version follows the one before it",
            Self::Chain => "the leaf follows the one before it in the log",
            Self::Inclusion => "the log at the checkpoint holds the document",
            Self::Signature => "a trusted key signed the checkpoint",
            Self::Recomputation => "the results follow from the input, byte for byte",
            Self::Records => "the case records have the digest of the snapshot",
            Self::Registry => "bodies and coefficients follow from the registry",
            Self::Tallies => "the counts of all months follow from the records",
        }
    }
}

/// Where something is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// RFC 6901 pointer into the bundle.
    Pointer(String),
    /// Offset into the file, from 0.
    Byte(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pointer(pointer) => f.write_str(pointer),
            Self::Byte(offset) => write!(f, "byte {offset}"),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Where.
    pub place: Place,
    /// What differs.
    pub message: String,
}

impl Failure {
    /// Something wrong at a pointer into the bundle.
    pub(super) fn at(pointer: impl Into<String>, message: impl fmt::Display) -> Self {
        Self { place: Place::Pointer(pointer.into()), message: message.to_string() }
    }

    /// Something wrong at an offset into the file.
    pub(super) fn at_byte(offset: usize, message: impl fmt::Display) -> Self {
        Self { place: Place::Byte(offset), message: message.to_string() }
    }
}

/// How a check went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// As it should be.
    Passed,
    /// Something is wrong.
    Failed {
        /// What and where; never empty.
        failures: Vec<Failure>,
    },
    /// The check had nothing to look at, because another one failed. This is not a pass.
    NotRun,
}

/// One check and how it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Which check.
    pub check: Check,
    /// How it went.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Whether a version stands, as the whole log up to a checkpoint has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The latest later version, if there is one.
    pub superseded_by: Option<u32>,
    /// Whether it was withdrawn.
    pub withdrawn: bool,
}

/// What a verification found. What it says of the document is to be believed only if
/// [`Report::verified`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whose result.
    pub jurisdiction: Option<JurisdictionId>,
    /// Of which month.
    pub month: Option<Month>,
    /// Which version.
    pub version: Option<u32>,
    /// The digest of the document as found; compare it with the bulletin.
    pub digest: Option<Digest>,
    /// The log and the keys that vouch for it, by name.
    pub signers: Vec<String>,
    /// Whether the version stands. None where the bundle has proofs instead of the whole log, and so
    /// does not say: then its fields are left out for programs.
    #[serde(flatten)]
    pub standing: Option<Standing>,
    /// The digest of the registry beside the case records, where these were checked as well: no bundle
    /// seals all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<Digest>,
    /// Every check once, in order; those with the case records only where these were given.
    pub checks: Vec<Checked>,
}

impl Report {
    /// Whether every check ran and passed.
    #[must_use]
    pub fn verified(&self) -> bool {
        self.checks.iter().all(|checked| checked.outcome == Outcome::Passed)
    }

    /// How `check` went.
    #[must_use]
    pub fn outcome(&self, check: Check) -> &Outcome {
        let checked = self.checks.iter().find(|checked| checked.check == check);
        checked.map_or(&Outcome::NotRun, |checked| &checked.outcome)
    }

    /// Whether case records were given.
    fn was_counted(&self) -> bool {
        self.checks.iter().any(|checked| checked.check == Check::Records)
    }

    /// What is to be known of a version besides whether it is what was published.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(registry) = self.registry {
            notes.push(format!(
                "areas and long-term list are of the registry {registry}, which no bundle seals"
            ));
        } else if self.version.is_some() && !self.was_counted() {
            notes.push(
                "no case records were given, so the counts were not counted again".to_owned(),
            );
        }
        match self.standing {
            Some(Standing { superseded_by, withdrawn }) => {
                let version = superseded_by.iter();
                notes
                    .extend(version.map(|version| {
                        format!("this version was superseded by version {version}")
                    }));
                if withdrawn {
                    notes.push("this version was withdrawn: it does not stand".to_owned());
                }
            }
            None if self.version.is_some() => {
                notes.push("the bundle does not say whether it stands".to_owned());
            }
            None => {}
        }
        notes
    }

    /// Everything that is wrong, with the check that found it.
    pub fn failures(&self) -> impl Iterator<Item = (Check, &Failure)> {
        self.checks.iter().flat_map(|checked| {
            let failures: &[Failure] = match &checked.outcome {
                Outcome::Failed { failures } => failures,
                Outcome::Passed | Outcome::NotRun => &[],
            };
            failures.iter().map(|failure| (checked.check, failure))
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Checked { check, outcome } in &self.checks {
            let name = check.as_str();
            match outcome {
                Outcome::Passed => writeln!(f, "ok       {name:<14} {}", check.claim())?,
                Outcome::NotRun => {
                    writeln!(f, "not run  {name:<14} nothing to look at, see above")?;
                }
                Outcome::Failed { failures } => {
                    for Failure { place, message } in failures {
                        writeln!(f, "FAILED   {name:<14} at {place}: {message}")?;
                    }
                }
            }
        }
        for note in self.notes() {
            writeln!(f, "note     {note}")?;
        }
        f.write_str(if self.verified() { "verified\n" } else { "NOT VERIFIED\n" })
    }
}
