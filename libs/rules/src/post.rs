//! What only the evaluation of posts has (regulation 3.3, 4.2, 5.3): aspects, work in common, and
//! streams for some kinds of post.

use std::collections::BTreeMap;

use chengping_types::{BodyKind, Exact, Family, named_enum};

use crate::decode::{Decoder, Fields};
use crate::document::Node;
use crate::family::{FamilyRules, Item, StreamRules};
use crate::pack::Group;
use crate::quantity::Quantity;
use crate::rule::Rule;

named_enum! {
    /// What an item judges a post by (4.2).
    pub enum Aspect: "aspect" {
        /// 完成度.
        Completion = 1 => "completion",
        /// 按时程度.
        Timeliness = 2 => "timeliness",
        /// 准确度.
        Accuracy = 3 => "accuracy",
    }
}

named_enum! {
    /// Whose work a rate of completion counts (decisions.md 28).
    pub enum Completion: "completion" {
        /// That of all teams together, since untouched work belongs to no team.
        Pool = 1 => "pool",
        /// The team's own.
        Own = 2 => "own",
    }
}

/// The kinds of post that a stream is for, read inside the post family only.
pub(crate) fn kinds(fields: &mut Fields<'_, '_>) -> Option<Vec<BodyKind>> {
    let is_of_posts = fields.decoder.family == Some(Family::Post);
    if !is_of_posts {
        return Some(Vec::new());
    }
    let kinds: Vec<BodyKind> = fields.required("kinds")?;
    if kinds.is_empty() {
        return fields.reject("`kinds` is empty; name the kinds of post that the stream is for");
    }
    if let Some(kind) = kinds.iter().find(|kind| kind.family() != Family::Post) {
        return fields.reject(format!("`{kind}` is no kind of post; drop it from `kinds`"));
    }
    Some(kinds)
}

/// An optional field of an item that only posts have.
pub(crate) fn of_posts<T: crate::decode::Decode>(
    fields: &mut Fields<'_, '_>,
    name: &'static str,
) -> Option<Option<T>> {
    let is_of_posts = fields.decoder.family == Some(Family::Post);
    fields.optional_with(name, |node: &Node, inner: &mut Decoder| match is_of_posts {
        true => T::decode(node, inner),
        false => inner.reject(node, "only the items of posts have it; remove it"),
    })
}

/// Refuses what an item counts and its bodies do not have: another family's counts never count
/// anything for them.
pub(crate) fn check_counts(items: &[Item], fields: &mut Fields<'_, '_>) {
    let is_of_posts = fields.decoder.family == Some(Family::Post);
    for item in items {
        let id = &item.id;
        for base in item.bases() {
            if base.is_of_posts() != is_of_posts {
                let whom = if is_of_posts { "posts do not have" } else { "only posts have" };
                fields.reject::<()>(format!("the item `{id}` counts `{base}`, which {whom}"));
            }
        }
        let has_rate = matches!(item.rule, Rule::Linear(_) | Rule::PerPoint(_));
        if item.completion.is_some() && !has_rate {
            fields.reject::<()>(format!("the item `{id}` has no rate; remove `completion`"));
        }
        let names_size = item.names().iter().any(|name| matches!(name, Quantity::Size(_)));
        if item.is_pooled() && names_size {
            fields.reject::<()>(format!(
                "the item `{id}` counts all teams together, which have no size; drop it"
            ));
        }
    }
}

/// Refuses an item that names another by which a post of its kind is not judged: it would never
/// have a value.
pub(crate) fn check_named_items(streams: &[StreamRules], fields: &mut Fields<'_, '_>) {
    for stream in streams {
        for (item, named) in stream.items.iter().flat_map(names_of) {
            let found = streams.iter().find(|of| of.items.iter().any(|item| item.id == named));
            let strange = |kind: &&BodyKind| found.is_some_and(|of| !of.is_for(**kind));
            if let Some(kind) = stream.kinds.iter().find(strange) {
                fields.reject::<()>(format!(
                    "the item `{item}` names `item.{named}`, by which `{kind}` is not judged"
                ));
            }
        }
    }
}

fn names_of(item: &Item) -> impl Iterator<Item = (&str, String)> {
    item.named_items().into_iter().map(|named| (item.id.as_str(), named))
}

/// Each kind of post that a group has needs streams, whose caps and whose items' points both add
/// up to the base; streams for other kinds are never reached.
pub(crate) fn check_streams(
    groups: &[Group],
    rules: &FamilyRules,
    base: &Exact,
    fields: &mut Fields<'_, '_>,
) {
    let kinds = groups.iter().flat_map(|group| &group.kinds).copied();
    let kinds: Vec<_> = kinds.filter(|kind| kind.family() == Family::Post).collect();
    for stream in &rules.streams {
        if let Some(kind) = stream.kinds.iter().find(|kind| !kinds.contains(kind)) {
            let id = &stream.id;
            fields.reject::<()>(format!(
                "the stream `{id}` is for `{kind}`, which stands in no group; add a group or drop it"
            ));
        }
    }
    for kind in kinds {
        let streams: Vec<_> = rules.streams_of(kind).collect();
        if streams.is_empty() {
            fields.reject::<()>(format!(
                "`families.post` has no stream for `{kind}`; add one with `kinds: [{kind}]`"
            ));
            continue;
        }
        let sum = |value: fn(&StreamRules) -> Exact| {
            streams.iter().fold(Exact::ZERO, |sum, stream| sum + value(stream))
        };
        for (what, sum) in [
            ("the caps of the streams", sum(|stream| stream.cap.value.clone())),
            ("the points of the items", sum(StreamRules::points)),
        ] {
            if sum != *base {
                fields.reject::<()>(format!(
                    "{what} of `{kind}` add up to {sum}, the base is {base}; make them equal"
                ));
            }
        }
    }
}

/// Refuses stream identifiers that a body would meet twice.
pub(crate) fn check_stream_ids(streams: &[StreamRules], fields: &mut Fields<'_, '_>) {
    let mut by_kind: BTreeMap<Option<BodyKind>, Vec<&str>> = BTreeMap::new();
    for stream in streams {
        let all = stream.kinds.is_empty().then_some(None);
        for kind in stream.kinds.iter().copied().map(Some).chain(all) {
            by_kind.entry(kind).or_default().push(&stream.id);
        }
    }
    for ids in by_kind.into_values() {
        fields.refuse_repeated("stream", ids.into_iter());
    }
}
