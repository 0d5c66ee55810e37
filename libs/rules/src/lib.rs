//! Rule packs: model, validation, canonical form and digest.
//!
//! A pack is data: what is counted, how counts turn into points lost, and for every number the
//! clause it carries out and the authority it rests on. [`RulePack::parse`] reads one and reports
//! all mistakes at once; [`RulePack::warnings`] says what a well-formed pack leaves unjudged.

mod adjust;
mod annual;
mod builtin;
mod catalogue;
mod count;
mod decode;
mod derived;
mod difference;
mod document;
mod expression;
mod family;
mod identifier;
mod manual;
mod mistakes;
mod number;
mod pack;
mod path;
mod post;
mod publication;
mod quantity;
mod rule;
mod source;
mod warning;

pub use adjust::{Adjustment, adjust, adjust_pack};
pub use annual::{Annual, FewCases, ScoreForm};
pub use builtin::{builtin, builtin_names};
pub use catalogue::{
    Addressee, Formula, Indicator, Measure, catalogue, catalogue_markdown, indicator,
};
pub use count::{Count, Rate, Size};
pub use derived::{
    Derivation, Derived, Extends, adjust_derived, contested, derive, is_derived, read_derived,
    rebased,
};
pub use difference::{PackDifference, differences};
pub use expression::{
    Comparison, Condition, Expression, ExpressionError, ExpressionProblem, Function, Name,
    Operation, Test, Unit,
};
pub use family::{
    Counted, Day, DayError, Differentiation, DifferentiationMode, EffectiveSize, FamilyRules, Item,
    ItemPlace, MidMonth, MonthWeights, StreamRules, ZoneChange, ZoneWeights,
};
pub use manual::{Example, pack_schema, packs_markdown, worked_examples};
pub use mistakes::{Mistake, Mistakes, Position};
pub use number::Number;
pub use pack::{
    BandStep, BandTable, Figure, Freeze, Grade, Grades, Group, LongTermCategory, LongTermCount,
    PackNumber, Redistribution, RulePack, Scoring, Selection, SelectionTest, TooFewCases, Weight,
};
pub use post::{Aspect, Completion};
pub use publication::{DistrictReports, Publication};
pub use quantity::{Quantity, SizeAttribute};
pub use rule::{
    Band, BandRelative, Bonus, FlatIf, Linear, MomIncrease, PerCase, PerCaseRepeat, PerPoint,
    Reference, RepeatMode, Rule, Satisfaction, Threshold,
};
pub use source::{Names, Provenance, ProvenanceError, Source};
pub use warning::{Warning, WarningKind};
