//! The year of each body (7.3), from the published versions of its months.

use std::collections::BTreeMap;

use chengping_rules::RulePack;
use chengping_scoring::{
    AnnualError, AnnualResult, AnnualState, MonthScores, PackRevision, ResultsError, annual,
};
use chengping_types::name::BulletinVersionName;
use chengping_types::{Digest, JurisdictionId, Month};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::lines::in_order;

/// A month of a year as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublishedMonth {
    pub(crate) name: BulletinVersionName,
    pub(crate) digest: Digest,
    pub(crate) results_digest: Digest,
}

/// The results of a year.
#[derive(Debug, Clone)]
pub(crate) struct Year {
    pub(crate) jurisdiction: JurisdictionId,
    pub(crate) year: u16,
    pub(crate) months: Vec<PublishedMonth>,
    pub(crate) missing: Vec<Month>,
}

/// The year of one body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct YearLine {
    pub(crate) body_id: String,
    pub(crate) assessment_code: Option<String>,
    pub(crate) group: String,
    pub(crate) score: Option<String>,
    pub(crate) exact_score: Option<String>,
    pub(crate) rank: Option<u32>,
    pub(crate) tied: bool,
    pub(crate) grade: Option<String>,
    pub(crate) not_rated_reason: Option<&'static str>,
    pub(crate) counted: Vec<Month>,
}

/// What the published months of a year give.
#[derive(Debug, Clone)]
pub(crate) struct YearScores {
    /// By group, in the order of the document, and rank.
    pub(crate) lines: Vec<YearLine>,
    pub(crate) document: Vec<u8>,
}

/// Why months make no year.
#[derive(Debug, thiserror::Error)]
pub(crate) enum YearError {
    /// A sealed document without the rules that it was scored by.
    #[error("the sealed version of {month} does not hold the rules that it was scored by")]
    NoRules { month: Month, source: serde_json::Error },
    /// The rules that are sealed are not those of the results.
    #[error("the results of {month} and their rules do not belong together")]
    Results { month: Month, source: ResultsError },
    /// The months have no common mean.
    #[error(transparent)]
    Annual(#[from] AnnualError),
}

impl Year {
    /// A year with these published months, in their order.
    pub(crate) fn new(
        jurisdiction: JurisdictionId,
        year: u16,
        months: Vec<PublishedMonth>,
    ) -> Self {
        let all = (1..=12).filter_map(|month| Month::new(year.into(), month));
        let is_there = |month: &Month| months.iter().any(|found| found.name.month == *month);
        let missing = all.filter(|month| !is_there(month)).collect();
        Self { jurisdiction, year, months, missing }
    }
}

/// What is read of a sealed version; the results as their bytes, since these have the digest.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    results: &'a RawValue,
    input: Input,
}

#[derive(Deserialize)]
struct Input {
    rule_pack: PackRevision,
    #[serde(default)]
    bodies: Vec<Registered>,
}

#[derive(Deserialize)]
struct Registered {
    body_id: String,
    assessment_code: Option<String>,
}

/// The reading of the sealed documents of a year, month by month: of each is kept what the year needs.
#[derive(Default)]
pub(crate) struct YearReading {
    months: BTreeMap<Month, MonthScores>,
    codes: BTreeMap<String, Option<String>>,
    /// The rules of the newest month.
    newest: Option<PackRevision>,
}

impl YearReading {
    /// Reads the document of a month, which is later than those before.
    ///
    /// # Errors
    ///
    /// [`YearError::NoRules`], [`YearError::Results`].
    pub(crate) fn add(mut self, month: Month, document: &[u8]) -> Result<Self, YearError> {
        let read: Document<'_> = serde_json::from_slice(document)
            .map_err(|source| YearError::NoRules { month, source })?;
        let scores = month_scores(&read, &read.input.rule_pack.pack)
            .map_err(|source| YearError::Results { month, source })?;
        self.months.insert(month, scores);
        for body in read.input.bodies {
            self.codes.insert(body.body_id, body.assessment_code);
        }
        self.newest = Some(read.input.rule_pack);
        Ok(self)
    }

    /// The year that the documents give, by the setting `annual` of the pack of the newest of them.
    ///
    /// # Errors
    ///
    /// [`YearError::Annual`]. There must be a month.
    pub(crate) fn scores(
        self,
        jurisdiction: JurisdictionId,
        year: u16,
    ) -> Result<YearScores, YearError> {
        let newest = self.newest.expect("a year is asked for only when it has a month");
        let result = annual(jurisdiction, year.into(), &newest, self.months)?;
        Ok(YearScores { lines: lines(&result, &self.codes), document: result.document() })
    }
}

/// A part of a canonical document is canonical, so its bytes are those of the results document.
fn month_scores(document: &Document<'_>, pack: &RulePack) -> Result<MonthScores, ResultsError> {
    MonthScores::from_document(document.results.get().as_bytes(), pack)
}

fn lines(result: &AnnualResult, codes: &BTreeMap<String, Option<String>>) -> Vec<YearLine> {
    let mut lines = Vec::with_capacity(result.bodies.len());
    for (id, body) in &result.bodies {
        let reason = match body.state {
            AnnualState::Scored => None,
            state => Some(state.as_str()),
        };
        lines.push(YearLine {
            body_id: id.to_string(),
            assessment_code: codes.get(id.as_str()).cloned().flatten(),
            group: body.group.clone(),
            score: body.score.as_ref().map(|score| score.printed()),
            exact_score: body.score.as_ref().map(|score| score.exact.to_string()),
            rank: body.rank,
            tied: body.tied,
            grade: body.grade.clone(),
            not_rated_reason: reason,
            counted: body.counted.iter().copied().collect(),
        });
    }
    in_order(lines, |line| (&line.group, line.rank))
}

impl YearScores {
    /// The digest of the document.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.document)
    }
}
