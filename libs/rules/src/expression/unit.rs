//! What a formula is measured in.

use std::fmt;

/// What there are powers of in a unit, in the order in which a reader expects them.
const NAMES: [&str; 9] = [
    "cases",
    "road sections",
    "square kilometres",
    "people",
    "points",
    "seconds",
    "orders",
    "visits",
    "times",
];

/// A unit: a product of powers of what is counted, the sizes of a body, and points. A rate has none
/// of them, it is a plain number; so is a coefficient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    powers: [i8; NAMES.len()],
}

impl Unit {
    /// A plain number, such as a rate.
    pub const PLAIN: Self = Self { powers: [0; NAMES.len()] };
    /// 件: cases, each once.
    pub const CASES: Self = Self::of(0);
    /// A number of road sections.
    pub const SECTIONS: Self = Self::of(1);
    /// Square kilometres.
    pub const AREA: Self = Self::of(2);
    /// People.
    pub const PEOPLE: Self = Self::of(3);
    /// Points lost.
    pub const POINTS: Self = Self::of(4);
    /// Seconds.
    pub const SECONDS: Self = Self::of(5);
    /// Supervision orders.
    pub const ORDERS: Self = Self::of(6);
    /// Return visits.
    pub const VISITS: Self = Self::of(7);
    /// 次: how often something else happened.
    pub const TIMES: Self = Self::of(8);

    /// What base counts count: an item may count any of these, but no two in one sum.
    pub(crate) const COUNTED: [Self; 5] =
        [Self::CASES, Self::ORDERS, Self::VISITS, Self::TIMES, Self::SECONDS];

    const fn of(index: usize) -> Self {
        let mut powers = [0; NAMES.len()];
        powers[index] = 1;
        Self { powers }
    }

    /// What a `count` may be measured in: anything that is counted, as it is or over a size of the
    /// body.
    pub(crate) fn counts() -> Vec<Self> {
        let sizes = [Self::PLAIN, Self::SECTIONS, Self::AREA, Self::PEOPLE];
        let over = |counted: Self| sizes.map(|size| counted.per(size));
        Self::COUNTED.into_iter().flat_map(over).collect()
    }

    /// The unit of a product. An expression is too short for a power that does not fit.
    pub(crate) fn times(self, other: Self) -> Self {
        self.with(other, i8::saturating_add)
    }

    /// The unit of a quotient.
    pub(crate) fn per(self, other: Self) -> Self {
        self.with(other, i8::saturating_sub)
    }

    fn with(self, other: Self, join: fn(i8, i8) -> i8) -> Self {
        let mut powers = self.powers;
        powers.iter_mut().zip(other.powers).for_each(|(own, other)| *own = join(*own, other));
        Self { powers }
    }
}

/// Such as `a number of cases`, `a number of cases / road sections` or `a plain number`.
impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::PLAIN {
            return f.write_str("a plain number");
        }
        let powers = || self.powers.into_iter().zip(NAMES);
        let above = powers().filter(|(power, _)| *power > 0);
        let above: Vec<_> =
            above.flat_map(|(power, name)| vec![name; power.unsigned_abs().into()]).collect();
        let above = if above.is_empty() { "1".to_owned() } else { above.join(" × ") };
        write!(f, "a number of {above}")?;
        for (power, name) in powers().filter(|(power, _)| *power < 0) {
            for _ in 0..power.unsigned_abs() {
                write!(f, " / {name}")?;
            }
        }
        Ok(())
    }
}
