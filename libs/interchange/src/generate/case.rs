//! What happens to a generated case.

use chengping_casework::{Case, Event, EventKind, Source};
use chengping_types::{BodyId, CaseNo, Month};

use super::city::City;
use super::dice::Dice;
use super::names::{CATEGORIES, Category, SOURCES};
use super::story::{DAY, HOUR, MINUTE, Story, instant};
use super::{Settings, zone};

/// A case with its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// The case.
    pub case: Case,
    /// What happened to it, by event number.
    pub events: Vec<Event>,
}

/// The cases of the month before and of the month, by number.
pub struct Cases<'a> {
    city: &'a City,
    settings: Settings,
    next: u64,
}

impl<'a> Cases<'a> {
    /// All cases of `settings` in a city made of the same.
    #[must_use]
    pub fn new(settings: &Settings, city: &'a City) -> Self {
        Self { city, settings: *settings, next: 0 }
    }
}

impl Iterator for Cases<'_> {
    type Item = Generated;

    fn next(&mut self) -> Option<Generated> {
        let number = self.next;
        let before = self.settings.cases_before();
        if number >= self.settings.total_cases() {
            return None;
        }
        self.next += 1;
        let month =
            if number < before { self.settings.month.previous() } else { self.settings.month };
        Some(generate(self.city, Dice::new(self.settings.seed, number), month, number))
    }
}

fn generate(city: &City, mut dice: Dice, month: Month, number: u64) -> Generated {
    let area = dice.index(city.areas().len());
    let source = *dice.weighted(SOURCES);
    let category = dice.weighted(CATEGORIES);
    let case_no = format!("CP{:02}{:02}{number:08}", month.year() % 100, month.month());
    let case_no: CaseNo = case_no.parse().expect("letters and digits");
    // One in 250 lies where nobody has registered an area.
    let registered = !dice.chance(4);
    let code = city.areas()[area].area_code.clone();
    let case = Case {
        case_no: case_no.clone(),
        source,
        category_scheme: category.scheme.to_owned(),
        category_code: category.code.to_owned(),
        area_code: if registered { code } else { "X99999".to_owned() },
        collector: Some(city.teams[area].clone()),
        title: dice.chance(20).then(|| format!("{}（合成）", category.name)),
        filing_condition: None,
    };
    let start = report_time(&mut dice, month);
    let mut telling = Telling {
        collector: &city.teams[area],
        supervision: &city.supervision[dice.index(city.supervision.len())],
        command: &city.command[dice.index(city.command.len())],
        city,
        area,
        category,
        source,
        dice,
        story: Story::new(case_no, start),
    };
    telling.tell();
    Generated { case, events: telling.story.events }
}

/// A second of the month between 7 and 21 o'clock.
fn report_time(dice: &mut Dice, month: Month) -> i64 {
    let zone = zone();
    let start = month.start(&zone).as_micros() / 1_000_000;
    let days = (month.end(&zone).as_micros() / 1_000_000 - start) / DAY;
    start + dice.between(0, days - 1) * DAY + dice.between(7 * HOUR, 21 * HOUR)
}

/// A case that is being told: who is concerned, and what happened so far.
struct Telling<'a> {
    city: &'a City,
    collector: &'a BodyId,
    supervision: &'a BodyId,
    command: &'a BodyId,
    area: usize,
    category: &'a Category,
    source: Source,
    dice: Dice,
    story: Story,
}

