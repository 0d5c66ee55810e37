//! Provisional scores.

use std::collections::BTreeSet;

use chengping_chassis::error::FieldErrors;
use chengping_proto::scoring::v1 as pb;
use chengping_types::name::JurisdictionName;
use chengping_types::{BodyId, Exact};

use super::{int64, nameless_scorecard, timestamp};
use crate::app::WatchLive;
use crate::domain::{News, Warning, WarningPlace};
use crate::error::Error;

/// How many bodies one may name.
const BODIES_MAX: usize = 1_000;

pub(in crate::grpc) fn watch_live(
    request: &pb::WatchLiveScoresRequest,
) -> Result<WatchLive, Error> {
    let mut errors = FieldErrors::default();
    let parent = errors.parse::<JurisdictionName>("parent", &request.parent);
    if request.body_ids.len() > BODIES_MAX {
        errors.push("body_ids", format!("are at most {BODIES_MAX}; leave them out for all"));
    }
    let mut bodies = BTreeSet::new();
    for (index, id) in request.body_ids.iter().take(BODIES_MAX).enumerate() {
        bodies.extend(errors.parse::<BodyId>(format!("body_ids[{index}]"), id));
    }
    let jurisdiction = parent.map(|parent| parent.jurisdiction).filter(|_| errors.is_empty());
    let jurisdiction = jurisdiction.ok_or(Error::Invalid(errors))?;
    Ok(WatchLive { jurisdiction, bodies })
}

pub(in crate::grpc) fn news(news: &News) -> pb::WatchLiveScoresResponse {
    let picture = &news.picture;
    let (jurisdiction, registry) = (&picture.rules.jurisdiction, picture.registry);
    let over = news.over.iter().map(|(place, one)| warning(place, one, true));
    let begun = news.begun.iter().map(|(place, one)| warning(place, one, false));
    pb::WatchLiveScoresResponse {
        month: picture.month.to_string(),
        scorecards: news.cards.iter().map(|card| nameless_scorecard(card)).collect(),
        watermark: int64(picture.watermark),
        compute_time: Some(timestamp(picture.computed)),
        as_of: Some(timestamp(picture.as_of)),
        is_whole: news.is_whole,
        warnings: over.chain(begun).collect(),
        rule_pack_revision: picture.rules.to_string(),
        registry_revision: format!("jurisdictions/{jurisdiction}/registryRevisions/{registry}"),
    }
}

fn warning(place: &WarningPlace, warning: &Warning, is_over: bool) -> pb::LiveWarning {
    let (body, stream, item) = place;
    let share = warning.deduction.checked_div(&warning.points).unwrap_or_default();
    pb::LiveWarning {
        body_id: body.to_string(),
        stream: stream.clone(),
        item: item.clone(),
        display_name: warning.name.clone(),
        deduction: warning.deduction.to_decimal(4),
        points: warning.points.to_string(),
        share_percent: (share * Exact::integer(100)).to_decimal(2),
        start_time: Some(timestamp(warning.since)),
        is_over,
    }
}
