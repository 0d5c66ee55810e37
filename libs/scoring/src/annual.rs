//! The year of a body: the mean of its months (7.3).

mod months;

use std::collections::{BTreeMap, BTreeSet};

use chengping_rules::{Annual, FewCases, RulePack, ScoreForm};
use chengping_types::{BodyId, Exact, JurisdictionId, Month, canonical, named_enum};
use serde_json::{Value, json};

pub use self::months::{MonthScore, MonthScores, ResultsError};
use crate::evaluation::{PackReference, Score, State};
use crate::input::{ENGINE, PackRevision};
use crate::ranking::Ranking;

named_enum! {
    /// Whether a body has an annual score and takes part in the ranking (decisions.md 142).
    pub enum AnnualState: "annual state" {
        /// Scored and ranked.
        Scored = 1 => "scored",
        /// Scored and shown, but in too few months for a rank.
        TooFewMonths = 2 => "too_few_months",
        /// No month that is in the mean, so nothing is scored.
        NoData = 3 => "no_data",
    }
}

/// The scores of a year, or of as much of it as has been evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnualResult {
    /// Whose evaluation it is.
    pub jurisdiction: JurisdictionId,
    /// The year.
    pub year: i32,
    /// The pack whose settings, grades and decimals were followed.
    pub rule_pack: PackReference,
    /// The settings.
    pub settings: Annual,
    /// The evaluated months of the year.
    pub months: BTreeMap<Month, MonthScores>,
    /// Every body that one of them names.
    pub bodies: BTreeMap<BodyId, BodyYear>,
}

/// The year of one body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyYear {
    /// Its group, that of its last month.
    pub group: String,
    /// Whether it is scored and ranked.
    pub state: AnnualState,
    /// The mean; absent without a month in it.
    pub score: Option<Score>,
    /// The grade of the stored mean.
    pub grade: Option<String>,
    /// Its rank inside the group, from 1; absent unless ranked.
    pub rank: Option<u32>,
    /// Whether another body of the group has the same rank.
    pub tied: bool,
    /// The months that are in the mean.
    pub counted: BTreeSet<Month>,
}

/// Why months do not make a year.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnnualError {
    /// A month of another year.
    #[error("{0} is no month of the year {1}; leave it out")]
    OtherYear(Month, i32),
    /// A month of another jurisdiction.
    #[error("{0} is the month of another jurisdiction, {1}")]
    OtherJurisdiction(Month, JurisdictionId),
    /// A month scored out of another number of points, which has no mean with the others.
    #[error("{month} is scored out of {found} points, the year out of {base}")]
    OtherBase {
        /// The month.
        month: Month,
        /// The base of its pack.
        found: Exact,
        /// The base of the year's pack.
        base: Exact,
    },
}

/// The mean of each body's months, exact and rounded once, with ranks inside the groups.
///
/// The settings, grades and decimals are those of `rule_pack`, the one in force at the end of the year.
/// The same months always give an equal result.
///
/// # Errors
/// If a month is of another year or jurisdiction, or was scored out of other points.
pub fn annual(
    jurisdiction: JurisdictionId,
    year: i32,
    rule_pack: &PackRevision,
    months: BTreeMap<Month, MonthScores>,
) -> Result<AnnualResult, AnnualError> {
    let rules = &rule_pack.pack;
    for (month, scores) in &months {
        check(*month, scores, &jurisdiction, year, &rules.scoring.base.value)?;
    }
    let settings = rules.annual();
    let ids: BTreeSet<_> = months.values().flat_map(|month| month.bodies.keys()).collect();
    let of_body = |id: &BodyId| (id.clone(), body_year(id, rules, &settings, &months));
    let mut bodies: BTreeMap<_, _> = ids.into_iter().map(of_body).collect();
    rank(&mut bodies);
    let rule_pack = rule_pack.reference();
    Ok(AnnualResult { jurisdiction, year, rule_pack, settings, months, bodies })
}

fn check(
    month: Month,
    scores: &MonthScores,
    jurisdiction: &JurisdictionId,
    year: i32,
    base: &Exact,
) -> Result<(), AnnualError> {
    if month.year() != year || scores.month != month {
        return Err(AnnualError::OtherYear(scores.month, year));
    }
    if scores.jurisdiction != *jurisdiction {
        return Err(AnnualError::OtherJurisdiction(month, scores.jurisdiction.clone()));
    }
    if scores.base != *base {
        let (found, base) = (scores.base.clone(), base.clone());
        return Err(AnnualError::OtherBase { month, found, base });
    }
    Ok(())
}

