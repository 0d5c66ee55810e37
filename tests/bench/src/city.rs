//! A made-up city of the size of Zhengzhou, and facts of one of its months. Nothing of it is real;
//! the same seed gives the same facts.

use chengping_casework::{Base, DeskCount, Fact, Marks, Source, Sum};
use chengping_types::registry::{Area, AreaKind, Body, Coefficient, Registry};
use chengping_types::{BodyId, BodyKind, CaseNo, Exact, Instant, Month, TimeZone, Zone};

/// How many bodies of each kind a city has.
pub(crate) struct Size {
    pub(crate) districts: usize,
    pub(crate) subdistricts: usize,
    pub(crate) windows: usize,
    pub(crate) bureaus: usize,
    pub(crate) specialised: usize,
    pub(crate) collectors: usize,
    pub(crate) desks: usize,
    pub(crate) areas: usize,
}

impl Size {
    /// The size of the city whose facts are tallied.
    pub(crate) const CITY: Self = Self {
        districts: 12,
        subdistricts: 150,
        windows: 5,
        bureaus: 40,
        specialised: 260,
        collectors: 60,
        desks: 4,
        areas: 2500,
    };

    /// Six hundred bodies of all kinds.
    pub(crate) const SIX_HUNDRED: Self = Self {
        districts: 12,
        subdistricts: 180,
        windows: 5,
        bureaus: 40,
        specialised: 283,
        collectors: 70,
        desks: 5,
        areas: 2500,
    };

    /// A thousand bodies of all kinds.
    pub(crate) const THOUSAND: Self = Self {
        districts: 20,
        subdistricts: 330,
        windows: 10,
        bureaus: 60,
        specialised: 510,
        collectors: 60,
        desks: 5,
        areas: 5000,
    };
}

/// The evaluated month.
pub(crate) fn month() -> Month {
    Month::new(2018, 4).expect("a month")
}

/// How many facts in a thousand were filed how many months ago.
const FILED: [(u64, i32); 5] = [(880, 0), (90, 1), (20, 2), (7, 3), (3, 6)];

/// An area of the city in the months in which it did not change.
pub(crate) struct Row {
    pub(crate) area: Area,
    pub(crate) district: u16,
    pub(crate) subdistrict: u16,
    pub(crate) window: u16,
}

/// The city.
pub(crate) struct City {
    pub(crate) registry: Registry,
    pub(crate) rows: Vec<Row>,
    /// The rows of each area, the one that is valid now last.
    of_area: Vec<Vec<usize>>,
    pub(crate) units: Vec<BodyId>,
    collectors: Vec<BodyId>,
    supervision: Vec<BodyId>,
    command: Vec<BodyId>,
    starts: Vec<Instant>,
    /// One for all: nothing here reads it.
    case_no: CaseNo,
}

/// A fact, and what its area and unit are in the columns of the other programs.
pub(crate) struct Made {
    pub(crate) fact: Fact,
    /// Its row of the city; none when it lies in none, or was never filed.
    pub(crate) row: Option<usize>,
    /// Its unit, from 1; 0 is nobody.
    pub(crate) unit: u16,
}

/// Chance: SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }

    /// Whether something happens that happens so many times in a thousand.
    fn chance(&mut self, per_thousand: usize) -> bool {
        self.below(1000) < per_thousand
    }

    /// One of several, the first of them more often: a few places have most of the cases.
    fn skewed(&mut self, end: usize) -> usize {
        let (one, other) = (self.below(end), self.below(end));
        one.min(other)
    }
}

