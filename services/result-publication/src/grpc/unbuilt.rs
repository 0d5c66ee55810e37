//! `InquiryService`, whose methods come later.

use chengping_chassis::error::to_status;
use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::inquiry_service_server::InquiryService;
use tonic::Request;

use super::{Answer, not_built};

pub(super) struct Unbuilt;

#[tonic::async_trait]
impl InquiryService for Unbuilt {
    async fn create_inquiry(&self, _: Request<pb::CreateInquiryRequest>) -> Answer<pb::Inquiry> {
        not_built("CreateInquiry").map_err(to_status)
    }

    async fn get_inquiry(&self, _: Request<pb::GetInquiryRequest>) -> Answer<pb::Inquiry> {
        not_built("GetInquiry").map_err(to_status)
    }

    async fn list_inquiries(
        &self,
        _: Request<pb::ListInquiriesRequest>,
    ) -> Answer<pb::ListInquiriesResponse> {
        not_built("ListInquiries").map_err(to_status)
    }

    async fn review_inquiry(&self, _: Request<pb::ReviewInquiryRequest>) -> Answer<pb::Inquiry> {
        not_built("ReviewInquiry").map_err(to_status)
    }

    async fn decide_inquiry(&self, _: Request<pb::DecideInquiryRequest>) -> Answer<pb::Inquiry> {
        not_built("DecideInquiry").map_err(to_status)
    }
}
