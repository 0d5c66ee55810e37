//! Whether working better can cost points: decided by how formulas change, never by trying.
//!
//! A formula of which nothing can be said, such as a product of two counts, gives no warning.

use chengping_casework::{Base, Source};
use chengping_types::{Exact, Stream};

use crate::count::{Count, Rate};
use crate::expression::{Comparison, Expression, Operation};
use crate::family::{Counted, Item};
use crate::pack::{LongTermCount, RulePack, SelectionTest};
use crate::quantity::Quantity;
use crate::rule::{FlatIf, Rule, Threshold};

/// A way of working better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Better {
    /// One more case, handled, checked and closed on time.
    OneMoreOnTime,
    /// A case that is overdue and open has been handled and closed on time instead.
    InsteadOfOpen,
    /// A case that was handled late has been handled on time instead.
    InsteadOfLate,
}

/// Where a formula goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trend {
    Flat,
    /// It may rise and never falls.
    Rises,
    Falls,
    Unknown,
}

impl Trend {
    const fn flipped(self) -> Self {
        match self {
            Self::Rises => Self::Falls,
            Self::Falls => Self::Rises,
            other => other,
        }
    }

    /// That of a sum, or of the least or greatest, of two.
    fn with(self, other: Self) -> Self {
        match (self, other) {
            (Self::Flat, one) | (one, Self::Flat) => one,
            (one, same) if one == same => one,
            _ => Self::Unknown,
        }
    }
}

/// A better case: what happens to it, and where it belongs.
struct Step {
    better: Better,
    stream: Stream,
    source: Source,
    /// What the item's stream counts.
    counts: Counted,
}

/// Whether the item can deduct more, or give back less, when work is better.
pub(super) fn can_cost(pack: &RulePack, counts: Counted, item: &Item, better: Better) -> bool {
    let steps = Source::ALL.iter().flat_map(|source| {
        let streams = Stream::ALL.iter().filter(|stream| belongs(pack, *source, **stream));
        streams.map(|stream| Step { better, stream: *stream, source: *source, counts })
    });
    steps.into_iter().any(|step| step.costs(pack, &item.rule))
}

/// Whether a case of a source can be in a stream (4.1).
fn belongs(pack: &RulePack, source: Source, stream: Stream) -> bool {
    let asks = |test| pack.selection.order.iter().position(|asked| *asked == test);
    let (public, long_term) = (asks(SelectionTest::Public), asks(SelectionTest::LongTerm));
    let taken = source.is_public() && public.is_some();
    match stream {
        Stream::Public => taken,
        Stream::LongTerm => long_term.is_some_and(|at| !taken || Some(at) < public),
        Stream::Regular => !taken,
        Stream::PublicLongTerm => taken && pack.scoring.long_term == LongTermCount::Category,
    }
}

impl Step {
    fn costs(&self, pack: &RulePack, rule: &Rule) -> bool {
        match rule {
            Rule::Linear(rule) if rule.bad => self.can_rise(&rule.rate),
            Rule::Linear(rule) => self.can_fall(&rule.rate),
            Rule::PerPoint(rule) => match rule.threshold {
                Threshold::Above(_) => self.can_rise(&rule.rate),
                Threshold::Below(_) => self.can_fall(&rule.rate),
            },
            Rule::PerCase(rule) => self.trend(&rule.count) == Trend::Rises,
            Rule::BandRelative(rule) => self.trend(&rule.count) == Trend::Rises,
            Rule::MomIncrease(rule) => self.trend(&rule.count) == Trend::Rises,
            Rule::Band(band) => rule.bands().into_iter().any(|table| {
                let rises = pack.bands.get(table).is_some_and(crate::pack::BandTable::rises);
                self.trend(&band.count) == if rises { Trend::Rises } else { Trend::Falls }
            }),
            Rule::FlatIf(rule) => self.can_come_to_hold(rule),
            Rule::Bonus(rule) => self.trend(&rule.value) == Trend::Falls,
            Rule::PerCaseRepeat(_) | Rule::Satisfaction(_) => false,
        }
    }

    fn can_come_to_hold(&self, rule: &FlatIf) -> bool {
        let (left, right) = (&rule.condition.left, &rule.condition.right);
        let trend = match (self.change(left), self.change(right)) {
            (Some(left), Some(right)) => sign(&(left - right)),
            _ => self.trend(left).with(self.trend(right).flipped()),
        };
        match rule.condition.comparison {
            Comparison::Greater | Comparison::AtLeast => trend == Trend::Rises,
            Comparison::Less | Comparison::AtMost => trend == Trend::Falls,
            Comparison::Equal | Comparison::Unequal => {
                matches!(trend, Trend::Rises | Trend::Falls)
            }
        }
    }

    /// Whether some quotient between 0 and 1 falls.
    fn can_fall(&self, rate: &Rate) -> bool {
        match (self.change(&rate.numerator), self.change(&rate.denominator)) {
            (Some(above), Some(below)) => above.is_negative() || below > above,
            _ => match (self.trend(&rate.numerator), self.trend(&rate.denominator)) {
                (Trend::Falls, Trend::Flat | Trend::Rises) => true,
                (above, below) => above == Trend::Flat && below == Trend::Rises,
            },
        }
    }

