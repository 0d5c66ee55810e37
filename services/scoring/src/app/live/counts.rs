//! Counts that are carried on from one moment to the next.

use std::collections::BTreeMap;
use std::sync::Arc;

use chengping_casework::{Fact, Question};
use chengping_scoring::{Attributor, Evaluation, Input, Tallies, TooFew, score};
use chengping_types::{Instant, Month};
use tokio::task::spawn_blocking;

use super::basis::Basis;
use crate::app::tallies::count;
use crate::error::Error;
use crate::peers::Peers;

/// The counts of the month that runs and of those that the rules look back to.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    /// How many records they were counted from.
    pub(super) watermark: u64,
    /// How far the month that runs is seen.
    pub(super) as_of: Instant,
    /// By month; one without a count may be absent.
    pub(super) tallies: BTreeMap<Month, Tallies>,
}

/// What other counts have less and more.
#[derive(Debug)]
pub(super) struct Difference {
    watermark: u64,
    as_of: Instant,
    away: BTreeMap<Month, Tallies>,
    added: BTreeMap<Month, Tallies>,
}

/// How counts are made, cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Counter {
    pub(super) peers: Peers,
    pub(super) basis: Arc<Basis>,
    attributors: Arc<BTreeMap<Month, Attributor>>,
}

impl Counter {
    pub(super) fn new(peers: Peers, basis: Basis, as_of: Instant) -> Self {
        let attributors = Arc::new(basis.attributors(as_of));
        Self { peers, basis: Arc::new(basis), attributors }
    }

    /// Counts all facts.
    pub(super) async fn count(&self, watermark: u64, as_of: Instant) -> Result<Counts, Error> {
        let Basis { in_force, registry, .. } = &*self.basis;
        let questions = self.basis.questions(as_of);
        let tallies = count(&self.peers, &in_force.rules, registry, watermark, &questions).await?;
        Ok(Counts { watermark, as_of, tallies })
    }

    /// What counts at `watermark` and `as_of` have less and more than those at a former moment.
    pub(super) async fn difference(
        &self,
        (former_watermark, former_as_of): (u64, Instant),
        (watermark, as_of): (u64, Instant),
    ) -> Result<Difference, Error> {
        let mut difference =
            Difference { watermark, as_of, away: BTreeMap::new(), added: BTreeMap::new() };
        if (former_watermark, former_as_of) == (watermark, as_of) {
            return Ok(difference);
        }
        let questions = self.basis.questions(as_of);
        let former: Vec<Question> = self.basis.questions(former_as_of);
        let jurisdiction = &self.basis.registry.jurisdiction;
        let former = (&former[..], former_watermark);
        let mut facts = self.peers.facts_since(jurisdiction, &questions, watermark, former).await?;
        while let Some((month, is_former, facts)) = facts.next_difference().await? {
            let attributors = Arc::clone(&self.attributors);
            difference = spawn_blocking(move || {
                difference.add(&attributors[&month], is_former, &facts);
                difference
            })
            .await?;
        }
        Ok(difference)
    }
}

impl Difference {
    fn add(&mut self, attributor: &Attributor, is_former: bool, facts: &[Fact]) {
        let side = if is_former { &mut self.away } else { &mut self.added };
        let tallies = side.entry(attributor.month()).or_default();
        facts.iter().for_each(|fact| tallies.add(fact, &attributor.attribute(fact)));
    }
}

impl Counts {
    /// Carries the counts on.
    ///
    /// # Errors
    /// If there is less than is to be taken out: the counts are not what they should be, and are of no
    /// use any more.
    pub(super) fn apply(&mut self, difference: &Difference) -> Result<(), TooFew> {
        for (month, away) in &difference.away {
            self.tallies.entry(*month).or_default().subtract(away)?;
        }
        for (month, added) in &difference.added {
            self.tallies.entry(*month).or_default().merge(added);
        }
        (self.watermark, self.as_of) = (difference.watermark, difference.as_of);
        Ok(())
    }

    /// Scores by an input that lacks its counts; gives it back without them.
    pub(super) fn score(&mut self, mut input: Input) -> (Input, Evaluation) {
        (input.as_of, input.decided) = (self.as_of, self.as_of);
        let mut all = std::mem::take(&mut self.tallies);
        input.tallies = all.remove(&input.month).unwrap_or_default();
        // As an evaluation has it: which months there are decides who has a history.
        all.retain(|_, tallies| *tallies != Tallies::default());
        input.earlier = all;
        let evaluation = score(&input);
        self.tallies = std::mem::take(&mut input.earlier);
        self.tallies.insert(input.month, std::mem::take(&mut input.tallies));
        (input, evaluation)
    }
}
