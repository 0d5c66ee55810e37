//! What one case contributes to one month.

use chengping_types::{BodyId, CaseNo, Instant, named_enum};

use crate::{Base, Marks, Source};

named_enum! {
    /// What a return visit found (`outcome` of `visited`).
    pub enum Satisfaction: "visit outcome" {
        /// 很满意.
        VerySatisfied = 0 => "very_satisfied",
        /// 满意.
        Satisfied = 1 => "satisfied",
        /// 一般.
        Neutral = 2 => "neutral",
        /// 不满意.
        Dissatisfied = 3 => "dissatisfied",
        /// Nobody was reached.
        Unreachable = 4 => "unreachable",
    }
}

impl Satisfaction {
    /// Whether somebody answered: only then is the visit a valid one (decisions.md 36).
    #[must_use]
    pub const fn is_valid(self) -> bool {
        !matches!(self, Self::Unreachable)
    }
}

/// What one case contributes to one month: the raw material of every tally.
///
/// Which bodies the counts go to is for the reader to say: area, zone and stream are those of
/// `filed_at`, the department is `unit` (decisions.md 25).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The case.
    pub case_no: CaseNo,
    /// How it came to be known.
    pub source: Source,
    /// Category scheme.
    pub category_scheme: String,
    /// Category code.
    pub category_code: String,
    /// Where it lies; may be empty.
    pub area_code: String,
    /// The collector team in whose grid it lies.
    pub collector: Option<BodyId>,
    /// When it was first reported.
    pub reported_at: Option<Instant>,
    /// When it was first filed.
    pub filed_at: Option<Instant>,
    /// The supervision desk that filed it.
    pub filing_desk: Option<BodyId>,
    /// The unit of the last dispatch in the view; nobody after an upheld return.
    pub unit: Option<BodyId>,
    /// The 0/1 counts.
    pub marks: Marks,
    /// First orders of the month that stand: 0 or 1.
    pub orders_first: u16,
    /// Second and later orders of the month that stand.
    pub orders_repeated: u16,
    /// The sum of 2ⁿ⁻¹ over both, each the n-th order on the case.
    pub orders_weight: u32,
    /// Visits of the month, by the code of their [`Satisfaction`].
    pub visits: [u16; 5],
    /// What it counts for posts, in the order of team and count, each pair once. These counts do
    /// not need a filed case.
    pub desk: Vec<DeskCount>,
    /// Its sums, in the order of their codes, none of them zero.
    pub sums: Vec<Sum>,
}

/// What a case adds to a sum in one month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sum {
    /// What is summed up, [a sum](Base::is_sum).
    pub base: Base,
    /// How much, at most 2^32 - 1: as seconds, 136 years.
    pub number: u32,
}

/// What a case counts for a post team in one month.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeskCount {
    /// The team; none for work that no team has touched, which only the pool of all teams counts.
    pub team: Option<BodyId>,
    /// What is counted, one [of posts](Base::is_of_posts).
    pub base: Base,
    /// How often.
    pub times: u16,
}

impl Fact {
    /// How often the case enters `base` in the month; a count of posts for all teams together.
    #[must_use]
    pub fn count(&self, base: Base) -> u32 {
        let visits = |outcome: Satisfaction| self.visits[usize::from(outcome.code())].into();
        match base {
            Base::OrdersFirst => self.orders_first.into(),
            Base::OrdersRepeated => self.orders_repeated.into(),
            Base::OrdersGeometric => self.orders_weight,
            Base::VisitVerySatisfied => visits(Satisfaction::VerySatisfied),
            Base::VisitSatisfied => visits(Satisfaction::Satisfied),
            Base::VisitNeutral => visits(Satisfaction::Neutral),
            Base::VisitDissatisfied => visits(Satisfaction::Dissatisfied),
            Base::VisitUnreachable => visits(Satisfaction::Unreachable),
            _ if base.is_of_posts() => {
                let of_base = self.desk.iter().filter(|count| count.base == base);
                of_base.map(|count| u32::from(count.times)).sum()
            }
            _ if base.is_sum() => {
                self.sums.iter().find(|sum| sum.base == base).map_or(0, |sum| sum.number)
            }
            _ => self.marks.has(base).into(),
        }
    }
}
