//! Reading a version: what of its documents people are shown.

use std::collections::BTreeMap;

use chengping_casework::Base;
use chengping_ledger::reported::{Reported, check};
use chengping_rules::{FamilyRules, Scoring};
use chengping_scoring::{Counts, PackReference, PackRevision, State, Tallies};
use chengping_types::registry::Body;
use chengping_types::{
    BodyId, BodyKind, Digest, Exact, ExactError, Instant, JurisdictionId, Month, TimestampError,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::group::{Group, ItemHead, Line, Loss};
use crate::words::clean;
use crate::{Bulletin, FORMER_MAX, Figure, Former, Standing, reported};

/// Why a document cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not what was expected.
    #[error("the {document} cannot be read for a bulletin")]
    Json {
        /// Which document.
        document: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Results and input are not of one evaluation.
    #[error("the results have {body}, of which the input says nothing")]
    UnknownBody {
        /// The body.
        body: BodyId,
    },
    /// The rules have no such group.
    #[error("the results have {body} in the group {group:?}, which the rules inside do not have")]
    UnknownGroup {
        /// The body.
        body: BodyId,
        /// Its group.
        group: String,
    },
}

/// A version that is not sealed.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    /// Its number.
    pub version: u32,
    /// Why there is a correction; nothing in version 1.
    pub reason: Option<&'a str>,
    /// The results document.
    pub results: &'a [u8],
    /// The input document.
    pub input: &'a [u8],
}

#[derive(Deserialize)]
struct Sealed<'a> {
    version: u32,
    reason: Option<String>,
    publish_time: Moment,
    #[serde(borrow)]
    results: &'a RawValue,
    #[serde(borrow)]
    input: &'a RawValue,
    #[serde(default)]
    reported: Vec<Reported>,
}

/// The part of an input that a bulletin shows.
#[derive(Deserialize)]
struct Input {
    rule_pack: PackRevision,
    bodies: Vec<Body>,
    tallies: Tallies,
}

#[derive(Deserialize)]
struct Results {
    jurisdiction: JurisdictionId,
    month: Month,
    as_of: Moment,
    engine: String,
    rule_pack: PackReference,
    bodies: BTreeMap<BodyId, Card>,
    #[serde(default)]
    figures: BTreeMap<String, FigureValue>,
}

#[derive(Deserialize)]
struct Card {
    group: String,
    state: State,
    score: Option<Decimal>,
    rank: Option<u32>,
    #[serde(default)]
    tied: bool,
    grade: Option<String>,
    due: Option<u64>,
    streams: BTreeMap<String, Taken>,
    items: BTreeMap<String, ItemTaken>,
}

#[derive(Deserialize)]
struct Taken {
    exact: Exact,
}

#[derive(Deserialize)]
struct ItemTaken {
    exact: Exact,
    zones: BTreeMap<String, Part>,
}

#[derive(Deserialize)]
struct Part {
    applicable: bool,
}

#[derive(Deserialize)]
struct FigureValue {
    percent: Option<Decimal>,
}

/// A number as it was printed, and as no formula or page can be.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Decimal(String);

impl TryFrom<String> for Decimal {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let places = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let places = u32::try_from(places).map_err(|error| error.to_string())?;
        let number: Exact = text.parse().map_err(|error: ExactError| error.to_string())?;
        if number.to_decimal(places) == text { Ok(Self(text)) } else { Err("not a decimal".into()) }
    }
}

/// An instant in the local time that it was written in.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Moment(String);

impl TryFrom<String> for Moment {
    type Error = TimestampError;

    fn try_from(text: String) -> Result<Self, TimestampError> {
        Instant::parse(&text).map(|_| Self(text))
    }
}

fn json<'a, T: Deserialize<'a>>(document: &'static str, text: &'a [u8]) -> Result<T, ReadError> {
    serde_json::from_slice(text).map_err(|source| ReadError::Json { document, source })
}

impl Bulletin {
    /// Reads a sealed document, whose digest is computed and not compared with anything: whoever
    /// has it knows where it came from. Of `former`, the months just before are shown, at most
    /// [`FORMER_MAX`], and of a month given twice the one that comes first.
    ///
    /// # Errors
    ///
    /// [`ReadError`], when it is not what is sealed.
    pub fn of_sealed(document: &[u8], former: Vec<Former>) -> Result<Self, ReadError> {
        let sealed: Sealed<'_> = json("sealed version", document)?;
        check(&sealed.reported).map_err(|why| ReadError::Json {
            document: "sealed version",
            source: serde::de::Error::custom(why),
        })?;
        let digest = Digest::of(document);
        let standing = Standing::Published { digest, publish_time: sealed.publish_time.0 };
        let draft = Draft {
            version: sealed.version,
            reason: sealed.reason.as_deref(),
            results: sealed.results.get().as_bytes(),
            input: sealed.input.get().as_bytes(),
        };
        Self::read(draft, standing, sealed.reported, former)
    }

    /// Reads the documents of a version that is not sealed; `former` as in
    /// [`of_sealed`](Self::of_sealed).
    ///
    /// # Errors
    ///
    /// [`ReadError`], when they are not what an evaluation keeps.
    pub fn of_draft(draft: Draft<'_>, former: Vec<Former>) -> Result<Self, ReadError> {
        Self::read(draft, Standing::Draft, Vec::new(), former)
    }

