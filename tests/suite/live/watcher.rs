//! Somebody who watches live scores, and compares them with evaluations.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chengping_proto::scoring::v1 as pb;
use chengping_proto::scoring::v1::download_evaluation_request::Document;
use chengping_scoring::{Input, score};
use prost_types::Timestamp;
use tonic::{Status, Streaming};

use super::town::{Client, Scoring, TOWN, Town, ask};

const PATIENCE: Duration = Duration::from_secs(120);
const MICROS: i64 = 1_000_000;

type Place = (String, String, String);

/// What was told so far, put together.
pub(crate) struct Watcher {
    stream: Streaming<pb::WatchLiveScoresResponse>,
    pub(crate) last: pb::WatchLiveScoresResponse,
    pub(crate) messages: usize,
    cards: BTreeMap<String, pb::Scorecard>,
    pub(crate) warnings: BTreeMap<Place, pb::LiveWarning>,
    /// How many messages told all.
    pub(crate) wholes: usize,
    /// Warnings that ended.
    pub(crate) over: usize,
}

fn micros(time: Option<&Timestamp>) -> i64 {
    time.map_or(0, |time| time.seconds * MICROS + i64::from(time.nanos) / 1_000)
}

impl Watcher {
    pub(crate) async fn start(scoring: &Scoring) -> Self {
        Self::start_by(scoring.client()).await
    }

    pub(crate) async fn start_by(mut client: Client) -> Self {
        let stream = client.watch_live_scores(ask()).await.unwrap().into_inner();
        let mut watcher = Self {
            stream,
            messages: 0,
            last: pb::WatchLiveScoresResponse::default(),
            cards: BTreeMap::new(),
            warnings: BTreeMap::new(),
            wholes: 0,
            over: 0,
        };
        watcher.next().await.unwrap();
        assert!(watcher.last.is_whole, "the first message has all");
        watcher
    }

    /// Takes in the next message.
    pub(crate) async fn next(&mut self) -> Result<(), Status> {
        let message = tokio::time::timeout(PATIENCE, self.stream.message()).await;
        let message = message.expect("news in time")?.expect("the stream goes on");
        self.messages += 1;
        if message.is_whole {
            self.wholes += 1;
            self.cards.clear();
            self.warnings.clear();
        } else {
            assert!(message.watermark >= self.last.watermark);
            assert!(micros(message.as_of.as_ref()) >= micros(self.last.as_of.as_ref()));
        }
        for card in &message.scorecards {
            assert!(card.name.is_empty() && card.items.is_empty());
            self.cards.insert(card.body_id.clone(), card.clone());
        }
        for warning in &message.warnings {
            let place = (warning.body_id.clone(), warning.stream.clone(), warning.item.clone());
            if warning.is_over {
                assert!(self.warnings.remove(&place).is_some(), "{place:?} was told before");
                self.over += 1;
            } else {
                self.warnings.insert(place, warning.clone());
            }
        }
        self.last = message;
        Ok(())
    }

    /// Waits until everything that there is now is told, as far as the minute that runs.
    pub(crate) async fn catch_up(&mut self, town: &Town) {
        let (watermark, now) = (town.watermark().await, town.clock.micros());
        let as_of = now - now.rem_euclid(60 * MICROS) + 60 * MICROS;
        while (self.last.watermark, micros(self.last.as_of.as_ref())) != (watermark, as_of) {
            self.next().await.unwrap();
        }
    }

    /// Waits until what was told is what an evaluation at the same view says. Every look moves the
    /// clock on to the next minute, so that there is always another message.
    pub(crate) async fn converge(&mut self, town: &Town, client: &mut Client) {
        while self.difference(&self.expected(town, client).await).is_some() {
            self.next().await.unwrap();
        }
    }

    /// All that was told is what an evaluation at the same view says, for every body. The clock is set
    /// to the end of the minute for it.
    #[track_caller]
    pub(crate) fn assert_is(&self, expected: &Expected) {
        if let Some(difference) = self.difference(expected) {
            panic!("{difference}");
        }
    }

    pub(crate) fn difference(&self, expected: &Expected) -> Option<String> {
        if self.last.watermark != expected.watermark || self.last.month != expected.month {
            return Some(format!("{:?} is of other records or another month", self.last));
        }
        let (bodies, found): (Vec<_>, Vec<_>) =
            (expected.cards.keys().collect(), self.cards.keys().collect());
        if bodies != found {
            return Some(format!("{found:?} instead of {bodies:?}"));
        }
        for (body, card) in &expected.cards {
            if &self.cards[body] != card {
                return Some(format!("{body}: {:?} instead of {card:?}", self.cards[body]));
            }
        }
        let warned: BTreeSet<_> = self.warnings.keys().cloned().collect();
        (warned != expected.warned)
            .then(|| format!("{warned:?} are warned instead of {:?}", expected.warned))
    }

    /// The evaluation at the view of the last message.
    pub(crate) async fn expected(&self, town: &Town, client: &mut Client) -> Expected {
        let as_of = self.last.as_of;
        town.clock.set(micros(as_of.as_ref()));
        let evaluation = pb::Evaluation {
            month: self.last.month.clone(),
            as_of,
            decided: as_of,
            ..Default::default()
        };
        let request = pb::CreateEvaluationRequest {
            parent: TOWN.to_owned(),
            evaluation: Some(evaluation),
            ..Default::default()
        };
        let evaluation = client.create_evaluation(request).await.unwrap().into_inner();
        let request = pb::ListScorecardsRequest {
            parent: evaluation.name.clone(),
            page_size: 1_000,
            ..Default::default()
        };
        let page = client.list_scorecards(request).await.unwrap().into_inner();
        assert!(page.next_page_token.is_empty());
        let cards = page.scorecards.into_iter().map(|card| {
            let card = pb::Scorecard { name: String::new(), ..card };
            (card.body_id.clone(), card)
        });
        let (month, watermark) = (evaluation.month.clone(), evaluation.watermark);
        let warned = warned(client, evaluation.name).await;
        Expected { month, watermark, cards: cards.collect(), warned }
    }
}

/// What an evaluation says.
pub(crate) struct Expected {
    month: String,
    watermark: i64,
    pub(crate) cards: BTreeMap<String, pb::Scorecard>,
    warned: BTreeSet<Place>,
}

/// The items of which an evaluation warns, from what it kept.
async fn warned(client: &mut Client, name: String) -> BTreeSet<Place> {
    let request = pb::DownloadEvaluationRequest { name, document: Document::Input.into() };
    let mut parts = client.download_evaluation(request).await.unwrap().into_inner();
    let mut bytes = Vec::new();
    while let Some(part) = parts.message().await.unwrap() {
        bytes.extend(part.data);
    }
    let evaluation = score(&Input::from_json(&bytes).unwrap());
    let mut warned = BTreeSet::new();
    for card in &evaluation.scorecards {
        for (stream, item) in card.items().filter(|(_, item)| item.warned) {
            warned.insert((card.body_id.to_string(), stream.id.clone(), item.id.clone()));
        }
    }
    warned
}
