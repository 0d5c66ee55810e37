//! Stories: one line an event, such as `04-20 10:00 dispatched to parks due 04-28 10:00`.

use chengping_casework::{Case, Event, Limits, with_computed_deadlines};
use chengping_types::calendar::{CalendarDay, WorkingHours};
use chengping_types::{FilingCondition, Instant, Limit};

use super::format::{Given, OfCase, Story};

/// The cases that a story tells, with their events.
pub(crate) fn cases(
    given: &Given,
    story: &[String],
    stories: &[(String, Story)],
) -> Vec<(Case, Vec<Event>)> {
    let year = given.month.as_deref().map_or("2018", |month| &month[..4]);
    let begin = given.begin.as_deref().unwrap_or_default();
    let mut all = Vec::new();
    if !story.is_empty() {
        all.push(case("1", &given.of_case, year, &[begin, story].concat()));
    }
    for (name, told) in stories {
        let of_case = given.of_case.with(&told.of_case);
        let begin = told.begin.as_deref().unwrap_or(begin);
        let lines = [begin, &told.story].concat();
        for copy in 1..=told.times.unwrap_or(1) {
            all.push(case(&format!("{name}-{copy}"), &of_case, year, &lines));
        }
    }
    let limits = limits(given);
    for (case, events) in &mut all {
        *events = with_computed_deadlines(case, events, &limits).into_owned();
    }
    all
}

/// What deadlines that the story does not give are computed from.
fn limits(given: &Given) -> Limits {
    let condition = |(id, text): (&str, &String)| {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [value, unit, "of", scheme, code] = words[..] else {
            wrong(text, "write `4 work_hour of event 01`")
        };
        FilingCondition {
            condition_id: id.to_owned(),
            category_scheme: format!("gbt-30428.2-2013-{scheme}"),
            category_code: code.to_owned(),
            limit: Limit { value: value.parse().unwrap(), unit: unit.parse().unwrap() },
            valid_from: "2010-01".parse().unwrap(),
            valid_to: None,
            name: String::new(),
        }
    };
    let hours = |(date, text): (&str, &String)| {
        let (periods, days_off) = text.split_once(" off ").unwrap_or((text, "sat sun"));
        WorkingHours {
            effective_date: date.parse().unwrap(),
            periods: periods.parse().unwrap(),
            days_off: days_off.parse().unwrap(),
            name: String::new(),
        }
    };
    let day = |(date, kind): (&str, &String)| CalendarDay {
        date: date.parse().unwrap(),
        kind: kind.parse().unwrap(),
        name: String::new(),
    };
    Limits::new(
        "Asia/Shanghai".parse().unwrap(),
        given.limits.iter().map(condition),
        given.hours.iter().map(hours).collect(),
        given.calendar.iter().map(day).collect(),
    )
}

fn case(number: &str, of_case: &OfCase, year: &str, lines: &[String]) -> (Case, Vec<Event>) {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let category = text(&of_case.category);
    let (scheme, code) = category.split_once(' ').unwrap_or(("event", &category));
    let case = Case {
        case_no: number.parse().unwrap(),
        source: text(&of_case.source).parse().unwrap(),
        category_scheme: format!("gbt-30428.2-2013-{scheme}"),
        category_code: code.to_owned(),
        area_code: text(&of_case.area),
        collector: of_case.grid.as_deref().map(|team| team.parse().unwrap()),
        title: None,
        filing_condition: of_case.condition.clone(),
    };
    let events = lines.iter().zip(1..).map(|(line, no)| event(number, no, year, line));
    (case, events.collect())
}

fn event(case_no: &str, event_no: u64, year: &str, line: &str) -> Event {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [day, time, kind, rest @ ..] = &words[..] else {
        wrong(line, "write day, time and what happened")
    };
    let at = |day: &str, time: &str| {
        instant(year, &format!("{day} {time}"))
            .unwrap_or_else(|| wrong(line, "a time is `04-20 08:00`"))
    };
    let mut event = Event {
        case_no: case_no.parse().unwrap(),
        event_no,
        at: at(day, time),
        kind: kind.parse().unwrap_or_else(|_| wrong(line, "no such event")),
        actor: None,
        unit: None,
        due_at: None,
        stage_due_at: None,
        outcome: None,
        note: None,
    };
    let mut rest = rest.iter().copied();
    while let Some(word) = rest.next() {
        let mut next = || rest.next().unwrap_or_else(|| wrong(line, "it ends too early"));
        match word {
            "by" => event.actor = Some(next().parse().unwrap()),
            "to" | "from" => event.unit = Some(next().parse().unwrap()),
            "due" => event.due_at = Some(at(next(), next())),
            "limit" => event.stage_due_at = Some(at(next(), next())),
            outcome if event.outcome.is_none() => event.outcome = Some(outcome.to_owned()),
            _ => wrong(line, "it has two outcomes"),
        }
    }
    event
}

fn wrong(line: &str, what: &str) -> ! {
    panic!("`{line}`: {what}")
}

/// `04-20 08:00`, with or without year and seconds, in Zhengzhou.
pub(crate) fn instant(year: &str, text: &str) -> Option<Instant> {
    let (day, time) = text.split_once(' ')?;
    let day = if day.len() == 5 { format!("{year}-{day}") } else { day.to_owned() };
    let time = if time.len() == 5 { format!("{time}:00") } else { time.to_owned() };
    Instant::parse(&format!("{day}T{time}+08:00")).ok()
}
