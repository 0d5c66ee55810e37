//! What a well-formed pack leaves unjudged, or rests on nobody's authority.

mod idle;
mod monotone;

use std::collections::BTreeMap;
use std::fmt;

use chengping_casework::Base;
use chengping_types::{Exact, Family};

use crate::family::{Counted, FamilyRules, Item, StreamRules};
use crate::pack::{PackNumber, Redistribution, RulePack, decimal};
use crate::quantity::Quantity;
use crate::rule::Rule;

use self::monotone::Better;

/// Something that the evaluation office should decide knowingly. It does not stop a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Path of the part, such as `families.area.streams[regular].items[N1]`.
    pub path: String,
    /// What there is to know.
    pub kind: WarningKind,
}

/// The kinds of warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WarningKind {
    /// No item of the stream judges how its cases are handled.
    HandlingNotJudged,
    /// The stream judges handling, but not whether it is on time.
    TimelinessNotJudged,
    /// Where the other items of its stream do not apply, the item weighs twice its points.
    CanDouble,
    /// The items of a stream can lose more points together than its cap lets through.
    CapBites,
    /// The caps of a family together do not reach the base, or go beyond it.
    CapsMissBase {
        /// Sum of the caps.
        caps: Exact,
        /// Points of the base.
        base: Exact,
    },
    /// No item names the band table.
    UnusedTable,
    /// Bonuses can lift a score above the base.
    AboveBase,
    /// What an item divides by may well be zero for a body that has cases; the item then does not
    /// apply, and its points go where the pack says.
    OftenEmpty {
        /// What it divides by.
        denominator: String,
    },
    /// An item names a count that is always zero under a switch of the pack.
    NeverCounts {
        /// The count.
        base: Base,
        /// The switch.
        switch: &'static str,
    },
    /// One more case, handled and closed on time, can cost points: the item judges how many there
    /// are.
    OneMoreCaseCosts,
    /// To handle an overdue case, or to handle it on time instead of late, can cost points.
    TimelinessCosts,
    /// Numbers that are an assumption, for the office to confirm or replace.
    Assumed {
        /// The numbers, as written.
        numbers: Vec<Exact>,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path)?;
        match &self.kind {
            WarningKind::HandlingNotJudged => {
                f.write_str("no item judges handling: any number of cases may stay open at no cost")
            }
            WarningKind::TimelinessNotJudged => {
                f.write_str("no item judges whether cases are handled on time")
            }
            WarningKind::CanDouble => f.write_str(
                "weighs twice its points where the other items of the stream do not apply",
            ),
            WarningKind::CapBites => f.write_str("its items can lose more than its cap together"),
            WarningKind::CapsMissBase { caps, base } => {
                write!(f, "the caps add up to {caps} points, the base is {base}")
            }
            WarningKind::UnusedTable => f.write_str("no item names this table"),
            WarningKind::AboveBase => f.write_str("bonuses can lift a score above the base"),
            WarningKind::OftenEmpty { denominator } => write!(
                f,
                "{denominator} may be zero for many bodies that have cases: the item then does not apply"
            ),
            WarningKind::NeverCounts { base, switch } => {
                write!(f, "counts `{base}`, which is always zero with `{switch}`")
            }
            WarningKind::OneMoreCaseCosts => {
                f.write_str("one more case can cost points, also when it is handled and closed on time")
            }
            WarningKind::TimelinessCosts => f.write_str(
                "can cost more when a late case is handled, or handled on time: turn the formula round",
            ),
            WarningKind::Assumed { numbers } => {
                let numbers: Vec<_> = numbers.iter().map(decimal).collect();
                write!(f, "assumed, to be confirmed or replaced: {}", numbers.join(", "))
            }
        }
    }
}

impl RulePack {
    /// What the evaluation office should know before it approves the pack.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Warnings { all: Vec::new(), assumed: self.assumed() };
        for path in ["freeze", "scoring", "annual", "grades"] {
            warnings.assumed(path);
        }
        for name in self.bands.keys() {
            let path = format!("bands.{name}");
            warnings.assumed(&path);
            if !self.families.values().any(|family| names_table(family, name)) {
                warnings.add(path, WarningKind::UnusedTable);
            }
        }
        for (family, rules) in &self.families {
            warnings.family(*family, rules, self);
        }
        for figure in &self.figures {
            warnings.assumed(&format!("figures[{}]", figure.id));
        }
        warnings.all
    }

    /// The numbers that are an assumption, by the part in which they stand.
    fn assumed(&self) -> BTreeMap<String, Vec<Exact>> {
        let mut assumed: BTreeMap<String, Vec<Exact>> = BTreeMap::new();
        for number in self.numbers().into_iter().filter(PackNumber::is_assumed) {
            assumed.entry(number.path).or_default().push(number.value);
        }
        assumed
    }
}

struct Warnings {
    all: Vec<Warning>,
    assumed: BTreeMap<String, Vec<Exact>>,
}

impl Warnings {
    fn add(&mut self, path: String, kind: WarningKind) {
        self.all.push(Warning { path, kind });
    }

