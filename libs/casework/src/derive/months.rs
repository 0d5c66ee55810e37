//! The instants of the months that a question needs.

use chengping_types::{Instant, Month};

use super::{Question, View};

/// How many months back are prepared. Older cases are rare, theirs are computed as needed.
const PREPARED: i32 = 36;

/// A month: from `start` to before `end`, seen at `view`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Period {
    start: Instant,
    pub(super) end: Instant,
    pub(super) view: View,
}

impl Period {
    pub(super) fn holds(&self, at: Instant) -> bool {
        self.start <= at && at < self.end
    }
}

#[derive(Debug)]
pub(super) struct Months<'q> {
    question: &'q Question,
    asked: Period,
    /// The months before the one asked for, latest first.
    earlier: Vec<Period>,
}

impl<'q> Months<'q> {
    pub(super) fn new(question: &'q Question) -> Self {
        let zone = &question.time_zone;
        let month = question.month;
        let asked = Period { start: month.start(zone), end: month.end(zone), view: question.view };
        let mut months = Self { question, asked, earlier: Vec::new() };
        months.earlier = (1..=PREPARED).map(|back| months.compute(month.plus(-back))).collect();
        months
    }

    /// The month asked for, at the view asked for.
    pub(super) fn asked(&self) -> &Period {
        &self.asked
    }

    /// An earlier month at its freeze.
    pub(super) fn period(&self, month: Month) -> Period {
        let back = usize::try_from(self.question.month.since(month) - 1).ok();
        match back.and_then(|back| self.earlier.get(back)) {
            Some(period) => *period,
            None => self.compute(month),
        }
    }

    /// The month of an instant, at most that asked for.
    pub(super) fn month_of(&self, at: Instant) -> Month {
        if at >= self.asked.start {
            return self.question.month;
        }
        match (1..).zip(&self.earlier).find(|(_, period)| at >= period.start) {
            Some((back, _)) => self.question.month.plus(-back),
            None => Month::of(at, &self.question.time_zone),
        }
    }

    fn compute(&self, month: Month) -> Period {
        let zone = &self.question.time_zone;
        let freeze = month.freeze(self.question.freeze_day, zone);
        let View { as_of, decided } = self.question.view;
        let view = View { as_of: freeze.min(as_of), decided: freeze.min(decided) };
        Period { start: month.start(zone), end: month.end(zone), view }
    }
}
