//! What districts report of their own jurisdictions (6.4).

use chengping_types::name::{BulletinVersionName, DistrictReportName};
use chengping_types::{BodyId, Digest, JurisdictionId, Month, canonical};
use serde::Serialize;
use uuid::Uuid;

use super::{App, made_before, now, version};
use crate::access::reports_of;
use crate::domain::lines;
use crate::domain::report::{Attachment, Report, ReportLine, ReportState};
use crate::domain::state::State;
use crate::error::Error;
use crate::store::{Connection, commit, log, reports, requests};

/// A wish to hand in a report.
#[derive(Debug, Clone)]
pub(crate) struct CreateReport {
    pub(crate) jurisdiction: JurisdictionId,
    pub(crate) district: BodyId,
    pub(crate) month: Month,
    /// A version of another jurisdiction; else the lines are given.
    pub(crate) version: Option<BulletinVersionName>,
    pub(crate) lines: Vec<ReportLine>,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) creator: String,
    pub(crate) request_id: Option<Uuid>,
    pub(crate) validate_only: bool,
}

/// A wish to decide on one.
#[derive(Debug, Clone)]
pub(crate) struct DecideReport {
    pub(crate) name: DistrictReportName,
    pub(crate) state: ReportState,
    /// Why it is returned; empty when it is accepted.
    pub(crate) reason: String,
    pub(crate) etag: String,
    pub(crate) actor: String,
    pub(crate) validate_only: bool,
}

/// What makes two wishes the same.
#[derive(Serialize)]
struct Content<'a> {
    district: &'a BodyId,
    month: Month,
    version: Option<String>,
    lines: &'a [ReportLine],
    attachments: Vec<(&'a str, &'a str, Digest)>,
}

impl CreateReport {
    fn content(&self) -> Digest {
        let files = self.attachments.iter();
        let content = Content {
            district: &self.district,
            month: self.month,
            version: self.version.as_ref().map(ToString::to_string),
            lines: &self.lines,
            attachments: files
                .map(|file| (file.file_name.as_str(), file.media_type.as_str(), file.digest))
                .collect(),
        };
        canonical::digest(&content).expect("texts and small numbers are canonical")
    }
}

impl App {
    /// Takes a report in.
    pub(crate) async fn create_report(&self, wish: CreateReport) -> Result<Report, Error> {
        if !reports_of(&wish.district) {
            return Err(Error::NotYours { jurisdiction: wish.jurisdiction.to_string() });
        }
        let mut transaction = self.store.begin().await?;
        log::lock(&mut transaction, &wish.jurisdiction).await?;
        let (jurisdiction, content) = (&wish.jurisdiction, wish.content());
        let before = made_before(&mut transaction, jurisdiction, wish.request_id, content);
        if let Some(name) = before.await? {
            return report(&mut transaction, &name).await;
        }
        let made = self.made(&mut transaction, &wish).await?;
        if let Some(live) = reports::live(&mut transaction, &made).await? {
            let name = DistrictReportName { district_report: live, ..made.name() };
            return Err(Error::ReportExists { name: name.to_string() });
        }
        reports::insert(&mut transaction, &made).await?;
        let creator = &made.creator;
        reports::insert_move(&mut transaction, &made, creator, None, made.create_time).await?;
        if let Some(request_id) = wish.request_id {
            let name = made.name();
            requests::insert_made(&mut transaction, jurisdiction, request_id, content, name)
                .await?;
        }
        if !wish.validate_only {
            commit(transaction).await?;
        }
        Ok(made)
    }

    /// The report that is wished for.
    async fn made(
        &self,
        connection: &mut Connection,
        wish: &CreateReport,
    ) -> Result<Report, Error> {
        let (version, lines) = match &wish.version {
            Some(name) => {
                let (digest, lines) = standing(connection, name, wish.month).await?;
                (Some((name.clone(), digest)), lines)
            }
            None => (None, wish.lines.clone()),
        };
        let id = format!("r{}", Uuid::now_v7().simple());
        Ok(Report {
            jurisdiction: wish.jurisdiction.clone(),
            id: id.parse().expect("a letter and hexadecimal digits are an identifier"),
            sequence: reports::next_sequence(connection, &wish.jurisdiction).await?,
            district: wish.district.clone(),
            month: wish.month,
            version,
            lines,
            attachments: wish.attachments.clone(),
            state: ReportState::Submitted,
            return_reason: String::new(),
            revision: 1,
            creator: wish.creator.clone(),
            create_time: now(),
            decider: String::new(),
            decide_time: None,
        })
    }

