//! Sums, differences, products and quotients: in 128 bits while they fit, else without limit.

use std::iter::Sum;
use std::num::NonZeroI64;
use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

use super::{Exact, Repr};

impl Exact {
    /// `self / divisor`; none when the divisor is 0, which callers must answer with
    /// "not applicable", never with a number.
    #[must_use]
    pub fn checked_div(&self, divisor: &Self) -> Option<Self> {
        if divisor.is_zero() {
            return None;
        }
        let quotient = || self.join(&divisor.inverse()?, narrow::multiply, wide::multiply);
        Some(quotient().unwrap_or_else(|| Self::from_big(self.to_big() / divisor.to_big())))
    }

    /// The largest whole number that is not greater.
    #[must_use]
    pub fn floor(&self) -> Self {
        match self.terms() {
            Some((num, 1)) => Self::reduced(num, 1),
            Some((num, den)) => Self::reduced(num.div_euclid(den), 1),
            None => Self::from_big(self.to_big().floor()),
        }
    }

    /// The distance from 0.
    #[must_use]
    pub fn abs(&self) -> Self {
        if self.is_negative() { -self } else { self.clone() }
    }
}

macro_rules! fractions {
    ($name:ident, $term:ty, $gcd:path) => {
        /// Reduced fractions with denominators above 0, and what is made of them likewise; none
        /// when a step does not fit.
        mod $name {
            type Fraction = ($term, $term);

            pub(super) fn add((a, b): Fraction, (c, d): Fraction) -> Option<Fraction> {
                if b == 1 && d == 1 {
                    return Some((a.checked_add(c)?, 1));
                }
                let common = divisor(b, d)?;
                let (b_part, d_part) = (over(b, common), over(d, common));
                let num = a.checked_mul(d_part)?.checked_add(c.checked_mul(b_part)?)?;
                // A sum of reduced fractions has no divisor that their denominators do not have
                // in common.
                let divisor = if common == 1 { 1 } else { divisor(num % common, common)? };
                Some((over(num, divisor), b_part.checked_mul(over(d, divisor))?))
            }

            pub(super) fn multiply((a, b): Fraction, (c, d): Fraction) -> Option<Fraction> {
                // Reduced crosswise before, the product needs no reduction after.
                let (first, second) = (divisor(a, d)?, divisor(c, b)?);
                let num = over(a, first).checked_mul(over(c, second))?;
                Some((num, over(b, second).checked_mul(over(d, first))?))
            }

            fn divisor(term: $term, den: $term) -> Option<$term> {
                if den == 1 {
                    return Some(1);
                }
                $gcd(term.unsigned_abs(), den.unsigned_abs()).try_into().ok()
            }

            /// Mostly the divisor is 1, and a division takes its time.
            const fn over(term: $term, divisor: $term) -> $term {
                if divisor == 1 { term } else { term / divisor }
            }
        }
    };
}

fractions!(narrow, i64, super::super::narrow_gcd);
fractions!(wide, i128, super::super::gcd);

type Narrow = fn((i64, i64), (i64, i64)) -> Option<(i64, i64)>;
type Wide = fn((i128, i128), (i128, i128)) -> Option<(i128, i128)>;

impl Exact {
    /// What is made of two numbers; none when it does not fit.
    #[inline]
    fn join(&self, other: &Self, narrow: Narrow, wide: Wide) -> Option<Self> {
        if let (Repr::Small { num: a, den: b }, Repr::Small { num: c, den: d }) =
            (&self.0, &other.0)
            && let Some((num, den)) = narrow((*a, b.get()), (*c, d.get()))
            && let Some(den) = NonZeroI64::new(den)
        {
            return Some(Self(Repr::Small { num, den }));
        }
        let (num, den) = wide(self.terms()?, other.terms()?)?;
        (num != i128::MIN).then(|| Self::reduced(num, den))
    }

    /// 1 over the number, which is not 0; none when it does not fit.
    fn inverse(&self) -> Option<Self> {
        let (num, den) = self.terms()?;
        Some(Self::reduced(den * num.signum(), num.abs()))
    }
}

impl Add<&Exact> for &Exact {
    type Output = Exact;

    fn add(self, other: &Exact) -> Exact {
        let sum = self.join(other, narrow::add, wide::add);
        sum.unwrap_or_else(|| Exact::from_big(self.to_big() + other.to_big()))
    }
}

impl Sub<&Exact> for &Exact {
    type Output = Exact;

    fn sub(self, other: &Exact) -> Exact {
        self + &-other
    }
}

impl Mul<&Exact> for &Exact {
    type Output = Exact;

    fn mul(self, other: &Exact) -> Exact {
        let product = self.join(other, narrow::multiply, wide::multiply);
        product.unwrap_or_else(|| Exact::from_big(self.to_big() * other.to_big()))
    }
}

impl Neg for &Exact {
    type Output = Exact;

    fn neg(self) -> Exact {
        match self.terms() {
            Some((num, den)) => Exact::reduced(-num, den),
            None => Exact::from_big(-self.to_big()),
        }
    }
}

impl Neg for Exact {
    type Output = Exact;

    fn neg(self) -> Exact {
        -&self
    }
}

macro_rules! by_value {
    ($($operator:ident $method:ident),+) => {
        $(
            impl $operator for Exact {
                type Output = Exact;
                fn $method(self, other: Exact) -> Exact {
                    (&self).$method(&other)
                }
            }
            impl $operator<&Exact> for Exact {
                type Output = Exact;
                fn $method(self, other: &Exact) -> Exact {
                    (&self).$method(other)
                }
            }
            impl $operator<Exact> for &Exact {
                type Output = Exact;
                fn $method(self, other: Exact) -> Exact {
                    self.$method(&other)
                }
            }
        )+
    };
}

by_value!(Add add, Sub sub, Mul mul);

impl AddAssign<&Exact> for Exact {
    fn add_assign(&mut self, other: &Exact) {
        *self = &*self + other;
    }
}

impl AddAssign for Exact {
    fn add_assign(&mut self, other: Exact) {
        *self += &other;
    }
}

impl SubAssign<&Exact> for Exact {
    fn sub_assign(&mut self, other: &Exact) {
        *self = &*self - other;
    }
}

impl Sum for Exact {
    fn sum<I: Iterator<Item = Exact>>(numbers: I) -> Exact {
        numbers.fold(Exact::ZERO, |sum, number| sum + number)
    }
}

impl<'a> Sum<&'a Exact> for Exact {
    fn sum<I: Iterator<Item = &'a Exact>>(numbers: I) -> Exact {
        numbers.fold(Exact::ZERO, |sum, number| sum + number)
    }
}
