//! Sums, differences, products and quotients: in 128 bits while they fit, else without limit.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

use super::{Exact, Repr, gcd};

impl Exact {
    /// `self / divisor`; none when the divisor is 0, which callers must answer with
    /// "not applicable", never with a number.
    #[must_use]
    pub fn checked_div(&self, divisor: &Self) -> Option<Self> {
        if divisor.is_zero() {
            return None;
        }
        if let (Repr::Small { num: a, den: b }, Repr::Small { num: c, den: d }) =
            (&self.0, &divisor.0)
        {
            let sign = c.signum();
            if let Some(quotient) = multiply(*a, *b, d * sign, c.abs()) {
                return Some(quotient);
            }
        }
        Some(Self::from_big(self.to_big() / divisor.to_big()))
    }

    /// The largest whole number that is not greater.
    #[must_use]
    pub fn floor(&self) -> Self {
        match &self.0 {
            Repr::Small { num, den } => Self(Repr::Small { num: num.div_euclid(*den), den: 1 }),
            Repr::Big(big) => Self::from_big(big.floor()),
        }
    }

    /// The distance from 0.
    #[must_use]
    pub fn abs(&self) -> Self {
        if self.is_negative() { -self } else { self.clone() }
    }
}

/// a/b + c/d of reduced fractions; none when a step does not fit.
fn add(a: i128, b: i128, c: i128, d: i128) -> Option<Exact> {
    if b == d {
        return Exact::small(a.checked_add(c)?, b);
    }
    let divisor = divisor(b, d);
    let (b_part, d_part) = (b / divisor, d / divisor);
    let num = a.checked_mul(d_part)?.checked_add(c.checked_mul(b_part)?)?;
    Exact::small(num, b.checked_mul(d_part)?)
}

/// a/b × c/d of reduced fractions with b, d > 0; none when a step does not fit.
fn multiply(a: i128, b: i128, c: i128, d: i128) -> Option<Exact> {
    // Reduced crosswise before, the product needs no reduction after.
    let (first, second) = (divisor(a, d), divisor(c, b));
    let num = (a / first).checked_mul(c / second)?;
    let den = (b / second).checked_mul(d / first)?;
    (num != i128::MIN).then_some(Exact(Repr::Small { num, den }))
}

fn divisor(a: i128, b: i128) -> i128 {
    let divisor = gcd(a.unsigned_abs(), b.unsigned_abs());
    i128::try_from(divisor).expect("no term of a small fraction is i128::MIN")
}

impl Add<&Exact> for &Exact {
    type Output = Exact;

    fn add(self, other: &Exact) -> Exact {
        if let (Repr::Small { num: a, den: b }, Repr::Small { num: c, den: d }) =
            (&self.0, &other.0)
            && let Some(sum) = add(*a, *b, *c, *d)
        {
            return sum;
        }
        Exact::from_big(self.to_big() + other.to_big())
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
        if let (Repr::Small { num: a, den: b }, Repr::Small { num: c, den: d }) =
            (&self.0, &other.0)
            && let Some(product) = multiply(*a, *b, *c, *d)
        {
            return product;
        }
        Exact::from_big(self.to_big() * other.to_big())
    }
}

impl Neg for &Exact {
    type Output = Exact;

    fn neg(self) -> Exact {
        match &self.0 {
            Repr::Small { num, den } => Exact(Repr::Small { num: -num, den: *den }),
            Repr::Big(big) => Exact::from_big(-(**big).clone()),
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
