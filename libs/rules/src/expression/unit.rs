//! What a formula is measured in.

use std::fmt;

/// A unit: a product of powers of cases, road sections, square kilometres, people and points. A rate
/// has none of them, it is a plain number; so is a coefficient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    cases: i8,
    sections: i8,
    area: i8,
    people: i8,
    points: i8,
}

impl Unit {
    /// A plain number, such as a rate.
    pub const PLAIN: Self = Self { cases: 0, sections: 0, area: 0, people: 0, points: 0 };
    /// A count of cases, orders or visits.
    pub const CASES: Self = Self { cases: 1, ..Self::PLAIN };
    /// A number of road sections.
    pub const SECTIONS: Self = Self { sections: 1, ..Self::PLAIN };
    /// Square kilometres.
    pub const AREA: Self = Self { area: 1, ..Self::PLAIN };
    /// People.
    pub const PEOPLE: Self = Self { people: 1, ..Self::PLAIN };
    /// Points lost.
    pub const POINTS: Self = Self { points: 1, ..Self::PLAIN };

    /// What a number of cases may be measured in: as it is, or over a size of the body.
    pub(crate) const COUNTS: [Self; 4] = [
        Self::CASES,
        Self::CASES.per(Self::SECTIONS),
        Self::CASES.per(Self::AREA),
        Self::CASES.per(Self::PEOPLE),
    ];

    /// The unit of a product. An expression is too short for a power that does not fit.
    pub(super) const fn times(self, other: Self) -> Self {
        Self {
            cases: self.cases.saturating_add(other.cases),
            sections: self.sections.saturating_add(other.sections),
            area: self.area.saturating_add(other.area),
            people: self.people.saturating_add(other.people),
            points: self.points.saturating_add(other.points),
        }
    }

    /// The unit of a quotient.
    pub(super) const fn per(self, other: Self) -> Self {
        Self {
            cases: self.cases.saturating_sub(other.cases),
            sections: self.sections.saturating_sub(other.sections),
            area: self.area.saturating_sub(other.area),
            people: self.people.saturating_sub(other.people),
            points: self.points.saturating_sub(other.points),
        }
    }

    const fn powers(self) -> [(i8, &'static str); 5] {
        [
            (self.cases, "cases"),
            (self.sections, "road sections"),
            (self.area, "square kilometres"),
            (self.people, "people"),
            (self.points, "points"),
        ]
    }
}

/// Such as `a number of cases`, `a number of cases / road sections` or `a plain number`.
impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::PLAIN {
            return f.write_str("a plain number");
        }
        let powers = self.powers();
        let above = powers.iter().filter(|(power, _)| *power > 0);
        let above: Vec<_> = above.flat_map(|(power, name)| vec![*name; *power as usize]).collect();
        let above = if above.is_empty() { "1".to_owned() } else { above.join(" × ") };
        write!(f, "a number of {above}")?;
        for (power, name) in powers.iter().filter(|(power, _)| *power < 0) {
            for _ in 0..power.unsigned_abs() {
                write!(f, " / {name}")?;
            }
        }
        Ok(())
    }
}
