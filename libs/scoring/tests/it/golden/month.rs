//! From what a golden case gives to counts, indicators and scores.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::rc::Rc;

use chengping_casework::{Base, Case, Deriver, Event, Question, View};
use chengping_rules::{Counted, Formula, Indicator, RulePack, indicator};
use chengping_scoring::indicator::{Measured, printed, value};
use chengping_scoring::{
    Attributor, Cell, Counts, ENGINE, EvaluatedPart, Evaluation, FactTable, Input, PackRevision,
    Part, Snapshot, Tallies, score, tally,
};
use chengping_types::registry::Registry;
use chengping_types::{BodyId, Digest, Exact, Family, Instant, Month, Stream, Zone};

use super::format::{Cells, Given, Golden};
use super::{story, town};

/// Everything that a golden case gives, read.
pub(crate) struct World {
    pub(crate) pack: RulePack,
    registry: Registry,
    month: Month,
    view: View,
    cases: Vec<(Case, Vec<Event>)>,
    /// What is counted already, by month.
    given: BTreeMap<Month, Tallies>,
    /// The counts of the months asked for so far.
    counted: RefCell<BTreeMap<Month, Rc<Tallies>>>,
}

/// Whose counts, in which zone and stream: `2018-04 east key regular`.
pub(crate) struct Place {
    pub(crate) month: Month,
    whose: Whose,
    part: Part,
    stream: Option<Stream>,
}

enum Whose {
    Everybody,
    AllTeams,
    Body(BodyId),
}

impl World {
    pub(crate) fn new(given: &Given, golden: &Golden) -> Self {
        let pack = town::pack(given);
        let month: Month = given.month.as_deref().unwrap_or("2018-04").parse().unwrap();
        let freeze = month.freeze(pack.freeze.day, &pack.time_zone);
        let at = |text: &Option<String>, otherwise: Instant| {
            let read = |text: &String| story::instant("2018", text).unwrap();
            text.as_ref().map_or(otherwise, read)
        };
        let as_of = at(&given.as_of, freeze);
        let view = View { as_of, decided: at(&given.decided, as_of) };
        let registry = town::registry(given);
        let mut counted: BTreeMap<Month, Tallies> = BTreeMap::new();
        let of_month = [(month, &golden.counts)].into_iter();
        let earlier = golden.earlier.iter().map(|(month, cells)| (month.parse().unwrap(), cells));
        for (month, cells) in of_month.chain(earlier).filter(|(_, cells)| !cells.is_empty()) {
            counted.insert(month, tallies(cells, &registry, &pack));
        }
        let cases = story::cases(given, &golden.story, &golden.stories.0);
        let known = RefCell::default();
        Self { pack, registry, month, view, cases, given: counted, counted: known }
    }

    /// Whether its counts are those of a story.
    pub(crate) fn is_told(&self) -> bool {
        !self.cases.is_empty()
    }

    fn tallies(&self, month: Month) -> Rc<Tallies> {
        let known = self.counted.borrow().get(&month).cloned();
        known.unwrap_or_else(|| {
            let counted = Rc::new(self.count(month));
            self.counted.borrow_mut().insert(month, Rc::clone(&counted));
            counted
        })
    }

    /// The counts of a month: the month asked for at the view given, others at their freeze.
    fn count(&self, month: Month) -> Tallies {
        let given = self.given.get(&month).cloned().unwrap_or_default();
        if self.cases.is_empty() {
            return given;
        }
        let zone = self.pack.time_zone.clone();
        let mut question =
            Question::at_freeze(month, zone, self.pack.freeze.day, self.pack.lifecycle);
        if month == self.month {
            question.view = self.view;
        }
        let deriver = Deriver::new(&question);
        let facts = self.cases.iter().filter_map(|(case, events)| deriver.derive(case, events));
        let attributor = Attributor::new(&self.pack, &self.registry, month);
        let facts: Vec<_> = facts.collect();
        let mut tallies = tally(&facts, &attributor);
        let mut table = FactTable::new(attributor);
        facts.iter().for_each(|fact| table.push(fact));
        assert_eq!(table.tally(NonZeroUsize::MIN), tallies, "by columns (decision 90)");
        tallies.merge(&given);
        tallies
    }

    pub(crate) fn place(&self, text: &str) -> Place {
        let mut words = text.split_whitespace();
        let month = words.next().unwrap().parse().unwrap_or_else(|_| panic!("`{text}`: a month"));
        let mut place = Place { month, whose: Whose::Everybody, part: Part::All, stream: None };
        for word in words {
            let stream = word.parse::<Stream>();
            let body = self.registry.bodies.iter().find(|body| body.body_id.as_str() == word);
            match (word.parse::<Zone>(), stream, body) {
                (Ok(zone), ..) => place.part = zone.into(),
                (_, Ok(stream), _) => place.stream = Some(stream),
                (.., Some(body)) => place.whose = Whose::Body(body.body_id.clone()),
                _ if word == "all-teams" => place.whose = Whose::AllTeams,
                _ => panic!("`{text}`: {word} is no body, zone or stream"),
            }
        }
        place
    }

