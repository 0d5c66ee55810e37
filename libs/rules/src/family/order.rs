//! The order in which items can be computed: what an item names comes before it.

use std::collections::BTreeMap;

use super::{FamilyRules, Item};
use crate::quantity::Quantity;

/// Where an item stands: the index of its stream, and its index there.
pub type ItemPlace = (usize, usize);

impl FamilyRules {
    /// The places of all items, each after those that its formulas name and otherwise in the order
    /// of the pack.
    pub fn order(&self) -> Vec<ItemPlace> {
        self.try_order().unwrap_or_default()
    }

    /// The order, or the items of a circle.
    pub(super) fn try_order(&self) -> Result<Vec<ItemPlace>, Vec<String>> {
        let mut search = Search { family: self, states: BTreeMap::new(), order: Vec::new() };
        for place in self.places() {
            search.visit(place, &mut Vec::new())?;
        }
        Ok(search.order)
    }

    fn places(&self) -> impl Iterator<Item = ItemPlace> {
        let streams = self.streams.iter().enumerate();
        streams.flat_map(|(stream, rules)| (0..rules.items.len()).map(move |item| (stream, item)))
    }

    fn place_of(&self, id: &str) -> Option<ItemPlace> {
        self.places().find(|(stream, item)| self.streams[*stream].items[*item].id == id)
    }
}

impl Item {
    /// The items that the formulas of this one name.
    pub fn named_items(&self) -> Vec<String> {
        let named = self.names().into_iter().filter_map(|name| match name {
            Quantity::Item(id) => Some(id),
            _ => None,
        });
        named.collect()
    }
}

/// A depth-first search.
struct Search<'f> {
    family: &'f FamilyRules,
    /// Whether a place that was entered has been left.
    states: BTreeMap<ItemPlace, bool>,
    order: Vec<ItemPlace>,
}

impl Search<'_> {
    fn visit(&mut self, place: ItemPlace, path: &mut Vec<String>) -> Result<(), Vec<String>> {
        let item = &self.family.streams[place.0].items[place.1];
        path.push(item.id.clone());
        match self.states.get(&place) {
            Some(true) => {}
            Some(false) => {
                let start = path.iter().position(|id| *id == item.id).unwrap_or(0);
                return Err(path.split_off(start));
            }
            None => {
                self.states.insert(place, false);
                for named in item.named_items() {
                    if let Some(place) = self.family.place_of(&named) {
                        self.visit(place, path)?;
                    }
                }
                self.states.insert(place, true);
                self.order.push(place);
            }
        }
        path.pop();
        Ok(())
    }
}