impl Telling<'_> {
    fn tell(&mut self) {
        let reporter = (self.source == Source::Patrol).then_some(self.collector);
        self.story.happen(EventKind::Reported, reporter);
        if reporter.is_some() && self.dice.chance(40) {
            self.story.now += self.dice.between(2 * MINUTE, 20 * MINUTE);
            self.story.happen(EventKind::SelfHandled, reporter);
            return;
        }
        if !(self.accept() && self.file()) {
            return;
        }
        // Voided after filing, or forgotten by the dispatcher.
        if self.dice.chance(5) {
            self.story.now += self.dice.between(HOUR, DAY);
            self.story.happen(EventKind::Voided, Some(self.supervision));
            return;
        }
        if !self.dice.chance(10) {
            self.handling();
        }
    }

    /// Seconds that a desk takes for a step with a limit: one in twenty is late.
    fn desk(&mut self, limit: i64) -> i64 {
        if self.dice.chance(50) {
            self.dice.between(limit + 1, 3 * limit)
        } else {
            self.dice.between(limit / 20, limit)
        }
    }

    fn accept(&mut self) -> bool {
        if self.source.is_public() && self.dice.chance(700) {
            let took = self.desk(15 * MINUTE);
            self.story.stage(EventKind::VerifySent, self.supervision, took, 15 * MINUTE);
            let took = self.desk(30 * MINUTE);
            let confirmed = !self.dice.chance(45);
            let outcome = if confirmed { "confirmed" } else { "not_confirmed" };
            let event = self.story.stage(EventKind::Verified, self.collector, took, 30 * MINUTE);
            event.outcome = Some(outcome.to_owned());
            if !confirmed {
                self.decline("invalid");
                return false;
            }
        }
        if self.dice.chance(35) {
            let outcome = if self.dice.chance(400) { "duplicate" } else { "invalid" };
            self.decline(outcome);
            return false;
        }
        let took = self.desk(15 * MINUTE);
        self.story.stage(EventKind::Accepted, self.supervision, took, 15 * MINUTE);
        true
    }

    fn decline(&mut self, outcome: &str) {
        let took = self.desk(15 * MINUTE);
        let event = self.story.stage(EventKind::Declined, self.supervision, took, 15 * MINUTE);
        event.outcome = Some(outcome.to_owned());
    }

    fn file(&mut self) -> bool {
        let took = self.desk(15 * MINUTE);
        let kind = if self.dice.chance(10) { EventKind::Refused } else { EventKind::Filed };
        self.story.stage(kind, self.supervision, took, 15 * MINUTE);
        kind == EventKind::Filed
    }

    /// The unit that handles cases of the category here.
    fn unit(&mut self) -> BodyId {
        let area = &self.city.areas()[self.area];
        if self.category.specialised {
            // The same category and area go to the same unit, as a rule.
            let units = &self.city.specialised;
            units[(self.area + self.category.name.len()) % units.len()].clone()
        } else if self.dice.chance(250) {
            self.dice.pick(&self.city.bureaus[..10]).clone()
        } else {
            let bodies = [&area.subdistrict, &area.window, &area.district];
            let body = bodies.into_iter().flatten().next().cloned();
            body.unwrap_or_else(|| self.city.districts[0].clone())
        }
    }

    fn dispatch(&mut self, unit: &BodyId, due: Option<i64>) -> i64 {
        let took = self.desk(15 * MINUTE);
        let limit = self.category.hours * HOUR;
        let event = self.story.stage(EventKind::Dispatched, self.command, took, 15 * MINUTE);
        event.unit = Some(unit.clone());
        let at = event.at.as_micros() / 1_000_000;
        let due = due.unwrap_or(at + limit);
        event.due_at = Some(instant(due));
        due
    }

    /// From the dispatch to the end.
    fn handling(&mut self) {
        let mut unit = self.unit();
        let mut due = self.dispatch(&unit, None);
        if self.dice.chance(25) {
            unit = self.give_back(unit, due);
        }
        if self.dice.chance(18) && self.story.now < due {
            due += self.category.hours * HOUR;
            let at = self.story.now + self.dice.between(MINUTE, 20 * MINUTE);
            let event = self.story.happen_at(at, EventKind::Extended, None);
            event.unit = Some(unit.clone());
            event.due_at = Some(instant(due));
        }
        if self.dice.chance(14) {
            match self.pause(&unit, due) {
                Some(later) => due = later,
                None => return,
            }
        }
        let late = self.dice.chance(lateness(&unit));
        self.order(due, late);
        if late && self.dice.chance(180) {
            // Never handled: overdue and open, but for the few that are closed by force.
            if self.dice.chance(60) {
                self.story.now = due + self.dice.between(DAY, 10 * DAY);
                self.close("forced");
            }
            return;
        }
        self.hand_back(&unit, due, late);
        if self.check(&unit) {
            self.after_check(&unit, late, due);
        }
    }

    /// The unit says that the case is not its own; two times in three it is right.
    fn give_back(&mut self, unit: BodyId, due: i64) -> BodyId {
        self.story.now += self.dice.between(10 * MINUTE, 3 * HOUR);
        let upheld = self.dice.chance(680);
        let event = self.story.happen(EventKind::Returned, None);
        event.unit = Some(unit.clone());
        event.outcome = Some(if upheld { "upheld" } else { "refused" }.to_owned());
        if !upheld {
            return unit;
        }
        let other = self.dice.pick(&self.city.bureaus).clone();
        self.dispatch(&other, Some(due));
        other
    }

    /// A suspension; the deadline afterwards, or none when the case is still suspended.
    fn pause(&mut self, unit: &BodyId, due: i64) -> Option<i64> {
        self.story.now += self.dice.between(20 * MINUTE, HOUR);
        self.story.happen(EventKind::Suspended, None).unit = Some(unit.clone());
        if self.dice.chance(150) {
            return None;
        }
        let length = self.dice.between(DAY, 20 * DAY);
        self.story.now += length;
        let stated = self.dice.chance(450);
        let event = self.story.happen(EventKind::Resumed, None);
        event.unit = Some(unit.clone());
        event.due_at = stated.then(|| instant(due + length));
        Some(due + length)
    }

    fn hand_back(&mut self, unit: &BodyId, due: i64, late: bool) {
        let now = self.story.now;
        self.story.now = if late || due <= now {
            let overrun = self.dice.between(MINUTE, 2 * self.category.hours * HOUR);
            due.max(now) + overrun
        } else {
            let share = self.dice.between(10, 95);
            now + (due - now) * share / 100
        };
        self.story.happen(EventKind::Handled, None).unit = Some(unit.clone());
    }

    /// Checks until one passes; false when the check is still open.
    fn check(&mut self, unit: &BodyId) -> bool {
        loop {
            let took = self.desk(30 * MINUTE);
            self.story.stage(EventKind::CheckSent, self.supervision, took, 30 * MINUTE);
            if self.dice.chance(8) {
                return false;
            }
            let took = self.desk(2 * HOUR);
            if !self.dice.chance(15) {
                self.story.stage(EventKind::CheckPassed, self.collector, took, 2 * HOUR);
                return true;
            }
            self.story.stage(EventKind::CheckFailed, self.collector, took, 2 * HOUR);
            self.story.now += self.dice.between(HOUR, 12 * HOUR);
            self.story.happen(EventKind::Handled, None).unit = Some(unit.clone());
        }
    }

    fn close(&mut self, outcome: &str) {
        self.story.now += self.dice.between(MINUTE, 4 * HOUR);
        let event = self.story.happen(EventKind::Closed, Some(self.supervision));
        event.outcome = Some(outcome.to_owned());
    }

    fn after_check(&mut self, unit: &BodyId, late: bool, due: i64) {
        self.close("normal");
        if self.dice.chance(4) {
            self.story.now += self.dice.between(DAY, 8 * DAY);
            self.story.happen(EventKind::Reopened, Some(self.supervision));
            self.story.now += self.dice.between(HOUR, DAY);
            self.story.happen(EventKind::Handled, None).unit = Some(unit.clone());
            self.close("normal");
        }
        if self.source.is_public() && self.dice.chance(600) {
            const ANSWERS: &[(u64, &str)] = &[
                (42, "very_satisfied"),
                (31, "satisfied"),
                (9, "neutral"),
                (14, "dissatisfied"),
                (4, "unreachable"),
            ];
            let at = self.story.now + self.dice.between(HOUR, 3 * DAY);
            let answer = *self.dice.weighted(ANSWERS);
            let event = self.story.happen_at(at, EventKind::Visited, Some(self.supervision));
            event.outcome = Some(answer.to_owned());
        }
        let reworked = self.story.events.iter().any(|e| e.kind == EventKind::CheckFailed);
        if (late || reworked) && self.dice.chance(40) {
            let outcome = match (late, reworked) {
                (true, true) => "all",
                (true, false) => "late",
                _ => "rework",
            };
            let at = self.story.now.max(due) + self.dice.between(DAY, 5 * DAY);
            let event = self.story.happen_at(at, EventKind::Exempted, None);
            event.outcome = Some(outcome.to_owned());
        }
    }

    /// Orders, mostly about late cases; some repeated, some withdrawn.
    fn order(&mut self, due: i64, late: bool) {
        if !self.dice.chance(if late { 30 } else { 3 }) {
            return;
        }
        let mut at = self.story.now.max(due) + self.dice.between(HOUR, 3 * DAY);
        loop {
            let card = self.dice.chance(300).then(|| "黄牌".to_owned());
            self.story.happen_at(at, EventKind::Ordered, None).outcome = card;
            at += self.dice.between(DAY, 4 * DAY);
            if !self.dice.chance(160) {
                break;
            }
        }
        if self.dice.chance(120) {
            self.story.happen_at(at, EventKind::OrderWithdrawn, None);
        }
    }
}

/// Late cases of a unit in a thousand: units differ, from 40 to 220.
fn lateness(unit: &BodyId) -> u64 {
    let sum: u64 = unit.as_str().bytes().map(|byte| u64::from(byte) * 37).sum();
    40 + sum % 181
}