    fn read(
        draft: Draft<'_>,
        standing: Standing,
        reported: Vec<Reported>,
        former: Vec<Former>,
    ) -> Result<Self, ReadError> {
        let results: Results = json("results", draft.results)?;
        let input: Input = json("input", draft.input)?;
        let rules = input.rule_pack.pack;
        let names: BTreeMap<_, _> =
            rules.figures.iter().map(|figure| (figure.id.as_str(), &figure.name.zh)).collect();
        let figure = |(id, value): (String, FigureValue)| Figure {
            name: clean(names.get(id.as_str()).map_or(&id, |name| name)),
            id: clean(&id),
            percent: value.percent.map(|percent| percent.0),
        };
        let figures = results.figures.into_iter().map(figure).collect();
        let mut groups: Vec<_> = rules
            .groups
            .iter()
            .filter_map(|group| {
                let family = group.kinds.first()?.family();
                Some(Group::new(rules.families.get(&family)?, family, group))
            })
            .collect();
        let bodies: BTreeMap<_, _> =
            input.bodies.iter().map(|body| (&body.body_id, body)).collect();
        for (id, card) in results.bodies {
            let Some(body) = bodies.get(&id) else {
                return Err(ReadError::UnknownBody { body: id });
            };
            let Some(group) = groups.iter_mut().find(|group| group.id == card.group) else {
                return Err(ReadError::UnknownGroup { body: id, group: card.group });
            };
            let family = rules.families.get(&group.family);
            let reading = Reading { scoring: &rules.scoring, family, tallies: &input.tallies };
            let line = reading.line(group, body, card);
            group.lines.push(line);
        }
        let reported = reported::rows(reported, &bodies);
        groups.retain(|group| !group.lines.is_empty());
        for group in &mut groups {
            // The sort is stable: inside a rank the order of the body IDs stands.
            group.lines.sort_by_key(|line| line.rank.unwrap_or(u32::MAX));
        }
        Ok(Self {
            jurisdiction: results.jurisdiction,
            month: results.month,
            version: draft.version,
            standing,
            reason: draft.reason.filter(|reason| !reason.is_empty()).map(clean),
            results_digest: Digest::of(draft.results),
            as_of: results.as_of.0,
            engine: clean(&results.engine),
            pack: results.rule_pack,
            rules,
            groups,
            figures,
            reported,
            former: just_before(results.month, former),
        })
    }
}

/// The months just before `month`, the latest first, each once.
fn just_before(month: Month, former: Vec<Former>) -> Vec<Former> {
    let mut by_month: BTreeMap<i32, Former> = BTreeMap::new();
    for former in former {
        let age = month.since(former.month());
        if (1..=i32::from(FORMER_MAX)).contains(&age) {
            by_month.entry(age).or_insert(former);
        }
    }
    by_month.into_values().collect()
}

/// What the line of a body is read from.
struct Reading<'a> {
    scoring: &'a Scoring,
    family: Option<&'a FamilyRules>,
    tallies: &'a Tallies,
}

impl Reading<'_> {
    fn line(&self, group: &Group, body: &Body, card: Card) -> Line {
        let streams = group.streams.iter().map(|stream| {
            let taken = card.streams.get(&stream.id).filter(|_| stream.is_for(body.kind));
            taken.map(|taken| taken.exact.clone())
        });
        let count = |base: Base| -> u64 {
            let cells = self.tallies.bodies.get(&body.body_id).into_iter();
            let parts = cells.flat_map(|streams| streams.values()).flat_map(|parts| parts.values());
            parts.map(|counts: &Counts| counts.net(base)).sum()
        };
        Line {
            body_id: body.body_id.clone(),
            name: clean(&body.name),
            assessment_code: body.assessment_code.as_deref().map(clean),
            state: card.state,
            score: card.score.map(|score| score.0),
            rank: card.rank,
            tied: card.tied,
            grade: card.grade.as_deref().map(clean),
            due: card.due,
            streams: streams.collect(),
            items: self.losses(group, body.kind, &card.items),
            carried_open: count(Base::CarriedOpen),
            suspended: count(Base::SuspendedNow),
        }
    }

    fn losses(
        &self,
        group: &Group,
        kind: BodyKind,
        taken: &BTreeMap<String, ItemTaken>,
    ) -> Vec<Loss> {
        let rules = self.family.into_iter().flat_map(|family| family.streams_of(kind));
        let rules: BTreeMap<_, _> = rules
            .flat_map(|stream| stream.items.iter().map(|item| ((&stream.id, &item.id), item)))
            .collect();
        let loss = |head: &ItemHead| {
            let stream = &group.streams[head.stream];
            let rule = rules.get(&(&stream.id, &head.id)).filter(|_| stream.is_for(kind));
            match (rule, taken.get(&head.id)) {
                (Some(item), Some(taken)) if taken.zones.values().any(|part| part.applicable) => {
                    let points = taken.exact.clone();
                    Loss::Points { warned: self.scoring.warns(item, &points), points }
                }
                (Some(_), Some(_)) => Loss::NotApplicable,
                _ => Loss::Absent,
            }
        };
        group.items.iter().map(loss).collect()
    }
}
