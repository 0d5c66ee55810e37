//! What a month asks of the records: about itself, and about the months that the rules look back to.

use chengping_casework::{Question, View};
use chengping_rules::RulePack;
use chengping_types::Month;

/// The question about a month in a view, as the rules ask it.
#[must_use]
pub fn question(pack: &RulePack, month: Month, view: View) -> Question {
    Question {
        month,
        time_zone: pack.time_zone.clone(),
        view,
        freeze_day: pack.freeze.day,
        lifecycle: pack.lifecycle,
    }
}

/// A question about a month, and those about the months that the rules look back to, latest first.
#[must_use]
pub fn all_questions(question: &Question, pack: &RulePack) -> Vec<Question> {
    let mut questions = vec![question.clone()];
    let mut month = question.month;
    for _ in 0..pack.looks_back() {
        month = month.previous();
        questions.push(at_freeze(question, month));
    }
    questions
}

/// The question of an earlier month as it was frozen then, or as far as `question` sees: an
/// evaluation never sees past its view.
#[must_use]
pub fn at_freeze(question: &Question, month: Month) -> Question {
    let zone = question.time_zone.clone();
    let frozen = Question::at_freeze(month, zone, question.freeze_day, question.lifecycle);
    let View { as_of, decided } = question.view;
    let view =
        View { as_of: frozen.view.as_of.min(as_of), decided: frozen.view.decided.min(decided) };
    Question { view, ..frozen }
}

#[cfg(test)]
mod tests {
    use chengping_casework::Lifecycle;
    use chengping_types::{Instant, TimeZone};

    use super::*;

    #[test]
    fn an_earlier_month_is_seen_as_frozen_but_never_past_the_view() {
        let zone: TimeZone = "Asia/Shanghai".parse().unwrap();
        let april: Month = "2018-04".parse().unwrap();
        let mut question = Question::at_freeze(april, zone.clone(), 3, Lifecycle::default());
        let frozen = april.previous().freeze(3, &zone);
        assert_eq!(at_freeze(&question, april.previous()).view, View::at(frozen));

        let early = Instant::from_micros(frozen.as_micros() - 1);
        question.view = View { as_of: early, decided: question.view.decided };
        let view = View { as_of: early, decided: frozen };
        assert_eq!(at_freeze(&question, april.previous()).view, view);
    }
}
