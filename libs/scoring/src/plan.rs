//! What is the same for all bodies of a family: its items, ready to be read and computed.

use std::collections::BTreeSet;
use std::sync::Arc;

use chengping_rules::{
    BandTable, FamilyRules, Item, ItemPlace, MonthWeights, Quantity, Rule, RulePack, StreamRules,
};
use chengping_types::registry::GridClass;
use chengping_types::{Exact, Month, Zone};

use crate::attribution::Part;
use crate::comparison::parts;
use crate::evaluation::{ItemText, StreamText};

/// The rules of a family in a month.
pub(crate) struct Plan<'a> {
    pub(crate) rules: &'a FamilyRules,
    /// By stream.
    pub(crate) streams: Vec<StreamPlan<'a>>,
    /// The items, each after those that it names, and whether others name it.
    pub(crate) order: Vec<(ItemPlace, bool)>,
    /// The lengths of the evaluated month and of the one before, in days.
    pub(crate) days: [u8; 2],
}

/// A stream.
pub(crate) struct StreamPlan<'a> {
    pub(crate) rules: &'a StreamRules,
    pub(crate) text: Arc<StreamText>,
    /// By item.
    pub(crate) items: Vec<ItemPlan<'a>>,
    /// The parts in which it is computed.
    pub(crate) parts: &'static [Part],
    pub(crate) looks_back: bool,
    /// What its items name.
    pub(crate) names: Vec<Quantity>,
    /// The points that its items can deduct.
    pub(crate) points: Exact,
    /// The weight of each part (5.2.5).
    weights: Vec<Exact>,
    /// The shares of its parts where all of them have data.
    shares: Vec<Exact>,
}

/// An item.
pub(crate) struct ItemPlan<'a> {
    pub(crate) rules: &'a Item,
    pub(crate) text: Arc<ItemText>,
    /// The names in its rule, where deductions of other items are among them.
    pub(crate) open_names: Option<Vec<Quantity>>,
    /// The same of its limit.
    pub(crate) open_limit_names: Option<Vec<Quantity>>,
    bands: Option<&'a BandTable>,
    bands_of_class_2: Option<&'a BandTable>,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(pack: &'a RulePack, rules: &'a FamilyRules, month: Month) -> Self {
        let named: BTreeSet<_> = rules.items().flat_map(|(_, item)| item.named_items()).collect();
        let is_named =
            |(stream, item): ItemPlace| named.contains(&rules.streams[stream].items[item].id);
        let weights = rules.zones.as_ref().map(|zones| zones.in_month(month));
        let stream = |stream| StreamPlan::new(pack, rules, stream, weights.as_ref());
        Self {
            rules,
            streams: rules.streams.iter().map(stream).collect(),
            order: rules.order().into_iter().map(|place| (place, is_named(place))).collect(),
            days: [month.days(), month.previous().days()],
        }
    }
}

impl<'a> StreamPlan<'a> {
    fn new(
        pack: &'a RulePack,
        family: &FamilyRules,
        rules: &'a StreamRules,
        weights: Option<&MonthWeights>,
    ) -> Self {
        let names: BTreeSet<_> = rules.items.iter().flat_map(|item| item.rule.names()).collect();
        let parts = parts(family, rules);
        let weight = |part: &Part| match (weights, part) {
            (Some(weights), Part::Key) => weights.of(Zone::Key).clone(),
            (Some(weights), Part::General) => weights.of(Zone::General).clone(),
            (None, _) | (_, Part::All) => Exact::ONE,
        };
        let weights: Vec<_> = parts.iter().map(weight).collect();
        Self {
            rules,
            text: Arc::new(StreamText { id: rules.id.clone(), cap: rules.cap.value.clone() }),
            items: rules.items.iter().map(|item| ItemPlan::new(pack, item)).collect(),
            parts,
            looks_back: rules.looks_back(),
            names: names.into_iter().collect(),
            points: rules.points(),
            shares: shares(&weights),
            weights,
        }
    }

    /// The share of each part: its weight over that of all parts with data; zero without data.
    pub(crate) fn shares(&self, has_data: impl Iterator<Item = bool> + Clone) -> Vec<Exact> {
        if has_data.clone().all(|has_data| has_data) {
            return self.shares.clone();
        }
        let weights = self.weights.iter().zip(has_data);
        let weights = weights.map(|(weight, has)| if has { weight.clone() } else { Exact::ZERO });
        shares(&weights.collect::<Vec<_>>())
    }
}

fn shares(weights: &[Exact]) -> Vec<Exact> {
    let all: Exact = weights.iter().sum();
    weights.iter().map(|weight| weight.checked_div(&all).unwrap_or_default()).collect()
}

impl<'a> ItemPlan<'a> {
    fn new(pack: &'a RulePack, item: &'a Item) -> Self {
        let table = |name: &String| pack.bands.get(name);
        let (bands, bands_of_class_2) = match &item.rule {
            Rule::Band(rule) => {
                (table(&rule.bands), rule.bands_of_class_2.as_ref().and_then(table))
            }
            Rule::BandRelative(rule) => (table(&rule.bands), None),
            _ => (None, None),
        };
        let limit_names = item.limit.as_ref().map(|limit| limit.names()).unwrap_or_default();
        Self {
            rules: item,
            text: Arc::new(ItemText {
                id: item.id.clone(),
                name: item.name.clone(),
                aspect: item.aspect,
                clause: item.source.clause.clone(),
                provenance: item.source.provenance.clone(),
            }),
            open_names: open(item.rule.names()),
            open_limit_names: open(limit_names),
            bands,
            bands_of_class_2,
        }
    }

    /// Its band table, for a body whose grids are of a class.
    pub(crate) fn bands_of(&self, class: GridClass) -> &'a BandTable {
        let of_class = self.bands_of_class_2.filter(|_| class == GridClass::Two);
        of_class.or(self.bands).expect("a pack names only tables that it has")
    }
}

fn open(names: Vec<Quantity>) -> Option<Vec<Quantity>> {
    names.iter().any(|name| matches!(name, Quantity::Item(_))).then_some(names)
}
