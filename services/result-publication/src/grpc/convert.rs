//! Between messages and the domain.

mod files;
pub(super) mod inquiry;
pub(super) mod keys;
pub(super) mod reports;
pub(super) mod webhooks;
pub(super) mod years;

use std::time::Duration;

use chengping_bulletin::FileFormat;
use chengping_chassis::error::FieldErrors;
use chengping_ledger::version::EntryKind;
use chengping_proto::publication::v1 as pb;
use chengping_types::name::{
    BulletinName, BulletinVersionName, ConsumerName, EvaluationName, InquiryName, JurisdictionName,
};
use chengping_types::{Instant, JurisdictionId};
use uuid::Uuid;

use crate::app::{Asked, Comparison, Told, Watch};
use crate::domain::difference::Difference;
use crate::domain::lines::Line;
use crate::domain::plan::{CreateVersion, REASON_CHARS_MAX};
use crate::domain::state::Notice;
use crate::domain::{Bulletin, Consumer, Move, Publication, Version};
use crate::error::Error;
use crate::peers::timestamp;

const CONSUMER_BYTES_MAX: usize = 63;
const KEEP_ALIVE_MIN: Duration = Duration::from_secs(1);

/// What a value that was checked holds.
const CHECKED: &str = "no error means a value";

pub(super) fn parent(text: &str) -> Result<JurisdictionId, Error> {
    let mut errors = FieldErrors::default();
    let name = errors.parse::<JurisdictionName>("parent", text);
    errors.into_result()?;
    Ok(name.expect(CHECKED).jurisdiction)
}

pub(super) fn bulletin_name(field: &str, text: &str) -> Result<BulletinName, Error> {
    let mut errors = FieldErrors::default();
    let name = errors.parse(field, text);
    errors.into_result()?;
    Ok(name.expect(CHECKED))
}

pub(super) fn version_name(field: &str, text: &str) -> Result<BulletinVersionName, Error> {
    let mut errors = FieldErrors::default();
    let name = errors.parse(field, text);
    errors.into_result()?;
    Ok(name.expect(CHECKED))
}

pub(super) fn export(
    request: &pb::ExportBulletinVersionRequest,
) -> Result<(BulletinVersionName, FileFormat), Error> {
    let mut errors = FieldErrors::default();
    let name = errors.parse("name", &request.name);
    let format = u8::try_from(request.format).ok().and_then(FileFormat::from_code);
    if format.is_none() {
        let known: Vec<_> = FileFormat::NAMES
            .iter()
            .map(|name| format!("FORMAT_{}", name.to_uppercase()))
            .collect();
        errors.push("format", format!("is no format; choose one of {}", known.join(", ")));
    }
    errors.into_result()?;
    Ok((name.expect(CHECKED), format.expect(CHECKED)))
}

pub(super) fn checkpoint_name(text: &str) -> Result<JurisdictionId, Error> {
    let parent = text.strip_suffix("/checkpoint").and_then(|parent| parent.parse().ok());
    parent.map(|parent: JurisdictionName| parent.jurisdiction).ok_or_else(|| {
        let mut errors = FieldErrors::default();
        let cut: String = text.chars().take(200).collect();
        let format = "jurisdictions/{jurisdiction}/checkpoint";
        errors.push("name", format!("{cut:?} is not a resource name of the format {format}"));
        Error::Invalid(errors)
    })
}

pub(super) fn create(
    request: pb::CreateBulletinVersionRequest,
    actor: String,
) -> Result<CreateVersion, Error> {
    let version = request.bulletin_version.unwrap_or_default();
    wish(&Wished {
        actor,
        bulletin: ("parent", &request.parent),
        evaluation: ("bulletin_version.evaluation", &version.evaluation),
        reason: ("bulletin_version.reason", &version.reason),
        request_id: &request.request_id,
        correction: false,
    })
}

pub(super) fn correct(
    request: pb::CorrectBulletinRequest,
    actor: String,
) -> Result<CreateVersion, Error> {
    wish(&Wished {
        actor,
        bulletin: ("name", &request.name),
        evaluation: ("evaluation", &request.evaluation),
        reason: ("reason", &request.reason),
        request_id: &request.request_id,
        correction: true,
    })
}