impl City {
    pub(crate) fn new(size: &Size, zone: &TimeZone) -> Self {
        let first = month().plus(-24);
        let mut registry = Registry::default();
        let mut add = |kind: BodyKind, letter: &str, number: usize| -> Vec<BodyId> {
            let id = |index: usize| format!("{letter}{index:03}").parse().expect("a body id");
            let ids: Vec<BodyId> = (1..=number).map(id).collect();
            registry.bodies.extend(ids.iter().map(|id| Body {
                body_id: id.clone(),
                kind,
                name: format!("synthetic {kind} {id}"),
                parent: None,
                valid_from: first,
                valid_to: None,
                assessment_code: None,
            }));
            ids
        };
        let districts = add(BodyKind::District, "d", size.districts);
        let subdistricts = add(BodyKind::Subdistrict, "s", size.subdistricts);
        let windows = add(BodyKind::Window, "w", size.windows);
        let mut units = add(BodyKind::Bureau, "b", size.bureaus);
        units.extend(add(BodyKind::Specialised, "u", size.specialised));
        let collectors = add(BodyKind::Collector, "c", size.collectors);
        let supervision = add(BodyKind::SupervisionDesk, "v", size.desks);
        let command = add(BodyKind::CommandDesk, "k", size.desks);
        let sized = districts.iter().chain(&subdistricts).chain(&windows);
        registry.coefficients = sized
            .enumerate()
            .flat_map(|(index, id)| {
                [Zone::Key, Zone::General].map(|zone| Coefficient {
                    body_id: id.clone(),
                    zone,
                    road_sections: 10 + index as u32 % 17,
                    difficulty: Exact::ratio(90 + index as i64 % 21, 100).expect("not over 0"),
                    valid_from: first,
                    approved_by: "made up".to_owned(),
                    reason: "made up".to_owned(),
                    area_km2: None,
                    population: None,
                    grid_class: None,
                })
            })
            .collect();
        let (rows, of_area) = rows(size, &[districts, subdistricts, windows]);
        registry.areas = rows.iter().map(|row| row.area.clone()).collect();
        let starts = (0..12).map(|back| month().plus(-back).start(zone)).collect();
        let case_no = "0".parse().expect("a case number");
        Self { registry, rows, of_area, units, collectors, supervision, command, starts, case_no }
    }

    /// So many facts, one after the other.
    pub(crate) fn facts(&self, seed: u64, number: usize) -> impl Iterator<Item = Made> {
        let mut dice = Dice(seed);
        (0..number).map(move |_| self.fact(&mut dice))
    }

    fn fact(&self, dice: &mut Dice) -> Made {
        const PUBLIC: [Source; 3] = [Source::Hotline12319, Source::Transfer12345, Source::Wechat];
        const LONG_TERM: [&str; 7] = ["0101", "0136", "0201", "0501", "0505", "0506", "0510"];
        let area = dice.skewed(self.of_area.len());
        let filed = (!dice.chance(30)).then(|| {
            let mut point = dice.below(1000) as u64;
            let found = FILED.iter().find(|(weight, _)| {
                let hit = point < *weight;
                point = point.saturating_sub(*weight);
                hit
            });
            found.map_or(0, |(_, back)| *back)
        });
        let out_of_scope = dice.chance(4);
        let valid = |back: i32| {
            let is_valid = |row: &&usize| self.rows[**row].area.is_valid_in(month().plus(-back));
            self.of_area[area].iter().find(is_valid).copied()
        };
        let row = filed.filter(|_| !out_of_scope).and_then(valid);
        let category_code = match dice.chance(450) {
            true => format!("{}{:02}", LONG_TERM[dice.below(7)], dice.below(5)),
            false => format!("03{:02}", dice.below(60)),
        };
        let filed_at = filed.map(|back| {
            let within = dice.below(28 * 86_400) as i64 * 1_000_000;
            Instant::from_micros(self.starts[back as usize].as_micros() + within)
        });
        let unit = if dice.chance(20) { 0 } else { dice.skewed(self.units.len()) + 1 };
        let (mut orders_first, mut orders_repeated, mut visits) = (0, 0, [0; 5]);
        let marks = if filed.is_some() { marks(dice, filed == Some(0)) } else { Marks::NONE };
        if filed.is_some() && dice.chance(5) {
            (orders_first, orders_repeated) = (1, u16::from(dice.chance(200)));
        }
        if filed.is_some() && dice.chance(40) {
            visits[dice.below(5)] = 1;
        }
        let area_code = match out_of_scope {
            true => "nowhere".to_owned(),
            false => code(area),
        };
        let fact = Fact {
            case_no: self.case_no.clone(),
            source: if dice.chance(250) { PUBLIC[dice.below(3)] } else { Source::Patrol },
            category_scheme: "gbt-30428.2-2013-event".to_owned(),
            category_code,
            area_code,
            collector: None,
            reported_at: filed_at,
            filed_at,
            filing_desk: None,
            unit: unit.checked_sub(1).map(|unit| self.units[unit].clone()),
            marks,
            orders_first,
            orders_repeated,
            orders_weight: u32::from(orders_first) + 2 * u32::from(orders_repeated),
            visits,
            desk: self.desk(dice, filed.is_some()),
            sums: sums(dice, marks),
        };
        Made { fact, row, unit: unit as u16 }
    }

