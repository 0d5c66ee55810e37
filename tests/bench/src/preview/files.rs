//! Interchange files of a city: a month and those before it.

use std::io::Write as _;
use std::path::Path;

use chengping_casework::{Case, Event, EventKind, Source};
use chengping_interchange::{FileKind, Record};
use chengping_types::{BodyKind, Instant, Month, TimeZone};

use crate::city::{City, Size, month};
use crate::files::Folder;

/// How much a city has.
pub(crate) struct Amount {
    pub(crate) size: Size,
    /// Cases of the month.
    pub(crate) cases: usize,
    /// Cases of each month before it.
    pub(crate) cases_before: usize,
    pub(crate) months_before: i32,
}

const HOUR: i64 = 3_600_000_000;

/// Writes them, and tells how many cases there are.
pub(crate) fn write(folder: &Path, amount: &Amount) -> anyhow::Result<usize> {
    let zone: TimeZone = "Asia/Shanghai".parse()?;
    let city = City::new(&amount.size, &zone);
    let folder = Folder::new(folder, &zone)?;
    folder.write_registry(&city)?;
    let (mut cases, mut events) = (folder.open(FileKind::Cases)?, folder.open(FileKind::Events)?);
    let mut number = 0;
    for back in (0..=amount.months_before).rev() {
        for _ in 0..if back == 0 { amount.cases } else { amount.cases_before } {
            number += 1;
            let (case, story) = case(&city, month().plus(-back), &zone, number)?;
            cases.write(&Record::Case(case))?;
            for event in story {
                events.write(&Record::Event(event))?;
            }
        }
    }
    cases.finish()?.flush()?;
    events.finish()?.flush()?;
    Ok(number)
}

/// A case whose place, unit and fate follow from its number, without a pattern that shows.
fn case(
    city: &City,
    month: Month,
    zone: &TimeZone,
    number: usize,
) -> anyhow::Result<(Case, Vec<Event>)> {
    // Knuth's multiplicative hash.
    let dice = |salt: usize, sides: usize| {
        (number + salt * 7919).wrapping_mul(2_654_435_761) / 65_536 % 1_000_003 % sides
    };
    let of_kind = |kind: BodyKind, which: usize| {
        let bodies: Vec<_> = city.registry.bodies.iter().filter(|body| body.kind == kind).collect();
        bodies[which % bodies.len()].body_id.clone()
    };
    let area = &city.registry.areas[dice(1, city.registry.areas.len())];
    let unit = city.units[dice(2, city.units.len())].clone();
    let case_no = format!("B{number:08}").parse()?;
    let case = Case {
        case_no,
        source: if dice(3, 4) == 0 { Source::Hotline12319 } else { Source::Patrol },
        category_scheme: "gbt-30428.2-2013-event".to_owned(),
        category_code: if dice(4, 2) == 0 { "0101" } else { "0301" }.to_owned(),
        area_code: area.area_code.clone(),
        collector: None,
        title: None,
        filing_condition: None,
    };
    let start = month.start(zone).as_micros() + i64::try_from(dice(5, 27 * 24))? * HOUR;
    let mut story: Vec<Event> = Vec::new();
    let mut happen = |hours: i64, kind: EventKind| {
        story.push(Event {
            case_no: case.case_no.clone(),
            event_no: story.len() as u64 + 1,
            at: Instant::from_micros(start + hours * HOUR),
            kind,
            actor: None,
            unit: None,
            due_at: None,
            stage_due_at: None,
            outcome: (kind == EventKind::Closed).then(|| "normal".to_owned()),
            note: None,
        });
        story.len() - 1
    };
    let reported = happen(0, EventKind::Reported);
    let filed = happen(1, EventKind::Filed);
    let dispatched = happen(2, EventKind::Dispatched);
    let late = dice(6, 8) == 0;
    let done = (dice(7, 12) > 0).then(|| {
        let hours = if late { 60 } else { 20 };
        (happen(hours, EventKind::Handled), happen(hours + 2, EventKind::Closed))
    });
    story[reported].actor = Some(of_kind(BodyKind::Collector, dice(8, 1000)));
    story[filed].actor = Some(of_kind(BodyKind::SupervisionDesk, dice(9, 1000)));
    story[dispatched].actor = Some(of_kind(BodyKind::CommandDesk, dice(10, 1000)));
    story[dispatched].unit = Some(unit.clone());
    story[dispatched].due_at = Some(Instant::from_micros(start + 48 * HOUR));
    if let Some((handled, _)) = done {
        story[handled].unit = Some(unit);
    }
    Ok((case, story))
}
