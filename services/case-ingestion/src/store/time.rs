//! The one place where instants and months meet PostgreSQL.

use chengping_types::{Date, Instant, Month};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef};
use sqlx::{Decode, Encode, Postgres, Type};
use time::OffsetDateTime;

/// PostgreSQL counts microseconds from 2000-01-01T00:00Z.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// An instant as `timestamptz`, which holds it exactly.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time(pub(super) Instant);

impl Time {
    /// As PostgreSQL counts it.
    pub(super) const fn to_postgres(self) -> i64 {
        self.0.as_micros() - EPOCH_MICROS
    }
}

impl Type<Postgres> for Time {
    fn type_info() -> PgTypeInfo {
        <OffsetDateTime as Type<Postgres>>::type_info()
    }
}

impl PgHasArrayType for Time {
    fn array_type_info() -> PgTypeInfo {
        <OffsetDateTime as PgHasArrayType>::array_type_info()
    }
}

impl Encode<'_, Postgres> for Time {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <i64 as Encode<'_, Postgres>>::encode(self.to_postgres(), buffer)
    }
}

impl Decode<'_, Postgres> for Time {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        if value.format() != PgValueFormat::Binary {
            return Err("timestamps are read in the binary format only".into());
        }
        let micros = <i64 as Decode<'_, Postgres>>::decode(value)?;
        Ok(Self(Instant::from_micros(micros.saturating_add(EPOCH_MICROS))))
    }
}

/// A month as the `date` of its first day.
#[derive(Debug, Clone, Copy)]
pub(super) struct FirstDay(pub(super) Month);

impl FirstDay {
    /// As PostgreSQL counts it: in days from 2000-01-01.
    pub(super) fn to_postgres(self) -> i32 {
        let first = |month: Month| Date::new(month.year(), month.month(), 1);
        let first_of_all = Date::new(2000, 1, 1).expect("a day");
        first(self.0).expect("a month has a first day").since(first_of_all)
    }

    fn from_postgres(days: i32) -> Option<Self> {
        let day = Date::new(2000, 1, 1)?.plus(days);
        day.to_string().get(..7)?.parse().ok().map(Self)
    }
}

impl Type<Postgres> for FirstDay {
    fn type_info() -> PgTypeInfo {
        <time::Date as Type<Postgres>>::type_info()
    }
}

impl PgHasArrayType for FirstDay {
    fn array_type_info() -> PgTypeInfo {
        <time::Date as PgHasArrayType>::array_type_info()
    }
}

impl Encode<'_, Postgres> for FirstDay {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <i32 as Encode<'_, Postgres>>::encode(self.to_postgres(), buffer)
    }
}

impl Decode<'_, Postgres> for FirstDay {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        if value.format() != PgValueFormat::Binary {
            return Err("days are read in the binary format only".into());
        }
        let days = <i32 as Decode<'_, Postgres>>::decode(value)?;
        Self::from_postgres(days).ok_or_else(|| "a day beyond all months".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_the_days_from_2000_to_its_first() {
        for (month, days) in [("2000-01", 0), ("2000-03", 60), ("1999-12", -31), ("2018-04", 6665)]
        {
            let first = FirstDay(month.parse().unwrap());
            assert_eq!(first.to_postgres(), days);
            assert_eq!(FirstDay::from_postgres(days).unwrap().0, first.0);
        }
    }
}
