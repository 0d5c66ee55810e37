//! Tallies: the counts of a month by body, stream and part.

use std::collections::BTreeMap;

use chengping_casework::{Base, DeskCount, Fact};
use chengping_rules::Counted;
use chengping_types::{BodyId, CaseNo, Stream};
use serde::{Deserialize, Serialize};

use crate::attribution::{Attribution, Attributor, Part};
use crate::counts::Counts;

/// The counts of one month. Cells without a count are left out, so that equal counts are equal
/// tallies and have equal canonical JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tallies {
    /// By body, stream and part.
    pub bodies: BTreeMap<BodyId, BodyTallies>,
    /// Every case of the jurisdiction by stream, whether or not it counts for a body.
    pub total: BTreeMap<Stream, Counts>,
    /// The counts of posts of all teams together by stream, with the work that no team touched
    /// (decisions.md 28); empty where no posts are evaluated.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pool: BTreeMap<Stream, Counts>,
}

/// The counts of one body by stream and part.
pub(crate) type BodyTallies = BTreeMap<Stream, BTreeMap<Part, Counts>>;

/// A selection of cells of one body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell<'a> {
    /// The body.
    pub body: &'a BodyId,
    /// The streams.
    pub counts: Counted,
    /// One zone, or [`Part::All`] for all parts together.
    pub part: Part,
}

impl Cell<'_> {
    fn selects(&self, stream: Stream, part: Part) -> bool {
        selects(self.counts, self.part, stream, part)
    }
}

/// Whether a selection of streams and part has the cell of a stream and part in it.
pub(crate) fn selects(counts: Counted, selected: Part, stream: Stream, part: Part) -> bool {
    counts.includes(stream) && (selected == Part::All || selected == part)
}

impl Tallies {
    /// Adds a fact.
    pub fn add(&mut self, fact: &Fact, attribution: &Attribution) {
        let stream = attribution.stream;
        let mut counts = Counts::default();
        counts.add_case(fact);
        if !counts.is_zero() {
            self.total.entry(stream).or_default().merge(&counts);
            for (body, part) in &attribution.bodies {
                self.cell_mut(body, stream, *part).merge(&counts);
            }
        }
        for DeskCount { team, base, times } in &attribution.desk {
            let times = u64::from(*times);
            self.pool.entry(stream).or_default().add(*base, times);
            if let Some(team) = team {
                self.cell_mut(team, stream, Part::All).add(*base, times);
            }
        }
    }

    /// Takes a fact out again, so that a changed case can be counted anew without the others: the
    /// result is that of all other facts together.
    ///
    /// # Errors
    /// If the fact is not among those that were counted; nothing is changed then.
    pub fn remove(&mut self, fact: &Fact, attribution: &Attribution) -> Result<(), NotCounted> {
        let mut alone = Self::default();
        alone.add(fact, attribution);
        self.subtract(&alone).map_err(|TooFew| NotCounted(fact.case_no.clone()))
    }

    /// Takes out other tallies of the same month: the result is that of all facts that are not
    /// theirs, as if those had never been counted.
    ///
    /// # Errors
    /// If a cell has less than is to be taken out of it; nothing is changed then.
    pub fn subtract(&mut self, other: &Self) -> Result<(), TooFew> {
        for (cell, counts) in self.without(other).ok_or(TooFew)? {
            match cell {
                Place::Total(stream) => put(&mut self.total, stream, counts),
                Place::Pool(stream) => put(&mut self.pool, stream, counts),
                Place::Body(body, stream, part) => self.put_in_body(&body, stream, part, counts),
            }
        }
        Ok(())
    }

    /// What the cells of `other` have left without it; none when one has too little.
    fn without(&self, other: &Self) -> Option<Vec<(Place, Counts)>> {
        let mut rest = Vec::new();
        for (stream, counts) in &other.total {
            rest.push((Place::Total(*stream), self.total.get(stream)?.without(counts)?));
        }
        for (stream, counts) in &other.pool {
            rest.push((Place::Pool(*stream), self.pool.get(stream)?.without(counts)?));
        }
        for (body, streams) in &other.bodies {
            for (stream, parts) in streams {
                for (part, counts) in parts {
                    let own = self.bodies.get(body)?.get(stream)?.get(part)?;
                    let place = Place::Body(body.clone(), *stream, *part);
                    rest.push((place, own.without(counts)?));
                }
            }
        }
        Some(rest)
    }

    fn put_in_body(&mut self, body: &BodyId, stream: Stream, part: Part, counts: Counts) {
        let Some(streams) = self.bodies.get_mut(body) else { return };
        if let Some(parts) = streams.get_mut(&stream) {
            put(parts, part, counts);
            if parts.is_empty() {
                streams.remove(&stream);
            }
        }
        if streams.is_empty() {
            self.bodies.remove(body);
        }
    }

    /// The counts of one cell, to add to.
    pub fn cell_mut(&mut self, body: &BodyId, stream: Stream, part: Part) -> &mut Counts {
        let streams = self.bodies.entry(body.clone()).or_default();
        streams.entry(stream).or_default().entry(part).or_default()
    }

