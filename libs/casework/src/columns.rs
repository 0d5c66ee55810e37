//! Facts as columns, the form in which they travel between services.

mod encode;

use std::cell::OnceCell;
use std::ops::Range;

use chengping_types::{BodyId, Instant};

pub use self::encode::Form;
use crate::{Base, DeskCount, Fact, Marks, Source, Sum};

/// What stands for no instant.
const NO_INSTANT: i64 = i64::MIN;
/// Entries of `visits` a fact.
const VISITS: usize = 5;

/// Columns that are no facts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ColumnsError(String);

/// Facts of one month, a column for each of their properties. Texts are places in the dictionary,
/// that of the empty one where there is nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FactColumns {
    /// The texts.
    pub dictionary: Vec<String>,
    /// The numbers of the cases; none for who only counts.
    pub case_nos: Vec<String>,
    /// The codes of the sources.
    pub sources: Vec<i32>,
    /// Texts.
    pub category_schemes: Vec<u32>,
    /// Texts.
    pub category_codes: Vec<u32>,
    /// Texts.
    pub area_codes: Vec<u32>,
    /// Texts.
    pub collectors: Vec<u32>,
    /// Texts.
    pub units: Vec<u32>,
    /// Texts.
    pub filing_desks: Vec<u32>,
    /// Microseconds since 1970 UTC; the smallest integer for none.
    pub report_times: Vec<i64>,
    /// Likewise.
    pub file_times: Vec<i64>,
    /// The 0/1 counts, a bit each.
    pub marks: Vec<u64>,
    /// Numbers.
    pub orders_first: Vec<u32>,
    /// Numbers.
    pub orders_repeated: Vec<u32>,
    /// Numbers; none where they are not known.
    pub orders_weights: Vec<u32>,
    /// Five numbers a fact, by the code of the outcome.
    pub visits: Vec<u32>,
    /// How many counts of posts each fact has, or each list where there are lists; none where they
    /// are not known.
    pub desk_lengths: Vec<u32>,
    /// Texts, one a count of posts.
    pub desk_teams: Vec<u32>,
    /// Codes of base indicators, likewise.
    pub desk_bases: Vec<u32>,
    /// Numbers, likewise.
    pub desk_times: Vec<u32>,
    /// How many sums each fact has; none where they are not known.
    pub sum_lengths: Vec<u32>,
    /// Codes of base indicators, one a sum.
    pub sum_bases: Vec<u32>,
    /// Numbers, likewise.
    pub sum_numbers: Vec<u32>,
    /// How many lists of counts of posts each fact has; none where there are no lists.
    pub desk_list_lengths: Vec<u32>,
    /// Places of lists, each the counts of one team.
    pub desk_lists: Vec<u32>,
}

/// Moves [columns](FactColumns) to or from a message whose fields have the same names: the one place
/// that names them all.
#[macro_export]
macro_rules! move_columns {
    ($from:expr => $into:path) => {{
        let from = $from;
        $into {
            dictionary: from.dictionary,
            case_nos: from.case_nos,
            sources: from.sources,
            category_schemes: from.category_schemes,
            category_codes: from.category_codes,
            area_codes: from.area_codes,
            collectors: from.collectors,
            units: from.units,
            filing_desks: from.filing_desks,
            report_times: from.report_times,
            file_times: from.file_times,
            marks: from.marks,
            orders_first: from.orders_first,
            orders_repeated: from.orders_repeated,
            orders_weights: from.orders_weights,
            visits: from.visits,
            desk_lengths: from.desk_lengths,
            desk_teams: from.desk_teams,
            desk_bases: from.desk_bases,
            desk_times: from.desk_times,
            sum_lengths: from.sum_lengths,
            sum_bases: from.sum_bases,
            sum_numbers: from.sum_numbers,
            desk_list_lengths: from.desk_list_lengths,
            desk_lists: from.desk_lists,
        }
    }};
}

