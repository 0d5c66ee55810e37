//! `AnnualService`.

use chengping_chassis::error::to_status;
use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::annual_service_server::AnnualService;
use tonic::{Request, Response};

use super::page::Page;
use super::{Answer, convert};
use crate::app::App;
use crate::error::Error;

pub(super) struct Years {
    pub(super) app: App,
}

impl Years {
    async fn get(&self, request: &pb::GetAnnualResultRequest) -> Result<pb::AnnualResult, Error> {
        let (year, scores) = self.app.year(&convert::years::name(&request.name)?).await?;
        Ok(convert::years::year(&year, Some(scores)))
    }

    async fn list(
        &self,
        request: pb::ListAnnualResultsRequest,
    ) -> Result<pb::ListAnnualResultsResponse, Error> {
        let jurisdiction = convert::parent(&request.parent)?;
        let arguments = ["annualResults", &request.parent];
        let page = Page::read(request.page_size, &request.page_token, &arguments)?;
        let found = self.app.years(&jurisdiction, page.after, page.limit()).await?;
        let (years, next_page_token) = page.cut(found, |year| year.year);
        let annual_results = years.iter().map(|year| convert::years::year(year, None)).collect();
        Ok(pb::ListAnnualResultsResponse { annual_results, next_page_token })
    }
}

#[tonic::async_trait]
impl AnnualService for Years {
    async fn get_annual_result(
        &self,
        request: Request<pb::GetAnnualResultRequest>,
    ) -> Answer<pb::AnnualResult> {
        self.get(request.get_ref()).await.map(Response::new).map_err(to_status)
    }

    async fn list_annual_results(
        &self,
        request: Request<pb::ListAnnualResultsRequest>,
    ) -> Answer<pb::ListAnnualResultsResponse> {
        self.list(request.into_inner()).await.map(Response::new).map_err(to_status)
    }
}
