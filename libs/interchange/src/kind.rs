//! Which interchange files there are, and their columns.

use std::fmt;

/// A column of an interchange file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    /// Whether a file without it is refused. A column whose values may all be empty may be absent.
    pub(crate) required: bool,
}

const fn must(name: &'static str) -> Column {
    Column { name, required: true }
}

const fn may(name: &'static str) -> Column {
    Column { name, required: false }
}

const BODIES: &[Column] = &[
    must("body_id"),
    must("kind"),
    must("name"),
    may("parent"),
    must("valid_from"),
    may("valid_to"),
    may("assessment_code"),
];

const AREAS: &[Column] = &[
    must("area_code"),
    must("kind"),
    may("name"),
    may("district"),
    may("subdistrict"),
    may("window"),
    must("zone"),
    must("valid_from"),
    may("valid_to"),
];

const COEFFICIENTS: &[Column] = &[
    must("body_id"),
    must("zone"),
    must("road_sections"),
    must("difficulty"),
    must("valid_from"),
    must("approved_by"),
    must("reason"),
    may("area_km2"),
    may("population"),
    may("grid_class"),
];

const LONG_TERM: &[Column] = &[
    must("category_scheme"),
    must("category_code"),
    must("valid_from"),
    may("valid_to"),
    may("area_code"),
];

const CATEGORIES: &[Column] = &[
    must("category_scheme"),
    must("category_code"),
    must("name"),
    must("valid_from"),
    may("valid_to"),
    may("local_extension"),
];

const WORKING_HOURS: &[Column] =
    &[must("effective_date"), must("periods"), may("days_off"), may("name")];

const CALENDAR: &[Column] = &[must("date"), must("kind"), may("name")];

const FILING_CONDITIONS: &[Column] = &[
    must("condition_id"),
    must("category_scheme"),
    must("category_code"),
    must("limit"),
    must("unit"),
    must("valid_from"),
    may("valid_to"),
    may("name"),
];

const CASES: &[Column] = &[
    must("case_no"),
    must("source"),
    must("category_scheme"),
    must("category_code"),
    must("area_code"),
    may("collector"),
    may("title"),
    may("filing_condition"),
];

const EVENTS: &[Column] = &[
    must("case_no"),
    must("event_no"),
    must("at"),
    must("kind"),
    may("actor"),
    may("unit"),
    may("due_at"),
    may("stage_due_at"),
    may("outcome"),
    may("note"),
];

/// One of the interchange files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// `bodies`: the evaluated bodies.
    Bodies,
    /// `areas`: where a case can lie.
    Areas,
    /// `coefficients`: sizes and difficulties.
    Coefficients,
    /// `long_term`: the long-term-governance list.
    LongTerm,
    /// `working_hours`: when a jurisdiction works.
    WorkingHours,
    /// `calendar`: holidays and swapped workdays.
    Calendar,
    /// `filing_conditions`: conditions with their limits.
    FilingConditions,
    /// `categories`: what the codes of cases mean.
    Categories,
    /// `cases`: one row a case.
    Cases,
    /// `events`: what happened.
    Events,
}

impl FileKind {
    /// Every kind, in the order in which they can be imported: registries, cases, events.
    pub const ALL: [Self; 10] = [
        Self::Bodies,
        Self::Areas,
        Self::Coefficients,
        Self::LongTerm,
        Self::WorkingHours,
        Self::Calendar,
        Self::FilingConditions,
        Self::Categories,
        Self::Cases,
        Self::Events,
    ];

