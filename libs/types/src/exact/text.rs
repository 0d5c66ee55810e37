//! Exact numbers as text: read from decimals and fractions, written as fractions, rounded once.

use std::fmt;
use std::str::FromStr;

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Exact, divisor};

/// Longer texts are refused unread: no number of this domain is near.
const TEXT_MAX: usize = 4096;

/// A text that is not a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExactError {
    /// Neither a decimal nor a fraction.
    #[error("{0:?} is not a number: expected one such as 12, 0.85 or 3/4")]
    Malformed(String),
    /// A fraction over 0.
    #[error("{0:?} divides by 0")]
    DividesByZero(String),
}

impl Exact {
    /// The number rounded to `places` decimal places: the one rounding there is.
    ///
    /// Half up: a 5 after the last place goes up, `1.005` to `1.01`; of a negative number the
    /// amount is rounded so, `-1.005` to `-1.01`.
    #[must_use]
    pub fn rounded(&self, places: u32) -> Self {
        let small = || {
            let amount = self.rounded_small(places)?;
            let scale = 10_i128.checked_pow(places)?;
            let divisor = divisor(amount, scale);
            Some(Self::reduced(amount / divisor, scale / divisor))
        };
        let amount = small().unwrap_or_else(|| {
            let scale = BigInt::from(10).pow(places);
            Self::from_big(BigRational::new(self.rounded_big(places), scale))
        });
        if self.is_negative() { -amount } else { amount }
    }

    /// The number [rounded](Self::rounded) and printed with exactly `places` places; nothing is
    /// printed as `-0.00`.
    #[must_use]
    pub fn to_decimal(&self, places: u32) -> String {
        let scaled = self
            .rounded_small(places)
            .map_or_else(|| self.rounded_big(places).to_string(), |number| number.to_string());
        let negative = self.is_negative() && scaled.bytes().any(|digit| digit != b'0');
        let places = places as usize;
        let digits = format!("{scaled:0>width$}", width = places + 1);
        let (whole, decimals) = digits.split_at(digits.len() - places);
        let sign = if negative { "-" } else { "" };
        let point = if places == 0 { "" } else { "." };
        format!("{sign}{whole}{point}{decimals}")
    }

    /// The amount times 10^places, rounded half up, while it fits.
    fn rounded_small(&self, places: u32) -> Option<i128> {
        let (num, den) = self.terms()?;
        let scaled = num.abs().checked_mul(10_i128.checked_pow(places)?)?;
        let (quotient, rest) = (scaled / den, scaled % den);
        // rest >= den / 2 without doubling, which might not fit.
        Some(if rest >= den - rest { quotient + 1 } else { quotient })
    }

    fn rounded_big(&self, places: u32) -> BigInt {
        let number = self.to_big().abs() * BigInt::from(10).pow(places);
        let doubled: BigInt = number.numer() * 2 + number.denom();
        doubled.div_floor(&(number.denom() * 2))
    }
}

impl FromStr for Exact {
    type Err = ExactError;

    /// Reads a whole number, a decimal (`-0.85`) or a fraction (`3/4`); no exponent, no spaces,
    /// no plus sign, at most 4,096 characters.
    fn from_str(text: &str) -> Result<Self, ExactError> {
        let cut = || text.chars().take(80).collect::<String>();
        if text.len() > TEXT_MAX {
            return Err(ExactError::Malformed(cut()));
        }
        let (num, den) = read(text).ok_or_else(|| ExactError::Malformed(cut()))?;
        if den.is_zero() {
            return Err(ExactError::DividesByZero(cut()));
        }
        Ok(Self::from_big(BigRational::new(num, den)))
    }
}

fn read(text: &str) -> Option<(BigInt, BigInt)> {
    let (negative, amount) = match text.strip_prefix('-') {
        Some(amount) => (true, amount),
        None => (false, text),
    };
    let (num, den) = if let Some((num, den)) = amount.split_once('/') {
        (digits(num)?, digits(den)?)
    } else if let Some((whole, decimals)) = amount.split_once('.') {
        digits(whole).and(digits(decimals))?;
        let places = u32::try_from(decimals.len()).ok()?;
        (digits(&format!("{whole}{decimals}"))?, BigInt::from(10).pow(places))
    } else {
        (digits(amount)?, BigInt::from(1))
    };
    Some((if negative { -num } else { num }, den))
}

fn digits(text: &str) -> Option<BigInt> {
    let all = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok())?
}

impl fmt::Display for Exact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.terms() {
            Some((num, 1)) => write!(formatter, "{num}"),
            Some((num, den)) => write!(formatter, "{num}/{den}"),
            None => fmt::Display::fmt(&self.to_big(), formatter),
        }
    }
}

impl fmt::Debug for Exact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Exact {
    /// From a text, or a whole number where the format tells one from the other. A float is
    /// refused: what it holds is rarely what was written.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ExactVisitor)
    }
}

struct ExactVisitor;

impl de::Visitor<'_> for ExactVisitor {
    type Value = Exact;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number as a text, such as \"0.85\" or \"3/4\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Exact, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Exact, E> {
        Ok(number.into())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Exact, E> {
        Ok(number.into())
    }
}
