//! The counts of one cell: how many cases of which kind.

use chengping_casework::{Base, Fact};
use chengping_types::Exact;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;

/// One place per base count, in the order of their codes.
const PLACES: usize = Base::ALL.len();

/// The place of each code.
const PLACE_OF: [u8; 256] = {
    let mut places = [0; 256];
    let mut place = 0;
    while place < PLACES {
        places[Base::ALL[place].code() as usize] = place as u8;
        place += 1;
    }
    places
};

const fn place_of(base: Base) -> usize {
    PLACE_OF[base.code() as usize] as usize
}

/// Whether a count says nothing about how a body did, so that it alone is no data.
const fn is_silent(base: Base) -> bool {
    matches!(
        base,
        Base::Assigned
            | Base::Returned
            | Base::Shirked
            | Base::SuspendedNow
            | Base::SuspendedEver
            | Base::Voided
            | Base::VisitUnreachable
    )
}

/// The places of the counts that are data.
const SPEAKS: [bool; PLACES] = {
    let mut speaks = [false; PLACES];
    let mut place = 0;
    while place < PLACES {
        let base = Base::ALL[place];
        speaks[place] = !base.is_description() && !is_silent(base);
        place += 1;
    }
    speaks
};

/// A count as formulas see it, where `of` has the counts: less the settlement corrections that the
/// month discovered, and never below zero (decisions.md 3).
pub(crate) fn net(base: Base, of: impl Fn(Base) -> u64) -> u64 {
    of(base).saturating_sub(undone_by(base).map_or(0, &of))
}

/// The settlement corrections of a count: what is taken off it where a month finds late what an
/// earlier one counted on time.
pub(crate) const fn undone_by(base: Base) -> Option<Base> {
    match base {
        Base::OnTime => Some(Base::UndoOnTime),
        Base::ClosedOnTime => Some(Base::UndoClosedOnTime),
        _ => None,
    }
}

/// A number for every base count. Serialises as a map of those that are not zero.
///
/// Boxed, since the maps of tallies keep room for more cells than most bodies have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts(Box<[u64; PLACES]>);

impl Default for Counts {
    fn default() -> Self {
        Self(Box::new([0; PLACES]))
    }
}

impl Counts {
    /// The count of cases, orders or visits of a kind, or the sum of seconds.
    pub fn get(&self, base: Base) -> u64 {
        self.0[place_of(base)]
    }

    /// The count as formulas see it: less the settlement corrections that this month discovered,
    /// and never below zero (decisions.md 3).
    pub fn net(&self, base: Base) -> u64 {
        net(base, |base| self.get(base))
    }

    /// [`Counts::net`] as an exact number.
    pub fn exact(&self, base: Base) -> Exact {
        Exact::from(self.net(base))
    }

    /// Adds `number` to a count.
    pub fn add(&mut self, base: Base, number: u64) {
        self.0[place_of(base)] += number;
    }

    /// Adds what a fact counts as a case, whoever it counts for; the counts of posts are for the
    /// teams that the fact names.
    pub fn add_case(&mut self, fact: &Fact) {
        for base in Base::ALL.iter().filter(|base| !base.is_of_posts()) {
            self.add(*base, u64::from(fact.count(*base)));
        }
    }

    /// Adds the counts of another cell.
    pub fn merge(&mut self, other: &Self) {
        for (own, number) in self.0.iter_mut().zip(*other.0) {
            *own += number;
        }
    }

    /// Takes off what another cell has; none when it has more of a count than there is.
    pub(crate) fn without(&self, other: &Self) -> Option<Self> {
        let mut rest = self.clone();
        for (own, number) in rest.0.iter_mut().zip(*other.0) {
            *own = own.checked_sub(number)?;
        }
        Some(rest)
    }

    /// Whether every count is zero.
    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|number| *number == 0)
    }

    /// Whether there is anything to judge. Voided, suspended, returned or merely assigned cases
    /// are none, and so is what [only describes](Base::is_description).
    pub fn has_data(&self) -> bool {
        self.0.iter().zip(SPEAKS).any(|(number, speaks)| speaks && *number > 0)
    }
}

impl FromIterator<(Base, u64)> for Counts {
    fn from_iter<T: IntoIterator<Item = (Base, u64)>>(counts: T) -> Self {
        let mut sum = Self::default();
        for (base, number) in counts {
            sum.add(base, number);
        }
        sum
    }
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let counts = Base::ALL.iter().map(|base| (base, self.get(*base)));
        serializer.collect_map(counts.filter(|(_, number)| *number > 0))
    }
}

impl<'de> Deserialize<'de> for Counts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let counts = BTreeMap::<Base, u64>::deserialize(deserializer)?;
        if let Some((base, _)) = counts.iter().find(|(_, number)| **number == 0) {
            return Err(D::Error::custom(format!("{base} is zero; leave it out")));
        }
        Ok(counts.into_iter().collect())
    }
}