    /// The name that a file begins with, such as `events`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bodies => "bodies",
            Self::Areas => "areas",
            Self::Coefficients => "coefficients",
            Self::LongTerm => "long_term",
            Self::WorkingHours => "working_hours",
            Self::Calendar => "calendar",
            Self::FilingConditions => "filing_conditions",
            Self::Categories => "categories",
            Self::Cases => "cases",
            Self::Events => "events",
        }
    }

    /// Whether the file belongs to the registry of a jurisdiction.
    #[must_use]
    pub const fn is_registry(self) -> bool {
        !matches!(self, Self::Cases | Self::Events)
    }

    /// The columns in the order in which they are written. Decoders refer to them by position.
    pub(crate) const fn columns(self) -> &'static [Column] {
        match self {
            Self::Bodies => BODIES,
            Self::Areas => AREAS,
            Self::Coefficients => COEFFICIENTS,
            Self::LongTerm => LONG_TERM,
            Self::WorkingHours => WORKING_HOURS,
            Self::Calendar => CALENDAR,
            Self::FilingConditions => FILING_CONDITIONS,
            Self::Categories => CATEGORIES,
            Self::Cases => CASES,
            Self::Events => EVENTS,
        }
    }

    /// The kind that a file name says: its first word, as in `events-2018-04.csv.gz`.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| {
            name.strip_prefix(kind.as_str()).is_some_and(|rest| {
                rest.chars().next().is_none_or(|next| !next.is_ascii_alphanumeric() && next != '_')
            })
        })
    }

    /// The kind whose required columns are all among `columns`, when only one is, or when it knows
    /// all that the others ask for.
    pub(crate) fn of_columns(columns: &[&str]) -> Option<Self> {
        let among = |kind: Self, names: &[&str]| kind.required().all(|name| names.contains(&name));
        let fitting: Vec<_> = Self::ALL.into_iter().filter(|kind| among(*kind, columns)).collect();
        fitting.iter().copied().find(|kind| {
            let known: Vec<_> = kind.columns().iter().map(|column| column.name).collect();
            fitting.iter().all(|other| among(*other, &known))
        })
    }

    fn required(self) -> impl Iterator<Item = &'static str> {
        self.columns().iter().filter(|column| column.required).map(|column| column.name)
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use chengping_types::calendar::{CalendarDay, WorkingHours};
    use chengping_types::registry::{Area, Body, Coefficient, LongTermEntry};
    use chengping_types::row::Row;
    use chengping_types::{Category, FilingCondition};

    use super::*;

    #[test]
    fn what_is_read_has_the_columns_of_what_is_written() {
        fn same<T: Row>(kind: FileKind) {
            let names: Vec<_> = kind.columns().iter().map(|column| column.name).collect();
            assert_eq!((kind.as_str(), &names[..]), (T::TABLE, T::COLUMNS));
        }
        same::<Body>(FileKind::Bodies);
        same::<Area>(FileKind::Areas);
        same::<Coefficient>(FileKind::Coefficients);
        same::<LongTermEntry>(FileKind::LongTerm);
        same::<WorkingHours>(FileKind::WorkingHours);
        same::<CalendarDay>(FileKind::Calendar);
        same::<FilingCondition>(FileKind::FilingConditions);
        same::<Category>(FileKind::Categories);
    }

    #[test]
    fn a_name_says_its_kind_by_its_first_word() {
        for (name, kind) in [
            ("events.csv", FileKind::Events),
            ("events-2018-04.csv.gz", FileKind::Events),
            ("long_term.csv", FileKind::LongTerm),
            ("calendar-2018.csv", FileKind::Calendar),
            ("cases.ndjson.zst", FileKind::Cases),
        ] {
            assert_eq!(FileKind::of_name(name), Some(kind), "{name}");
        }
        for name in ["eventsource.csv", "my-events.csv", "areas_old.csv", ""] {
            assert_eq!(FileKind::of_name(name), None, "{name}");
        }
    }

    #[test]
    fn a_header_says_its_kind_by_its_required_columns() {
        for kind in FileKind::ALL {
            let names: Vec<_> = kind.columns().iter().map(|column| column.name).collect();
            let found = FileKind::of_columns(&names);
            // A header of filing conditions is one of the long-term list and more; all are told
            // apart.
            assert_eq!(found, Some(kind), "{kind}");
        }
        assert_eq!(FileKind::of_columns(&["a", "b"]), None);
        let mixed: Vec<_> = FileKind::Cases.required().chain(FileKind::Events.required()).collect();
        assert_eq!(FileKind::of_columns(&mixed), None);
    }
}