/// The fields of a request that asks for a version, each with its name.
struct Wished<'a> {
    actor: String,
    bulletin: (&'a str, &'a str),
    evaluation: (&'a str, &'a str),
    reason: (&'a str, &'a str),
    request_id: &'a str,
    correction: bool,
}

fn wish(asked: &Wished<'_>) -> Result<CreateVersion, Error> {
    let mut errors = FieldErrors::default();
    let bulletin = errors.parse::<BulletinName>(asked.bulletin.0, asked.bulletin.1);
    let evaluation = errors.parse::<EvaluationName>(asked.evaluation.0, asked.evaluation.1);
    if let (Some(bulletin), Some(evaluation)) = (&bulletin, &evaluation)
        && bulletin.jurisdiction != evaluation.jurisdiction
    {
        let what = format!("must be an evaluation of {}", bulletin.jurisdiction);
        errors.push(asked.evaluation.0, what);
    }
    let reason = match asked.correction {
        true => reason(&mut errors, asked.reason.0, asked.reason.1),
        false => text(&mut errors, asked.reason.0, asked.reason.1, REASON_CHARS_MAX),
    };
    let request_id = errors.parse_optional::<Uuid>("request_id", asked.request_id);
    errors.into_result()?;
    let bulletin = bulletin.expect(CHECKED);
    Ok(CreateVersion {
        jurisdiction: bulletin.jurisdiction,
        month: bulletin.month,
        evaluation: evaluation.expect(CHECKED).evaluation,
        reason,
        correction: asked.correction,
        actor: asked.actor.clone(),
        request_id: request_id.expect(CHECKED),
    })
}

/// A text of people, without space around it; what is wrong with it is noted.
fn text(errors: &mut FieldErrors, field: &str, text: &str, chars_max: usize) -> String {
    let text = text.trim();
    if text.chars().count() > chars_max {
        errors.push(field, format!("must have at most {chars_max} characters"));
    }
    if text.contains('\0') {
        errors.push(field, "must not hold a NUL character");
    }
    text.to_owned()
}

/// Why somebody does what they ask for, which has to be said.
fn reason(errors: &mut FieldErrors, field: &str, said: &str) -> String {
    let reason = text(errors, field, said, REASON_CHARS_MAX);
    if reason.is_empty() {
        errors.push(field, "must say why");
    }
    reason
}

/// A step of a version: `reason` is its field, its text, and whether it is required.
pub(super) fn asked(
    name: &str,
    etag: String,
    actor: String,
    reason: Option<(&str, &str, bool)>,
) -> Result<Asked, Error> {
    let mut errors = FieldErrors::default();
    let name = errors.parse("name", name);
    let reason = match reason {
        Some((field, said, true)) => self::reason(&mut errors, field, said),
        Some((field, said, false)) => text(&mut errors, field, said, REASON_CHARS_MAX),
        None => String::new(),
    };
    errors.into_result()?;
    Ok(Asked { name: name.expect(CHECKED), etag, actor, reason })
}

pub(super) fn compare(
    request: &pb::CompareBulletinVersionsRequest,
) -> Result<(BulletinVersionName, Option<u64>), Error> {
    let mut errors = FieldErrors::default();
    let name = errors.parse::<BulletinVersionName>("name", &request.name);
    let base = size(&mut errors, "base_version", request.base_version.into());
    if let Some(name) = &name
        && (base >= name.version || name.version < 2)
    {
        errors.push("base_version", "must be the number of an earlier version");
    }
    errors.into_result()?;
    Ok((name.expect(CHECKED), Some(base).filter(|base| *base > 0)))
}

pub(super) fn watch(request: pb::WatchPublicationsRequest) -> Result<Watch, Error> {
    let mut errors = FieldErrors::default();
    let parent = errors.parse::<JurisdictionName>("parent", &request.parent);
    if !request.consumer.is_empty() {
        check_consumer(&mut errors, &request.consumer);
    }
    let keep_alive = request.keep_alive.map(|duration| {
        let duration = Duration::try_from(duration).unwrap_or_default();
        if duration < KEEP_ALIVE_MIN {
            errors.push("keep_alive", "must be at least one second");
        }
        duration
    });
    errors.into_result()?;
    Ok(Watch {
        jurisdiction: parent.expect(CHECKED).jurisdiction,
        resume_token: request.resume_token,
        consumer: Some(request.consumer).filter(|consumer| !consumer.is_empty()),
        keep_alive,
    })
}

