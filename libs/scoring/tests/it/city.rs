//! The reference city: its registry, its facts, and inputs made of them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use chengping_casework::{Case, Deriver, Event, Fact, Question};
use chengping_rules::{RulePack, builtin};
use chengping_scoring::{
    Attributor, ENGINE, EvaluatedPart, Input, PackRevision, Snapshot, Tallies, tally,
};
use chengping_types::registry::Registry;
use chengping_types::{BodyId, Digest, Family, Month};

use crate::files::Folder;

pub(crate) struct City {
    pub(crate) pack: RulePack,
    pub(crate) registry: Registry,
    cases: OnceLock<Vec<(Case, Vec<Event>)>>,
    /// The tallies of every month that has data, each as frozen. Counted when asked for, since each
    /// test has a process of its own.
    tallies: BTreeMap<Month, OnceLock<Tallies>>,
}

impl City {
    /// Reads the city once for all tests.
    pub(crate) fn get() -> &'static Self {
        static CITY: OnceLock<City> = OnceLock::new();
        CITY.get_or_init(Self::read)
    }

    fn read() -> Self {
        let pack = RulePack::parse(builtin("zz-2018").unwrap()).unwrap();
        let months = ["2018-03", "2018-04", "2018-05"].map(|month| month.parse().unwrap());
        let tallies = months.map(|month| (month, OnceLock::new())).into();
        let registry = folder().registry();
        Self { pack, registry, cases: OnceLock::new(), tallies }
    }

    /// The facts of a month as of its freeze.
    pub(crate) fn facts(&self, month: Month) -> Vec<Fact> {
        self.facts_by(&self.pack, month)
    }

    fn facts_by(&self, pack: &RulePack, month: Month) -> Vec<Fact> {
        let RulePack { time_zone, freeze, lifecycle, .. } = pack;
        let question = Question::at_freeze(month, time_zone.clone(), freeze.day, *lifecycle);
        let deriver = Deriver::new(&question);
        let cases = self.cases.get_or_init(|| folder().cases());
        cases.iter().filter_map(|(case, events)| deriver.derive(case, events)).collect()
    }

    pub(crate) fn attributor(&self, month: Month) -> Attributor {
        Attributor::new(&self.pack, &self.registry, month)
    }

    pub(crate) fn family(&self, body: &BodyId) -> Family {
        let found = self.registry.bodies.iter().find(|found| found.body_id == *body);
        found.unwrap().kind.family()
    }

    pub(crate) fn tallies(&self, month: Month) -> &Tallies {
        self.tallies[&month].get_or_init(|| tally(&self.facts(month), &self.attributor(month)))
    }

    /// Everything that is known about a month; the data begin in March 2018.
    pub(crate) fn input(&self, month: Month) -> Input {
        let earlier = self.tallies.range(..month);
        let earlier = earlier.map(|(month, _)| (*month, self.tallies(*month).clone())).collect();
        let tallies = self.tallies(month).clone();
        Input { earlier, ..self.input_of(&self.pack, month, tallies) }
    }

    /// A month by another pack, none of whose items looks back.
    pub(crate) fn input_by(&self, pack: &RulePack, month: Month) -> Input {
        let attributor = Attributor::new(pack, &self.registry, month);
        self.input_of(pack, month, tally(&self.facts_by(pack, month), &attributor))
    }

    /// A month of which only these counts are known.
    pub(crate) fn input_of(&self, pack: &RulePack, month: Month, tallies: Tallies) -> Input {
        let EvaluatedPart { bodies, former_periods, coefficients } =
            EvaluatedPart::new(pack, &self.registry, month);
        let as_of = month.freeze(pack.freeze.day, &pack.time_zone);
        Input {
            jurisdiction: "city-6k".parse().unwrap(),
            month,
            as_of,
            decided: as_of,
            engine: ENGINE.to_owned(),
            rule_pack: PackRevision::new(1, pack.clone()),
            snapshot: Snapshot { watermark: 0, digest: Digest::of(b"") },
            bodies,
            former_periods,
            coefficients,
            tallies,
            earlier: BTreeMap::new(),
        }
    }
}

fn folder() -> Folder {
    Folder::new("tests/data/city-6k")
}

pub(crate) fn read_gz(file: &str) -> Vec<u8> {
    folder().read_gz(file)
}
