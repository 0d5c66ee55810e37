//! Facts to tallies, deductions, scorecards and ranks, with the explanation.
//!
//! [`tally`] counts the facts of a month for each body. [`score`] turns an [`Input`], which holds
//! everything that is read, into an [`Evaluation`], which holds everything that follows from it;
//! [`explain`] puts that into words and computes nothing anew. No clock, no I/O, no float.

mod annual;
mod attributes;
mod attribution;
mod cells;
mod comparison;
mod counting;
mod counts;
mod deduction;
mod evaluation;
pub mod explain;
mod gathered;
pub mod indicator;
mod input;
mod member;
mod numbers;
mod plan;
mod questions;
mod ranking;
mod reach;
mod reading;
mod results;
mod score;
mod sensitivity;
mod table;
mod tally;
mod values;

pub use annual::{
    AnnualError, AnnualResult, AnnualState, BodyYear, MonthScore, MonthScores, ResultsError, annual,
};
pub use attribution::{Attribution, Attributor, Part};
pub use counting::counting_digest;
pub use counts::Counts;
pub use evaluation::{
    Applicability, Applied, Evaluation, FigureText, FigureValue, Inputs, ItemResult, ItemText,
    PackReference, PartResult, Score, Scorecard, State, StreamResult, StreamText,
};
pub use gathered::Gathered;
pub use input::{ENGINE, EvaluatedPart, Input, InputError, PackRevision, Snapshot};
pub use questions::{all_questions, at_freeze, question};
pub use reach::{Change, Reach, Through, Touch, corrected, reach, touched_months};
pub use score::score;
pub use sensitivity::{RankShift, Sensitivity, sensitivities};
pub use table::FactTable;
pub use tally::{
    Cell, CountedCase, NotCounted, Tallies, TooFew, counted_cases, pooled_cases, tally,
};