pub(super) fn acknowledge(
    request: &pb::AcknowledgePublicationRequest,
) -> Result<(JurisdictionId, String), Error> {
    let mut errors = FieldErrors::default();
    let parent = errors.parse::<JurisdictionName>("parent", &request.parent);
    check_consumer(&mut errors, &request.consumer);
    if request.resume_token.is_empty() {
        errors.push("resume_token", "must be that of the last message taken in");
    }
    errors.into_result()?;
    Ok((parent.expect(CHECKED).jurisdiction, request.consumer.clone()))
}

fn check_consumer(errors: &mut FieldErrors, consumer: &str) {
    let plain = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let fit = (1..=CONSUMER_BYTES_MAX).contains(&consumer.len());
    if !fit || !consumer.bytes().all(plain) {
        errors.push("consumer", "must be 1 to 63 of a-z, 0-9 and -");
    }
}

pub(super) fn inclusion(
    request: &pb::GetInclusionProofRequest,
) -> Result<(BulletinVersionName, u64), Error> {
    let mut errors = FieldErrors::default();
    let name = errors.parse("bulletin_version", &request.bulletin_version);
    let tree_size = size(&mut errors, "tree_size", request.tree_size);
    errors.into_result()?;
    Ok((name.expect(CHECKED), tree_size))
}

pub(super) fn consistency(
    request: &pb::GetConsistencyProofRequest,
) -> Result<(JurisdictionId, u64, u64), Error> {
    let mut errors = FieldErrors::default();
    let parent = errors.parse::<JurisdictionName>("parent", &request.parent);
    let first = size(&mut errors, "tree_size_first", request.tree_size_first);
    let second = size(&mut errors, "tree_size_second", request.tree_size_second);
    errors.into_result()?;
    Ok((parent.expect(CHECKED).jurisdiction, first, second))
}

fn size(errors: &mut FieldErrors, field: &str, size: i64) -> u64 {
    u64::try_from(size).unwrap_or_else(|_| {
        errors.push(field, "must not be negative");
        0
    })
}

pub(super) fn bulletin(bulletin: &Bulletin) -> pb::Bulletin {
    let name = BulletinName { jurisdiction: bulletin.jurisdiction.clone(), month: bulletin.month };
    pb::Bulletin {
        name: name.to_string(),
        newest_version: int32(bulletin.newest_version),
        published_version: int32(bulletin.published_version),
        touched_by: bulletin.touched_by.iter().map(ToString::to_string).collect(),
        create_time: Some(timestamp(bulletin.create_time)),
        update_time: Some(timestamp(bulletin.update_time)),
    }
}

/// A version as it stands at `now`.
pub(super) fn version(version: &Version, now: Instant) -> pb::BulletinVersion {
    let sealed = version.sealed.as_ref();
    let notice = |time: fn(&Notice) -> Instant| version.notice.as_ref().map(time).map(timestamp);
    let withdrawn = version.withdrawn.as_ref();
    pb::BulletinVersion {
        name: version.name().to_string(),
        version: int32(version.number),
        evaluation: version.evaluation_name().to_string(),
        results_digest: version.results_digest.to_string(),
        digest: sealed.map(|sealed| sealed.digest.to_string()).unwrap_or_default(),
        log_index: sealed.map(|sealed| int64(sealed.log_index)),
        reason: version.reason.clone(),
        state: version.state_at(now).code().into(),
        create_time: Some(timestamp(version.create_time)),
        publish_time: sealed.map(|sealed| timestamp(sealed.publish_time)),
        etag: version.etag(),
        withdraw_reason: withdrawn.map(|withdrawn| withdrawn.reason.clone()).unwrap_or_default(),
        withdraw_time: withdrawn.map(|withdrawn| timestamp(withdrawn.time)),
        notice_time: notice(|notice| notice.time),
        objection_start_time: notice(|notice| notice.objection_start),
        objection_end_time: notice(|notice| notice.objection_end),
        decision_due_time: notice(|notice| notice.decision_due),
        waive_reason: version.waive_reason.clone(),
        inquiries: inquiry_names(version),
        touched_versions: version.touched.iter().map(ToString::to_string).collect(),
    }
}

