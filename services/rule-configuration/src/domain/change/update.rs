//! Changing a body: joining, leaving, renaming (3.4).

use chengping_chassis::error::FieldErrors;
use chengping_types::registry::Body;
use chengping_types::{BodyId, BodyKind, Month};
use serde::Serialize;

use super::refuse_left_behind;
use crate::domain::registry::Standing;

/// New values of a body; what is none stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct BodyUpdate {
    pub body_id: BodyId,
    pub kind: Option<BodyKind>,
    pub name: Option<String>,
    pub parent: Option<Option<BodyId>>,
    pub valid_from: Option<Month>,
    pub valid_to: Option<Option<Month>>,
    pub assessment_code: Option<Option<String>>,
    /// The first month of the new values; without one they correct the newest period.
    pub effective_from: Option<Month>,
}

impl BodyUpdate {
    /// Changes the body, or makes it where there is none.
    pub(crate) fn apply(&self, standing: &mut Standing) -> Result<(), FieldErrors> {
        let before = standing.clone();
        let mut errors = FieldErrors::default();
        let newest = before.periods(&self.body_id).last();
        let period = match newest {
            Some(newest) => self.changed(&before, newest, &mut errors),
            None => self.created(&mut errors),
        };
        if let Some(period) = &period {
            self.check(&before, period, &mut errors);
        }
        errors.into_result()?;
        let Some(period) = period else { return Ok(()) };
        self.place(standing, newest, period);
        let mut errors = FieldErrors::default();
        let is_own = |found: &super::Reference| found.body == self.body_id;
        let field = if self.valid_from.is_some() { "body.valid_from" } else { "body.valid_to" };
        refuse_left_behind(&mut errors, field, (&before, standing), is_own);
        errors.into_result()
    }

    /// The period that the values make of the newest one.
    fn changed(&self, before: &Standing, newest: &Body, errors: &mut FieldErrors) -> Option<Body> {
        if self.kind.is_some_and(|kind| kind != newest.kind) {
            errors.push("body.kind", format!("is {} and never changes", newest.kind));
        }
        let mut body = Body {
            name: self.name.clone().unwrap_or_else(|| newest.name.clone()),
            parent: self.parent.clone().unwrap_or_else(|| newest.parent.clone()),
            assessment_code: self
                .assessment_code
                .clone()
                .unwrap_or_else(|| newest.assessment_code.clone()),
            ..newest.clone()
        };
        match self.effective_from {
            Some(from) if from < newest.valid_from => {
                let message = format!(
                    "lies before the newest period, which begins in {}; import the periods of the \
                     body instead",
                    newest.valid_from
                );
                errors.push("effective_from", message);
            }
            Some(from) => {
                body.valid_from = from;
                // Who had left and comes back stays until somebody says otherwise.
                body.valid_to = newest.valid_to.filter(|last| *last >= from);
            }
            None => body.valid_from = self.valid_from.unwrap_or(newest.valid_from),
        }
        body.valid_to = self.valid_to.unwrap_or(body.valid_to);
        let mut others = before.periods(&self.body_id);
        let collides = |former: &&Body| {
            former.valid_from != newest.valid_from
                && (former.is_valid_in(body.valid_from) || former.valid_from >= body.valid_from)
        };
        if let Some(former) = others.find(collides) {
            let message = format!("lies in or before the period from {}", former.valid_from);
            errors.push("body.valid_from", message);
        }
        Some(body)
    }

    fn created(&self, errors: &mut FieldErrors) -> Option<Body> {
        let from = self.effective_from.or(self.valid_from);
        for (field, is_missing) in [
            ("body.kind", self.kind.is_none()),
            ("body.display_name", self.name.is_none()),
            ("body.valid_from", from.is_none()),
        ] {
            if is_missing {
                errors.push(field, "must be set for a body that is new");
            }
        }
        Some(Body {
            body_id: self.body_id.clone(),
            kind: self.kind?,
            name: self.name.clone()?,
            parent: self.parent.clone().flatten(),
            valid_from: from?,
            valid_to: self.valid_to.flatten(),
            assessment_code: self.assessment_code.clone().flatten(),
        })
    }

    fn check(&self, before: &Standing, period: &Body, errors: &mut FieldErrors) {
        if period.valid_to.is_some_and(|last| last < period.valid_from) {
            let message = format!("lies before the first month, {}", period.valid_from);
            errors.push("body.valid_to", message);
        }
        let Some(parent) = &period.parent else { return };
        if *parent == self.body_id {
            errors.push("body.parent_body", "is the body itself");
        } else if before.periods(parent).next().is_none() {
            errors.push("body.parent_body", format!("{parent} is not registered"));
        }
    }

    fn place(&self, standing: &mut Standing, newest: Option<&Body>, period: Body) {
        if let Some(newest) = newest {
            let key = (newest.body_id.clone(), newest.valid_from);
            let ends = self.effective_from.is_some_and(|from| from > newest.valid_from);
            match standing.bodies.get_mut(&key).filter(|_| ends) {
                Some(former) if former.is_valid_in(period.valid_from) => {
                    former.valid_to = Some(period.valid_from.previous());
                }
                Some(_) => {}
                None => drop(standing.bodies.remove(&key)),
            }
        }
        standing.put(period);
    }
}
