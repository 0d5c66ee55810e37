//! Lists, page by page (AIP-158).

use chengping_chassis::error::FieldErrors;
use chengping_chassis::page_token;
use chengping_proto::scoring::v1 as pb;
use chengping_rules::catalogue;
use chengping_types::Month;
use chengping_types::name::JurisdictionName;

use super::convert;
use crate::app::App;
use crate::error::Error;

const SIZE_DEFAULT: u32 = 100;
const SIZE_MAX: u32 = 1000;

fn size(requested: i32) -> Result<usize, Error> {
    Ok(page_token::page_size(requested, SIZE_DEFAULT, SIZE_MAX)? as usize)
}

pub(super) async fn evaluations(
    app: &App,
    request: pb::ListEvaluationsRequest,
) -> Result<pb::ListEvaluationsResponse, Error> {
    let mut errors = FieldErrors::default();
    let parent = errors.parse::<JurisdictionName>("parent", &request.parent);
    let month = errors.parse_optional::<Month>("month", &request.month);
    let (Some(parent), Some(month)) = (parent, month) else { return Err(errors.into()) };
    let size = size(request.page_size)?;
    let arguments = ["evaluations", &request.parent, &request.month];
    let before = page_token::open(&request.page_token, &arguments)?;
    let limit = u32::try_from(size + 1).unwrap_or(SIZE_MAX);
    let mut found =
        app.list_evaluations(&parent.jurisdiction, month, before.as_deref(), limit).await?;
    let more = found.len() > size;
    found.truncate(size);
    let next_page_token = match found.last() {
        Some(last) if more => page_token::issue(last.name.evaluation.as_str(), &arguments),
        _ => String::new(),
    };
    let evaluations = found.iter().map(convert::evaluation).collect();
    Ok(pb::ListEvaluationsResponse { evaluations, next_page_token })
}

/// Cuts a page out of a whole that never changes: the position is the number of entries before it.
fn cut<T>(
    all: Vec<T>,
    page_size: i32,
    token: &str,
    arguments: &[&str],
) -> Result<(Vec<T>, String), Error> {
    let size = size(page_size)?;
    let start: usize = match page_token::open(token, arguments)? {
        None => 0,
        Some(position) => position.parse().map_err(|_| page_token::PageError::TokenInvalid)?,
    };
    let end = start.saturating_add(size);
    let next = if end < all.len() {
        page_token::issue(&end.to_string(), arguments)
    } else {
        String::new()
    };
    Ok((all.into_iter().skip(start).take(size).collect(), next))
}

pub(super) async fn scorecards(
    app: &App,
    request: pb::ListScorecardsRequest,
) -> Result<pb::ListScorecardsResponse, Error> {
    let name = convert::parent_evaluation(&request.parent)?;
    let (scored, sight) = app.scored_and_sight(&name).await?;
    let group = |group: &str| request.group.is_empty() || request.group == group;
    let order: Vec<_> = scored.pack.groups.iter().map(|group| group.id.as_str()).collect();
    let place = |group: &str| order.iter().position(|known| *known == group);
    let mut cards: Vec<_> =
        scored.evaluation.scorecards.iter().filter(|card| group(&card.group)).collect();
    cards.retain(|card| sight.sees(&card.body_id));
    // The sort is stable: inside a tie the order of the registry stands.
    cards.sort_by_key(|card| (place(&card.group), card.rank.unwrap_or(u32::MAX), card.state));
    // Positions count what this caller sees.
    let mark = sight.mark();
    let arguments = ["scorecards", &request.parent, &request.group, &mark];
    let (page, next_page_token) = cut(cards, request.page_size, &request.page_token, &arguments)?;
    let scorecards = page.into_iter().map(|card| convert::scorecard(&name, card)).collect();
    Ok(pb::ListScorecardsResponse { scorecards, next_page_token })
}

pub(super) async fn counted_cases(
    app: &App,
    request: pb::ListCountedCasesRequest,
) -> Result<pb::ListCountedCasesResponse, Error> {
    let selection = convert::selection(&request)?;
    let counted = app.counted_cases(&selection).await?;
    let arguments = ["counted", &request.parent, &request.item, &request.zone, &request.input];
    let all: Vec<_> = counted.cases.into_iter().collect();
    let (page, next_page_token) = cut(all, request.page_size, &request.page_token, &arguments)?;
    let counted_cases = page
        .into_iter()
        .map(|(case_no, (count, bases))| pb::CountedCase {
            case_no: case_no.to_string(),
            count: i32::try_from(count).unwrap_or(if count < 0 { i32::MIN } else { i32::MAX }),
            base_indicators: bases.iter().map(ToString::to_string).collect(),
        })
        .collect();
    Ok(pb::ListCountedCasesResponse { counted_cases, next_page_token, total_count: counted.total })
}

pub(super) fn indicators(
    request: &pb::ListIndicatorsRequest,
) -> Result<pb::ListIndicatorsResponse, Error> {
    let all: Vec<_> = catalogue().iter().collect();
    let (page, next_page_token) =
        cut(all, request.page_size, &request.page_token, &["indicators"])?;
    let indicators = page.into_iter().map(convert::indicator).collect();
    Ok(pb::ListIndicatorsResponse { indicators, next_page_token })
}