fn body_year(
    id: &BodyId,
    rules: &RulePack,
    settings: &Annual,
    months: &BTreeMap<Month, MonthScores>,
) -> BodyYear {
    let all = months.iter().filter_map(|(month, scores)| Some((*month, scores.bodies.get(id)?)));
    let group = all.clone().next_back().map(|(_, score)| score.group.clone()).unwrap_or_default();
    let counted: BTreeMap<_, _> =
        all.filter_map(|(month, score)| Some((month, in_mean(score, settings)?))).collect();
    let number = Exact::from(counted.len() as u64);
    let sum: Exact = counted.values().copied().sum();
    let mean = sum.checked_div(&number);
    let score = mean.map(|mean| Score::rounded(mean, rules.scoring.decimals));
    let least = &settings.share_min.value * Exact::from(months.len() as u64);
    let state = match score {
        None => AnnualState::NoData,
        Some(_) if number < least => AnnualState::TooFewMonths,
        Some(_) => AnnualState::Scored,
    };
    let grade = score.as_ref().and_then(|score| rules.grades.of(&score.stored));
    BodyYear {
        group,
        state,
        grade: grade.map(str::to_owned),
        score,
        rank: None,
        tied: false,
        counted: counted.into_keys().collect(),
    }
}

/// What a month adds to the mean, if it is in it.
fn in_mean<'a>(score: &'a MonthScore, settings: &Annual) -> Option<&'a Exact> {
    if score.state == State::TooFewCases && settings.few_cases == FewCases::LeftOut {
        return None;
    }
    match settings.of {
        ScoreForm::Exact => score.exact.as_ref(),
        ScoreForm::Stored => score.stored.as_ref(),
    }
}

fn rank(bodies: &mut BTreeMap<BodyId, BodyYear>) {
    let ranked = |body: &BodyYear| {
        let score = body.score.as_ref().filter(|_| body.state == AnnualState::Scored)?;
        Some((body.group.clone(), score.stored.clone()))
    };
    let scores: Vec<_> = bodies.values().map(ranked).collect();
    let ranking = Ranking::new(scores.iter().flatten().map(|(group, score)| (&**group, score)));
    for (body, score) in bodies.values_mut().zip(&scores) {
        if let Some((group, score)) = score {
            (body.rank, body.tied) = ranking.place(group, score);
        }
    }
}

impl AnnualResult {
    /// The canonical JSON (`annual.json` of the interchange format).
    pub fn document(&self) -> Vec<u8> {
        let month = |(month, scores): (&Month, &MonthScores)| {
            let value = json!({"results": scores.results, "rule_pack": scores.rule_pack});
            (month.to_string(), value)
        };
        let months: BTreeMap<_, _> = self.months.iter().map(month).collect();
        let bodies: BTreeMap<_, _> =
            self.bodies.iter().map(|(id, body)| (id.as_str(), self.body(id, body))).collect();
        let document = json!({
            "jurisdiction": self.jurisdiction,
            "year": self.year,
            "engine": ENGINE,
            "rule_pack": self.rule_pack,
            "annual": self.settings,
            "months": months,
            "bodies": bodies,
        });
        canonical::to_vec(&document).expect("an annual document holds text, flags and counts only")
    }

    fn body(&self, id: &BodyId, body: &BodyYear) -> Value {
        let of_month = |(month, scores): (&Month, &MonthScores)| {
            let score = scores.bodies.get(id)?;
            let value = json!({
                "state": score.state,
                "score": score.printed,
                "exact_score": score.exact,
                "counted": body.counted.contains(month),
            });
            Some((month.to_string(), value))
        };
        let months: BTreeMap<_, _> = self.months.iter().filter_map(of_month).collect();
        json!({
            "group": body.group,
            "state": body.state,
            "score": body.score.as_ref().map(Score::printed),
            "exact_score": body.score.as_ref().map(|score| &score.exact),
            "rank": body.rank,
            "tied": body.tied,
            "grade": body.grade,
            "months": months,
        })
    }
}
