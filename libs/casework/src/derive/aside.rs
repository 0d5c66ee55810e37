//! Events beside the handling: orders, visits and exemptions.

use chengping_types::Instant;

use super::Question;
use super::months::Period;
use crate::fact::Satisfaction;
use crate::{Event, EventKind};

/// The orders and visits of the month asked for, and when exemptions were decided.
#[derive(Debug, Clone, Default)]
pub(super) struct Aside {
    pub(super) orders_first: u16,
    pub(super) orders_repeated: u16,
    pub(super) orders_weight: u32,
    pub(super) visits: [u16; 5],
    pub(super) exempt_late_at: Option<Instant>,
    pub(super) exempt_rework_at: Option<Instant>,
}

impl Aside {
    /// `sorted` is in time order.
    pub(super) fn of(sorted: &[&Event], question: &Question, asked: &Period) -> Self {
        let mut aside = Self::default();
        let mut orders = 0_usize;
        for event in sorted {
            match event.kind {
                EventKind::Exempted => aside.exempt(event),
                _ if !question.view.shows(event) => {}
                EventKind::Ordered => orders += 1,
                EventKind::Visited if asked.holds(event.at) => aside.visit(event),
                _ => {}
            }
        }
        if orders > 0 {
            aside.count_orders(sorted, question, asked, orders);
        }
        aside
    }

    pub(super) fn has_counts(&self) -> bool {
        self.orders_first > 0 || self.orders_repeated > 0 || self.visits != [0; 5]
    }

    fn exempt(&mut self, event: &Event) {
        let first = |known: &mut Option<Instant>| *known = known.or(Some(event.at));
        let all = event.is("all");
        if all || event.is("late") {
            first(&mut self.exempt_late_at);
        }
        if all || event.is("rework") {
            first(&mut self.exempt_rework_at);
        }
    }

    fn visit(&mut self, event: &Event) {
        let outcome = event.outcome.as_deref().and_then(|text| text.parse::<Satisfaction>().ok());
        if let Some(outcome) = outcome {
            let visits = &mut self.visits[usize::from(outcome.code())];
            *visits = visits.saturating_add(1);
        }
    }

    /// Counts the orders of the month that stand. The n-th is the n-th by time, withdrawn ones
    /// included; a withdrawal takes back the latest that stands (decisions.md 15).
    ///
    /// Read backwards: then a withdrawal meets the order it takes back next, and no list of
    /// standing orders is needed.
    fn count_orders(
        &mut self,
        sorted: &[&Event],
        question: &Question,
        asked: &Period,
        orders: usize,
    ) {
        let (mut number, mut withdrawn) = (orders, 0_usize);
        for event in sorted.iter().rev().filter(|event| question.view.shows(event)) {
            match event.kind {
                EventKind::OrderWithdrawn => withdrawn += 1,
                EventKind::Ordered => {
                    let stands = withdrawn == 0;
                    withdrawn = withdrawn.saturating_sub(1);
                    if stands && asked.holds(event.at) {
                        let count = if number == 1 {
                            &mut self.orders_first
                        } else {
                            &mut self.orders_repeated
                        };
                        *count = count.saturating_add(1);
                        self.orders_weight = self.orders_weight.saturating_add(weight(number));
                    }
                    number -= 1;
                }
                _ => {}
            }
        }
    }
}

/// 2ⁿ⁻¹ of the n-th order, as far as it fits.
fn weight(number: usize) -> u32 {
    let doublings = u32::try_from(number.saturating_sub(1)).unwrap_or(u32::MAX);
    1_u32.checked_shl(doublings).unwrap_or(u32::MAX)
}
