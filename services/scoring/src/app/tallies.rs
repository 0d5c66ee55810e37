//! The counts of a month and of the months before it, remembered by what they were counted from.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::Duration;

use chengping_casework::Question;
use chengping_scoring::{
    Attributor, ENGINE, FactTable, PackRevision, Tallies, all_questions, counting_digest,
};
use chengping_types::{Digest, Month, canonical};

use crate::error::Error;
use crate::peers::{FixedSnapshot, Peers, RegistryRevision};

/// Nothing remembered can be stale; this only bounds how long it takes space.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// Facts that are in memory at a time, of all months together.
const FACTS_AT_ONCE: usize = 1 << 20;

/// Counts for one evaluation.
pub(super) struct Counter<'a> {
    pub(super) peers: &'a Peers,
    pub(super) rules: &'a PackRevision,
    pub(super) registry: &'a RegistryRevision,
    pub(super) snapshot: &'a FixedSnapshot,
}

impl Counter<'_> {
    /// The counts of the month that the question is about, and of those that the rules look back
    /// to, each as it was frozen. What is not remembered is counted in one reading.
    pub(super) async fn tallies(
        &self,
        question: &Question,
    ) -> Result<(Tallies, BTreeMap<Month, Tallies>), Error> {
        let questions = all_questions(question, &self.rules.pack);
        let (mut known, mut unknown) = (BTreeMap::new(), Vec::new());
        for question in questions {
            match self.remembered(&question).await {
                Some(tallies) => drop(known.insert(question.month, tallies)),
                None => unknown.push(question),
            }
        }
        let Self { peers, rules, registry, snapshot } = self;
        let mut counted = count(peers, rules, registry, snapshot.watermark, &unknown).await?;
        for question in &unknown {
            let tallies = counted.remove(&question.month).unwrap_or_default();
            self.remember(question, &tallies).await;
            known.insert(question.month, tallies);
        }
        let tallies = known.remove(&question.month).unwrap_or_default();
        known.retain(|_, tallies| *tallies != Tallies::default());
        Ok((tallies, known))
    }

    async fn remembered(&self, question: &Question) -> Option<Tallies> {
        read(&self.peers.cache.get(&self.key(question)).await?)
    }

    async fn remember(&self, question: &Question, tallies: &Tallies) {
        if let Ok(bytes) = canonical::to_vec(tallies) {
            self.peers.cache.put(&self.key(question), bytes.into(), REMEMBERED).await;
        }
    }

    /// The watermark counts records, and the digest tells which they are: after a restore, other
    /// records reach the same number. The jurisdiction is a hash tag, so that its keys lie together
    /// in a cluster.
    fn key(&self, question: &Question) -> String {
        let of = format!(
            "{ENGINE} {} {} {} {} {} {} {}",
            question.month,
            question.view.as_of,
            question.view.decided,
            self.snapshot.watermark,
            self.snapshot.digest,
            counting_digest(&self.rules.pack),
            self.registry.digest,
        );
        let (jurisdiction, digest) = (&self.registry.jurisdiction, Digest::of(of.as_bytes()));
        format!("chengping:{{{jurisdiction}}}:tallies:2:{digest}")
    }
}

/// The counts that answer each question, in one reading of the facts among the first `watermark`
/// records.
pub(super) async fn count(
    peers: &Peers,
    rules: &PackRevision,
    registry: &RegistryRevision,
    watermark: u64,
    questions: &[Question],
) -> Result<BTreeMap<Month, Tallies>, Error> {
    if questions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let counting = |question: &Question| {
        let attributor = Attributor::new(&rules.pack, &registry.registry, question.month);
        (question.month, Counting(FactTable::new(attributor), Tallies::default()))
    };
    let mut months: BTreeMap<_, _> = questions.iter().map(counting).collect();
    let room = FACTS_AT_ONCE / months.len();
    let mut stream = peers.facts_to_count(&registry.jurisdiction, questions, watermark).await?;
    while let Some((month, columns)) = stream.next_columns().await? {
        let mut counting = months.remove(&month).expect("the stream gives what was asked for");
        counting.0.extend_columns(&columns)?;
        if counting.0.len() >= room {
            counting = counting.count().await?;
        }
        months.insert(month, counting);
    }
    let mut counted = BTreeMap::new();
    for (month, counting) in months {
        counted.insert(month, counting.count().await?.1);
    }
    Ok(counted)
}

/// The facts of a month that wait to be counted, and what is counted of it.
struct Counting(FactTable, Tallies);

impl Counting {
    /// Counts what waits, off the runtime's threads.
    async fn count(self) -> Result<Self, Error> {
        let counting = tokio::task::spawn_blocking(move || {
            let Self(mut table, mut tallies) = self;
            tallies.merge(&table.tally(available_parallelism().unwrap_or(NonZeroUsize::MIN)));
            table.clear();
            Self(table, tallies)
        });
        Ok(counting.await?)
    }
}

/// Remembered counts, if they are just what was once written. The cache tells damage from what it
/// was given; who may write to it is trusted, as who may write to the database.
fn read(bytes: &[u8]) -> Option<Tallies> {
    let tallies: Tallies = serde_json::from_slice(bytes).ok()?;
    let written = canonical::to_vec(&tallies).ok()?;
    (written == bytes).then_some(tallies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bytes_of_counts_are_counts() {
        let good = br#"{"bodies":{},"total":{"regular":{"due":3}}}"#;
        assert!(read(good).is_some());
        for bad in [
            &br#""#[..],
            br#"{"bodies":{}}"#,
            br#"{"bodies":{},"total":{"regular":{"due":0}}}"#,
            br#"{"bodies":{},"total":{"regular":{"due":-3}}}"#,
            br#"{"bodies":{},"total":{"regular":{"due":1,"due":3}}}"#,
            br#"{"bodies":{},"total":{"regular":{"due":3}},"more":1}"#,
            br#"{"bodies":{},"total":{"regular":{"due":3}}} "#,
        ] {
            assert_eq!(read(bad), None, "{}", String::from_utf8_lossy(bad));
        }
    }
}
