//! The indicator catalogue: what can be measured, under which number and name (method b).

mod markdown;

use std::fmt;
use std::sync::LazyLock;

use chengping_casework::Base;
use chengping_types::{Stream, named_enum};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::count::Count;
use crate::expression::Name as _;
use crate::quantity::Quantity;

pub use markdown::catalogue_markdown;

/// The one file that the code, the documentation and the API share.
const SOURCE: &str = include_str!("../catalogue.yaml");

static CATALOGUE: LazyLock<Vec<Indicator>> =
    LazyLock::new(|| read(SOURCE).unwrap_or_else(|error| panic!("catalogue.yaml: {error}")));

/// All indicators, by number, and inside a number in the order of the file.
pub fn catalogue() -> &'static [Indicator] {
    &CATALOGUE
}

/// The indicator of a code, such as `on_time_closing_rate`.
pub fn indicator(code: &str) -> Option<&'static Indicator> {
    catalogue().iter().find(|indicator| indicator.code == code)
}

named_enum! {
    /// Whom an indicator applies to (method b).
    pub enum Addressee: "addressee" {
        /// Areas (3.1).
        Area = 1 => "area",
        /// Departments (3.2).
        Department = 2 => "department",
        /// Teams of information collectors (3.3.1).
        Collector = 3 => "collector",
        /// Supervision desks, as those who accept (3.3.2).
        Acceptor = 4 => "acceptor",
        /// Supervision desks, as those who file and close (3.3.2).
        ShiftLeader = 5 => "shift_leader",
        /// Command desks (3.3.3).
        Dispatcher = 6 => "dispatcher",
    }
}

named_enum! {
    /// What an indicator is measured in.
    pub enum Measure: "unit" {
        /// 件: cases, each once.
        Cases = 1 => "cases",
        /// 次: events, orders, visits.
        Times = 2 => "times",
        /// Seconds.
        Seconds = 3 => "seconds",
        /// Hours.
        Hours = 4 => "hours",
        /// Hundredths.
        Percent = 5 => "percent",
        /// Points of a hundred.
        Points = 6 => "points",
        /// A plain number.
        Factor = 7 => "factor",
        /// Cases for each road section of difficulty 1.
        PerSection = 8 => "per_section",
        /// Road sections.
        Sections = 9 => "sections",
    }
}

/// An entry of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indicator {
    /// The number, such as `B27` or `R07`; what is told apart inside a number shares it.
    pub id: String,
    /// The name in formulas and data, unique; of a base count that of its [`Base`].
    pub code: String,
    /// The Chinese name.
    pub zh: String,
    /// The English name.
    pub en: String,
    /// What it is measured in.
    pub unit: Measure,
    /// Whom it applies to.
    pub applies: Vec<Addressee>,
    /// The clause of the regulation.
    pub clause: String,
    /// The sources of method (h) that have it, `all`, or `inferred`.
    pub source: String,
    /// What exactly is counted, and in which month; empty where name and formula say it.
    pub definition: String,
    /// The only stream that is counted; none for all.
    pub stream: Option<Stream>,
    /// What it is made of.
    pub formula: Formula,
}

/// What an indicator is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Formula {
    /// A base count, as it stands.
    Base(Base),
    /// A formula over base counts; not applicable when something is divided by zero.
    Of(Count),
    /// (this month − the month before) ÷ the month before (5.2.2).
    Change(Count),
    /// Over the effective size, road sections × difficulty (5.2.6).
    Density(Count),
    /// The interchange files cannot yield it, for a reason.
    NotDerivable(String),
}

impl Indicator {
    /// Whether it is a ratio (比率指标).
    pub fn is_ratio(&self) -> bool {
        self.id.starts_with('R')
    }

    /// Why the interchange files cannot yield it; none where they can.
    pub fn not_derivable(&self) -> Option<&str> {
        match &self.formula {
            Formula::NotDerivable(reason) => Some(reason),
            _ => None,
        }
    }
}

/// The formula by the codes of counts; empty where there is none.
impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base(base) => f.write_str(base.as_str()),
            Self::Of(formula) => write!(f, "{formula}"),
            Self::Change(count) => {
                write!(f, "({count} - {count} of the month before) / {count} of the month before")
            }
            Self::Density(count) => write!(f, "{count} / (road_sections * difficulty)"),
            Self::NotDerivable(_) => Ok(()),
        }
    }
}

/// An entry as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    code: String,
    zh: String,
    en: String,
    unit: Measure,
    applies: Vec<Addressee>,
    clause: String,
    source: String,
    #[serde(default)]
    definition: String,
    stream: Option<Stream>,
    formula: Option<String>,
    change_of: Option<String>,
    per_size: Option<String>,
    reason: Option<String>,
}

impl Entry {
    fn formula(&self) -> Result<Formula, String> {
        let count = |text: &str| {
            let count = Count::parse(text).map_err(|error| error.to_string())?;
            match count.names().iter().find(|name| !matches!(name, Quantity::Count(_))) {
                Some(other) => Err(format!("`{}` is no plain base count", other.name())),
                None => Ok(count),
            }
        };
        match (&self.formula, &self.change_of, &self.per_size, &self.reason) {
            (None, None, None, None) => {
                self.code.parse().map(Formula::Base).map_err(|error| error.to_string())
            }
            (Some(formula), None, None, None) => count(formula).map(Formula::Of),
            (None, Some(changing), None, None) => count(changing).map(Formula::Change),
            (None, None, Some(counted), None) => count(counted).map(Formula::Density),
            (None, None, None, Some(reason)) => Ok(Formula::NotDerivable(reason.clone())),
            _ => Err("has more than one of formula, change_of, per_size and reason".to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for Indicator {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entry = Entry::deserialize(deserializer)?;
        let formula = entry.formula();
        let formula = formula.map_err(|problem| {
            D::Error::custom(format!("{} {}: {problem}", entry.id, entry.code))
        })?;
        let Entry { id, code, zh, en, unit, applies, clause, source, definition, stream, .. } =
            entry;
        Ok(Self { id, code, zh, en, unit, applies, clause, source, definition, stream, formula })
    }
}

fn read(text: &str) -> Result<Vec<Indicator>, String> {
    serde_saphyr::from_str(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "{id: R99, code: x, zh: x, en: x, unit: percent, applies: [area], \
                        clause: '1', source: C1";

    fn refusal(rest: &str) -> String {
        read(&format!("- {HEAD}{rest}}}")).unwrap_err()
    }

    #[test]
    fn an_entry_is_a_count_or_says_what_it_is_made_of() {
        assert!(refusal("").contains("\"x\" is not a base count"), "{}", refusal(""));
        assert!(refusal(", formula: due / nothing").contains("`nothing` is not a base count"));
        for other in ["public.due", "road_sections", "item.N1"] {
            let refused = refusal(&format!(", formula: 1 * {other}"));
            assert!(refused.contains(&format!("`{other}` is no plain base count")), "{refused}");
        }
        let both = refusal(", formula: due, reason: none");
        assert!(both.contains("R99 x: has more than one of"), "{both}");
        assert!(refusal(", colour: red").contains("colour"));
        let read = read(&format!("- {HEAD}, formula: (closed) / due, stream: public}}")).unwrap();
        assert_eq!(read[0].formula.to_string(), "closed / due");
        assert_eq!(read[0].stream, Some(Stream::Public));
    }
}
