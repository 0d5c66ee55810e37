//! What is shown of a group: its bodies by rank, with what each lost where.

use chengping_rules::{FamilyRules, Item, StreamRules};
use chengping_scoring::State;
use chengping_types::{BodyId, BodyKind, Exact, Family};

use crate::words::clean;

/// Bodies that are ranked among each other.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) family: Family,
    /// Those by which its bodies are judged, in the order of the pack.
    pub(crate) streams: Vec<StreamHead>,
    pub(crate) items: Vec<ItemHead>,
    /// By rank; those without a rank last, then by body ID.
    pub(crate) lines: Vec<Line>,
}

/// What heads the column of a stream.
#[derive(Debug, Clone)]
pub(crate) struct StreamHead {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The kinds of post that it is for; empty for all.
    pub(crate) kinds: Vec<BodyKind>,
}

/// What heads the rows of an item.
#[derive(Debug, Clone)]
pub(crate) struct ItemHead {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Its stream, by its place among the streams of the group.
    pub(crate) stream: usize,
    /// What it can deduct, or give back.
    pub(crate) points: Exact,
}

/// The line of a body.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) body_id: BodyId,
    pub(crate) name: String,
    pub(crate) assessment_code: Option<String>,
    pub(crate) state: State,
    /// As published, with its decimals.
    pub(crate) score: Option<String>,
    pub(crate) rank: Option<u32>,
    pub(crate) tied: bool,
    pub(crate) grade: Option<String>,
    /// Due cases; posts have none of their own.
    pub(crate) due: Option<u64>,
    /// What each stream of the group took; absent where it does not judge the body.
    pub(crate) streams: Vec<Option<Exact>>,
    /// What each item of the group took.
    pub(crate) items: Vec<Loss>,
    /// Carried over from earlier months and still open (B36).
    pub(crate) carried_open: u64,
    /// Suspended at the view (B33).
    pub(crate) suspended: u64,
}

/// What an item took from a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The item is not for bodies of this kind.
    Absent,
    /// There was nothing to judge.
    NotApplicable,
    /// Points; below zero for a bonus.
    Points {
        points: Exact,
        /// Whether it is more than the warning share (decisions.md 38).
        warned: bool,
    },
}

impl Loss {
    pub(crate) fn is_warned(&self) -> bool {
        matches!(self, Self::Points { warned: true, .. })
    }
}

/// The best, the mean and the worst score of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) best: Exact,
    pub(crate) mean: Exact,
    pub(crate) worst: Exact,
}

impl Span {
    /// Of the scores of all ranked bodies; none without one.
    pub(crate) fn of(scores: impl IntoIterator<Item = Exact>) -> Option<Self> {
        let scores: Vec<_> = scores.into_iter().collect();
        let count = Exact::from(scores.len() as u64);
        let (best, worst) = (scores.iter().max()?.clone(), scores.iter().min()?.clone());
        let mean = scores.into_iter().sum::<Exact>().checked_div(&count)?;
        Some(Self { best, mean, worst })
    }
}

impl Group {
    /// A group as the rules have it, without bodies.
    pub(crate) fn new(rules: &FamilyRules, family: Family, group: &chengping_rules::Group) -> Self {
        let is_for = |stream: &&StreamRules| group.kinds.iter().any(|kind| stream.is_for(*kind));
        let judged: Vec<_> = rules.streams.iter().filter(is_for).collect();
        let streams = judged.iter().map(|stream| StreamHead {
            id: stream.id.clone(),
            name: clean(&stream.name.zh),
            kinds: stream.kinds.clone(),
        });
        let head = |(place, item): (usize, &Item)| ItemHead {
            id: item.id.clone(),
            name: clean(&item.name.zh),
            stream: place,
            points: item.rule.points().value.clone(),
        };
        let items = judged.iter().enumerate().flat_map(|(place, stream)| {
            stream.items.iter().map(move |item| (place, item)).map(head)
        });
        Self {
            id: group.id.clone(),
            name: clean(&group.name.zh),
            family,
            streams: streams.collect(),
            items: items.collect(),
            lines: Vec::new(),
        }
    }

    /// Those with a rank, the best first.
    pub(crate) fn ranked(&self) -> &[Line] {
        let ranked = self.lines.iter().take_while(|line| line.rank.is_some()).count();
        &self.lines[..ranked]
    }

    /// Those without one.
    pub(crate) fn unranked(&self) -> &[Line] {
        &self.lines[self.ranked().len()..]
    }

    pub(crate) fn span(&self) -> Option<Span> {
        Span::of(self.ranked().iter().filter_map(Line::exact_score))
    }
}

impl StreamHead {
    pub(crate) fn is_for(&self, kind: BodyKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }
}

impl Line {
    pub(crate) fn exact_score(&self) -> Option<Exact> {
        self.score.as_ref()?.parse().ok()
    }
}