    /// Whether some quotient between 0 and 1 rises.
    fn can_rise(&self, rate: &Rate) -> bool {
        match (self.change(&rate.numerator), self.change(&rate.denominator)) {
            (Some(above), Some(below)) if above.is_zero() => below.is_negative(),
            (Some(above), Some(below)) => !above.is_negative() || below < above,
            _ => match (self.trend(&rate.numerator), self.trend(&rate.denominator)) {
                (Trend::Rises, Trend::Flat | Trend::Falls) => true,
                (above, below) => above == Trend::Flat && below == Trend::Falls,
            },
        }
    }

    fn trend(&self, formula: &Count) -> Trend {
        if let Some(change) = self.change(formula) {
            return sign(&change);
        }
        match formula {
            Expression::Integer(_) | Expression::Decimal(_) => Trend::Flat,
            Expression::Name(name) => self.trend_of(name),
            Expression::Operation(operation, left, right) => match operation {
                Operation::Add => self.trend(left).with(self.trend(right)),
                Operation::Subtract => self.trend(left).with(self.trend(right).flipped()),
                Operation::Multiply if left.names().is_empty() => self.trend(right),
                Operation::Multiply | Operation::Divide if right.names().is_empty() => {
                    self.trend(left)
                }
                Operation::Multiply | Operation::Divide => Trend::Unknown,
            },
            Expression::Call(_, arguments) => {
                let trends = arguments.iter().map(|argument| self.trend(argument));
                trends.fold(Trend::Flat, Trend::with)
            }
            Expression::If(test, then, otherwise) => {
                let stays = |side: &Count| self.change(side) == Some(Exact::ZERO);
                let mut comparisons = test.comparisons().into_iter();
                match comparisons.all(|one| stays(&one.left) && stays(&one.right)) {
                    true => self.trend(then).with(self.trend(otherwise)),
                    false => Trend::Unknown,
                }
            }
        }
    }

    /// By how much a formula changes, whatever its value was: known of sums alone.
    fn change(&self, formula: &Count) -> Option<Exact> {
        let constant = |side: &Count| side.evaluate(&|_| None);
        match formula {
            Expression::Integer(_) | Expression::Decimal(_) => Some(Exact::ZERO),
            Expression::Name(Quantity::Size(_)) => Some(Exact::ZERO),
            Expression::Name(name) => match self.trend_of(name) {
                _ if is_of_seconds(name) => None,
                Trend::Flat => Some(Exact::ZERO),
                Trend::Rises => Some(Exact::ONE),
                Trend::Falls => Some(-Exact::ONE),
                Trend::Unknown => None,
            },
            Expression::Operation(operation, left, right) => {
                let (own, other) = (self.change(left), self.change(right));
                match operation {
                    Operation::Add => Some(own? + other?),
                    Operation::Subtract => Some(own? - other?),
                    Operation::Multiply => match (constant(left), constant(right)) {
                        (Some(times), _) => Some(times * other?),
                        (_, Some(times)) => Some(own? * times),
                        (None, None) => None,
                    },
                    Operation::Divide => own?.checked_div(&constant(right)?),
                }
            }
            Expression::Call(..) | Expression::If(..) => None,
        }
    }

    fn trend_of(&self, name: &Quantity) -> Trend {
        let (counted, base) = match name {
            Quantity::Count(base) => (self.counts, *base),
            Quantity::CountOf(counted, base) => (*counted, *base),
            Quantity::Size(_) => return Trend::Flat,
            Quantity::Item(_) => return Trend::Unknown,
        };
        if counted.includes(self.stream) { self.of_base(base) } else { Trend::Flat }
    }

    /// Where a count goes that the case is in.
    fn of_base(&self, base: Base) -> Trend {
        let when = |holds: bool| if holds { Trend::Rises } else { Trend::Flat };
        let is_new = self.better == Better::OneMoreOnTime;
        let was_open = self.better == Better::InsteadOfOpen;
        match base {
            Base::OnTime | Base::ClosedOnTime => Trend::Rises,
            Base::Handled | Base::Closed | Base::ChecksPassed => when(is_new || was_open),
            Base::Filed | Base::Assigned | Base::Due | Base::Reported | Base::AcceptedCase => {
                when(is_new)
            }
            Base::ReportedOnPatrol | Base::ValidOnPatrol => {
                when(is_new && self.source == Source::Patrol)
            }
            Base::ReportedByPublic => when(is_new && self.source.is_public()),
            Base::OverdueOpen | Base::OpenOverdue => when(was_open).flipped(),
            Base::HandledLate | Base::ClosedLate | Base::OverrunSeconds => {
                when(!is_new && !was_open).flipped()
            }
            // Sooner than late, but longer than not yet.
            Base::HandlingSeconds if is_new || was_open => Trend::Rises,
            Base::HandlingSeconds => Trend::Falls,
            Base::VisitDue | Base::VisitDone | Base::ReportedUnclosed => Trend::Unknown,
            source => when(is_new && source == Base::filed_from(self.source)),
        }
    }
}

/// Of seconds it is known that there are more, not how many.
fn is_of_seconds(name: &Quantity) -> bool {
    use crate::expression::{Name as _, Unit};
    name.unit() == Unit::SECONDS
}

fn sign(change: &Exact) -> Trend {
    if change.is_zero() {
        Trend::Flat
    } else if change.is_negative() {
        Trend::Falls
    } else {
        Trend::Rises
    }
}
