//! Whom a case counts for: the bodies of its area, its department, its posts, its stream and zone.

use std::collections::BTreeMap;

use chengping_casework::{DeskCount, Fact, Source};
use chengping_rules::{LongTermCount, RulePack, SelectionTest};
use chengping_types::registry::{Area, LongTermEntry, Registry};
use chengping_types::{BodyId, Family, Instant, Month, Stream, TimeZone, Zone, named_enum};

named_enum! {
    /// The part of a body that a count belongs to.
    pub enum Part: "part" {
        /// Its key management zones.
        Key = 1 => "key",
        /// Its general management zones.
        General = 2 => "general",
        /// All of it, where zones play no part.
        All = 3 => "all",
    }
}

impl From<Zone> for Part {
    fn from(zone: Zone) -> Self {
        match zone {
            Zone::Key => Self::Key,
            Zone::General => Self::General,
        }
    }
}

/// How many months back the first instants of months are kept: looking one up is faster than asking
/// the time zone.
const MONTHS_BACK: i32 = 24;

/// Attributes the facts of one month.
///
/// Area and zone are those valid in the month of filing (they are frozen on the case), or in that
/// of the report while it is not filed; the
/// department is the unit of the last dispatch; posts are the teams that the fact names. Only bodies
/// that the pack evaluates and that are valid in the month count anything.
#[derive(Debug, Clone)]
pub struct Attributor {
    month: Month,
    time_zone: TimeZone,
    /// The months of nearly all cases with their first instants; the last only ends the one before.
    months: Vec<(Instant, Month)>,
    order: Vec<SelectionTest>,
    long_term: LongTermCount,
    long_term_of_pack: Vec<(String, String)>,
    long_term_of_registry: Vec<LongTermEntry>,
    areas: BTreeMap<String, Vec<Area>>,
    bodies: BTreeMap<BodyId, Family>,
    area_is_zoned: bool,
    has_posts: bool,
}

/// Whom one case counts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribution {
    /// The stream of the case.
    pub stream: Stream,
    /// The bodies with the part of them, each once: up to three of the area and a department.
    pub bodies: Vec<(BodyId, Part)>,
    /// Its counts of posts, without those that need an area where there is none; for nobody where
    /// the team is not evaluated. All of them are in the pool.
    pub desk: Vec<DeskCount>,
}

/// Where a case lies.
pub(crate) struct Place<'a> {
    pub(crate) stream: Stream,
    /// Its area at filing, or at the report while it is not filed; none out of scope.
    area: Option<&'a Area>,
    is_out_of_scope: bool,
}

impl Attributor {
    /// Prepares the attribution of a month's facts.
    pub fn new(pack: &RulePack, registry: &Registry, month: Month) -> Self {
        let codes = pack.selection.long_term.iter().flat_map(|category| {
            category.codes.iter().map(|code| (category.scheme.clone(), code.clone()))
        });
        let mut areas: BTreeMap<String, Vec<Area>> = BTreeMap::new();
        for area in &registry.areas {
            areas.entry(area.area_code.clone()).or_default().push(area.clone());
        }
        let evaluated = registry
            .bodies
            .iter()
            .filter(|body| body.is_valid_in(month) && pack.group_of(body.kind).is_some());
        Self {
            month,
            time_zone: pack.time_zone.clone(),
            months: (-MONTHS_BACK..=2)
                .map(|plus| month.plus(plus))
                .map(|month| (month.start(&pack.time_zone), month))
                .collect(),
            order: pack.selection.order.clone(),
            long_term: pack.scoring.long_term,
            long_term_of_pack: codes.collect(),
            long_term_of_registry: registry.long_term.clone(),
            areas,
            bodies: evaluated.map(|body| (body.body_id.clone(), body.kind.family())).collect(),
            area_is_zoned: pack
                .families
                .get(&Family::Area)
                .is_some_and(|area| area.zones.is_some()),
            has_posts: pack.families.contains_key(&Family::Post),
        }
    }

    /// The month whose facts are attributed.
    pub const fn month(&self) -> Month {
        self.month
    }

    /// Whom a case counts for. A case in no valid area (out of scope) counts for no area or
    /// department, and one that was never filed for no department; the stages that posts did with
    /// it count still (decisions.md 34, 82).
    pub fn attribute(&self, fact: &Fact) -> Attribution {
        let place = self.place_of(fact);
        let (stream, bodies) = (place.stream, self.bodies_in(&place, fact));
        Attribution { stream, bodies, desk: self.desk_in(&place, fact) }
    }