    fn assumed(&mut self, path: &str) {
        if let Some(numbers) = self.assumed.remove(path) {
            self.add(path.to_owned(), WarningKind::Assumed { numbers });
        }
    }

    fn family(&mut self, family: Family, rules: &FamilyRules, pack: &RulePack) {
        let path = format!("families.{family}");
        self.assumed(&format!("{path}.zones"));
        for change in rules.zones.iter().flat_map(|zones| &zones.changes) {
            self.assumed(&format!("{path}.zones.changes[{}]", change.from));
        }
        self.assumed(&format!("{path}.differentiation"));
        let has_bonus = rules.items().any(|(_, item)| item.rule.is_bonus());
        if has_bonus && pack.scoring.above_base {
            self.add(path.clone(), WarningKind::AboveBase);
        }
        let caps = rules.caps();
        let base = pack.scoring.base.value.clone();
        // Those of posts add up for each kind, or the pack is refused.
        if caps != base && family != Family::Post {
            self.add(path.clone(), WarningKind::CapsMissBase { caps, base });
        }
        for stream in &rules.streams {
            self.stream(family, stream, pack);
        }
    }

    fn stream(&mut self, family: Family, stream: &StreamRules, pack: &RulePack) {
        let path = stream.path(family);
        // Orders lie on top of streams in which their cases are judged.
        let only_orders =
            stream.items.iter().all(|item| matches!(item.rule, Rule::PerCaseRepeat(_)));
        let handling = stream.items.iter().any(judges_handling);
        if stream.counts != Counted::All || !only_orders {
            if !handling {
                self.add(path.clone(), WarningKind::HandlingNotJudged);
            } else if !stream.items.iter().any(judges_timeliness) {
                self.add(path.clone(), WarningKind::TimelinessNotJudged);
            }
        }
        if stream.points() > stream.cap.value {
            self.add(path.clone(), WarningKind::CapBites);
        }
        self.assumed(&path);
        for item in &stream.items {
            let path = stream.path_of(family, item);
            let doubled = &item.rule.points().value + &item.rule.points().value;
            let can_grow = pack.scoring.redistribution != Redistribution::None;
            if can_grow && !item.rule.is_bonus() && doubled <= stream.points() {
                self.add(path.clone(), WarningKind::CanDouble);
            }
            self.item(family, stream, item, &path, pack);
            self.assumed(&path);
        }
    }

    /// What an item leaves unjudged, or judges the wrong way round.
    fn item(
        &mut self,
        family: Family,
        stream: &StreamRules,
        item: &Item,
        path: &str,
        pack: &RulePack,
    ) {
        if let Some(denominator) = idle::often_empty(stream, item) {
            self.add(path.to_owned(), WarningKind::OftenEmpty { denominator });
        }
        for (base, switch) in idle::never_counted(item, &pack.lifecycle) {
            self.add(path.to_owned(), WarningKind::NeverCounts { base, switch });
        }
        // The counts of posts are of work at a desk, not of how cases end.
        if family == Family::Post {
            return;
        }
        let costs = |better| monotone::can_cost(pack, stream.counts, item, better);
        if costs(Better::OneMoreOnTime) {
            self.add(path.to_owned(), WarningKind::OneMoreCaseCosts);
        }
        if costs(Better::InsteadOfOpen) || costs(Better::InsteadOfLate) {
            self.add(path.to_owned(), WarningKind::TimelinessCosts);
        }
    }
}

fn names_table(family: &FamilyRules, table: &str) -> bool {
    family.items().any(|(_, item)| item.rule.bands().contains(&table))
}

/// Whether an item judges how cases are handled, rather than how many there are.
fn judges_handling(item: &Item) -> bool {
    const OF_HANDLING: [Base; 11] = [
        Base::Handled,
        Base::OnTime,
        Base::Closed,
        Base::ClosedOnTime,
        Base::OverdueOpen,
        Base::Rework,
        Base::Extended,
        Base::Shirked,
        Base::CarriedOpen,
        Base::CarriedClosed,
        Base::SuspendedNow,
    ];
    match &item.rule {
        Rule::Linear(_) | Rule::PerPoint(_) => true,
        Rule::PerCase(_) | Rule::Band(_) | Rule::FlatIf(_) => names_one_of(item, &OF_HANDLING),
        _ => false,
    }
}

/// Whether an item counts something that lateness changes.
fn judges_timeliness(item: &Item) -> bool {
    const TIMELY: [Base; 12] = [
        Base::OnTime,
        Base::ClosedOnTime,
        Base::OverdueOpen,
        Base::CarriedOpen,
        Base::VerifiedOnTime,
        Base::CheckedOnTime,
        Base::VerifySentOnTime,
        Base::CheckSentOnTime,
        Base::AcceptedOnTime,
        Base::FilingsOnTime,
        Base::DispatchedOnTime,
        Base::FilingsClosedOnTime,
    ];
    judges_handling(item) && names_one_of(item, &TIMELY)
}

fn names_one_of(item: &Item, bases: &[Base]) -> bool {
    item.rule.names().iter().filter_map(Quantity::base).any(|base| bases.contains(&base))
}
