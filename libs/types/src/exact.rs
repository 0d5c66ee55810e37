//! Exact rational numbers: the only arithmetic between an event and a score.

mod arithmetic;
mod text;

use std::cmp::Ordering;
use std::hash::Hash;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};

pub use text::ExactError;

/// An exact rational number of any size.
///
/// Prints and serialises as a reduced fraction, `"5/2"`, or a whole number, `"3"`. Nothing is ever
/// lost; the one place that rounds is [`Exact::to_decimal`].
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Exact(Repr);

/// A reduced fraction with a positive denominator. `Big` holds only what does not fit `Small`, so
/// that equal numbers are equal values.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    /// The numerator is never `i128::MIN`, so that it can be negated.
    Small {
        num: i128,
        den: i128,
    },
    Big(Box<BigRational>),
}

impl Exact {
    /// 0.
    pub const ZERO: Self = Self(Repr::Small { num: 0, den: 1 });
    /// 1.
    pub const ONE: Self = Self(Repr::Small { num: 1, den: 1 });

    /// A whole number.
    #[must_use]
    pub const fn integer(number: i64) -> Self {
        Self(Repr::Small { num: number as i128, den: 1 })
    }

    /// The fraction `num / den`; none when `den` is 0.
    #[must_use]
    pub fn ratio(num: i64, den: i64) -> Option<Self> {
        Self::small(i128::from(num), i128::from(den))
    }

    /// Whether the number is 0.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        matches!(self.0, Repr::Small { num: 0, .. })
    }

    /// Whether the number is below 0.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Repr::Small { num, .. } => *num < 0,
            Repr::Big(big) => big.is_negative(),
        }
    }

    /// The fraction in lowest terms; none when `den` is 0 or a term does not fit.
    fn small(num: i128, den: i128) -> Option<Self> {
        if den == 0 {
            return None;
        }
        let divisor = gcd(num.unsigned_abs(), den.unsigned_abs());
        let num_abs = i128::try_from(num.unsigned_abs() / divisor).ok()?;
        let den_abs = i128::try_from(den.unsigned_abs() / divisor).ok()?;
        let num = if (num < 0) == (den < 0) { num_abs } else { -num_abs };
        Some(Self(Repr::Small { num, den: den_abs }))
    }

    fn from_big(big: BigRational) -> Self {
        match (big.numer().to_i128(), big.denom().to_i128()) {
            (Some(num), Some(den)) if num != i128::MIN => Self(Repr::Small { num, den }),
            _ => Self(Repr::Big(Box::new(big))),
        }
    }

    fn to_big(&self) -> BigRational {
        match &self.0 {
            // Reduced already, so no second search for a common divisor.
            Repr::Small { num, den } => {
                BigRational::new_raw(BigInt::from(*num), BigInt::from(*den))
            }
            Repr::Big(big) => (**big).clone(),
        }
    }
}

/// The greatest common divisor; of 0 and 0 it is 1, so that it can be divided by.
fn gcd(mut a: u128, mut b: u128) -> u128 {
    // Counts are small: one machine division a step instead of one of 128 bits.
    while b != 0 {
        if let (Ok(mut x), Ok(mut y)) = (u64::try_from(a), u64::try_from(b)) {
            while y != 0 {
                (x, y) = (y, x % y);
            }
            return u128::from(x);
        }
        (a, b) = (b, a % b);
    }
    a.max(1)
}

impl Ord for Exact {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Repr::Small { num: a, den: b }, Repr::Small { num: c, den: d }) =
            (&self.0, &other.0)
        {
            if b == d {
                return a.cmp(c);
            }
            if let (Some(left), Some(right)) = (a.checked_mul(*d), c.checked_mul(*b)) {
                return left.cmp(&right);
            }
        }
        self.to_big().cmp(&other.to_big())
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Default for Exact {
    fn default() -> Self {
        Self::ZERO
    }
}

macro_rules! from_integers {
    ($($integer:ty),+) => {
        $(impl From<$integer> for Exact {
            fn from(number: $integer) -> Self {
                Self(Repr::Small { num: i128::from(number), den: 1 })
            }
        })+
    };
}

from_integers!(i8, i16, i32, i64, u8, u16, u32, u64);

impl From<BigRational> for Exact {
    fn from(big: BigRational) -> Self {
        debug_assert!(!big.denom().is_zero());
        Self::from_big(big)
    }
}

#[cfg(test)]
mod tests;
