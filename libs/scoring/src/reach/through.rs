//! By what way a correction comes to an input of an item.

use chengping_casework::Base;
use chengping_rules::{Counted, Item, Quantity, Reference, Rule, StreamRules};
use chengping_types::registry::Body;
use chengping_types::{BodyId, Month, named_enum};

use super::Touch;
use super::leaves::Leaf;
use crate::attribution::Part;
use crate::counts::{Counts, undone_by};
use crate::input::Input;
use crate::tally::{Cell, Tallies};

named_enum! {
    /// A way from a corrected month into a later one.
    pub enum Through: "way of a correction" {
        /// 环比: the month before is the corrected one.
        MonthBefore = 1 => "month_before",
        /// The median of the body's own months has the corrected one among them.
        History = 2 => "history",
        /// The median of the group, of which a body counts otherwise in the month.
        Group = 3 => "group",
        /// Carried-over stock (N4): more or fewer cases were open at the previous freeze.
        CarriedOver = 4 => "carried_over",
        /// Settlement corrections (decisions.md 3): more or fewer cases turned late in the month.
        SettlementCorrection = 5 => "settlement_correction",
        /// Any other count of the month.
        Counts = 6 => "counts",
        /// Another item that the formula names.
        Item = 7 => "item",
    }
}

/// A published month and what it would be after a correction.
pub(super) struct Tracing<'a> {
    pub(super) published: &'a Input,
    pub(super) now: &'a Input,
}

impl Tracing<'_> {
    /// The touch of an input that differs; none for any other member.
    pub(super) fn touch(&self, body: &BodyId, leaf: &Leaf) -> Option<Touch> {
        let path: Vec<_> = leaf.path.iter().map(String::as_str).collect();
        let ["items", item, "zones", part, "inputs", input] = path[..] else { return None };
        let part: Part = part.parse().ok()?;
        let (stream, rules) = self.rules_of(body, item)?;
        let (through, from) = self.ways(body, stream, rules, part, input);
        Some(Touch {
            body: body.clone(),
            item: item.to_owned(),
            part,
            input: input.to_owned(),
            was: leaf.was.clone(),
            now: leaf.now.clone(),
            through,
            from,
        })
    }

    fn rules_of(&self, id: &BodyId, item: &str) -> Option<(&StreamRules, &Item)> {
        let body: &Body = self.published.bodies.iter().find(|body| body.body_id == *id)?;
        let rules = self.published.rule_pack.pack.families.get(&body.kind.family())?;
        rules.items().find(|(stream, rules)| stream.is_for(body.kind) && rules.id == item)
    }

    fn ways(
        &self,
        body: &BodyId,
        stream: &StreamRules,
        item: &Item,
        part: Part,
        input: &str,
    ) -> (Vec<Through>, Vec<Month>) {
        match (&item.rule, input) {
            (Rule::MomIncrease(_), "before") => {
                (vec![Through::MonthBefore], vec![self.published.month.previous()])
            }
            (Rule::BandRelative(rule), "reference") => {
                let of_group =
                    rule.against == Reference::GroupMedian && self.counts_of_the_month_differ();
                let group = of_group.then_some(Through::Group);
                let from = self.changed_history();
                let history = (!from.is_empty()).then_some(Through::History);
                (history.into_iter().chain(group).collect(), from)
            }
            _ => (self.ways_of_counts(body, stream, item, part), Vec::new()),
        }
    }

    fn counts_of_the_month_differ(&self) -> bool {
        self.published.tallies != self.now.tallies
    }

    /// The earlier months with other counts, of anybody: where a history begins depends on all.
    fn changed_history(&self) -> Vec<Month> {
        let (was, now) = (&self.published.earlier, &self.now.earlier);
        let changed = now.iter().filter(|(month, tallies)| was.get(month) != Some(tallies));
        changed.map(|(month, _)| *month).collect()
    }

    /// The ways of a value that the month's own counts have.
    fn ways_of_counts(
        &self,
        body: &BodyId,
        stream: &StreamRules,
        item: &Item,
        part: Part,
    ) -> Vec<Through> {
        let of_stream = item.rule.bases().into_iter().map(|base| (stream.counts, base));
        let named = item.rule.names();
        let elsewhere = named.iter().filter_map(|name| match name {
            Quantity::CountOf(counted, base) => Some((*counted, *base)),
            _ => None,
        });
        let counts = of_stream.chain(elsewhere).flat_map(|(counted, base)| {
            let both = [Some(base), undone_by(base)];
            both.into_iter().flatten().map(move |base| (counted, base))
        });
        let differ = |(counted, base): &(Counted, Base)| {
            let of = |tallies: &Tallies| -> [Counts; 2] {
                let own = tallies.sum(Cell { body, counts: *counted, part });
                [own, tallies.sum_of_pool(*counted)]
            };
            let (was, now) = (of(&self.published.tallies), of(&self.now.tallies));
            was.iter().zip(&now).any(|(was, now)| was.get(*base) != now.get(*base))
        };
        let mut ways: Vec<_> = counts.filter(differ).map(|(_, base)| way_of(base)).collect();
        if named.iter().any(|name| matches!(name, Quantity::Item(_))) {
            ways.push(Through::Item);
        }
        ways.sort_unstable();
        ways.dedup();
        ways
    }
}

const fn way_of(base: Base) -> Through {
    match base {
        Base::CarriedStart | Base::CarriedOpen | Base::CarriedClosed => Through::CarriedOver,
        Base::UndoOnTime | Base::UndoClosedOnTime => Through::SettlementCorrection,
        _ => Through::Counts,
    }
}