    /// What a collector, a supervision desk and a command desk did with a case.
    fn desk(&self, dice: &mut Dice, is_filed: bool) -> Vec<DeskCount> {
        let mut counts = Vec::new();
        let mut add = |team: &BodyId, bases: &[Base], late: bool, dice: &mut Dice| {
            for base in bases.iter().filter(|base| !(late && base.as_str().ends_with("on_time"))) {
                let times = 1 + u16::from(base.as_str().contains("check") && dice.chance(15));
                counts.push(DeskCount { team: Some(team.clone()), base: *base, times });
            }
        };
        let late = dice.chance(60);
        let collector = &self.collectors[dice.skewed(self.collectors.len())];
        add(collector, &COLLECTED[if dice.chance(250) { 2..9 } else { 0..9 }], late, dice);
        if is_filed {
            let command = &self.command[dice.below(self.command.len())];
            add(command, &COMMANDED, dice.chance(40), dice);
        }
        let supervision = &self.supervision[dice.below(self.supervision.len())];
        add(supervision, &SUPERVISED[if is_filed { 0..17 } else { 0..8 }], dice.chance(40), dice);
        counts
    }
}

const COLLECTED: [Base; 9] = [
    Base::Reports,
    Base::ValidReports,
    Base::MissedBasis,
    Base::Verified,
    Base::VerifiedLimited,
    Base::VerifiedOnTime,
    Base::Checked,
    Base::CheckedLimited,
    Base::CheckedOnTime,
];

const SUPERVISED: [Base; 17] = [
    Base::Received,
    Base::Decided,
    Base::VerifySent,
    Base::VerifySentLimited,
    Base::VerifySentOnTime,
    Base::Accepted,
    Base::AcceptedLimited,
    Base::AcceptedOnTime,
    Base::CheckSent,
    Base::CheckSentLimited,
    Base::CheckSentOnTime,
    Base::Filings,
    Base::FilingsLimited,
    Base::FilingsOnTime,
    Base::AccurateFilings,
    Base::FilingsDue,
    Base::FilingsClosedOnTime,
];

const COMMANDED: [Base; 7] = [
    Base::Dispatched,
    Base::DispatchedLimited,
    Base::DispatchedOnTime,
    Base::FirstDispatches,
    Base::AccurateDispatches,
    Base::DispatchDue,
    Base::DispatchDone,
];

fn code(area: usize) -> String {
    format!("41010{:06}", area + 1)
}