    /// Adds other tallies of the same month: the result is that of all their facts together.
    pub fn merge(&mut self, other: &Self) {
        for (stream, counts) in &other.total {
            self.total.entry(*stream).or_default().merge(counts);
        }
        for (stream, counts) in &other.pool {
            self.pool.entry(*stream).or_default().merge(counts);
        }
        for (body, streams) in &other.bodies {
            for (stream, parts) in streams {
                for (part, counts) in parts {
                    self.cell_mut(body, *stream, *part).merge(counts);
                }
            }
        }
    }

    /// The counts of a selection together.
    pub fn sum(&self, cell: Cell<'_>) -> Counts {
        let mut sum = Counts::default();
        for (stream, parts) in self.bodies.get(cell.body).into_iter().flatten() {
            for (part, counts) in parts {
                if cell.selects(*stream, *part) {
                    sum.merge(counts);
                }
            }
        }
        sum
    }

    /// The counts of posts of all teams together.
    pub fn sum_of_pool(&self, counts: Counted) -> Counts {
        let mut sum = Counts::default();
        let selected = self.pool.iter().filter(|(stream, _)| counts.includes(**stream));
        selected.for_each(|(_, counts)| sum.merge(counts));
        sum
    }

    /// The counts of the whole jurisdiction.
    pub fn jurisdiction(&self) -> Counts {
        self.jurisdiction_of(Counted::All)
    }

    /// The counts of some streams of the whole jurisdiction.
    pub fn jurisdiction_of(&self, counted: Counted) -> Counts {
        let mut sum = self.sum_of_pool(counted);
        for (stream, counts) in &self.total {
            if counted.includes(*stream) {
                sum.merge(counts);
            }
        }
        sum
    }
}

/// Where a cell stands.
enum Place {
    Total(Stream),
    Pool(Stream),
    Body(BodyId, Stream, Part),
}

/// Replaces a cell; one without a count is left out.
fn put<K: Ord>(cells: &mut BTreeMap<K, Counts>, place: K, counts: Counts) {
    if counts.is_zero() {
        cells.remove(&place);
    } else {
        cells.insert(place, counts);
    }
}

/// A fact that cannot be taken out, because it was never counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the case {0} is not among those counted; count all facts anew")]
pub struct NotCounted(CaseNo);

/// Counts that cannot be taken out, because there are fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is less than is to be taken out; count all facts anew")]
pub struct TooFew;

/// Counts the facts of the attributor's month.
pub fn tally<'a>(facts: impl IntoIterator<Item = &'a Fact>, attributor: &Attributor) -> Tallies {
    let mut tallies = Tallies::default();
    for fact in facts {
        tallies.add(fact, &attributor.attribute(fact));
    }
    tallies
}

/// A case behind a count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CountedCase {
    /// The case.
    pub case_no: CaseNo,
    /// How often it counts: once, but for orders and visits.
    pub times: u32,
}

/// The cases behind a count, in the order of the facts. Their `times` add up to exactly what
/// [`Tallies::sum`] of the same facts has for the same selection.
pub fn counted_cases<'a>(
    facts: impl IntoIterator<Item = &'a Fact>,
    attributor: &Attributor,
    cell: Cell<'_>,
    base: Base,
) -> Vec<CountedCase> {
    let times_in = |fact: &Fact| {
        let place = attributor.place_of(fact);
        if base.is_of_posts() {
            let of_team = |count: &DeskCount| count.team.as_ref() == Some(cell.body);
            let desk = attributor.desk_in(&place, fact);
            let is_selected = cell.selects(place.stream, Part::All);
            return if is_selected { times_of(&desk, base, of_team) } else { 0 };
        }
        let mut bodies = attributor.bodies_in(&place, fact).into_iter();
        let is_selected =
            bodies.any(|(body, part)| body == *cell.body && cell.selects(place.stream, part));
        if is_selected { fact.count(base) } else { 0 }
    };
    list(facts, base, times_in)
}

/// The cases behind a count of posts for all teams together, likewise as many as
/// [`Tallies::sum_of_pool`] has.
pub fn pooled_cases<'a>(
    facts: impl IntoIterator<Item = &'a Fact>,
    attributor: &Attributor,
    counts: Counted,
    base: Base,
) -> Vec<CountedCase> {
    let times_in = |fact: &Fact| {
        let place = attributor.place_of(fact);
        let desk = attributor.desk_in(&place, fact);
        if counts.includes(place.stream) { times_of(&desk, base, |_| true) } else { 0 }
    };
    list(facts, base, times_in)
}

fn times_of(desk: &[DeskCount], base: Base, selects: impl Fn(&DeskCount) -> bool) -> u32 {
    let selected = desk.iter().filter(|count| count.base == base && selects(count));
    selected.map(|count| u32::from(count.times)).sum()
}

fn list<'a>(
    facts: impl IntoIterator<Item = &'a Fact>,
    base: Base,
    times_in: impl Fn(&Fact) -> u32,
) -> Vec<CountedCase> {
    let counted = |fact: &Fact| {
        // Most facts do not enter the count at all, and need no attribution.
        let times = if fact.count(base) == 0 { 0 } else { times_in(fact) };
        (times > 0).then(|| CountedCase { case_no: fact.case_no.clone(), times })
    };
    facts.into_iter().filter_map(counted).collect()
}
