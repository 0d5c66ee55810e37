//! District reports.

use std::collections::BTreeSet;

use chengping_chassis::error::FieldErrors;
use chengping_ledger::reported::is_score;
use chengping_proto::publication::v1 as pb;
use chengping_types::name::{BulletinVersionName, DistrictReportName, JurisdictionName};
use chengping_types::{BodyId, Digest, JurisdictionId, Month};
use uuid::Uuid;

use super::{CHECKED, files, int32, int64, reason, timestamp};
use crate::app::{CreateReport, DecideReport};
use crate::domain::report::{
    ATTACHMENT_BYTES_MAX, ATTACHMENTS_MAX, Attachment, LINES_MAX, Report, ReportLine, ReportState,
};
use crate::error::Error;

/// The longest score of a report.
const SCORE_BYTES_MAX: usize = 10;

pub(in crate::grpc) fn create(
    request: pb::CreateDistrictReportRequest,
    creator: String,
) -> Result<CreateReport, Error> {
    let mut errors = FieldErrors::default();
    let parent = errors.parse::<JurisdictionName>("parent", &request.parent);
    let report = request.district_report.unwrap_or_default();
    let district = errors.parse::<BodyId>("district_report.district", &report.district);
    let month = errors.parse::<Month>("district_report.month", &report.month);
    let field = "district_report.bulletin_version";
    let version = errors.parse_optional::<BulletinVersionName>(field, &report.bulletin_version);
    if let (Some(Some(version)), Some(parent)) = (&version, &parent)
        && version.jurisdiction == parent.jurisdiction
    {
        errors
            .push(field, "must be of the district's own jurisdiction, not of the one reported to");
    }
    match (report.bulletin_version.is_empty(), report.lines.is_empty()) {
        (true, true) => errors.push(field, "must be given, or else the lines"),
        (false, false) => {
            errors.push(
                "district_report.lines",
                "must be empty: those of bulletin_version are taken",
            );
        }
        _ => {}
    }
    if !report.bulletin_version.is_empty() && !report.attachments.is_empty() {
        errors.push("district_report.attachments", "must be empty where a version is reported");
    }
    let lines = lines(&mut errors, report.lines);
    let attachments = attachments(&mut errors, report.attachments);
    let request_id = errors.parse_optional::<Uuid>("request_id", &request.request_id);
    errors.into_result()?;
    Ok(CreateReport {
        jurisdiction: parent.expect(CHECKED).jurisdiction,
        district: district.expect(CHECKED),
        month: month.expect(CHECKED),
        version: version.expect(CHECKED),
        lines,
        attachments,
        creator,
        request_id: request_id.expect(CHECKED),
        validate_only: request.validate_only,
    })
}

fn lines(errors: &mut FieldErrors, lines: Vec<pb::ReportedLine>) -> Vec<ReportLine> {
    let field = "district_report.lines";
    if lines.len() > LINES_MAX {
        errors.push(field, format!("must be at most {LINES_MAX}"));
        return Vec::new();
    }
    let mut bodies = BTreeSet::new();
    let mut read = Vec::with_capacity(lines.len());
    for (index, line) in lines.into_iter().enumerate() {
        let at = |part: &str| format!("{field}[{index}].{part}");
        errors.parse::<BodyId>(at("body_id"), &line.body_id);
        if line.score.len() > SCORE_BYTES_MAX || !is_score(&line.score) {
            errors.push(at("score"), "must be a number with two decimals, such as 94.26");
        }
        let rank = u32::try_from(line.rank).unwrap_or_else(|_| {
            errors.push(at("rank"), "must not be negative");
            0
        });
        if !bodies.insert(line.body_id.clone()) {
            errors.push(at("body_id"), "stands twice");
        }
        read.push(ReportLine { body_id: line.body_id, score: line.score, rank });
    }
    read
}