/// The areas: nine in ten of a sub-district, one in fifty of a window; one in twenty changed its
/// zone two months ago.
fn rows(size: &Size, bodies: &[Vec<BodyId>; 3]) -> (Vec<Row>, Vec<Vec<usize>>) {
    let [districts, subdistricts, windows] = bodies;
    let (mut rows, mut of_area) = (Vec::new(), Vec::new());
    for area in 0..size.areas {
        let is_window = area % 50 == 7;
        let subdistrict = (!is_window && area % 10 != 3).then_some(area % size.subdistricts);
        let district = (!is_window).then(|| subdistrict.unwrap_or(area) % size.districts);
        let window = is_window.then_some(area % size.windows);
        let zones = [Zone::Key, Zone::General];
        let zone = zones[usize::from(area % 5 > 1)];
        let first = month().plus(-24);
        let moved = month().plus(-2);
        let spans = match area % 20 {
            11 => vec![
                (zones[usize::from(zone == Zone::Key)], first, Some(moved)),
                (zone, moved.next(), None),
            ],
            _ => vec![(zone, first, None)],
        };
        let number = |body: Option<usize>| body.map_or(0, |body| body as u16 + 1);
        let id = |ids: &[BodyId], body: Option<usize>| body.map(|body| ids[body].clone());
        let mut own = Vec::new();
        for (zone, valid_from, valid_to) in spans {
            own.push(rows.len());
            let area = Area {
                area_code: code(area),
                kind: AreaKind::RoadSection,
                name: String::new(),
                district: id(districts, district),
                subdistrict: id(subdistricts, subdistrict),
                window: id(windows, window),
                zone,
                valid_from,
                valid_to,
            };
            let [district, subdistrict, window] =
                [number(district), number(subdistrict), number(window)];
            rows.push(Row { area, district, subdistrict, window });
        }
        of_area.push(own);
    }
    (rows, of_area)
}

/// What cases enter, at about the rates of published bulletins.
fn marks(dice: &mut Dice, filed_now: bool) -> Marks {
    let mut marks = Marks::NONE;
    if dice.chance(6) {
        marks.set(Base::Voided, filed_now);
        return marks;
    }
    marks.set(Base::Filed, filed_now);
    marks.set(Base::Assigned, filed_now && dice.chance(970));
    if filed_now || dice.chance(500) {
        let due = dice.chance(930);
        let handled = due && dice.chance(950);
        let on_time = handled && dice.chance(880);
        let closed = handled && dice.chance(930);
        marks.set(Base::Due, due);
        marks.set(Base::Handled, handled);
        marks.set(Base::OnTime, on_time);
        marks.set(Base::Closed, closed);
        marks.set(Base::ClosedOnTime, closed && on_time);
        marks.set(Base::OverdueOpen, due && !handled);
        marks.set(Base::Rework, handled && dice.chance(14));
        marks.set(Base::Extended, due && dice.chance(3));
    } else {
        let open = dice.chance(400);
        marks.set(Base::CarriedStart, true);
        marks.set(Base::CarriedOpen, open);
        marks.set(Base::CarriedClosed, !open);
        marks.set(Base::UndoOnTime, dice.chance(20));
        marks.set(Base::UndoClosedOnTime, dice.chance(10));
    }
    marks.set(Base::Returned, dice.chance(15));
    marks.set(Base::Shirked, dice.chance(4));
    marks.set(Base::SuspendedNow, dice.chance(8));
    marks.set(Base::SuspendedEver, dice.chance(12));
    marks.set(Base::Reported, filed_now);
    marks.set(Base::HandledLate, marks.has(Base::Handled) && !marks.has(Base::OnTime));
    marks.set(Base::ClosedLate, marks.has(Base::Closed) && !marks.has(Base::ClosedOnTime));
    marks.set(Base::VisitDue, marks.has(Base::Closed) && dice.chance(250));
    marks.set(Base::VisitDone, marks.has(Base::VisitDue) && dice.chance(700));
    marks
}

/// What the marked cases add to sums: how long they took, and how often a check of them passed.
fn sums(dice: &mut Dice, marks: Marks) -> Vec<Sum> {
    let mut sum = |marked: Base, base: Base, end: usize| {
        let number = 1 + dice.below(end) as u32;
        marks.has(marked).then_some(Sum { base, number })
    };
    let sums = [
        sum(Base::Rework, Base::ReworkRounds, 2),
        sum(Base::Handled, Base::HandlingSeconds, 5 * 86_400),
        sum(Base::HandledLate, Base::OverrunSeconds, 3 * 86_400),
        sum(Base::Closed, Base::ChecksPassed, 1),
    ];
    sums.into_iter().flatten().collect()
}
