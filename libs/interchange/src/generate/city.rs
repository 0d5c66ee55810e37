//! The bodies and areas of a generated city.

use chengping_types::registry::{Area, AreaKind, Body, Coefficient};
use chengping_types::{BodyId, BodyKind, Exact, Month, Zone};

use super::Settings;
use super::dice::Dice;
use super::names::{BUREAUS, FIRST, ROAD_KINDS, ROADS, SECOND, TRADES, WINDOWS};

const DISTRICTS: usize = 12;
/// The stream of chance of the city itself; cases count up from 0.
const STREAM: u64 = u64::MAX;

/// A city: its registry, and who works where.
#[derive(Debug, Clone)]
pub struct City {
    bodies: Vec<Body>,
    areas: Vec<Area>,
    coefficients: Vec<Coefficient>,
    /// The collector team of each area.
    pub(super) teams: Vec<BodyId>,
    pub(super) bureaus: Vec<BodyId>,
    pub(super) specialised: Vec<BodyId>,
    pub(super) supervision: Vec<BodyId>,
    pub(super) command: Vec<BodyId>,
    pub(super) districts: Vec<BodyId>,
}

impl City {
    /// The city of a seed. It grows with the number of cases: from 24 to 110 sub-districts.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let from = settings.month.plus(-24);
        let mut builder = Builder { dice: Dice::new(settings.seed, STREAM), from, city: empty() };
        let subdistricts = (settings.cases / 60).clamp(24, 110);
        builder.area_bodies(subdistricts);
        builder.departments((settings.cases / 100).clamp(24, 96));
        builder.posts();
        builder.coefficients();
        builder.city
    }

    /// Every body.
    #[must_use]
    pub fn bodies(&self) -> &[Body] {
        &self.bodies
    }

    /// Every area.
    #[must_use]
    pub fn areas(&self) -> &[Area] {
        &self.areas
    }

    /// Every size.
    #[must_use]
    pub fn coefficients(&self) -> &[Coefficient] {
        &self.coefficients
    }
}

const fn empty() -> City {
    City {
        bodies: Vec::new(),
        areas: Vec::new(),
        coefficients: Vec::new(),
        teams: Vec::new(),
        bureaus: Vec::new(),
        specialised: Vec::new(),
        supervision: Vec::new(),
        command: Vec::new(),
        districts: Vec::new(),
    }
}

fn small(count: u64) -> usize {
    usize::try_from(count).expect("at most 110")
}

struct Builder {
    dice: Dice,
    from: Month,
    city: City,
}

impl Builder {
    fn body(&mut self, id: &str, kind: BodyKind, name: String, parent: Option<&BodyId>) -> BodyId {
        let body_id: BodyId = id.parse().expect("made of letters and digits");
        let parent = parent.cloned();
        let body = Body {
            body_id: body_id.clone(),
            kind,
            name,
            parent,
            valid_from: self.from,
            valid_to: None,
            assessment_code: None,
        };
        self.city.bodies.push(body);
        body_id
    }

    fn area_bodies(&mut self, subdistricts: u64) {
        for number in 1..=DISTRICTS {
            let name = format!("{}{}区", FIRST[number], SECOND[number % SECOND.len()]);
            let id = self.body(&format!("d{number:02}"), BodyKind::District, name, None);
            self.city.districts.push(id);
        }
        for number in 1..=small(subdistricts) {
            let district = (number - 1) % DISTRICTS;
            let second = SECOND[number / FIRST.len() % SECOND.len()];
            let name = format!("{}{second}街道", FIRST[number % FIRST.len()]);
            let parent = self.city.districts[district].clone();
            let id = format!("s{number:03}");
            let id = self.body(&id, BodyKind::Subdistrict, name, Some(&parent));
            // A third of the city is key; many sub-districts have both zones.
            let key_parts = self.dice.between(0, 12);
            let sections = self.dice.between(14, 30);
            for section in 0..sections {
                let zone = if section < key_parts { Zone::Key } else { Zone::General };
                self.area(Some((&parent, &id)), None, zone, section % 9 == 8, district);
            }
        }
        for (number, name) in (1..).zip(WINDOWS) {
            let id = self.body(&format!("w{number}"), BodyKind::Window, (*name).to_owned(), None);
            for section in 0..16 {
                let zone = if section < 9 { Zone::Key } else { Zone::General };
                self.area(None, Some(&id), zone, false, number % DISTRICTS);
            }
        }
    }

