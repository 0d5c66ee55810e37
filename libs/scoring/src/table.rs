//! Facts as columns, and the tally that reads them: what [`tally`](crate::tally) says, faster.

mod dictionary;
mod lanes;
mod reading;

use std::num::NonZeroUsize;
use std::ops::Range;
use std::thread;

use chengping_casework::{Base, Fact, Marks};
use chengping_types::{BodyId, Family, Stream};

use self::dictionary::{Dictionary, Kind, NOBODY, Place};
use self::lanes::{Cells, Spread, Sums, counts};
use crate::attribution::{Attributor, Part};
use crate::tally::Tallies;

/// Streams of a place or department, a cell each.
const STREAMS: usize = Stream::ALL.len();

/// Number of [`ASIDE`].
const ASIDE_COUNT: usize = {
    let (mut place, mut number) = (0, 0);
    while place < Base::ALL.len() {
        number += is_aside(Base::ALL[place]) as usize;
        place += 1;
    }
    number
};

/// The counts of a case that are no marks: orders, visits, and sums.
const ASIDE: [Base; ASIDE_COUNT] = {
    let mut aside = [Base::OrdersFirst; ASIDE_COUNT];
    let (mut place, mut number) = (0, 0);
    while place < Base::ALL.len() {
        if is_aside(Base::ALL[place]) {
            aside[number] = Base::ALL[place];
            number += 1;
        }
        place += 1;
    }
    aside
};

/// The facts of one month as columns, for one attributor.
///
/// Whom a case counts for (its area in the month of filing, its stream, its department) is found
/// out once for all cases alike, when the first of them is added; a row keeps the number of the
/// answer. Counts that are seldom anything else than 0, and those of posts, lie in lists aside.
#[derive(Debug, Clone)]
pub struct FactTable {
    dictionary: Dictionary,
    marks: Vec<u64>,
    /// The place and stream of each row.
    place_cells: Vec<u32>,
    /// The department and stream of each row.
    department_cells: Vec<u32>,
    /// Orders, visits and sums in the order of their rows.
    multiples: Vec<Multiple>,
    /// Where the counts of posts of each row end; empty where no posts are evaluated.
    desk_ends: Vec<u32>,
    /// What a team counts for a row.
    desks: Vec<u32>,
}

/// A count that is more than a mark.
#[derive(Debug, Clone, Copy)]
struct Multiple {
    row: u32,
    times: u32,
    code: u8,
}

/// What some of the rows add up to.
struct Partial {
    places: Vec<Sums>,
    departments: Vec<Sums>,
    /// How often each entry of the posts counts in each stream.
    desks: Vec<u64>,
}

impl FactTable {
    /// An empty table.
    pub fn new(attributor: Attributor) -> Self {
        Self {
            dictionary: Dictionary::new(attributor),
            marks: Vec::new(),
            place_cells: Vec::new(),
            department_cells: Vec::new(),
            multiples: Vec::new(),
            desk_ends: Vec::new(),
            desks: Vec::new(),
        }
    }

    /// Adds a fact.
    ///
    /// # Panics
    ///
    /// Beyond four thousand million rows or entries of posts: tally and clear before.
    pub fn push(&mut self, fact: &Fact) {
        let since = self.dictionary.since(fact.filed_at, fact.reported_at);
        let kind = Kind {
            source: fact.source,
            scheme: &fact.category_scheme,
            code: &fact.category_code,
            area_code: &fact.area_code,
        };
        let (place, stream) = self.dictionary.place_and_stream(since, kind);
        let unit = fact.unit.as_ref().filter(|_| self.dictionary.has_department(place));
        let department = unit.map_or(NOBODY, |unit| self.dictionary.department(unit));
        for base in &ASIDE {
            self.push_multiple(*base, fact.count(*base));
        }
        if self.dictionary.attributor().has_posts() {
            let is_out_of_scope = self.dictionary.is_out_of_scope(place);
            for counts in fact.desk.chunk_by(|one, next| one.team == next.team) {
                self.desks.extend(self.dictionary.desk_of(counts, is_out_of_scope));
            }
        }
        self.push_row(fact.marks, cell(place, stream), cell(department, stream));
    }

    /// Adds a count of the row that comes next.
    fn push_multiple(&mut self, base: Base, times: u32) {
        if times > 0 {
            let row = u32::try_from(self.len()).expect("tallied before it has 2^32 rows");
            self.multiples.push(Multiple { row, times, code: base.code() });
        }
    }

    /// Adds a row, behind all that is aside of it.
    fn push_row(&mut self, marks: Marks, place: u32, department: u32) {
        self.marks.push(marks.bits());
        self.place_cells.push(place);
        self.department_cells.push(department);
        if self.dictionary.attributor().has_posts() {
            let end = u32::try_from(self.desks.len()).expect("a table is tallied before");
            self.desk_ends.push(end);
        }
    }

    /// Number of facts.
    pub const fn len(&self) -> usize {
        self.marks.len()
    }

    /// Whether there is no fact.
    pub const fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// Bytes that the rows take, without what facts have in common.
    pub const fn bytes(&self) -> usize {
        size_of::<u64>() * self.marks.capacity()
            + size_of::<u32>() * self.place_cells.capacity()
            + size_of::<u32>() * self.department_cells.capacity()
            + size_of::<Multiple>() * self.multiples.capacity()
            + size_of::<u32>() * self.desk_ends.capacity()
            + size_of::<u32>() * self.desks.capacity()
    }

    /// Removes the facts, and keeps what is known of cases alike.
    pub fn clear(&mut self) {
        self.marks.clear();
        self.place_cells.clear();
        self.department_cells.clear();
        self.multiples.clear();
        self.desk_ends.clear();
        self.desks.clear();
    }

