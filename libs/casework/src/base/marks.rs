//! A set of 0/1 counts.

use crate::Base;

/// The 0/1 counts that a case enters, as bits: bit `n` is the base count of code `n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Marks(u64);

/// The bits of all 0/1 counts.
const KNOWN: u64 = {
    let (mut place, mut bits) = (0, 0);
    while place < Base::ALL.len() {
        bits |= Marks::bit(Base::ALL[place]);
        place += 1;
    }
    bits
};

impl Marks {
    /// No count.
    pub const NONE: Self = Self(0);

    /// The marks of a column; none when a bit is set that no 0/1 count has.
    #[must_use]
    pub fn from_bits(bits: u64) -> Option<Self> {
        (bits & !KNOWN == 0).then_some(Self(bits))
    }

    /// The bits, for a column.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether the case enters `base`.
    #[must_use]
    pub const fn has(self, base: Base) -> bool {
        self.0 & Self::bit(base) != 0
    }

    /// Whether the case enters no 0/1 count.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The counts that the case enters, in the order of their codes.
    pub fn iter(self) -> impl Iterator<Item = Base> {
        Base::ALL.iter().copied().filter(move |base| self.has(*base))
    }

    /// Enters `base` when `entered`.
    ///
    /// # Panics
    ///
    /// If `base` is one that has a field of its own.
    pub fn set(&mut self, base: Base, entered: bool) {
        assert!(!base.is_multiple(), "{base} is counted in a field of its own");
        if entered {
            self.0 |= Self::bit(base);
        }
    }

    /// The bit of a 0/1 count; of others none.
    const fn bit(base: Base) -> u64 {
        if base.is_multiple() { 0 } else { 1 << base.code() }
    }
}

impl FromIterator<Base> for Marks {
    fn from_iter<I: IntoIterator<Item = Base>>(bases: I) -> Self {
        let mut marks = Self::NONE;
        bases.into_iter().for_each(|base| marks.set(base, true));
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_survive_their_bits() {
        for base in Base::ALL.iter().filter(|base| !base.is_multiple()) {
            let marks: Marks = [*base, Base::Due].into_iter().collect();
            assert_eq!(Marks::from_bits(marks.bits()), Some(marks));
            assert!(marks.has(*base) && marks.has(Base::Due));
        }
    }

    #[test]
    fn bits_of_no_mark_are_refused() {
        assert_eq!(Marks::from_bits(1), None);
        assert_eq!(Marks::from_bits(1 << Base::OrdersFirst.code()), None);
        assert_eq!(Marks::from_bits(1 << 63), None);
        assert_eq!(Marks::from_bits(0), Some(Marks::NONE));
    }
}
