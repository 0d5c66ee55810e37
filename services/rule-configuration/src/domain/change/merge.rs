//! Joining bodies into another one (3.4).

use std::collections::BTreeSet;

use chengping_chassis::error::FieldErrors;
use chengping_types::registry::{Area, Body, Coefficient};
use chengping_types::{BodyId, Month};
use serde::Serialize;

use super::refuse_left_behind;
use crate::domain::registry::Standing;

/// Which bodies go over to which, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Merge {
    /// The one that stays.
    pub into: BodyId,
    /// Those that go.
    pub merged: Vec<BodyId>,
    /// The first month in which they are one.
    pub from: Month,
    /// The coefficients of the one that stays, from that month on.
    pub coefficients: Vec<Coefficient>,
}

impl Merge {
    /// Ends the bodies that go, and gives their areas and sub-districts to the one that stays.
    pub(crate) fn apply(&self, standing: &mut Standing) -> Result<(), FieldErrors> {
        let before = standing.clone();
        let mut errors = FieldErrors::default();
        self.check(&before, &mut errors);
        errors.into_result()?;
        let merged: BTreeSet<_> = self.merged.iter().collect();
        for id in &self.merged {
            for body in before.periods(id).filter(|body| body.is_valid_in(self.from)) {
                let ended = Body { valid_to: Some(self.from.previous()), ..body.clone() };
                standing.put(ended);
            }
        }
        for area in before.areas.values() {
            self.hand_over_area(standing, area, &merged);
        }
        for body in before.bodies.values() {
            let has_gone = body.parent.as_ref().is_some_and(|parent| merged.contains(parent));
            if has_gone && !merged.contains(&body.body_id) {
                self.hand_over_child(standing, body);
            }
        }
        for row in &self.coefficients {
            standing.put(row.clone());
        }
        let mut errors = FieldErrors::default();
        let of_merged = |found: &super::Reference| merged.contains(&found.body);
        refuse_left_behind(&mut errors, "merged_bodies", (&before, standing), of_merged);
        errors.into_result()
    }

    fn check(&self, before: &Standing, errors: &mut FieldErrors) {
        let newest = before.periods(&self.into).last();
        match newest {
            None => errors.push("name", format!("body {} is not registered", self.into)),
            Some(body) if !body.is_valid_in(self.from) => {
                let message = format!("body {} is not evaluated in {}", self.into, self.from);
                errors.push("effective_from", message);
            }
            Some(_) => {}
        }
        if self.merged.is_empty() {
            errors.push("merged_bodies", "must name at least one body");
        }
        let mut seen = BTreeSet::new();
        for (index, id) in self.merged.iter().enumerate() {
            let mut push = |message| errors.push(format!("merged_bodies[{index}]"), message);
            let body = before.periods(id).last();
            if *id == self.into {
                push(format!("{id} is the body that stays"));
            } else if !seen.insert(id) {
                push(format!("{id} is named twice"));
            } else if let Some(body) = body {
                self.check_merged(body, newest, &mut push);
            } else {
                push(format!("body {id} is not registered"));
            }
        }
        for (index, row) in self.coefficients.iter().enumerate() {
            if row.body_id != self.into || row.valid_from != self.from {
                let message = format!("must be of body {} from {} on", self.into, self.from);
                errors.push(format!("coefficients[{index}]"), message);
            }
        }
    }

    fn check_merged(&self, body: &Body, into: Option<&Body>, push: &mut impl FnMut(String)) {
        let (id, from) = (&body.body_id, self.from);
        if into.is_some_and(|into| into.kind != body.kind) {
            push(format!("{id} is a {}, another kind than the body that stays", body.kind));
        }
        if body.valid_from >= from {
            let first = body.valid_from;
            push(format!("{id} has a period from {first} on; remove the row, or merge later"));
        } else if !body.is_valid_in(from) {
            push(format!("{id} has left before {from}"));
        }
    }

    fn hand_over_area(&self, standing: &mut Standing, area: &Area, merged: &BTreeSet<&BodyId>) {
        let named = [&area.district, &area.subdistrict, &area.window];
        let goes_on = area.valid_to.is_none_or(|last| last >= self.from);
        if !goes_on || !named.into_iter().flatten().any(|body| merged.contains(body)) {
            return;
        }
        let heir = |body: &Option<BodyId>| {
            body.as_ref().map(|body| if merged.contains(body) { &self.into } else { body }).cloned()
        };
        if area.valid_from < self.from {
            standing.put(Area { valid_to: Some(self.from.previous()), ..area.clone() });
        }
        standing.put(Area {
            district: heir(&area.district),
            subdistrict: heir(&area.subdistrict),
            window: heir(&area.window),
            valid_from: area.valid_from.max(self.from),
            ..area.clone()
        });
    }

    fn hand_over_child(&self, standing: &mut Standing, body: &Body) {
        if body.valid_to.is_some_and(|last| last < self.from) {
            return;
        }
        if body.valid_from < self.from {
            standing.put(Body { valid_to: Some(self.from.previous()), ..body.clone() });
        }
        let valid_from = body.valid_from.max(self.from);
        standing.put(Body { parent: Some(self.into.clone()), valid_from, ..body.clone() });
    }
}