    /// Where a case lies.
    pub(crate) fn place_of(&self, fact: &Fact) -> Place<'_> {
        let filed = fact.filed_at.map(|at| self.month_of(at));
        let category = (fact.category_scheme.as_str(), fact.category_code.as_str());
        let stream = self.stream_of(fact.source, category, &fact.area_code, filed);
        let reported = || fact.reported_at.map(|at| self.month_of(at));
        let area = filed.or_else(reported).and_then(|month| self.area_of(&fact.area_code, month));
        Place { stream, area, is_out_of_scope: filed.is_some() && area.is_none() }
    }

    /// As [`Attribution::bodies`].
    pub(crate) fn bodies_in(&self, place: &Place<'_>, fact: &Fact) -> Vec<(BodyId, Part)> {
        let Some(area) = place.area else { return Vec::new() };
        let mut bodies = self.bodies_of(area);
        // Of another family than those of the area, so never one of them.
        let unit = fact.unit.as_ref().filter(|_| fact.filed_at.is_some());
        let unit = unit.filter(|unit| self.is_of(unit, Family::Department));
        bodies.extend(unit.map(|unit| (unit.clone(), Part::All)));
        bodies
    }

    /// The bodies that count the cases of an area, each once.
    pub(crate) fn bodies_of(&self, area: &Area) -> Vec<(BodyId, Part)> {
        let part = if self.area_is_zoned { Part::from(area.zone) } else { Part::All };
        let mut bodies: Vec<(BodyId, Part)> = Vec::new();
        for body in [&area.district, &area.subdistrict, &area.window].into_iter().flatten() {
            if self.is_of(body, Family::Area) && !bodies.iter().any(|(known, _)| known == body) {
                bodies.push((body.clone(), part));
            }
        }
        bodies
    }

    /// Whether a body is evaluated as one of a family.
    pub(crate) fn is_of(&self, body: &BodyId, family: Family) -> bool {
        self.bodies.get(body) == Some(&family)
    }

    /// Whether posts are evaluated.
    pub(crate) const fn has_posts(&self) -> bool {
        self.has_posts
    }

    /// The month of an instant.
    pub(crate) fn month_of(&self, at: Instant) -> Month {
        let begun = self.months.partition_point(|(start, _)| *start <= at);
        match begun.checked_sub(1).and_then(|last| self.months.get(last)) {
            Some((_, month)) if begun < self.months.len() => *month,
            _ => Month::of(at, &self.time_zone),
        }
    }

    /// As [`Attribution::desk`].
    pub(crate) fn desk_in(&self, place: &Place<'_>, fact: &Fact) -> Vec<DeskCount> {
        if !self.has_posts {
            return Vec::new();
        }
        let stands = |count: &&DeskCount| !(place.is_out_of_scope && count.base.needs_scope());
        let is_evaluated = |team: &&BodyId| self.is_of(team, Family::Post);
        let of_team = |count: &DeskCount| DeskCount {
            team: count.team.as_ref().filter(is_evaluated).cloned(),
            ..*count
        };
        fact.desk.iter().filter(stands).map(of_team).collect()
    }

    /// The row of an area in the month of filing, or in that of the report of a case not filed; of
    /// overlapping rows the first stands.
    pub(crate) fn area_of(&self, area_code: &str, month: Month) -> Option<&Area> {
        self.areas.get(area_code)?.iter().find(|area| area.is_valid_in(month))
    }

    /// Whether the long-term list has entries for single areas, so that the area of a case may
    /// decide its stream.
    pub(crate) fn streams_have_places(&self) -> bool {
        self.long_term_of_registry.iter().any(|entry| entry.area_code.is_some())
    }

    /// The stream of a case by its source, its category (scheme and code), its area and the month
    /// of filing; one that was never filed is judged by the list of the month itself.
    pub(crate) fn stream_of(
        &self,
        source: Source,
        category: (&str, &str),
        area_code: &str,
        filed: Option<Month>,
    ) -> Stream {
        let is_long_term = || self.is_long_term(category, area_code, filed.unwrap_or(self.month));
        let passed = self.order.iter().find(|test| match test {
            SelectionTest::Public => source.is_public(),
            SelectionTest::LongTerm => is_long_term(),
        });
        let told_apart = self.long_term == LongTermCount::Category;
        match passed {
            Some(SelectionTest::Public) if told_apart && is_long_term() => Stream::PublicLongTerm,
            Some(SelectionTest::Public) => Stream::Public,
            Some(SelectionTest::LongTerm) => Stream::LongTerm,
            None => Stream::Regular,
        }
    }

    fn is_long_term(&self, (scheme, code): (&str, &str), area_code: &str, month: Month) -> bool {
        let of_pack = self.long_term_of_pack.iter().any(|(listed_scheme, prefix)| {
            listed_scheme == scheme && code.starts_with(prefix.as_str())
        });
        let mut of_registry = self.long_term_of_registry.iter();
        of_pack || of_registry.any(|entry| entry.matches(scheme, code, area_code, month))
    }
}

#[cfg(test)]
mod tests {
    use chengping_rules::builtin;

    use super::*;

    #[test]
    fn a_month_is_the_same_whether_or_not_it_is_kept() {
        let pack = RulePack::parse(builtin("zz-2018").unwrap()).unwrap();
        let month: Month = "2018-04".parse().unwrap();
        let attributor = Attributor::new(&pack, &Registry::default(), month);
        for plus in -MONTHS_BACK - 2..=4 {
            let start = month.plus(plus).start(&pack.time_zone);
            for micros in [-1, 0, 1] {
                let at = Instant::from_micros(start.as_micros() + micros);
                assert_eq!(attributor.month_of(at), Month::of(at, &pack.time_zone), "{at:?}");
            }
        }
    }
}
