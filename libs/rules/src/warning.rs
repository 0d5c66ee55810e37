//! What a well-formed pack leaves unjudged, or rests on nobody's authority.

use std::fmt;

use chengping_casework::Base;
use chengping_types::{Exact, Family};

use crate::family::{Counted, FamilyRules, Item, StreamRules};
use crate::number::Number;
use crate::pack::{Redistribution, RulePack};
use crate::quantity::Quantity;
use crate::rule::Rule;
use crate::source::{Provenance, Source};

/// Something that the evaluation office should decide knowingly. It does not stop a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Path of the part, such as `families.area.streams.regular.N1`.
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
            WarningKind::Assumed { numbers } => {
                let numbers: Vec<_> = numbers.iter().map(decimal).collect();
                write!(f, "assumed, to be confirmed or replaced: {}", numbers.join(", "))
            }
        }
    }
}

/// The shortest decimal of a written number, or the fraction it was written as.
fn decimal(number: &Exact) -> String {
    (0..6)
        .map(|places| number.to_decimal(places))
        .find(|text| text.parse().as_ref() == Ok(number))
        .unwrap_or_else(|| number.to_string())
}

impl RulePack {
    /// What the evaluation office should know before it approves the pack.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Warnings(Vec::new());
        let scoring = &self.scoring;
        let settings = [
            &scoring.base,
            &scoring.floor,
            &scoring.cases_min,
            &scoring.reference_min,
            &scoring.warning_share,
        ];
        warnings.assumed("scoring".to_owned(), settings, &scoring.source);
        if let Some(annual) = &self.annual {
            warnings.assumed("annual".to_owned(), [&annual.share_min], &annual.source);
        }
        for (name, table) in &self.bands {
            let bounds = table.steps.iter().filter_map(|band| band.up_to.as_ref());
            let numbers = bounds.chain(table.steps.iter().map(|band| &band.share));
            warnings.assumed(format!("bands.{name}"), numbers, &table.source);
            if !self.families.values().any(|family| names_table(family, name)) {
                warnings.add(format!("bands.{name}"), WarningKind::UnusedTable);
            }
        }
        for (family, rules) in &self.families {
            warnings.family(*family, rules, self);
        }
        warnings.0
    }
}

struct Warnings(Vec<Warning>);

impl Warnings {
    fn add(&mut self, path: String, kind: WarningKind) {
        self.0.push(Warning { path, kind });
    }

    fn assumed<'a>(
        &mut self,
        path: String,
        numbers: impl IntoIterator<Item = &'a Number>,
        source: &Source,
    ) {
        let assumed =
            |number: &&Number| number.source_within(source).provenance == Provenance::Assumption;
        let numbers: Vec<_> =
            numbers.into_iter().filter(assumed).map(|number| number.value.clone()).collect();
        if !numbers.is_empty() {
            self.add(path, WarningKind::Assumed { numbers });
        }
    }

    fn family(&mut self, family: Family, rules: &FamilyRules, pack: &RulePack) {
        let path = format!("families.{family}");
        if let Some(zones) = &rules.zones {
            self.assumed(format!("{path}.zones"), [&zones.key, &zones.general], &zones.source);
            for change in &zones.changes {
                let path = format!("{path}.zones.changes.{}", change.from);
                self.assumed(path, [&change.key, &change.general], &change.source);
            }
        }
        if let Some(how) = &rules.differentiation {
            let path = format!("{path}.differentiation");
            self.assumed(path, [&how.at_least, &how.at_most], &how.source);
        }
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
        self.assumed(path.clone(), [&stream.cap], &stream.source);
        for item in &stream.items {
            let path = format!("{path}.{}", item.id);
            let doubled = &item.rule.points().value + &item.rule.points().value;
            let can_grow = pack.scoring.redistribution != Redistribution::None;
            if can_grow && !item.rule.is_bonus() && doubled <= stream.points() {
                self.add(path.clone(), WarningKind::CanDouble);
            }
            self.assumed(path, item.rule.numbers(), &item.source);
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
