//! Interchange files of open cases of the month that runs.

use std::io::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use chengping_casework::{Case, Event, EventKind, Source};
use chengping_interchange::{FileKind, Record};
use chengping_types::{BodyKind, Instant, Month, TimeZone};

use crate::city::{City, Size};
use crate::files::Folder;

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// Microseconds since 1970 UTC.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// The number of a case.
pub(super) fn case_no(index: usize) -> String {
    format!("L{index:08}")
}

/// Writes them: each reported, filed and dispatched in this month, and due within some days.
pub(super) fn write(folder: &Path, number: usize) -> anyhow::Result<()> {
    let zone: TimeZone = "Asia/Shanghai".parse()?;
    let city = City::new(&Size::SIX_HUNDRED, &zone);
    let folder = Folder::new(folder, &zone)?;
    folder.write_registry(&city)?;
    let of_kind = |kind: BodyKind| -> Vec<_> {
        let bodies = city.registry.bodies.iter().filter(|body| body.kind == kind);
        bodies.map(|body| body.body_id.clone()).collect()
    };
    let teams = [BodyKind::Collector, BodyKind::SupervisionDesk, BodyKind::CommandDesk];
    let teams = teams.map(of_kind);
    let now = now();
    let start = Month::of(Instant::from_micros(now), &zone).start(&zone).as_micros();
    let span = (now - start - 5 * MINUTE).max(MINUTE);
    let (mut cases, mut events) = (folder.open(FileKind::Cases)?, folder.open(FileKind::Events)?);
    for index in 0..number {
        // Knuth's multiplicative hash.
        let dice = |salt: usize, sides: usize| {
            (index + salt * 7919).wrapping_mul(2_654_435_761) / 65_536 % 1_000_003 % sides
        };
        let case_no: chengping_types::CaseNo = case_no(index).parse()?;
        cases.write(&Record::Case(Case {
            case_no: case_no.clone(),
            source: if dice(3, 4) == 0 { Source::Hotline12319 } else { Source::Patrol },
            category_scheme: "gbt-30428.2-2013-event".to_owned(),
            category_code: if dice(4, 2) == 0 { "0101" } else { "0301" }.to_owned(),
            area_code: city.registry.areas[dice(1, city.registry.areas.len())].area_code.clone(),
            collector: None,
            title: None,
            filing_condition: None,
        }))?;
        let reported = start + span / 1_000 * i64::try_from(dice(5, 1_000))?;
        let steps = [EventKind::Reported, EventKind::Filed, EventKind::Dispatched];
        for (step, kind) in steps.into_iter().enumerate() {
            let is_dispatch = kind == EventKind::Dispatched;
            let due = reported + DAY * (1 + i64::try_from(dice(6, 9))?);
            let team = &teams[step];
            events.write(&Record::Event(Event {
                case_no: case_no.clone(),
                event_no: step as u64 + 1,
                at: Instant::from_micros(reported + MINUTE * i64::try_from(step)?),
                kind,
                actor: Some(team[dice(7, team.len())].clone()),
                unit: is_dispatch.then(|| city.units[dice(2, city.units.len())].clone()),
                due_at: is_dispatch.then(|| Instant::from_micros(due)),
                stage_due_at: None,
                outcome: None,
                note: None,
            }))?;
        }
    }
    cases.finish()?.flush()?;
    events.finish()?.flush()?;
    Ok(())
}
