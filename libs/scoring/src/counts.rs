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

/// Counts that say nothing about how a body did, so that they alone are no data.
const SILENT: [Base; 7] = [
    Base::Assigned,
    Base::Returned,
    Base::Shirked,
    Base::SuspendedNow,
    Base::SuspendedEver,
    Base::Voided,
    Base::VisitUnreachable,
];

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts([u64; PLACES]);

impl Default for Counts {
    fn default() -> Self {
        Self([0; PLACES])
    }
}

impl Counts {
    /// The count of cases, orders or visits of a kind, or the sum of seconds.
    pub const fn get(&self, base: Base) -> u64 {
        self.0[place_of(base)]
    }

    /// The count as formulas see it: less the settlement corrections that this month discovered,
    /// and never below zero (decisions.md 3).
    pub const fn net(&self, base: Base) -> u64 {
        let undone = match undone_by(base) {
            Some(undo) => self.get(undo),
            None => 0,
        };
        self.get(base).saturating_sub(undone)
    }

    /// [`Counts::net`] as an exact number.
    pub fn exact(&self, base: Base) -> Exact {
        Exact::from(self.net(base))
    }

    /// Adds `number` to a count.
    pub const fn add(&mut self, base: Base, number: u64) {
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
        for (own, number) in self.0.iter_mut().zip(other.0) {
            *own += number;
        }
    }

    /// Whether every count is zero.
    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|number| *number == 0)
    }

    /// Whether there is anything to judge. Voided, suspended, returned or merely assigned cases
    /// are none, and so is what [only describes](Base::is_description).
    pub fn has_data(&self) -> bool {
        let speaks = |base: &Base| !base.is_description() && !SILENT.contains(base);
        Base::ALL.iter().any(|base| speaks(base) && self.get(*base) > 0)
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