impl FactColumns {
    /// The number of facts.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.marks.len()
    }

    /// Whether there is no fact.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// The facts.
    ///
    /// # Errors
    ///
    /// When these are no columns of facts.
    pub fn facts(&self) -> Result<Vec<Fact>, ColumnsError> {
        self.check()?;
        if self.case_nos.len() != self.len() {
            return Err(self.unequal("case numbers", self.case_nos.len()));
        }
        let bodies = Bodies::new(&self.dictionary);
        let (mut desks, mut sums) = (self.desks_of_facts().into_iter(), self.sums());
        let fact = |row| {
            let of_row = desks.next().unwrap_or_default().into_iter().flatten();
            let desk = of_row.map(|place| self.desk(&bodies, place)).collect::<Result<_, _>>()?;
            let of_row = sums.next().unwrap_or_default();
            let sums = of_row.map(|place| self.sum(place)).collect::<Result<_, _>>()?;
            self.fact(&bodies, row, desk, sums)
        };
        (0..self.len()).map(fact).collect()
    }

    /// The counts of posts of each fact, of columns that were checked.
    fn desks_of_facts(&self) -> Vec<Vec<Range<usize>>> {
        let Some(lists) = self.desk_lists() else {
            return self.desks().map(|counts| vec![counts]).collect();
        };
        let desks = Vec::from_iter(self.desks());
        let counts = |list: &u32| desks[*list as usize].clone();
        lists.map(|lists| self.desk_lists[lists].iter().map(counts).collect()).collect()
    }

    fn fact(
        &self,
        bodies: &Bodies<'_>,
        row: usize,
        desk: Vec<DeskCount>,
        sums: Vec<Sum>,
    ) -> Result<Fact, ColumnsError> {
        let case_no = &self.case_nos[row];
        Ok(Fact {
            case_no: case_no
                .parse()
                .map_err(|error| ColumnsError(format!("{case_no:?}: {error}")))?,
            source: self.source(row)?,
            category_scheme: self.text(self.category_schemes[row])?.to_owned(),
            category_code: self.text(self.category_codes[row])?.to_owned(),
            area_code: self.text(self.area_codes[row])?.to_owned(),
            collector: bodies.find(self.collectors[row])?.cloned(),
            reported_at: self.reported_at(row),
            filed_at: self.filed_at(row),
            filing_desk: bodies.find(self.filing_desks[row])?.cloned(),
            unit: bodies.find(self.units[row])?.cloned(),
            marks: self.marks(row)?,
            orders_first: self.orders_first(row)?,
            orders_repeated: self.orders_repeated(row)?,
            orders_weight: self.orders_weight(row),
            visits: self.visits(row)?,
            desk,
            sums,
        })
    }

    /// Whether the columns have the same length: what is asked of one row is asked behind this.
    ///
    /// # Errors
    ///
    /// When they have not.
    pub fn check(&self) -> Result<(), ColumnsError> {
        let columns = [
            ("sources", self.sources.len()),
            ("category schemes", self.category_schemes.len()),
            ("category codes", self.category_codes.len()),
            ("area codes", self.area_codes.len()),
            ("collectors", self.collectors.len()),
            ("units", self.units.len()),
            ("filing desks", self.filing_desks.len()),
            ("report times", self.report_times.len()),
            ("file times", self.file_times.len()),
            ("first orders", self.orders_first.len()),
            ("repeated orders", self.orders_repeated.len()),
        ];
        let rows = self.len();
        if let Some((what, length)) = columns.into_iter().find(|(_, length)| *length != rows) {
            return Err(self.unequal(what, length));
        }
        if !self.case_nos.is_empty() && self.case_nos.len() != rows {
            return Err(self.unequal("case numbers", self.case_nos.len()));
        }
        if self.visits.len() != rows * VISITS {
            return Err(self.unequal("visits", self.visits.len()));
        }
        if !self.orders_weights.is_empty() && self.orders_weights.len() != rows {
            return Err(self.unequal("weights of orders", self.orders_weights.len()));
        }
        let of_desks = [self.desk_teams.len(), self.desk_bases.len(), self.desk_times.len()];
        let has_lists = !self.desk_list_lengths.is_empty();
        let rows_of_desks = if has_lists { self.desk_lengths.len() } else { rows };
        check_lengths("counts of posts", &self.desk_lengths, rows_of_desks, &of_desks)?;
        let of_sums = [self.sum_bases.len(), self.sum_numbers.len()];
        check_lengths("sums", &self.sum_lengths, rows, &of_sums)?;
        check_lengths("lists", &self.desk_list_lengths, rows, &[self.desk_lists.len()])?;
        if has_lists { self.check_desk_lists() } else { Ok(()) }
    }

    /// A list is of one team and has each count once: so it is short, however often it is told.
    fn check_desk_lists(&self) -> Result<(), ColumnsError> {
        let lists = self.desk_lengths.len();
        if let Some(list) = self.desk_lists.iter().find(|list| **list as usize >= lists) {
            return Err(ColumnsError(format!("{list} is none of {lists} lists")));
        }
        let is_list = |places: Range<usize>| {
            let is_of_one = self.desk_teams[places.clone()].windows(2).all(|two| two[0] == two[1]);
            let bases = &self.desk_bases[places];
            is_of_one && !bases.is_empty() && bases.is_sorted_by(|one, next| one < next)
        };
        match self.desks().position(|places| !is_list(places)) {
            Some(list) => Err(ColumnsError(format!("list {list} is not the counts of one team"))),
            None => Ok(()),
        }
    }

    fn unequal(&self, what: &str, length: usize) -> ColumnsError {
        ColumnsError(format!("{length} {what} beside {} facts", self.len()))
    }

    /// Which counts of posts are those of each fact, or of each list where there are
    /// [lists](Self::desk_lists); none at all where they are not known.
    pub fn desks(&self) -> impl Iterator<Item = Range<usize>> + use<'_> {
        ranges(&self.desk_lengths)
    }

    /// Which entries of `desk_lists` are those of each fact, where there are lists.
    pub fn desk_lists(&self) -> Option<impl Iterator<Item = Range<usize>> + use<'_>> {
        (!self.desk_list_lengths.is_empty()).then(|| ranges(&self.desk_list_lengths))
    }

    /// Which sums are those of each fact; none at all where they are not known.
    pub fn sums(&self) -> impl Iterator<Item = Range<usize>> + use<'_> {
        ranges(&self.sum_lengths)
    }

    /// A text.
    ///
    /// # Errors
    ///
    /// When it is not in the dictionary.
    pub fn text(&self, place: u32) -> Result<&str, ColumnsError> {
        text(&self.dictionary, place)
    }

    /// The source of a fact.
    ///
    /// # Errors
    ///
    /// When there is none of that code.
    pub fn source(&self, row: usize) -> Result<Source, ColumnsError> {
        let code = self.sources[row];
        let source = u8::try_from(code).ok().and_then(Source::from_code);
        source.ok_or_else(|| ColumnsError(format!("no source has the code {code}")))
    }

    /// When the case was first reported.
    #[must_use]
    pub fn reported_at(&self, row: usize) -> Option<Instant> {
        time(self.report_times[row])
    }

    /// When the case was first filed.
    #[must_use]
    pub fn filed_at(&self, row: usize) -> Option<Instant> {
        time(self.file_times[row])
    }

    /// The 0/1 counts of a fact.
    ///
    /// # Errors
    ///
    /// When a bit is none of theirs.
    pub fn marks(&self, row: usize) -> Result<Marks, ColumnsError> {
        let bits = self.marks[row];
        Marks::from_bits(bits).ok_or_else(|| ColumnsError(format!("unknown marks {bits:#x}")))
    }

    /// First orders of a fact.
    ///
    /// # Errors
    ///
    /// When there are more than a fact can have.
    pub fn orders_first(&self, row: usize) -> Result<u16, ColumnsError> {
        small(self.orders_first[row])
    }

    /// Repeated orders of a fact.
    ///
    /// # Errors
    ///
    /// Likewise.
    pub fn orders_repeated(&self, row: usize) -> Result<u16, ColumnsError> {
        small(self.orders_repeated[row])
    }

    /// The weight of the orders of a fact; 0 where it is not known.
    #[must_use]
    pub fn orders_weight(&self, row: usize) -> u32 {
        self.orders_weights.get(row).copied().unwrap_or_default()
    }

    /// The visits of a fact, by the codes of their outcomes.
    ///
    /// # Errors
    ///
    /// When there are more than a fact can have.
    pub fn visits(&self, row: usize) -> Result<[u16; VISITS], ColumnsError> {
        let mut visits = [0; VISITS];
        for (visit, number) in visits.iter_mut().zip(&self.visits[row * VISITS..]) {
            *visit = small(*number)?;
        }
        Ok(visits)
    }

    /// A count of posts.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn desk(&self, bodies: &Bodies<'_>, place: usize) -> Result<DeskCount, ColumnsError> {
        let code = self.desk_bases[place];
        let base = base(code).filter(|base| base.is_of_posts());
        let base =
            base.ok_or_else(|| ColumnsError(format!("no count of posts has the code {code}")))?;
        let team = bodies.find(self.desk_teams[place])?.cloned();
        Ok(DeskCount { team, base, times: small(self.desk_times[place])? })
    }

    /// A sum.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn sum(&self, place: usize) -> Result<Sum, ColumnsError> {
        let code = self.sum_bases[place];
        let base = base(code).filter(|base| base.is_sum());
        let base = base.ok_or_else(|| ColumnsError(format!("no sum has the code {code}")))?;
        Ok(Sum { base, number: self.sum_numbers[place] })
    }
}

