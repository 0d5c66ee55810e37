//! What districts report of their own jurisdictions (6.4).

use std::collections::{BTreeMap, BTreeSet};

use chengping_access::Sight;
use chengping_chassis::error::FieldErrors;
use chengping_ledger::reported::Reported;
use chengping_rules::DistrictReports;
use chengping_types::name::{BulletinVersionName, DistrictReportName, JurisdictionName};
use chengping_types::{BodyId, BodyKind, Digest, JurisdictionId, Month, canonical};
use serde::Serialize;
use uuid::Uuid;

use super::notice::settings_of;
use super::sealed::lines_of;
use super::seeing::{limit, require};
use super::{App, made_before, now, require_etag, version};
use crate::domain::Version;
use crate::domain::lines::Line;
use crate::domain::report::{Attachment, Report, ReportLine, ReportState};
use crate::domain::state::State;
use crate::error::Error;
use crate::store::{Connection, commit, log, reports, requests, versions};

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
        let sight = self.sight(&wish.jurisdiction).await?;
        require(&sight, [&wish.district], &wish.jurisdiction)?;
        // Asked before the lock, and told only to who did not hand it in before.
        let fits = self.require_fit(&wish).await;
        let mut transaction = self.store.begin().await?;
        log::lock(&mut transaction, &wish.jurisdiction).await?;
        let (jurisdiction, content) = (&wish.jurisdiction, wish.content());
        let before = made_before(&mut transaction, jurisdiction, wish.request_id, content);
        if let Some(name) = before.await? {
            return report(&mut transaction, &name, &sight).await;
        }
        fits?;
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

    /// That the registry and the rules of the month take it.
    async fn require_fit(&self, wish: &CreateReport) -> Result<(), Error> {
        self.require_district(wish).await?;
        self.require_taken(wish).await
    }

    /// That the registry has the district as one. Where none was imported, nobody is a district by it,
    /// and nobody gets here but who sees all.
    async fn require_district(&self, wish: &CreateReport) -> Result<(), Error> {
        let registry = self.peers.registries.current(&wish.jurisdiction).await?;
        let mut bodies = registry.bodies.iter();
        let is_one =
            bodies.any(|body| body.body_id == wish.district && body.kind == BodyKind::District);
        if is_one || registry.bodies.is_empty() {
            return Ok(());
        }
        let mut errors = FieldErrors::default();
        errors.push("district_report.district", "must be a district of the registry");
        Err(errors.into())
    }

    /// That the rules of the month take reports of districts.
    async fn require_taken(&self, wish: &CreateReport) -> Result<(), Error> {
        let settings = self.peers.rules.settings(&wish.jurisdiction, wish.month).await?;
        if settings.district_reports != DistrictReports::Refused {
            return Ok(());
        }
        Err(Error::ReportsRefused {
            jurisdiction: wish.jurisdiction.to_string(),
            month: wish.month,
        })
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
            stands: version.is_some(),
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
        let sight = self.sight(&wish.name.jurisdiction).await?;
        let mut transaction = self.store.begin().await?;
        log::lock(&mut transaction, &wish.name.jurisdiction).await?;
        let mut report = report(&mut transaction, &wish.name, &sight).await?;
        require_etag(&wish.name, &report.etag(), &wish.etag)?;
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

    /// A report that the caller sees.
    pub(crate) async fn report(&self, name: &DistrictReportName) -> Result<Report, Error> {
        let sight = self.sight(&name.jurisdiction).await?;
        let mut transaction = self.store.begin_reading().await?;
        let report = report(&mut transaction, name, &sight).await?;
        drop(transaction);
        self.note(&sight, &name.jurisdiction, name).await?;
        Ok(report)
    }

    /// At most `limit` reports before `before` that the caller sees, newest first.
    pub(crate) async fn reports(
        &self,
        jurisdiction: &JurisdictionId,
        month: Option<Month>,
        (before, most): (Option<u64>, u32),
    ) -> Result<Vec<Report>, Error> {
        let sight = self.sight(jurisdiction).await?;
        let bodies = limit(&sight);
        let mut transaction = self.store.begin_reading().await?;
        let which = (month, bodies.as_deref());
        let page = (before, most);
        let mut found = reports::list(&mut transaction, jurisdiction, which, page).await?;
        say_what_stands(&mut transaction, &mut found).await?;
        drop(transaction);
        let parent = JurisdictionName { jurisdiction: jurisdiction.clone() };
        self.note(&sight, jurisdiction, format!("{parent}/districtReports")).await?;
        Ok(found)
    }
}

/// What is sealed of reports with a version: those accepted by now, where its rules publish them.
pub(super) async fn reported(
    connection: &mut Connection,
    version: &Version,
    input: &[u8],
) -> Result<Vec<Reported>, Error> {
    if settings_of(version, input)?.district_reports != DistrictReports::Published {
        return Ok(Vec::new());
    }
    let accepted = reports::accepted(connection, &version.jurisdiction, version.month).await?;
    let sealed = accepted
        .iter()
        .map(|report| report.sealed().map_err(|error| Error::corrupt(report.name(), error)));
    sealed.collect()
}

/// The report of that name, whole. Who does not see its district is told the same whether or not it is
/// there.
async fn report(
    connection: &mut Connection,
    name: &DistrictReportName,
    sight: &Sight,
) -> Result<Report, Error> {
    let found = reports::get(connection, &name.jurisdiction, &name.district_report).await?;
    require(sight, found.iter().map(|report| &report.district), &name.jurisdiction)?;
    let mut found = Vec::from_iter(found);
    say_what_stands(connection, &mut found).await?;
    found.pop().ok_or_else(|| Error::ReportNotFound { name: name.to_string() })
}

/// Says of each report whether its version stands now. Versions are looked up jurisdiction by
/// jurisdiction: no query spans two.
async fn say_what_stands(connection: &mut Connection, reports: &mut [Report]) -> Result<(), Error> {
    let mut asked = BTreeMap::<JurisdictionId, BTreeSet<(Month, u64)>>::new();
    for (name, _) in reports.iter().filter_map(|report| report.version.as_ref()) {
        let of = asked.entry(name.jurisdiction.clone()).or_default();
        of.insert((name.month, name.version));
    }
    for (jurisdiction, of) in asked {
        let standing = versions::standing(connection, &jurisdiction, &of).await?;
        for report in reports.iter_mut() {
            if let Some((name, _)) = &report.version
                && name.jurisdiction == jurisdiction
            {
                report.stands = standing.contains(&(name.month, name.version));
            }
        }
    }
    Ok(())
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
    let line = |line: Line| ReportLine {
        body_id: line.body_id,
        score: line.score.unwrap_or_default(),
        rank: line.rank.unwrap_or_default(),
    };
    let lines = lines_of(connection, &found).await?;
    Ok((sealed.digest, lines.into_iter().map(line).collect()))
}