    pub(crate) fn counts(&self, place: &Place) -> Counts {
        Self::counts_in(&self.tallies(place.month), place, place.stream)
    }

    fn counts_in(tallies: &Tallies, place: &Place, stream: Option<Stream>) -> Counts {
        let counts = stream.map_or(Counted::All, |stream| match stream {
            Stream::Regular => Counted::Regular,
            Stream::LongTerm => Counted::LongTerm,
            Stream::Public | Stream::PublicLongTerm => Counted::Public,
        });
        match &place.whose {
            Whose::Everybody => tallies.jurisdiction_of(counts),
            Whose::AllTeams => tallies.sum_of_pool(counts),
            Whose::Body(body) => tallies.sum(Cell { body, counts, part: place.part }),
        }
    }

    /// An indicator as it is printed; `n/a` where it is not applicable.
    pub(crate) fn indicator(&self, code: &str, place: &Place) -> String {
        let indicator = indicator(code).unwrap_or_else(|| panic!("{code} is no indicator"));
        let stream = indicator.stream.or(place.stream);
        let now = Self::counts_in(&self.tallies(place.month), place, stream);
        let last = place.month.previous();
        let before = matches!(indicator.formula, Formula::Change(_))
            .then(|| Self::counts_in(&self.tallies(last), place, stream));
        let size = self.size(place);
        let measured = Measured { now: &now, before: before.as_ref(), size: size.as_ref() };
        value(indicator, measured).map_or_else(|| "n/a".to_owned(), |value| of(indicator, &value))
    }

    /// Road sections × difficulty of a body in a zone (5.2.6).
    fn size(&self, place: &Place) -> Option<Exact> {
        let Whose::Body(body) = &place.whose else { return None };
        let rows = self.registry.coefficients.iter().filter(|row| {
            row.body_id == *body
                && Part::from(row.zone) == place.part
                && row.valid_from <= place.month
        });
        let row = rows.max_by_key(|row| row.valid_from)?;
        Some(Exact::from(row.road_sections) * &row.difficulty)
    }

    pub(crate) fn evaluation(&self) -> Evaluation {
        let EvaluatedPart { bodies, former_periods, coefficients } =
            EvaluatedPart::new(&self.pack, &self.registry, self.month);
        let earlier = (1..=12).map(|back| self.month.plus(-back));
        let earlier = earlier.map(|month| (month, (*self.tallies(month)).clone()));
        score(&Input {
            jurisdiction: "golden".parse().unwrap(),
            month: self.month,
            as_of: self.view.as_of,
            decided: self.view.decided,
            engine: ENGINE.to_owned(),
            rule_pack: PackRevision::new(1, self.pack.clone()),
            snapshot: Snapshot { watermark: 0, digest: Digest::of(b"") },
            bodies,
            former_periods,
            coefficients,
            tallies: (*self.tallies(self.month)).clone(),
            earlier: earlier.filter(|(_, tallies)| *tallies != Tallies::default()).collect(),
        })
    }
}

fn of(indicator: &Indicator, value: &Exact) -> String {
    printed(indicator, value)
}

/// Counts by body, by `stream` or `stream zone`, by code. `nobody` holds what no team has touched.
fn tallies(cells: &Cells, registry: &Registry, pack: &RulePack) -> Tallies {
    let is_zoned = pack.families.get(&Family::Area).is_some_and(|area| area.zones.is_some());
    let mut all = Tallies::default();
    for (id, places) in cells.iter() {
        let kind = registry.bodies.iter().find(|body| body.body_id.as_str() == id);
        let kind = kind.map(|body| body.kind);
        assert!(kind.is_some() || id == "nobody", "no body {id}");
        for (place, numbers) in places.iter() {
            let (stream, zone) = place.split_once(' ').unwrap_or((place, ""));
            let stream: Stream = stream.parse().unwrap();
            let part = if zone.is_empty() { Part::All } else { zone.parse().unwrap() };
            let has_zones = is_zoned && kind.is_some_and(|kind| kind.family() == Family::Area);
            assert_eq!(part != Part::All, has_zones, "{id} {place}: zones are those of the pack");
            let base = |code: &str| -> Base { code.parse().unwrap() };
            let counts: Counts =
                numbers.iter().map(|(code, number)| (base(code), *number)).collect();
            if kind.is_some() {
                let body = id.parse().unwrap();
                all.cell_mut(&body, stream, part).merge(&counts);
            }
            let is_post = kind.is_none_or(|kind| kind.family() == Family::Post);
            let whole = if is_post { &mut all.pool } else { &mut all.total };
            whole.entry(stream).or_default().merge(&counts);
        }
    }
    all
}