fn attachments(errors: &mut FieldErrors, files: Vec<pb::ReportAttachment>) -> Vec<Attachment> {
    let field = "district_report.attachments";
    if files.len() > ATTACHMENTS_MAX {
        errors.push(field, format!("must be at most {ATTACHMENTS_MAX}"));
        return Vec::new();
    }
    if files.iter().map(|file| file.data.len()).sum::<usize>() > ATTACHMENT_BYTES_MAX {
        errors.push(field, format!("must have at most {ATTACHMENT_BYTES_MAX} bytes together"));
        return Vec::new();
    }
    let mut read = Vec::with_capacity(files.len());
    for (index, file) in files.into_iter().enumerate() {
        let at = |part: &str| format!("{field}[{index}].{part}");
        let (file_name, media_type) =
            files::described(errors, at, &file.file_name, file.media_type);
        if file.data.is_empty() {
            errors.push(at("data"), "must not be empty");
        }
        read.push(Attachment {
            file_name,
            media_type,
            digest: Digest::of(&file.data),
            size: file.data.len() as u64,
            data: file.data,
        });
    }
    read
}

pub(in crate::grpc) fn name(text: &str) -> Result<DistrictReportName, Error> {
    let mut errors = FieldErrors::default();
    let name = errors.parse("name", text);
    errors.into_result()?;
    Ok(name.expect(CHECKED))
}

pub(in crate::grpc) fn list(
    request: &pb::ListDistrictReportsRequest,
) -> Result<(JurisdictionId, Option<Month>), Error> {
    let mut errors = FieldErrors::default();
    let parent = errors.parse::<JurisdictionName>("parent", &request.parent);
    let month = errors.parse_optional::<Month>("month", &request.month);
    errors.into_result()?;
    Ok((parent.expect(CHECKED).jurisdiction, month.expect(CHECKED)))
}

pub(in crate::grpc) fn accept(
    request: pb::AcceptDistrictReportRequest,
    actor: String,
) -> Result<DecideReport, Error> {
    let (state, reason) = (ReportState::Accepted, String::new());
    let pb::AcceptDistrictReportRequest { name: text, etag, validate_only } = request;
    Ok(DecideReport { name: name(&text)?, state, reason, etag, actor, validate_only })
}

pub(in crate::grpc) fn giving_back(
    request: pb::ReturnDistrictReportRequest,
    actor: String,
) -> Result<DecideReport, Error> {
    let mut errors = FieldErrors::default();
    let name = errors.parse("name", &request.name);
    let reason = reason(&mut errors, "reason", &request.reason);
    errors.into_result()?;
    let pb::ReturnDistrictReportRequest { etag, validate_only, .. } = request;
    let (name, state) = (name.expect(CHECKED), ReportState::Returned);
    Ok(DecideReport { name, state, reason, etag, actor, validate_only })
}

pub(in crate::grpc) fn report(report: Report) -> pb::DistrictReport {
    let (name, etag) = (report.name().to_string(), report.etag());
    let (bulletin_version, bulletin_digest) = match &report.version {
        Some((name, digest)) => (name.to_string(), digest.to_string()),
        None => (String::new(), String::new()),
    };
    pb::DistrictReport {
        name,
        district: report.district.to_string(),
        month: report.month.to_string(),
        bulletin_version,
        bulletin_digest,
        version_stands: report.stands,
        lines: report.lines.into_iter().map(line).collect(),
        state: report.state.code().into(),
        return_reason: report.return_reason,
        create_time: Some(timestamp(report.create_time)),
        etag,
        attachments: report.attachments.into_iter().map(attachment).collect(),
        creator: report.creator,
        decider: report.decider,
        decide_time: report.decide_time.map(timestamp),
    }
}

fn line(line: ReportLine) -> pb::ReportedLine {
    pb::ReportedLine { body_id: line.body_id, score: line.score, rank: int32(line.rank) }
}

fn attachment(file: Attachment) -> pb::ReportAttachment {
    pb::ReportAttachment {
        file_name: file.file_name,
        media_type: file.media_type,
        data: file.data,
        digest: file.digest.to_string(),
        size_bytes: int64(file.size),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_the_codes_of_the_api() {
        for state in ReportState::ALL {
            let name = format!("STATE_{}", state.as_str().to_uppercase());
            let code = pb::district_report::State::from_str_name(&name).unwrap();
            assert_eq!(i32::from(state.code()), i32::from(code), "{state}");
        }
    }
}