    /// Counts the facts with so many threads. Their number changes nothing but the time.
    pub fn tally(&self, threads: NonZeroUsize) -> Tallies {
        let rows = self.len();
        let threads = threads.get().min(rows.max(1));
        let border = |part: usize| rows / threads * part + rows % threads * part / threads;
        let mut ranges = (0..threads).map(|part| border(part)..border(part + 1));
        let all = thread::scope(|scope| {
            let own = ranges.next().unwrap_or_default();
            let others: Vec<_> = ranges.map(|rows| scope.spawn(|| self.sum(rows))).collect();
            let mut all = self.sum(own);
            for other in others {
                all.merge(&other.join().expect("sums do not panic"));
            }
            all
        });
        self.tallies(&all)
    }

    /// Adds up some rows.
    fn sum(&self, rows: Range<usize>) -> Partial {
        let mut places = Cells::new(self.dictionary.places().len() * STREAMS);
        let mut departments = Cells::new((self.dictionary.departments().len() + 1) * STREAMS);
        let columns = self.marks[rows.clone()]
            .iter()
            .zip(&self.place_cells[rows.clone()])
            .zip(&self.department_cells[rows.clone()]);
        for ((marks, place), department) in columns {
            let marks = Spread::of(*marks);
            places.add(*place as usize, marks);
            departments.add(*department as usize, marks);
        }
        let of_row =
            |row: usize| self.multiples.partition_point(|entry| (entry.row as usize) < row);
        for Multiple { row, times, code } in &self.multiples[of_row(rows.start)..of_row(rows.end)] {
            places.add_times(self.place_cells[*row as usize] as usize, *code, *times);
            departments.add_times(self.department_cells[*row as usize] as usize, *code, *times);
        }
        let desks = self.sum_desks(rows);
        Partial { places: places.into_sums(), departments: departments.into_sums(), desks }
    }

    fn sum_desks(&self, rows: Range<usize>) -> Vec<u64> {
        let mut sums = vec![0; self.dictionary.desks().len() * STREAMS];
        if self.desk_ends.is_empty() {
            return sums;
        }
        let end_before = |row: usize| row.checked_sub(1).map_or(0, |row| self.desk_ends[row]);
        let mut start = end_before(rows.start) as usize;
        for (end, cell) in self.desk_ends[rows.clone()].iter().zip(&self.place_cells[rows]) {
            let (end, stream) = (*end as usize, *cell as usize % STREAMS);
            for entry in &self.desks[start..end] {
                sums[*entry as usize * STREAMS + stream] += 1;
            }
            start = end;
        }
        sums
    }

    /// Gives the sums of places, departments and entries to the bodies.
    fn tallies(&self, all: &Partial) -> Tallies {
        let mut tallies = Tallies::default();
        for (place, sums) in self.dictionary.places().iter().zip(all.places.chunks(STREAMS)) {
            for (stream, sums) in Stream::ALL.iter().zip(sums) {
                tallies.add_sums(*stream, place, sums);
            }
        }
        // The first is nobody.
        let departments = all.departments.chunks(STREAMS).skip(1);
        for (department, sums) in self.dictionary.departments().iter().zip(departments) {
            for (stream, sums) in Stream::ALL.iter().zip(sums) {
                tallies.add_to_body(department, *stream, Part::All, sums);
            }
        }
        for (counts, times) in self.dictionary.desks().iter().zip(all.desks.chunks(STREAMS)) {
            for (stream, times) in Stream::ALL.iter().zip(times).filter(|(_, times)| **times > 0) {
                for count in counts {
                    let number = u64::from(count.times) * times;
                    tallies.pool.entry(*stream).or_default().add(count.base, number);
                    let team = count.team.as_ref();
                    let is_evaluated =
                        |team: &&BodyId| self.dictionary.attributor().is_of(team, Family::Post);
                    if let Some(team) = team.filter(is_evaluated) {
                        tallies.cell_mut(team, *stream, Part::All).add(count.base, number);
                    }
                }
            }
        }
        tallies
    }
}

impl<'a> Extend<&'a Fact> for FactTable {
    fn extend<T: IntoIterator<Item = &'a Fact>>(&mut self, facts: T) {
        facts.into_iter().for_each(|fact| self.push(fact));
    }
}

impl Partial {
    fn merge(&mut self, other: &Self) {
        let sums = self.places.iter_mut().chain(&mut self.departments);
        for (sums, others) in sums.zip(other.places.iter().chain(&other.departments)) {
            sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
        }
        self.desks.iter_mut().zip(&other.desks).for_each(|(sum, other)| *sum += other);
    }
}

impl Tallies {
    /// Adds the sums of a place, in the jurisdiction as well.
    fn add_sums(&mut self, stream: Stream, place: &Place, sums: &Sums) {
        let counts = counts(sums);
        if counts.is_zero() {
            return;
        }
        self.total.entry(stream).or_default().merge(&counts);
        for (body, part) in &place.bodies {
            self.cell_mut(body, stream, *part).merge(&counts);
        }
    }

    fn add_to_body(&mut self, body: &BodyId, stream: Stream, part: Part, sums: &Sums) {
        let counts = counts(sums);
        if !counts.is_zero() {
            self.cell_mut(body, stream, part).merge(&counts);
        }
    }
}

const fn is_aside(base: Base) -> bool {
    base.is_multiple() && !base.is_of_posts()
}

const fn cell(number: u32, stream: Stream) -> u32 {
    number * STREAMS as u32 + stream_place(stream)
}

/// The place of a stream in [`Stream::ALL`].
const fn stream_place(stream: Stream) -> u32 {
    let mut place = 0;
    while Stream::ALL[place] as u8 != stream as u8 {
        place += 1;
    }
    place as u32
}
