//! Computing a deadline for somebody who asks, as intake does for an event that lacks it.

use chengping_casework::clock::{ClockError, Explanation};
use chengping_casework::{Limits, Missing};
use chengping_types::name::WorkCalendarName;
use chengping_types::{DeadlineRules, Digest, FilingCondition, Instant, Limit, TimeZone};

use super::App;
use super::calendar::require_known;
use crate::error::Error;

/// What a deadline is asked of.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub calendar: WorkCalendarName,
    /// When the clock starts.
    pub start: Instant,
    pub limit: LimitAsked,
}

/// The limit, or where it comes from.
#[derive(Debug, Clone)]
pub(crate) enum LimitAsked {
    Given(Limit),
    /// That of cases of the category that are filed under the condition in the month of the start.
    OfCondition {
        condition_id: String,
        category_scheme: String,
        category_code: String,
    },
}

/// A deadline with all that it came from.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub explanation: Explanation,
    /// Where the limit comes from; none where it was given.
    pub condition: Option<FilingCondition>,
    pub time_zone: TimeZone,
    /// Of the deadline rules.
    pub rules: Digest,
}

impl App {
    /// Computes a deadline by the rules that hold now.
    pub(crate) async fn explain_deadline(&self, question: &Question) -> Result<Answer, Error> {
        require_known(&question.calendar)?;
        let jurisdiction = &question.calendar.jurisdiction;
        let (rules, time_zone) = self.deadline_rules(jurisdiction).await?;
        let time_zone = time_zone.ok_or(Error::NoTimeZone)?;
        answer(question, rules, time_zone)
    }
}

fn answer(question: &Question, rules: DeadlineRules, time_zone: TimeZone) -> Result<Answer, Error> {
    let digest = rules.digest();
    let DeadlineRules { working_hours, calendar, filing_conditions } = rules;
    let limits = Limits::new(time_zone.clone(), filing_conditions, working_hours, calendar);
    let condition = match &question.limit {
        LimitAsked::Given(_) => None,
        LimitAsked::OfCondition { condition_id, category_scheme, category_code } => {
            let category = (category_scheme.as_str(), category_code.as_str());
            let condition = limits.condition_of(condition_id, category, question.start);
            Some(condition.map_err(|missing| refusal(question, missing))?.clone())
        }
    };
    let limit = match (&question.limit, &condition) {
        (LimitAsked::Given(limit), _) => *limit,
        (LimitAsked::OfCondition { .. }, found) => {
            found.as_ref().expect("a condition was looked up").limit
        }
    };
    let explanation = limits.explain(question.start, limit);
    let explanation = explanation.map_err(|missing| refusal(question, missing))?;
    Ok(Answer { explanation, condition, time_zone, rules: digest })
}

fn refusal(question: &Question, missing: Missing) -> Error {
    let condition = match &question.limit {
        LimitAsked::OfCondition { condition_id, .. } => condition_id.clone(),
        LimitAsked::Given(_) => String::new(),
    };
    match missing {
        Missing::NoCalendar => Error::NoWorkCalendar,
        Missing::Clock(ClockError::TooLittleWorkingTime) => Error::TooLittleWorkingTime,
        Missing::Clock(ClockError::BeyondTime) => Error::DeadlineBeyondTime,
        Missing::OtherCategory => Error::ConditionOfOtherCategory { condition },
        Missing::NotValid => Error::ConditionNotValid { condition },
        // The others are about events, which nobody speaks of here.
        Missing::UnknownCondition
        | Missing::NoCondition
        | Missing::NotYet
        | Missing::NothingToExtend => Error::ConditionNotFound { condition },
    }
}
