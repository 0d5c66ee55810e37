//! A row of any interchange file.

use chengping_casework::{Case, Event};
use chengping_types::calendar::{CalendarDay, WorkingHours};
use chengping_types::registry::{Area, Body, Coefficient, LongTermEntry};
use chengping_types::{Category, FilingCondition};

use crate::FileKind;

/// A row that passed every check that needs no other row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A row of `bodies`.
    Body(Body),
    /// A row of `areas`.
    Area(Area),
    /// A row of `coefficients`.
    Coefficient(Coefficient),
    /// A row of `long_term`.
    LongTerm(LongTermEntry),
    /// A row of `working_hours`.
    WorkingHours(WorkingHours),
    /// A row of `calendar`.
    CalendarDay(CalendarDay),
    /// A row of `filing_conditions`.
    FilingCondition(FilingCondition),
    /// A row of `categories`.
    Category(Category),
    /// A row of `cases`.
    Case(Case),
    /// A row of `events`.
    Event(Event),
}

impl Record {
    /// The file that it belongs to.
    #[must_use]
    pub const fn kind(&self) -> FileKind {
        match self {
            Self::Body(_) => FileKind::Bodies,
            Self::Area(_) => FileKind::Areas,
            Self::Coefficient(_) => FileKind::Coefficients,
            Self::LongTerm(_) => FileKind::LongTerm,
            Self::WorkingHours(_) => FileKind::WorkingHours,
            Self::CalendarDay(_) => FileKind::Calendar,
            Self::FilingCondition(_) => FileKind::FilingConditions,
            Self::Category(_) => FileKind::Categories,
            Self::Case(_) => FileKind::Cases,
            Self::Event(_) => FileKind::Events,
        }
    }
}