    fn area(
        &mut self,
        managers: Option<(&BodyId, &BodyId)>,
        window: Option<&BodyId>,
        zone: Zone,
        grid: bool,
        district: usize,
    ) {
        let number = self.city.areas.len() + 1;
        let road = self.dice.pick(ROADS);
        let kind_of_road = self.dice.pick(ROAD_KINDS);
        let (kind, area_code, name) = if grid {
            (AreaKind::Grid, format!("G{number:05}"), format!("责任网格{number:05}"))
        } else {
            let name = format!("{road}{kind_of_road}第{number}段");
            (AreaKind::RoadSection, format!("R{number:05}"), name)
        };
        self.city.areas.push(Area {
            area_code,
            kind,
            name,
            district: managers.map(|(district, _)| district.clone()),
            subdistrict: managers.map(|(_, subdistrict)| subdistrict.clone()),
            window: window.cloned(),
            zone,
            valid_from: self.from,
            valid_to: None,
        });
        let team = format!("c{:02}", district + 1);
        self.city.teams.push(team.parse().expect("made of letters and digits"));
    }

    fn departments(&mut self, specialised: u64) {
        for (number, name) in (1..).zip(BUREAUS) {
            let id = format!("b{number:02}");
            let id = self.body(&id, BodyKind::Bureau, (*name).to_owned(), None);
            self.city.bureaus.push(id);
        }
        for number in 1..=small(specialised) {
            let trade = TRADES[number % TRADES.len()];
            let place = FIRST[number / TRADES.len() % FIRST.len()];
            let id = format!("p{number:03}");
            let id = self.body(&id, BodyKind::Specialised, format!("{place}城{trade}"), None);
            self.city.specialised.push(id);
        }
    }

    fn posts(&mut self) {
        for number in 1..=DISTRICTS {
            let name = format!("信息采集{number}队");
            self.body(&format!("c{number:02}"), BodyKind::Collector, name, None);
        }
        for (number, ordinal) in (1..).zip(["一", "二", "三"]) {
            let name = format!("监督坐席{ordinal}组");
            let id = self.body(&format!("sup{number}"), BodyKind::SupervisionDesk, name, None);
            self.city.supervision.push(id);
        }
        for (number, ordinal) in (1..).zip(["一", "二"]) {
            let name = format!("指挥坐席{ordinal}组");
            let id = self.body(&format!("cmd{number}"), BodyKind::CommandDesk, name, None);
            self.city.command.push(id);
        }
    }

    /// Counts the road sections of every body and zone and gives each its difficulty.
    fn coefficients(&mut self) {
        for index in 0..self.city.bodies.len() {
            let body_id = self.city.bodies[index].body_id.clone();
            for zone in [Zone::Key, Zone::General] {
                let managed = self.city.areas.iter().filter(|area| {
                    let managers = [&area.district, &area.subdistrict, &area.window];
                    area.zone == zone
                        && area.kind == AreaKind::RoadSection
                        && managers.contains(&&Some(body_id.clone()))
                });
                let road_sections = u32::try_from(managed.count()).expect("a few thousand areas");
                if road_sections > 0 {
                    let hundredths = self.dice.between(80, 150);
                    let difficulty = Exact::ratio(hundredths, 100).expect("over 100");
                    self.city.coefficients.push(Coefficient {
                        body_id: body_id.clone(),
                        zone,
                        road_sections,
                        difficulty,
                        valid_from: self.from,
                        approved_by: "评价办公室".to_owned(),
                        reason: "合成数据".to_owned(),
                        area_km2: None,
                        population: None,
                        grid_class: None,
                    });
                }
            }
        }
    }
}
