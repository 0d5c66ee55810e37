//! Exact rational numbers: the only arithmetic between an event and a score.

mod arithmetic;
mod text;

use std::cmp::Ordering;
use std::hash::Hash;
use std::num::NonZeroI64;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};

pub use text::ExactError;

/// An exact rational number of any size.
///
/// Prints and serialises as a reduced fraction, `"5/2"`, or a whole number, `"3"`. Nothing is ever
/// lost; the one place that rounds is [`Exact::rounded`].
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Exact(Repr);

/// A reduced fraction with a positive denominator. `Wide` holds only what does not fit `Small`, so
/// that equal numbers are equal values.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Small { num: i64, den: NonZeroI64 },
    Wide(Box<Wide>),
}

/// `Big` holds only what does not fit `Medium`.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Wide {
    /// The numerator is never `i128::MIN`.
    Medium {
        num: i128,
        den: i128,
    },
    Big(BigRational),
}

// Evaluations hold many of them.
const _: () = assert!(size_of::<Option<Exact>>() <= 24 && size_of::<Exact>() == 16);

const UNIT: NonZeroI64 = NonZeroI64::new(1).expect("1 is not 0");

impl Exact {
    /// 0.
    pub const ZERO: Self = Self::integer(0);
    /// 1.
    pub const ONE: Self = Self::integer(1);

    /// A whole number.
    #[must_use]
    pub const fn integer(number: i64) -> Self {
        Self(Repr::Small { num: number, den: UNIT })
    }

    /// The fraction `num / den`; none when `den` is 0.
    #[must_use]
    pub fn ratio(num: i64, den: i64) -> Option<Self> {
        if den == 0 {
            return None;
        }
        let (num, den) = (i128::from(num) * i128::from(den.signum()), i128::from(den).abs());
        let divisor = divisor(num, den);
        Some(Self::reduced(num / divisor, den / divisor))
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
            Repr::Wide(wide) => match &**wide {
                Wide::Medium { num, .. } => *num < 0,
                Wide::Big(big) => big.is_negative(),
            },
        }
    }

    /// A fraction in lowest terms with a denominator above 0 and a numerator above `i128::MIN`.
    fn reduced(num: i128, den: i128) -> Self {
        if let (Ok(num), Ok(den)) = (i64::try_from(num), i64::try_from(den))
            && let Some(den) = NonZeroI64::new(den)
        {
            return Self(Repr::Small { num, den });
        }
        Self(Repr::Wide(Box::new(Wide::Medium { num, den })))
    }

    /// Numerator and denominator, while both fit.
    fn terms(&self) -> Option<(i128, i128)> {
        match &self.0 {
            Repr::Small { num, den } => Some((i128::from(*num), i128::from(den.get()))),
            Repr::Wide(wide) => match &**wide {
                Wide::Medium { num, den } => Some((*num, *den)),
                Wide::Big(_) => None,
            },
        }
    }

    fn from_big(big: BigRational) -> Self {
        match (big.numer().to_i128(), big.denom().to_i128()) {
            (Some(num), Some(den)) if num != i128::MIN => Self::reduced(num, den),
            _ => Self(Repr::Wide(Box::new(Wide::Big(big)))),
        }
    }

    fn to_big(&self) -> BigRational {
        match &self.0 {
            // Reduced already, so no second search for a common divisor.
            Repr::Small { num, den } => {
                BigRational::new_raw(BigInt::from(*num), BigInt::from(den.get()))
            }
            Repr::Wide(wide) => match &**wide {
                Wide::Medium { num, den } => {
                    BigRational::new_raw(BigInt::from(*num), BigInt::from(*den))
                }
                Wide::Big(big) => big.clone(),
            },
        }
    }
}

/// The greatest common divisor; of 0 and 0 it is 1, so that it can be divided by.
fn gcd(mut a: u128, mut b: u128) -> u128 {
    // Counts are small: one machine division a step instead of one of 128 bits.
    while b != 0 {
        if let (Ok(a), Ok(b)) = (u64::try_from(a), u64::try_from(b)) {
            return u128::from(narrow_gcd(a, b));
        }
        (a, b) = (b, a % b);
    }
    a.max(1)
}

fn narrow_gcd(mut a: u64, mut b: u64) -> u64 {
    if a == 1 || b == 1 {
        return 1;
    }
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

fn divisor(a: i128, b: i128) -> i128 {
    let divisor = gcd(a.unsigned_abs(), b.unsigned_abs());
    i128::try_from(divisor).expect("no term of a fraction that fits is i128::MIN")
}

impl Ord for Exact {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Repr::Small { num: a, den: b }, Repr::Small { num: c, den: d }) =
            (&self.0, &other.0)
        {
            let of = |num: i64, den: NonZeroI64| i128::from(num) * i128::from(den.get());
            return if b == d { a.cmp(c) } else { of(*a, *d).cmp(&of(*c, *b)) };
        }
        if let (Some((a, b)), Some((c, d))) = (self.terms(), other.terms())
            && let (Some(left), Some(right)) = (a.checked_mul(d), c.checked_mul(b))
        {
            return left.cmp(&right);
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
                Self::reduced(i128::from(number), 1)
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
