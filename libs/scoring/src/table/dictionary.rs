//! What facts name, as numbers: whom a case counts for is found out once for all cases alike.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::hash::Hash;

use chengping_casework::{DeskCount, Source};
use chengping_types::{BodyId, Family, Instant, Month, Stream};

use crate::attribution::{Attributor, Part};

/// Looks up fast, and is in the order in which it was filled: no order of hashes comes near a score.
pub(super) type Map<K, V> = indexmap::IndexMap<K, V, foldhash::fast::FixedState>;

/// No department: that of every case out of scope.
pub(super) const NOBODY: u32 = 0;

/// Whom the cases of an area count for, apart from their department.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) bodies: Vec<(BodyId, Part)>,
    /// Whether a department counts them too: filed, and in scope.
    pub(super) has_department: bool,
    /// Filed, but in no valid area.
    pub(super) is_out_of_scope: bool,
}

/// The month whose areas are valid for a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Since {
    Filed(Month),
    /// Never filed, but reported; without that month it lies nowhere.
    Reported(Option<Month>),
}

/// What decides the place and the stream of a case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind<'k> {
    pub(super) source: Source,
    pub(super) scheme: &'k str,
    pub(super) code: &'k str,
    pub(super) area_code: &'k str,
}

/// By source, scheme and code.
type Streams = BTreeMap<Source, Map<String, Map<String, Stream>>>;

/// What is known of the cases filed in one month, or reported in one and never filed.
#[derive(Debug, Clone, Default)]
struct Known {
    places: Map<String, u32>,
    /// By area, which is empty where no area decides a stream.
    streams: Map<String, Streams>,
}

/// Numbers for places, departments and counts of posts, in the order of their first fact.
#[derive(Debug, Clone)]
pub(super) struct Dictionary {
    attributor: Attributor,
    /// Whether the stream of a case may depend on its area.
    streams_have_places: bool,
    known: BTreeMap<Since, Known>,
    places: Numbered<Place>,
    departments: Numbered<BodyId>,
    desks: Numbered<Vec<DeskCount>>,
}

impl Dictionary {
    pub(super) fn new(attributor: Attributor) -> Self {
        Self {
            streams_have_places: attributor.streams_have_places(),
            attributor,
            known: BTreeMap::new(),
            places: Numbered::default(),
            departments: Numbered::default(),
            desks: Numbered::default(),
        }
    }

    pub(super) const fn attributor(&self) -> &Attributor {
        &self.attributor
    }

    pub(super) fn places(&self) -> &[Place] {
        &self.places.values
    }

    /// The departments; the first has the number after [`NOBODY`].
    pub(super) fn departments(&self) -> &[BodyId] {
        &self.departments.values
    }

    /// What single teams, or nobody, count for a case.
    pub(super) fn desks(&self) -> &[Vec<DeskCount>] {
        &self.desks.values
    }

    /// The month whose areas are valid for a case that was filed and reported then.
    pub(super) fn since(&self, filed: Option<Instant>, reported: Option<Instant>) -> Since {
        match (filed, reported) {
            (Some(at), _) => Since::Filed(self.attributor.month_of(at)),
            (None, at) => Since::Reported(at.map(|at| self.attributor.month_of(at))),
        }
    }

    /// The number of the place and the stream of a case.
    pub(super) fn place_and_stream(&mut self, since: Since, kind: Kind<'_>) -> (u32, Stream) {
        let Kind { source, scheme, code, area_code } = kind;
        let (attributor, places) = (&self.attributor, &mut self.places);
        let all_known = self.known.entry(since).or_default();
        let place = all_known.places.get(area_code).copied().unwrap_or_else(|| {
            let number = places.number_of(&place(attributor, area_code, since));
            all_known.places.insert(area_code.to_owned(), number);
            number
        });
        let place_of_stream = if self.streams_have_places { area_code } else { "" };
        let of_source =
            all_known.streams.get(place_of_stream).and_then(|sources| sources.get(&source));
        let known = of_source.and_then(|schemes| schemes.get(scheme)?.get(code).copied());
        let stream = known.unwrap_or_else(|| {
            let category = (scheme, code);
            let stream = attributor.stream_of(source, category, area_code, since.filed());
            let sources = all_known.streams.entry(place_of_stream.to_owned()).or_default();
            let schemes = sources.entry(source).or_default();
            schemes.entry(scheme.to_owned()).or_default().insert(code.to_owned(), stream);
            stream
        });
        (place, stream)
    }

    /// Whether the cases of a place count for a department.
    pub(super) fn has_department(&self, place: u32) -> bool {
        self.places.values[place as usize].has_department
    }

    /// The number of a department; that of nobody where the unit is none.
    pub(super) fn department(&mut self, unit: &BodyId) -> u32 {
        match self.attributor.is_of(unit, Family::Department) {
            true => self.departments.number_of(unit) + 1,
            false => NOBODY,
        }
    }

    /// Whether the cases of a place lie in no area.
    pub(super) fn is_out_of_scope(&self, place: u32) -> bool {
        self.places.values[place as usize].is_out_of_scope
    }

    /// The number of what one team counts for a case in scope or out of it; none when nothing.
    pub(super) fn desk_of(&mut self, counts: &[DeskCount], is_out_of_scope: bool) -> Option<u32> {
        if !is_out_of_scope {
            return Some(self.desks.number_of(counts));
        }
        let standing = counts.iter().filter(|count| !count.base.needs_scope());
        let standing: Vec<_> = standing.cloned().collect();
        (!standing.is_empty()).then(|| self.desks.number_of(&standing[..]))
    }
}

impl Since {
    const fn filed(self) -> Option<Month> {
        match self {
            Self::Filed(month) => Some(month),
            Self::Reported(_) => None,
        }
    }

    const fn month(self) -> Option<Month> {
        match self {
            Self::Filed(month) => Some(month),
            Self::Reported(month) => month,
        }
    }
}

fn place(attributor: &Attributor, area_code: &str, since: Since) -> Place {
    let area = since.month().and_then(|month| attributor.area_of(area_code, month));
    let is_filed = since.filed().is_some();
    Place {
        bodies: area.map(|area| attributor.bodies_of(area)).unwrap_or_default(),
        has_department: is_filed && area.is_some(),
        is_out_of_scope: is_filed && area.is_none(),
    }
}

/// Values and their numbers.
#[derive(Debug, Clone)]
struct Numbered<T> {
    numbers: Map<T, u32>,
    values: Vec<T>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { numbers: Map::default(), values: Vec::new() }
    }
}

impl<T: Hash + Eq> Numbered<T> {
    fn number_of<Q>(&mut self, value: &Q) -> u32
    where
        T: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = T> + ?Sized,
    {
        if let Some(number) = self.numbers.get(value) {
            return *number;
        }
        let number = u32::try_from(self.values.len()).expect("fewer values than facts");
        self.values.push(value.to_owned());
        self.numbers.insert(value.to_owned(), number);
        number
    }
}
