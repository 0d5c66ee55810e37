//! What items read of a month, kept apart from the points that they deduct: other weights are then
//! scored without a look at counts.

use std::collections::BTreeMap;

use chengping_rules::{MidMonth, Names, Number, Provenance, RulePack, Source, ZoneWeights};
use chengping_types::registry::Body;
use chengping_types::{Exact, Instant, JurisdictionId, Month};

use crate::evaluation::Evaluation;
use crate::input::{Input, PackRevision, Snapshot};
use crate::numbers::rule_numbers;
use crate::reading::BodyReading;
use crate::score::{gather_bodies, jurisdiction_figures, score_bodies};

/// What the rules of an input read of its month.
#[derive(Debug, Clone)]
pub struct Gathered {
    pub(crate) jurisdiction: JurisdictionId,
    pub(crate) month: Month,
    pub(crate) as_of: Instant,
    pub(crate) decided: Instant,
    pub(crate) engine: String,
    pub(crate) snapshot: Snapshot,
    /// The rules without all that is not read for.
    reads: RulePack,
    /// The evaluated bodies, in registry order.
    pub(crate) bodies: Vec<(Body, BodyReading)>,
    /// The two sides of each figure of the whole jurisdiction.
    pub(crate) figures: Vec<(Exact, Exact)>,
}

impl Gathered {
    /// Reads what the rules of an input look at.
    #[must_use]
    pub fn new(input: &Input) -> Self {
        Self {
            jurisdiction: input.jurisdiction.clone(),
            month: input.month,
            as_of: input.as_of,
            decided: input.decided,
            engine: input.engine.clone(),
            snapshot: input.snapshot.clone(),
            reads: reads(&input.rule_pack.pack),
            bodies: gather_bodies(input),
            figures: jurisdiction_figures(input),
        }
    }

    /// What [`score`](crate::score) gives for the same month by other rules; none where these read
    /// something else, so that the month has to be gathered for them.
    #[must_use]
    pub fn score(&self, rules: &PackRevision) -> Option<Evaluation> {
        self.suits(&rules.pack).then(|| score_bodies(self, rules))
    }

    /// Whether rules read what is gathered here: they differ in points, weights, caps, thresholds,
    /// bands, grades, texts and sources only.
    #[must_use]
    pub fn suits(&self, pack: &RulePack) -> bool {
        reads(pack) == self.reads
    }
}

/// A pack without what is first looked at when deductions are computed from readings. Whatever is
/// not taken out here is taken for something that decides what is read.
fn reads(pack: &RulePack) -> RulePack {
    let mut pack = pack.clone();
    pack.title = no_names();
    let scoring = &mut pack.scoring;
    for number in
        [&mut scoring.base, &mut scoring.floor, &mut scoring.cases_min, &mut scoring.warning_share]
    {
        *number = no_number();
    }
    // Its number decides who has a median; its source does not.
    scoring.reference_min.source = None;
    // Reading the pack has checked it.
    scoring.adds_up = false;
    scoring.source = no_source();
    pack.freeze.source = no_source();
    pack.selection.source = no_source();
    pack.grades.steps.clear();
    pack.grades.source = no_source();
    pack.bands = BTreeMap::new();
    pack.annual = None;
    pack.publication = None;
    for family in pack.families.values_mut() {
        if let Some(zones) = &mut family.zones {
            *zones = ZoneWeights {
                key: no_number(),
                general: no_number(),
                midmonth: MidMonth::NextPeriod,
                changes: Vec::new(),
                source: no_source(),
            };
        }
        if let Some(size) = &mut family.size {
            size.source = no_source();
        }
        if let Some(how) = &mut family.differentiation {
            (how.at_least.source, how.at_most.source) = (None, None);
            how.source = no_source();
        }
        for stream in &mut family.streams {
            (stream.cap, stream.source, stream.name) = (no_number(), no_source(), no_names());
            for item in &mut stream.items {
                (item.source, item.name) = (no_source(), no_names());
                let numbers = rule_numbers(&mut item.rule).into_iter();
                numbers.for_each(|(_, number)| *number = no_number());
            }
        }
    }
    for figure in &mut pack.figures {
        (figure.source, figure.name) = (no_source(), no_names());
    }
    pack
}

const fn no_number() -> Number {
    Number::plain(Exact::ZERO)
}

const fn no_source() -> Source {
    Source { clause: String::new(), provenance: Provenance::Regulation, note: None }
}

const fn no_names() -> Names {
    Names { zh: String::new(), en: String::new() }
}