    /// Accepts a report, or returns it.
    pub(crate) async fn decide_report(&self, wish: DecideReport) -> Result<Report, Error> {
        let mut transaction = self.store.begin().await?;
        log::lock(&mut transaction, &wish.name.jurisdiction).await?;
        let mut report = report(&mut transaction, &wish.name).await?;
        if !wish.etag.is_empty() && wish.etag != report.etag() {
            let (name, current) = (wish.name.to_string(), report.etag());
            return Err(Error::EtagMismatch { name, current });
        }
        if !report.state.may_become(wish.state) {
            let (from, to) = (report.state.as_str(), wish.state.as_str());
            return Err(Error::IllegalReportChange { name: wish.name.to_string(), from, to });
        }
        // What a report relies on must still stand when it is taken over.
        if wish.state == ReportState::Accepted
            && let Some((name, _)) = &report.version
        {
            standing(&mut transaction, name, report.month).await?;
        }
        let (before, now) = (report.digest(), now());
        report.state = wish.state;
        report.return_reason = wish.reason;
        report.revision += 1;
        report.decider = wish.actor;
        report.decide_time = Some(now);
        reports::put_decision(&mut transaction, &report).await?;
        let actor = &report.decider;
        reports::insert_move(&mut transaction, &report, actor, Some(before), now).await?;
        if !wish.validate_only {
            commit(transaction).await?;
        }
        Ok(report)
    }

    pub(crate) async fn report(&self, name: &DistrictReportName) -> Result<Report, Error> {
        let mut transaction = self.store.begin_reading().await?;
        report(&mut transaction, name).await
    }

    /// At most `limit` reports before `before`, newest first.
    pub(crate) async fn reports(
        &self,
        jurisdiction: &JurisdictionId,
        month: Option<Month>,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Report>, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let place = (month, before);
        Ok(reports::list(&mut transaction, jurisdiction, None, place, limit, false).await?)
    }

    /// The reports that the caller sees.
    pub(crate) fn seen_reports(found: Vec<Report>) -> Vec<Report> {
        found.into_iter().filter(|report| reports_of(&report.district)).collect()
    }
}

/// The report of that name, if the caller may see it.
async fn report(connection: &mut Connection, name: &DistrictReportName) -> Result<Report, Error> {
    let id = Some(&name.district_report);
    let found = reports::list(connection, &name.jurisdiction, id, (None, None), 1, true).await?;
    let found = found.into_iter().next().filter(|report| reports_of(&report.district));
    found.ok_or_else(|| Error::ReportNotFound { name: name.to_string() })
}

/// The digest and lines of a version that stands for `month`.
async fn standing(
    connection: &mut Connection,
    name: &BulletinVersionName,
    month: Month,
) -> Result<(Digest, Vec<ReportLine>), Error> {
    let found = version(connection, name).await?;
    let sealed = found.sealed.clone().filter(|_| found.state == State::Published);
    let Some(sealed) = sealed.filter(|_| found.month == month) else {
        return Err(Error::VersionNotStanding { name: name.to_string(), month });
    };
    let document = log::document(connection, &name.jurisdiction, month, found.number).await?;
    let read = tokio::task::spawn_blocking(move || lines::read(&document)).await?;
    let read = read.map_err(|error| Error::DocumentCorrupt {
        name: name.to_string(),
        source: Box::new(error),
    })?;
    let line = |line: lines::Line| ReportLine {
        body_id: line.body_id,
        score: line.score.unwrap_or_default(),
        rank: line.rank.unwrap_or_default(),
    };
    Ok((sealed.digest, read.into_iter().map(line).collect()))
}
