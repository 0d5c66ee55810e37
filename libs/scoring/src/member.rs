//! What an input has of each evaluated body, found once.

use std::collections::BTreeMap;

use chengping_casework::Base;
use chengping_rules::{Counted, Group};
use chengping_types::Month;
use chengping_types::registry::Body;

use crate::attributes::Attributes;
use crate::cells::Cells;
use crate::input::Input;
use crate::tally::{BodyTallies, Tallies};

/// What is known of an evaluated body.
pub(crate) struct Member<'a> {
    pub(crate) body: &'a Body,
    /// Its earlier periods.
    former: Vec<&'a Body>,
    pub(crate) group: Option<&'a Group>,
    /// Its counts of the evaluated month.
    pub(crate) now: Cells<'a>,
    /// Those of the month before.
    pub(crate) before: Cells<'a>,
    /// Those of earlier months, oldest first; none in a month without a count of it.
    pub(crate) history: Vec<(Month, Option<&'a BodyTallies>)>,
    /// What the registry knows of it.
    pub(crate) attributes: Attributes<'a>,
}

impl Member<'_> {
    /// Whether the body was evaluated in `month`, under whatever name.
    pub(crate) fn is_valid_in(&self, month: Month) -> bool {
        self.body.is_valid_in(month) || self.former.iter().any(|body| body.is_valid_in(month))
    }
}

/// The evaluated bodies, in registry order.
pub(crate) fn members<'a>(input: &'a Input) -> Vec<Member<'a>> {
    let mut attributes: BTreeMap<_, Attributes<'_>> = BTreeMap::new();
    for row in &input.coefficients {
        attributes.entry(&row.body_id).or_default().0.push(row);
    }
    let mut former: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for body in &input.former_periods {
        former.entry(&body.body_id).or_default().push(body);
    }
    let history = history(input);
    let member = |body: &'a Body| Member {
        body,
        former: former.get(&body.body_id).cloned().unwrap_or_default(),
        group: input.rule_pack.pack.group_of(body.kind),
        now: Cells::default(),
        before: Cells::default(),
        history: Vec::with_capacity(history.len()),
        attributes: attributes.get(&body.body_id).cloned().unwrap_or_default(),
    };
    let mut members: Vec<_> = input.bodies.iter().map(member).collect();
    let mut by_id: Vec<_> = members.iter_mut().collect();
    by_id.sort_by_key(|member| &member.body.body_id);
    let cells = |found| Cells::of_body(found, Counted::All);
    each(&mut by_id, Some(&input.tallies), |member, found| member.now = cells(found));
    let last_month = input.earlier.get(&input.month.previous());
    each(&mut by_id, last_month, |member, found| member.before = cells(found));
    for month in history {
        let tallies = input.earlier.get(&month);
        each(&mut by_id, tallies, |member, found| member.history.push((month, found)));
    }
    members
}

/// Gives each of the members, in the order of their identifiers, its counts of a month. Both are
/// in that order, so that one walk finds all.
fn each<'a>(
    members: &mut [&mut Member<'a>],
    tallies: Option<&'a Tallies>,
    mut give: impl FnMut(&mut Member<'a>, Option<&'a BodyTallies>),
) {
    let mut counted = tallies.into_iter().flat_map(|tallies| &tallies.bodies).peekable();
    for member in members {
        let id = &member.body.body_id;
        while counted.next_if(|(other, _)| *other < id).is_some() {}
        let found = counted.peek().filter(|(other, _)| *other == id);
        give(member, found.map(|(_, streams)| *streams));
    }
}

/// The months before the evaluated one, from the first with a filed case on.
fn history(input: &Input) -> Vec<Month> {
    let filed = |month: &Month| {
        input.earlier.get(month).is_some_and(|month| month.jurisdiction().get(Base::Filed) > 0)
    };
    let months = i32::try_from(input.rule_pack.pack.scoring.history_months).unwrap_or(i32::MAX);
    let window = (1..=months).rev().map(|back| input.month.plus(-back));
    window.skip_while(|month| !filed(month)).collect()
}
