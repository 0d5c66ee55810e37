//! What provisional scores show, and what of it is news to a watcher.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chengping_rules::RulePack;
use chengping_scoring::{Evaluation, ItemResult, Scorecard, StreamResult};
use chengping_types::name::RulePackRevisionName;
use chengping_types::{BodyId, Exact, Instant, Month};

const MINUTE: i64 = 60_000_000;

/// The end of the minute that runs: how far provisional scores see (decisions.md 230).
pub(crate) fn minute_end(now: Instant) -> Instant {
    let micros = now.as_micros();
    Instant::from_micros(micros - micros.rem_euclid(MINUTE) + MINUTE)
}

/// A body, a stream of it, and an item of the stream.
pub(crate) type WarningPlace = (BodyId, String, String);

/// A body loses more on an item than the rules let pass (decisions.md 38).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Warning {
    /// The name of the item.
    pub(crate) name: String,
    /// The points that it loses.
    pub(crate) deduction: Exact,
    /// Out of how many.
    pub(crate) points: Exact,
    /// When it was first seen.
    pub(crate) since: Instant,
}

/// Since when warnings stand.
pub(crate) type Begun = BTreeMap<WarningPlace, Instant>;

/// The provisional scores at a moment.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub(crate) month: Month,
    pub(crate) watermark: u64,
    pub(crate) as_of: Instant,
    pub(crate) computed: Instant,
    pub(crate) rules: RulePackRevisionName,
    pub(crate) registry: u64,
    /// In registry order. Cards that are as they were are those of the picture before.
    pub(crate) cards: Vec<Arc<Scorecard>>,
    pub(crate) warnings: BTreeMap<WarningPlace, Arc<Warning>>,
}

/// What a picture follows from, beside its scores.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) watermark: u64,
    pub(crate) computed: Instant,
    pub(crate) rules: RulePackRevisionName,
    pub(crate) registry: u64,
}

impl Picture {
    /// The picture of an evaluation by `pack`, after the picture `before`; warnings that `begun` has
    /// stand since then.
    pub(crate) fn new(
        evaluation: Evaluation,
        pack: &RulePack,
        taken: Taken,
        before: Option<&Self>,
        begun: &Begun,
    ) -> Self {
        let mut known = before.map_or(&[][..], |before| &before.cards).iter();
        let mut warnings = BTreeMap::new();
        let mut cards = Vec::with_capacity(evaluation.scorecards.len());
        for card in evaluation.scorecards {
            for (place, warning) in warnings_of(pack, &card, taken.computed, begun) {
                warnings.insert(place, Arc::new(warning));
            }
            // Both are in registry order.
            let same = known.clone().position(|known| known.body_id == card.body_id);
            let same = same.and_then(|place| known.nth(place)).filter(|known| ***known == card);
            cards.push(same.map_or_else(|| Arc::new(card), Arc::clone));
        }
        Self {
            month: evaluation.month,
            watermark: taken.watermark,
            as_of: evaluation.as_of,
            computed: taken.computed,
            rules: taken.rules,
            registry: taken.registry,
            cards,
            warnings,
        }
    }

    /// Since when its warnings stand.
    pub(crate) fn begun(&self) -> Begun {
        let begun = self.warnings.iter();
        begun.map(|(place, warning)| (place.clone(), warning.since)).collect()
    }

    /// What is news to one who was shown `before`, of some bodies or of all.
    pub(crate) fn news(self: &Arc<Self>, before: Option<&Self>, bodies: &BTreeSet<BodyId>) -> News {
        let rules = |of: &Self| (of.month, of.registry, of.rules.clone());
        let before = before.filter(|before| rules(before) == rules(self));
        let wants = |body: &BodyId| bodies.is_empty() || bodies.contains(body);
        let cards = self.cards.iter().enumerate().filter(|(place, card)| {
            let known = before.and_then(|before| before.cards.get(*place));
            wants(&card.body_id)
                && known.is_none_or(|known| !Arc::ptr_eq(known, card) && **known != ***card)
        });
        let of = |of: Option<&Self>, other: Option<&Self>| -> Vec<_> {
            let all = of.into_iter().flat_map(|of| &of.warnings);
            let is_news = |(place, warning): &(&WarningPlace, &Arc<Warning>)| {
                let same = other.and_then(|other| other.warnings.get(place));
                wants(&place.0) && same.is_none_or(|same| same.since != warning.since)
            };
            all.filter(is_news).map(|(place, one)| (place.clone(), Arc::clone(one))).collect()
        };
        News {
            picture: Arc::clone(self),
            is_whole: before.is_none(),
            cards: cards.map(|(_, card)| Arc::clone(card)).collect(),
            over: of(before, Some(self)),
            begun: of(Some(self), before),
        }
    }
}

/// What a watcher is told.
#[derive(Debug)]
pub(crate) struct News {
    pub(crate) picture: Arc<Picture>,
    /// Whether it is all that there is.
    pub(crate) is_whole: bool,
    pub(crate) cards: Vec<Arc<Scorecard>>,
    /// Warnings that stand no longer.
    pub(crate) over: Vec<(WarningPlace, Arc<Warning>)>,
    /// Warnings that stand now.
    pub(crate) begun: Vec<(WarningPlace, Arc<Warning>)>,
}

fn warnings_of(
    pack: &RulePack,
    card: &Scorecard,
    now: Instant,
    begun: &Begun,
) -> impl Iterator<Item = (WarningPlace, Warning)> {
    let warned = card.items().filter(|(_, item)| item.warned);
    warned.filter_map(move |(stream, item)| {
        let place = (card.body_id.clone(), stream.id.clone(), item.id.clone());
        let since = begun.get(&place).copied().unwrap_or(now);
        let points = points(pack, card, stream, item)?;
        let (name, deduction) = (item.name.zh.clone(), item.deduction.clone());
        Some((place, Warning { name, deduction, points, since }))
    })
}

/// The points of an item, as the rules have it for the kind of the body.
fn points(
    pack: &RulePack,
    card: &Scorecard,
    stream: &StreamResult,
    item: &ItemResult,
) -> Option<Exact> {
    let family = pack.families.get(&card.kind.family())?;
    let mut streams = family.streams.iter().filter(|rules| rules.is_for(card.kind));
    let rules = streams.find(|rules| rules.id == stream.id)?;
    let item = rules.items.iter().find(|rules| rules.id == item.id)?;
    Some(item.rule.points().value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_view_is_the_end_of_the_minute_that_runs() {
        let of = |text: &str| minute_end(Instant::parse(text).unwrap()).to_string();
        let expected = Instant::parse("2018-04-01T00:01:00+08:00").unwrap().to_string();
        assert_eq!(of("2018-04-01T00:00:00+08:00"), expected);
        assert_eq!(of("2018-04-01T00:00:59.999999+08:00"), expected);
        assert_ne!(of("2018-04-01T00:01:00+08:00"), expected);
        assert_eq!(minute_end(Instant::from_micros(-1)), Instant::from_micros(0));
    }
}