fn inquiry_names(version: &Version) -> Vec<String> {
    let name = |inquiry: &u64| {
        let jurisdiction = version.jurisdiction.clone();
        InquiryName { jurisdiction, inquiry: *inquiry }.to_string()
    };
    version.inquiries.iter().map(name).collect()
}

pub(super) fn version_move(step: &Move) -> pb::BulletinVersionMove {
    pb::BulletinVersionMove {
        state: step.state.code().into(),
        step: step.step.map(|step| step.to_string()).unwrap_or_default(),
        actor: step.actor.clone(),
        reason: step.reason.clone(),
        move_time: Some(timestamp(step.time)),
        etag: format!("\"{}\"", step.revision),
        evaluation: step.evaluation.to_string(),
        digest_before: step.digest_before.map(|digest| digest.to_string()).unwrap_or_default(),
        digest_after: step.digest_after.to_string(),
    }
}

pub(super) fn comparison(comparison: Comparison) -> pb::CompareBulletinVersionsResponse {
    pb::CompareBulletinVersionsResponse {
        base: comparison.base.to_string(),
        reason: comparison.version.reason.clone(),
        inquiries: inquiry_names(&comparison.version),
        differences: comparison.differences.into_iter().map(difference).collect(),
    }
}

fn difference(difference: Difference) -> pb::ResultDifference {
    let Difference { body_id, group, before, after } = difference;
    let said = |line: Option<Line>| {
        line.map(|line| {
            let (score, grade) = (line.score.unwrap_or_default(), line.grade.unwrap_or_default());
            (score, line.rank.map_or(0, int32), grade)
        })
        .unwrap_or_default()
    };
    let (score_before, rank_before, grade_before) = said(before);
    let (score_after, rank_after, grade_after) = said(after);
    pb::ResultDifference {
        body_id,
        group,
        score_before,
        score_after,
        rank_before,
        rank_after,
        grade_before,
        grade_after,
    }
}

/// What a consumer is told at `now`.
pub(super) fn told(told: Told, now: Instant) -> pb::WatchPublicationsResponse {
    let publication = told.publication.map(|told| {
        let Publication { version: of, kind, lines, differences, .. } = told;
        pb::Publication {
            bulletin_version: Some(version(&of, now)),
            month: of.month.to_string(),
            result_lines: lines.into_iter().map(line).collect(),
            kind: self::kind(kind).into(),
            differences: differences.into_iter().map(difference).collect(),
        }
    });
    pb::WatchPublicationsResponse { publication, resume_token: told.resume_token }
}

/// What an entry of the log tells.
fn kind(kind: EntryKind) -> pb::publication::Kind {
    match kind {
        EntryKind::Published => pb::publication::Kind::Published,
        EntryKind::Withdrawn => pb::publication::Kind::Withdrawn,
    }
}

/// A consumer of a log with `size` entries.
pub(super) fn consumer(
    jurisdiction: &JurisdictionId,
    consumer: &Consumer,
    size: u64,
) -> pb::Consumer {
    let named = consumer.name.parse().expect("it was checked when it acknowledged");
    let name = ConsumerName { jurisdiction: jurisdiction.clone(), consumer: named };
    pb::Consumer {
        name: name.to_string(),
        acknowledged_count: int64(consumer.acknowledged),
        pending_count: int64(size.saturating_sub(consumer.acknowledged)),
        update_time: Some(timestamp(consumer.update_time)),
        owner: consumer.owner.clone(),
    }
}

fn line(line: Line) -> pb::ResultLine {
    pb::ResultLine {
        body_id: line.body_id,
        assessment_code: line.assessment_code.unwrap_or_default(),
        group: line.group,
        score: line.score.unwrap_or_default(),
        score_max: line.score_max,
        rank: line.rank.map_or(0, int32),
        tied: line.tied,
        grade: line.grade.unwrap_or_default(),
        not_rated_reason: line.not_rated_reason.unwrap_or_default(),
    }
}

pub(super) fn int64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn int32(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::state::State;

    #[test]
    fn states_have_the_codes_of_the_api() {
        for state in State::ALL {
            let name = format!("STATE_{}", state.as_str().to_uppercase());
            let code = pb::bulletin_version::State::from_str_name(&name).unwrap();
            assert_eq!(i32::from(state.code()), i32::from(code), "{state}");
        }
    }
}
