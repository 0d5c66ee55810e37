//! Whom a case concerns: who may be shown its whole process (7.1, 7.2).

use std::collections::{BTreeMap, BTreeSet};

use chengping_casework::EventKind;
use chengping_types::registry::{Area, Registry};
use chengping_types::{BodyId, Instant, Month, TimeZone};

use super::CaseFile;

/// Cases know no time zone. In which month an instant lies is taken at its farthest east and west, so
/// that no body misses a case of its own at the end of a month.
const FARTHEST_EAST_US: i64 = 14 * 3_600 * 1_000_000;
const FARTHEST_WEST_US: i64 = 12 * 3_600 * 1_000_000;

/// The areas of a registry by their code.
#[derive(Debug, Default)]
pub(crate) struct Areas<'a>(BTreeMap<&'a str, Vec<&'a Area>>);

impl<'a> Areas<'a> {
    pub(crate) fn of(registry: &'a Registry) -> Self {
        let mut areas: BTreeMap<&str, Vec<&Area>> = BTreeMap::new();
        for area in &registry.areas {
            areas.entry(&area.area_code).or_default().push(area);
        }
        Self(areas)
    }

    /// The bodies that manage an area at an instant, in any time zone.
    fn bodies(&self, code: &str, at: Instant) -> impl Iterator<Item = &'a BodyId> {
        let utc: TimeZone = "UTC".parse().expect("a time zone");
        let month = |shift: i64| Month::of(Instant::from_micros(at.as_micros() + shift), &utc);
        let months = [month(FARTHEST_EAST_US), month(-FARTHEST_WEST_US)];
        let rows = self.0.get(code).into_iter().flatten();
        rows.filter(move |area| months.iter().any(|month| area.is_valid_in(*month)))
            .flat_map(|area| [&area.district, &area.subdistrict, &area.window])
            .flatten()
    }
}

/// The bodies whose part in a case is, or was, judged: those of its area when it was filed, or while
/// it is not, when it was reported; its collector; every unit that it was dispatched to; and every
/// team that did something with it.
pub(crate) fn concerned(file: &CaseFile, areas: &Areas<'_>) -> BTreeSet<BodyId> {
    let CaseFile { case, events } = file;
    let filed = events.iter().filter(|event| event.kind == EventKind::Filed);
    let placed = filed.map(|event| event.at).min();
    let placed = placed.or_else(|| events.iter().map(|event| event.at).min());
    let of_area = placed.into_iter().flat_map(|at| areas.bodies(&case.area_code, at)).cloned();
    let dispatched = events.iter().filter(|event| event.kind == EventKind::Dispatched);
    let units = dispatched.filter_map(|event| event.unit.clone());
    let teams = events.iter().filter_map(|event| event.actor.clone());
    of_area.chain(case.collector.clone()).chain(units).chain(teams).collect()
}

#[cfg(test)]
mod tests {
    use chengping_casework::{Case, Event, Source};
    use chengping_types::Zone;
    use chengping_types::registry::AreaKind;

    use super::*;

    fn area(district: &str, from: &str, to: &str) -> Area {
        Area {
            area_code: "R1".to_owned(),
            kind: AreaKind::RoadSection,
            name: "一路".to_owned(),
            district: district.parse().ok(),
            subdistrict: format!("{district}-s").parse().ok(),
            window: None,
            zone: Zone::Key,
            valid_from: from.parse().unwrap(),
            valid_to: to.parse().ok(),
        }
    }

    fn event(event_no: u64, kind: EventKind, at: &str, names: [&str; 2]) -> Event {
        let [actor, unit] = names.map(|name| name.parse().ok());
        Event {
            case_no: "A".parse().unwrap(),
            event_no,
            at: at.parse().unwrap(),
            kind,
            actor,
            unit,
            due_at: None,
            stage_due_at: None,
            outcome: None,
            note: None,
        }
    }

    fn of(events: Vec<Event>) -> Vec<String> {
        let case = Case {
            case_no: "A".parse().unwrap(),
            source: Source::Patrol,
            category_scheme: "x".to_owned(),
            category_code: "1".to_owned(),
            area_code: "R1".to_owned(),
            collector: "c1".parse().ok(),
            title: None,
            filing_condition: None,
        };
        let registry = Registry {
            areas: vec![area("d1", "2018-01", "2018-04"), area("d2", "2018-05", "")],
            ..Registry::default()
        };
        let concerned = concerned(&CaseFile { case, events }, &Areas::of(&registry));
        concerned.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_case_concerns_whoever_had_a_part_in_it() {
        let reported = event(1, EventKind::Reported, "2018-04-10T00:00:00Z", ["", ""]);
        assert_eq!(of(Vec::new()), ["c1"]);
        assert_eq!(of(vec![reported.clone()]), ["c1", "d1", "d1-s"]);
        // Filed in another month it belongs to who has the area then, for good.
        let filed = event(2, EventKind::Filed, "2018-05-10T00:00:00Z", ["k1", ""]);
        assert_eq!(of(vec![reported.clone(), filed.clone()]), ["c1", "d2", "d2-s", "k1"]);
        let first = event(3, EventKind::Dispatched, "2018-05-10T01:00:00Z", ["", "b1"]);
        let returned = event(4, EventKind::Returned, "2018-06-10T02:00:00Z", ["", "b9"]);
        let second = event(5, EventKind::Dispatched, "2018-06-10T03:00:00Z", ["", "b2"]);
        let all = vec![reported, filed, first, returned, second];
        assert_eq!(of(all), ["b1", "b2", "c1", "d2", "d2-s", "k1"]);
        // At the turn of the month, whoever has it in some time zone.
        let turn = event(1, EventKind::Filed, "2018-04-30T20:00:00Z", ["", ""]);
        assert_eq!(of(vec![turn]), ["c1", "d1", "d1-s", "d2", "d2-s"]);
    }
}