/// The bodies that a dictionary names, each made once.
#[derive(Debug)]
pub struct Bodies<'c> {
    dictionary: &'c [String],
    known: Vec<OnceCell<Option<BodyId>>>,
}

impl<'c> Bodies<'c> {
    /// Of a dictionary.
    #[must_use]
    pub fn new(dictionary: &'c [String]) -> Self {
        Self { dictionary, known: vec![OnceCell::new(); dictionary.len()] }
    }

    /// The body at a place; none for the empty text.
    ///
    /// # Errors
    ///
    /// When it is not in the dictionary, or names no body.
    pub fn find(&self, place: u32) -> Result<Option<&BodyId>, ColumnsError> {
        let text = text(self.dictionary, place)?;
        let known = &self.known[place as usize];
        if let Some(body) = known.get() {
            return Ok(body.as_ref());
        }
        let body = match text {
            "" => None,
            text => Some(
                text.parse().map_err(|error| ColumnsError(format!("body {text:?}: {error}")))?,
            ),
        };
        Ok(known.get_or_init(|| body).as_ref())
    }
}

fn text(dictionary: &[String], place: u32) -> Result<&str, ColumnsError> {
    let text = dictionary.get(place as usize).map(String::as_str);
    text.ok_or_else(|| ColumnsError(format!("{place} is not in the dictionary")))
}

