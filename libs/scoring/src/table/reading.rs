//! Columns of facts, taken as they travel.

use std::ops::Range;

use chengping_casework::columns::{Bodies, ColumnsError, FactColumns};
use chengping_casework::{Base, DeskCount};
use chengping_types::Stream;

use super::dictionary::{Dictionary, Kind, Map, NOBODY, Since};
use super::{FactTable, cell};

/// The counts of visits, by the codes of their outcomes.
const VISITS: [Base; 5] = [
    Base::VisitVerySatisfied,
    Base::VisitSatisfied,
    Base::VisitNeutral,
    Base::VisitDissatisfied,
    Base::VisitUnreachable,
];

impl FactTable {
    /// Adds the facts of columns: as [`Self::push`] does one after the other, faster. Case numbers
    /// and collectors are not looked at.
    ///
    /// # Errors
    ///
    /// When these are no columns of facts. Some of them may have been added then.
    pub fn extend_columns(&mut self, columns: &FactColumns) -> Result<(), ColumnsError> {
        columns.check()?;
        let mut batch = Batch::new(columns);
        let (mut desks, mut sums) = (columns.desks(), columns.sums());
        let mut lists = columns.desk_lists();
        let has_posts = self.dictionary.attributor().has_posts();
        for row in 0..columns.len() {
            let (place, stream) = batch.place_and_stream(&mut self.dictionary, row)?;
            let department = batch.department(&mut self.dictionary, place, row)?;
            self.push_multiple(Base::OrdersFirst, columns.orders_first(row)?.into());
            self.push_multiple(Base::OrdersRepeated, columns.orders_repeated(row)?.into());
            self.push_multiple(Base::OrdersGeometric, columns.orders_weight(row));
            for (base, visits) in VISITS.into_iter().zip(columns.visits(row)?) {
                self.push_multiple(base, visits.into());
            }
            for place in sums.next().unwrap_or_default() {
                let sum = columns.sum(place)?;
                self.push_multiple(sum.base, sum.number);
            }
            let is_out_of_scope = has_posts && self.dictionary.is_out_of_scope(place);
            let scope = Scope { dictionary: &mut self.dictionary, is_out_of_scope };
            match &mut lists {
                _ if !has_posts => {}
                Some(lists) => {
                    let lists = lists.next().unwrap_or_default();
                    batch.lists(scope, &columns.desk_lists[lists], &mut self.desks)?;
                }
                None => batch.desks(scope, desks.next().unwrap_or_default(), &mut self.desks)?,
            }
            let marks = columns.marks(row)?;
            self.push_row(marks, cell(place, stream), cell(department, stream));
        }
        Ok(())
    }
}

/// What decides place and stream: month, source, scheme, code, area.
type PlaceKey = (Since, i32, u32, u32, u32);

/// What is known of the texts of a batch: looked up by their places, not by what they say.
struct Batch<'c> {
    columns: &'c FactColumns,
    bodies: Bodies<'c>,
    places: Map<PlaceKey, (u32, Stream)>,
    /// Of each text, once that was asked.
    departments: Vec<Option<u32>>,
    /// By scope and team, and what is counted how often.
    desks: Map<Box<[u64]>, Option<u32>>,
    /// What is looked up in `desks`.
    key: Vec<u64>,
    /// The counts of each list, where there are lists.
    lists: Vec<Range<usize>>,
    /// Of each list in and out of scope, once that was asked.
    of_lists: Vec<[Option<Option<u32>>; 2]>,
}

/// Where the counts of posts of a case are entered.
struct Scope<'t> {
    dictionary: &'t mut Dictionary,
    is_out_of_scope: bool,
}

impl<'c> Batch<'c> {
    fn new(columns: &'c FactColumns) -> Self {
        let has_lists = columns.desk_lists().is_some();
        let lists = if has_lists { columns.desks().collect() } else { Vec::new() };
        Self {
            of_lists: vec![[None; 2]; lists.len()],
            lists,
            columns,
            bodies: Bodies::new(&columns.dictionary),
            places: Map::default(),
            departments: vec![None; columns.dictionary.len()],
            desks: Map::default(),
            key: Vec::new(),
        }
    }

    fn place_and_stream(
        &mut self,
        dictionary: &mut Dictionary,
        row: usize,
    ) -> Result<(u32, Stream), ColumnsError> {
        let columns = self.columns;
        let (scheme, code) = (columns.category_schemes[row], columns.category_codes[row]);
        let area = columns.area_codes[row];
        let since = dictionary.since(columns.filed_at(row), columns.reported_at(row));
        let key = (since, columns.sources[row], scheme, code, area);
        if let Some(known) = self.places.get(&key) {
            return Ok(*known);
        }
        let kind = Kind {
            source: columns.source(row)?,
            scheme: columns.text(scheme)?,
            code: columns.text(code)?,
            area_code: columns.text(area)?,
        };
        let found = dictionary.place_and_stream(since, kind);
        self.places.insert(key, found);
        Ok(found)
    }

    fn department(
        &mut self,
        dictionary: &mut Dictionary,
        place: u32,
        row: usize,
    ) -> Result<u32, ColumnsError> {
        let text = self.columns.units[row];
        let Some(unit) = self.bodies.find(text)?.filter(|_| dictionary.has_department(place))
        else {
            return Ok(NOBODY);
        };
        let known = &mut self.departments[text as usize];
        Ok(*known.get_or_insert_with(|| dictionary.department(unit)))
    }

    /// Adds the numbers of what each team counts in the entries `counts` of posts.
    fn desks(
        &mut self,
        mut scope: Scope<'_>,
        counts: Range<usize>,
        numbers: &mut Vec<u32>,
    ) -> Result<(), ColumnsError> {
        let FactColumns { desk_teams, desk_bases, desk_times, .. } = self.columns;
        let mut start = counts.start;
        for team in desk_teams[counts].chunk_by(PartialEq::eq) {
            let of_team = start..start + team.len();
            start = of_team.end;
            self.key.clear();
            self.key.push(u64::from(scope.is_out_of_scope) << 32 | u64::from(team[0]));
            let pairs = desk_bases[of_team.clone()].iter().zip(&desk_times[of_team.clone()]);
            self.key.extend(pairs.map(|(base, times)| u64::from(*base) << 32 | u64::from(*times)));
            if let Some(known) = self.desks.get(&self.key[..]) {
                numbers.extend(*known);
                continue;
            }
            let number = self.number(&mut scope, of_team)?;
            self.desks.insert(self.key.as_slice().into(), number);
            numbers.extend(number);
        }
        Ok(())
    }

    /// Likewise of lists, which are looked up by their places.
    fn lists(
        &mut self,
        mut scope: Scope<'_>,
        lists: &[u32],
        numbers: &mut Vec<u32>,
    ) -> Result<(), ColumnsError> {
        for list in lists {
            let list = *list as usize;
            let number = match self.of_lists[list][usize::from(scope.is_out_of_scope)] {
                Some(known) => known,
                None => self.number(&mut scope, self.lists[list].clone())?,
            };
            self.of_lists[list][usize::from(scope.is_out_of_scope)] = Some(number);
            numbers.extend(number);
        }
        Ok(())
    }

    /// The number of what one team counts.
    fn number(
        &self,
        scope: &mut Scope<'_>,
        of_team: Range<usize>,
    ) -> Result<Option<u32>, ColumnsError> {
        let counts = of_team.map(|place| self.columns.desk(&self.bodies, place));
        let counts: Vec<DeskCount> = counts.collect::<Result<_, _>>()?;
        Ok(scope.dictionary.desk_of(&counts, scope.is_out_of_scope))
    }
}
