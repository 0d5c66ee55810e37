//! Small packs and months made for one question: a family of a few items, some counts, a score.

use std::fmt::Write as _;

use chengping_casework::Base;
use chengping_rules::RulePack;
use chengping_scoring::explain::{ItemExplanation, Language, explain};
use chengping_scoring::{
    Counts, ENGINE, Evaluation, Input, ItemResult, PackRevision, Part, Scorecard, Snapshot,
    Tallies, score,
};
use chengping_types::registry::{Body, Coefficient};
use chengping_types::{BodyId, BodyKind, Digest, Month, Stream, Zone};

/// Counts as `filed=3 due=2`.
pub(crate) fn counts(names: &str) -> Counts {
    let parse = |pair: &str| {
        let (name, number) = pair.split_once('=').unwrap();
        (name.parse::<Base>().unwrap(), number.parse().unwrap())
    };
    names.split_whitespace().map(parse).collect()
}

/// One month of one pack. The body in question is the district `d`.
#[derive(Clone)]
pub(crate) struct Lab {
    scoring: String,
    family: String,
    /// The streams in YAML.
    streams: String,
    month: Month,
    tallies: Tallies,
    earlier: Vec<(Month, Tallies)>,
    bodies: Vec<&'static str>,
    coefficients: Vec<Coefficient>,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self {
            scoring: String::new(),
            family: String::new(),
            streams: String::new(),
            month: "2018-04".parse().unwrap(),
            tallies: Tallies::default(),
            earlier: Vec::new(),
            bodies: vec!["d"],
            coefficients: Vec::new(),
        }
    }

    /// A pack of one stream over all cases with a cap of 100 and one item `X`.
    pub(crate) fn item(rule: &str) -> Self {
        Self::new().stream("s", "counts: all, cap: 100", &[("X", rule)])
    }

    /// Adds a stream with items as `("X", "per_case: {…}")`.
    pub(crate) fn stream(mut self, id: &str, head: &str, items: &[(&str, &str)]) -> Self {
        let source = "clause: \"5.2\", provenance: assumption";
        let _ = write!(self.streams, "      - {{id: {id}, name: {{zh: {id}, en: {id}}}, {head}, ");
        let _ = write!(self.streams, "{source}, items: [");
        for (id, rule) in items {
            let _ = write!(
                self.streams,
                "{{id: {id}, name: {{zh: {id}, en: {id}}}, {rule}, {source}}}, "
            );
        }
        self.streams.push_str("]}\n");
        self
    }

    /// Adds settings of the score.
    pub(crate) fn scoring(mut self, settings: &str) -> Self {
        self.scoring.push_str(settings);
        self
    }

    /// Adds settings of the family, a line each.
    pub(crate) fn family(mut self, settings: &str) -> Self {
        for line in settings.lines() {
            let _ = writeln!(self.family, "    {}", line.trim());
        }
        self
    }

    /// Weights of 0.6 and 0.4, and a size of road sections times difficulty.
    pub(crate) fn zoned(self) -> Self {
        self.family(
            "zones: {key: \"0.6\", general: \"0.4\", clause: \"5.2.5\", provenance: assumption}
             size: {formula: road_sections * difficulty, clause: \"5.2.6\", provenance: assumption}",
        )
    }

    pub(crate) fn month(mut self, month: &str) -> Self {
        self.month = month.parse().unwrap();
        self
    }

    /// Counts of the district's regular cases.
    pub(crate) fn regular(self, names: &str) -> Self {
        self.counts("d", Stream::Regular, Part::All, names)
    }

    pub(crate) fn counts(
        mut self,
        id: &'static str,
        stream: Stream,
        part: Part,
        names: &str,
    ) -> Self {
        if !self.bodies.contains(&id) {
            self.bodies.push(id);
        }
        let body: BodyId = id.parse().unwrap();
        self.tallies.cell_mut(&body, stream, part).merge(&counts(names));
        self.tallies.total.entry(stream).or_default().merge(&counts(names));
        self
    }

    /// The district's regular cases of a month so many months ago.
    pub(crate) fn ago(mut self, months: i32, names: &str) -> Self {
        let mut tallies = Tallies::default();
        let body: BodyId = "d".parse().unwrap();
        tallies.cell_mut(&body, Stream::Regular, Part::All).merge(&counts(names));
        tallies.total.entry(Stream::Regular).or_default().merge(&counts(names));
        self.earlier.push((self.month.plus(-months), tallies));
        self
    }

    /// A size row of a body.
    pub(crate) fn size(self, id: &str, zone: Zone, road_sections: u32) -> Self {
        self.registered(id, zone, |row| row.road_sections = road_sections)
    }

    /// A row of a body, of one road section unless `change` says otherwise.
    pub(crate) fn registered(
        mut self,
        id: &str,
        zone: Zone,
        change: impl FnOnce(&mut Coefficient),
    ) -> Self {
        let mut row = Coefficient {
            body_id: id.parse().unwrap(),
            zone,
            road_sections: 1,
            difficulty: chengping_types::Exact::ONE,
            valid_from: "2018-01".parse().unwrap(),
            approved_by: String::new(),
            reason: String::new(),
            area_km2: None,
            population: None,
            grid_class: None,
        };
        change(&mut row);
        self.coefficients.push(row);
        self
    }

    pub(crate) fn text(&self) -> String {
        let Self { scoring, family, streams, .. } = self;
        format!(
            "pack: lab
title: {{zh: 试验, en: Lab}}
time_zone: Asia/Shanghai
freeze: {{day: 3, clause: \"2.7\", provenance: assumption}}
selection: {{order: [public, long_term], clause: \"4.1\", provenance: assumption}}
scoring: {{base: 100, floor: 0, cases_min: 0, reference_min: 3, history_months: 12,
  warning_share: \"0.3\", {scoring} clause: \"5.1\", provenance: assumption}}
grades: {{steps: [{{grade: A, from: 90}}, {{grade: B, from: 0}}], clause: \"1.2\", provenance: standard}}
bands:
  rising:
    steps: [{{up_to: 0, share: \"0\"}}, {{up_to: 10, share: \"0.5\"}}, {{share: \"1\"}}]
    clause: \"5.2\"
    provenance: assumption
  falling:
    steps: [{{up_to: 100, share: \"1\"}}, {{up_to: 500, share: \"0.25\"}}, {{share: \"0\"}}]
    clause: \"5.2\"
    provenance: assumption
  relative:
    steps: [{{up_to: \"0.5\", share: \"0\"}}, {{up_to: \"1.2\", share: \"0.25\"}}, {{share: \"1\"}}]
    clause: \"5.2\"
    provenance: assumption
groups:
  - {{id: district, kinds: [district], name: {{zh: 区, en: Districts}}}}
families:
  area:
{family}    streams:
{streams}"
        )
    }

    pub(crate) fn pack(&self) -> RulePack {
        RulePack::parse(&self.text()).unwrap_or_else(|mistakes| panic!("{mistakes}"))
    }

    /// All mistakes of the pack; empty without one.
    pub(crate) fn mistakes(&self) -> String {
        RulePack::parse(&self.text()).err().map(|all| all.to_string()).unwrap_or_default()
    }

    pub(crate) fn input(&self) -> Input {
        self.input_by(self.pack())
    }

    /// The same month by another pack.
    pub(crate) fn input_by(&self, pack: RulePack) -> Input {
        let body = |id: &&str| Body {
            body_id: id.parse().unwrap(),
            kind: BodyKind::District,
            name: (*id).to_owned(),
            parent: None,
            valid_from: "2016-01".parse().unwrap(),
            valid_to: None,
            assessment_code: None,
        };
        let as_of = self.month.freeze(3, &pack.time_zone);
        Input {
            jurisdiction: "lab".parse().unwrap(),
            month: self.month,
            as_of,
            decided: as_of,
            engine: ENGINE.to_owned(),
            rule_pack: PackRevision::new(1, pack),
            snapshot: Snapshot { watermark: 0, digest: Digest::of(b"") },
            bodies: self.bodies.iter().map(body).collect(),
            former_periods: Vec::new(),
            coefficients: self.coefficients.clone(),
            tallies: self.tallies.clone(),
            earlier: self.earlier.iter().cloned().collect(),
        }
    }

    pub(crate) fn evaluation(&self) -> Evaluation {
        score(&self.input())
    }

    pub(crate) fn card(&self) -> Scorecard {
        self.evaluation().scorecard(&"d".parse().unwrap()).unwrap().clone()
    }

    /// The exact score of the district.
    pub(crate) fn score(&self) -> String {
        self.card().score.unwrap().exact.to_string()
    }

    pub(crate) fn result(&self, item: &str) -> ItemResult {
        let card = self.card();
        let (_, result) = card.items().find(|(_, result)| result.id == item).unwrap();
        result.clone()
    }

    /// What an item deducts after zone weighting.
    pub(crate) fn deduction(&self, item: &str) -> String {
        self.result(item).deduction.to_string()
    }

    /// What `X` deducts; `n/a` where it does not apply.
    pub(crate) fn x(&self) -> String {
        let result = self.result("X");
        let applied = result.parts.iter().any(|part| part.applied.is_some());
        if applied { result.deduction.to_string() } else { "n/a".to_owned() }
    }

    pub(crate) fn explained(&self, item: &str, language: Language) -> ItemExplanation {
        let explanation = explain(&self.pack(), &self.card(), language);
        explanation.items.into_iter().find(|one| one.id == item).unwrap()
    }

    /// The formula of `X` and its computation in the first part.
    pub(crate) fn words(&self, language: Language) -> [String; 2] {
        let item = self.explained("X", language);
        [item.formula, item.parts[0].computation.clone()]
    }

    /// How the score comes about.
    pub(crate) fn total(&self) -> String {
        explain(&self.pack(), &self.card(), Language::En).total.unwrap()
    }
}