fn base(code: u32) -> Option<Base> {
    u8::try_from(code).ok().and_then(Base::from_code)
}

fn small(number: u32) -> Result<u16, ColumnsError> {
    u16::try_from(number).map_err(|_| ColumnsError(format!("{number} is too large")))
}

fn time(micros: i64) -> Option<Instant> {
    (micros != NO_INSTANT).then(|| Instant::from_micros(micros))
}

/// Whether columns have as many entries as their lengths say, and these are one a row or none.
fn check_lengths(
    what: &str,
    lengths: &[u32],
    rows: usize,
    columns: &[usize],
) -> Result<(), ColumnsError> {
    let total: u64 = lengths.iter().map(|length| u64::from(*length)).sum();
    let is_whole = lengths.is_empty() || lengths.len() == rows;
    if is_whole && columns.iter().all(|entries| *entries as u64 == total) {
        return Ok(());
    }
    Err(ColumnsError(format!(
        "{total} {what} in {} lengths and columns of {columns:?} entries for {rows} rows",
        lengths.len(),
    )))
}

fn ranges(lengths: &[u32]) -> impl Iterator<Item = Range<usize>> + use<'_> {
    let mut start = 0;
    lengths.iter().map(move |length| {
        let end = start + *length as usize;
        std::mem::replace(&mut start, end)..end
    })
}
