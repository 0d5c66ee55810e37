//! `DistrictReportService`.

use chengping_chassis::error::to_status;
use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::district_report_service_server::DistrictReportService;
use tonic::{Request, Response};

use super::page::Page;
use super::{Answer, actor, convert};
use crate::app::App;
use crate::error::Error;

pub(super) struct Reports {
    pub(super) app: App,
}

impl Reports {
    async fn create(
        &self,
        request: pb::CreateDistrictReportRequest,
        creator: String,
    ) -> Result<pb::DistrictReport, Error> {
        let wish = convert::reports::create(request, creator)?;
        Ok(convert::reports::report(self.app.create_report(wish).await?))
    }

    async fn get(&self, name: &str) -> Result<pb::DistrictReport, Error> {
        let name = convert::reports::name(name)?;
        Ok(convert::reports::report(self.app.report(&name).await?))
    }

    async fn list(
        &self,
        request: pb::ListDistrictReportsRequest,
    ) -> Result<pb::ListDistrictReportsResponse, Error> {
        let (jurisdiction, month) = convert::reports::list(&request)?;
        let arguments = ["districtReports", &request.parent, &request.month];
        let page = Page::read(request.page_size, &request.page_token, &arguments)?;
        let part = (page.after, page.limit());
        let found = self.app.reports(&jurisdiction, month, part).await?;
        let (reports, next_page_token) = page.cut(found, |report| report.sequence);
        let district_reports = reports.into_iter().map(convert::reports::report).collect();
        Ok(pb::ListDistrictReportsResponse { district_reports, next_page_token })
    }

    async fn decide(
        &self,
        wish: Result<crate::app::DecideReport, Error>,
    ) -> Result<pb::DistrictReport, Error> {
        Ok(convert::reports::report(self.app.decide_report(wish?).await?))
    }
}

#[tonic::async_trait]
impl DistrictReportService for Reports {
    async fn create_district_report(
        &self,
        request: Request<pb::CreateDistrictReportRequest>,
    ) -> Answer<pb::DistrictReport> {
        let creator = actor(&request).map_err(to_status)?;
        self.create(request.into_inner(), creator).await.map(Response::new).map_err(to_status)
    }

    async fn get_district_report(
        &self,
        request: Request<pb::GetDistrictReportRequest>,
    ) -> Answer<pb::DistrictReport> {
        self.get(&request.get_ref().name).await.map(Response::new).map_err(to_status)
    }

    async fn list_district_reports(
        &self,
        request: Request<pb::ListDistrictReportsRequest>,
    ) -> Answer<pb::ListDistrictReportsResponse> {
        self.list(request.into_inner()).await.map(Response::new).map_err(to_status)
    }

    async fn accept_district_report(
        &self,
        request: Request<pb::AcceptDistrictReportRequest>,
    ) -> Answer<pb::DistrictReport> {
        let actor = actor(&request).map_err(to_status)?;
        let wish = convert::reports::accept(request.into_inner(), actor);
        self.decide(wish).await.map(Response::new).map_err(to_status)
    }

    async fn return_district_report(
        &self,
        request: Request<pb::ReturnDistrictReportRequest>,
    ) -> Answer<pb::DistrictReport> {
        let actor = actor(&request).map_err(to_status)?;
        let wish = convert::reports::giving_back(request.into_inner(), actor);
        self.decide(wish).await.map(Response::new).map_err(to_status)
    }
}
