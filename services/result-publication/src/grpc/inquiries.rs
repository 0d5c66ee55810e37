//! `InquiryService`.

use chengping_chassis::error::to_status;
use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::inquiry_service_server::InquiryService;
use tonic::{Request, Response};

use super::convert::inquiry as convert;
use super::page::Page;
use super::{Answer, actor};
use crate::app::{self, App};
use crate::error::Error;

pub(super) struct Inquiries {
    pub(super) app: App,
}

impl Inquiries {
    async fn list(
        &self,
        request: pb::ListInquiriesRequest,
    ) -> Result<pb::ListInquiriesResponse, Error> {
        let (jurisdiction, filter) = convert::filter(&request)?;
        let shown = format!("{filter:?}");
        let page: Page<u64> = Page::read(
            request.page_size,
            &request.page_token,
            &["inquiries", &request.parent, &shown],
        )?;
        let part = app::Page { before: page.after, limit: page.limit() };
        let found = self.app.inquiries(&jurisdiction, &filter, part).await?;
        let (found, next_page_token) = page.cut(found, |whole| whole.inquiry.number);
        let inquiries = found.into_iter().map(convert::inquiry).collect();
        Ok(pb::ListInquiriesResponse { inquiries, next_page_token })
    }
}

#[tonic::async_trait]
impl InquiryService for Inquiries {
    async fn create_inquiry(
        &self,
        request: Request<pb::CreateInquiryRequest>,
    ) -> Answer<pb::Inquiry> {
        let actor = actor(&request).map_err(to_status)?;
        let wish = convert::file(request.into_inner(), actor).map_err(to_status)?;
        let whole = self.app.file(&wish).await.map_err(to_status)?;
        Ok(Response::new(convert::inquiry(whole)))
    }

    async fn get_inquiry(&self, request: Request<pb::GetInquiryRequest>) -> Answer<pb::Inquiry> {
        let name = convert::name("name", &request.get_ref().name).map_err(to_status)?;
        let whole = self.app.inquiry(&name).await.map_err(to_status)?;
        Ok(Response::new(convert::inquiry(whole)))
    }

    async fn list_inquiries(
        &self,
        request: Request<pb::ListInquiriesRequest>,
    ) -> Answer<pb::ListInquiriesResponse> {
        self.list(request.into_inner()).await.map(Response::new).map_err(to_status)
    }

    async fn review_inquiry(
        &self,
        request: Request<pb::ReviewInquiryRequest>,
    ) -> Answer<pb::Inquiry> {
        let actor = actor(&request).map_err(to_status)?;
        let request = request.into_inner();
        let (name, finding) = convert::review(&request).map_err(to_status)?;
        let whole = self.app.review(&name, &request.etag, finding, actor).await;
        Ok(Response::new(convert::inquiry(whole.map_err(to_status)?)))
    }

    async fn decide_inquiry(
        &self,
        request: Request<pb::DecideInquiryRequest>,
    ) -> Answer<pb::Inquiry> {
        let actor = actor(&request).map_err(to_status)?;
        let decision = convert::decide(request.into_inner(), actor).map_err(to_status)?;
        let whole = self.app.decide(decision).await.map_err(to_status)?;
        Ok(Response::new(convert::inquiry(whole)))
    }

    async fn create_inquiry_evidence(
        &self,
        request: Request<pb::CreateInquiryEvidenceRequest>,
    ) -> Answer<pb::InquiryEvidence> {
        let actor = actor(&request).map_err(to_status)?;
        let attached = convert::attach(request.into_inner(), actor).map_err(to_status)?;
        let inquiry = attached.inquiry.clone();
        let evidence = self.app.attach(attached).await.map_err(to_status)?;
        Ok(Response::new(convert::evidence(&inquiry, evidence)))
    }

    async fn get_inquiry_evidence(
        &self,
        request: Request<pb::GetInquiryEvidenceRequest>,
    ) -> Answer<pb::InquiryEvidence> {
        let name = convert::evidence_name(&request.get_ref().name).map_err(to_status)?;
        let evidence = self.app.evidence(&name).await.map_err(to_status)?;
        let inquiry = convert::of(&name);
        Ok(Response::new(convert::evidence(&inquiry, evidence)))
    }
}
