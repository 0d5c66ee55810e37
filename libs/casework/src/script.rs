//! Cases written as short texts, for tests.

use chengping_types::{BodyId, Instant, Month, TimeZone};

use crate::{Base, Case, Event, Fact, Lifecycle, Question, Source, derive};

pub(crate) fn case() -> Case {
    Case {
        case_no: "1".parse().unwrap(),
        source: Source::Patrol,
        category_scheme: "gbt-30428.2-2013-event".to_owned(),
        category_code: "0110".to_owned(),
        area_code: "R1".to_owned(),
        collector: None,
        title: None,
        filing_condition: None,
    }
}

/// `04-03T09` is nine o'clock of 3 April 2018 in Zhengzhou.
pub(crate) fn at(text: &str) -> Instant {
    Instant::parse(&format!("2018-{text}:00:00+08:00")).unwrap()
}

/// One event a line: time, kind, and as needed `by=` (a team), `unit=`, `due=`, `limit=` (of the
/// desk stage) and an outcome.
pub(crate) fn events(script: &str) -> Vec<Event> {
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.zip(1..).map(|(line, event_no)| event(line, event_no)).collect()
}

pub(crate) fn event(line: &str, event_no: u64) -> Event {
    let mut words = line.split_whitespace();
    let mut event = Event {
        case_no: "1".parse().unwrap(),
        event_no,
        at: at(words.next().unwrap()),
        kind: words.next().unwrap().parse().unwrap(),
        actor: None,
        unit: None,
        due_at: None,
        stage_due_at: None,
        outcome: None,
        note: None,
    };
    for word in words {
        match word.split_once('=') {
            Some(("unit", unit)) => event.unit = Some(unit.parse::<BodyId>().unwrap()),
            Some(("by", team)) => event.actor = Some(team.parse::<BodyId>().unwrap()),
            Some(("due", due)) => event.due_at = Some(at(due)),
            Some(("limit", limit)) => event.stage_due_at = Some(at(limit)),
            Some((other, _)) => panic!("{other} is unknown"),
            None => event.outcome = Some(word.to_owned()),
        }
    }
    event
}

/// A question for a month of 2018 at its default view.
pub(crate) fn question(month: u8, lifecycle: Lifecycle) -> Question {
    let zone: TimeZone = "Asia/Shanghai".parse().unwrap();
    Question::at_freeze(Month::new(2018, month.into()).unwrap(), zone, 3, lifecycle)
}

pub(crate) fn fact(script: &str, month: u8) -> Option<Fact> {
    derive(&case(), &events(script), &question(month, Lifecycle::default()))
}

/// The names of the marks that a month gives the case, without `filed`, `assigned` and those that
/// only describe.
pub(crate) fn marks_under(script: &str, month: u8, lifecycle: Lifecycle) -> String {
    let fact = derive(&case(), &events(script), &question(month, lifecycle));
    let names: Vec<_> = fact
        .iter()
        .flat_map(|fact| fact.marks.iter())
        .filter(|base| !matches!(base, Base::Filed | Base::Assigned) && !base.is_description())
        .map(Base::as_str)
        .collect();
    names.join(" ")
}

pub(crate) fn marks(script: &str, month: u8) -> String {
    marks_under(script, month, Lifecycle::default())
}
