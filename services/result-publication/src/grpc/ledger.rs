//! `LedgerService`.

use chengping_chassis::error::to_status;
use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::ledger_service_server::LedgerService;
use chengping_types::Digest;
use tonic::{Request, Response};

use super::page::Page;
use super::{Answer, actor, convert};
use crate::app::App;
use crate::error::Error;

pub(super) struct Ledger {
    pub(super) app: App,
}

impl Ledger {
    async fn inclusion(
        &self,
        request: pb::GetInclusionProofRequest,
    ) -> Result<pb::InclusionProof, Error> {
        let (name, tree_size) = convert::inclusion(&request)?;
        let proof = self.app.inclusion(&name, tree_size).await?;
        Ok(pb::InclusionProof {
            leaf_index: convert::int64(proof.index),
            tree_size: convert::int64(proof.tree_size),
            leaf_hash: proof.leaf.as_bytes().to_vec(),
            hashes: hashes(&proof.path),
        })
    }

    async fn consistency(
        &self,
        request: pb::GetConsistencyProofRequest,
    ) -> Result<pb::ConsistencyProof, Error> {
        let (jurisdiction, first, second) = convert::consistency(&request)?;
        let proof = self.app.consistency(&jurisdiction, first, second).await?;
        Ok(pb::ConsistencyProof {
            tree_size_first: convert::int64(first),
            tree_size_second: convert::int64(proof.second),
            hashes: hashes(&proof.path),
        })
    }

    async fn keys(
        &self,
        request: pb::ListVerifierKeysRequest,
    ) -> Result<pb::ListVerifierKeysResponse, Error> {
        let jurisdiction = convert::parent(&request.parent)?;
        let arguments = ["verifierKeys", &request.parent];
        let page = Page::<String>::read(request.page_size, &request.page_token, &arguments)?;
        let mut keys = self.app.log_keys(&jurisdiction).await?;
        if let Some(last) = &page.after {
            let told = keys.iter().position(|key| key.verifier_key == *last);
            keys.drain(..told.map_or(0, |place| place + 1));
        }
        let (keys, next_page_token) = page.cut(keys, |key| key.verifier_key.clone());
        Ok(pb::ListVerifierKeysResponse {
            verifier_keys: keys.iter().map(|key| key.verifier_key.clone()).collect(),
            log_keys: keys.into_iter().map(convert::keys::log_key).collect(),
            next_page_token,
        })
    }

    async fn receipt(
        &self,
        request: &pb::GetResultReceiptRequest,
    ) -> Result<pb::ResultReceipt, Error> {
        let (name, body) = convert::keys::receipt(request)?;
        Ok(pb::ResultReceipt { data: self.app.receipt(&name, &body).await? })
    }

    async fn verify(&self, request: &pb::VerifyLogRequest) -> Result<pb::VerifyLogResponse, Error> {
        let (jurisdiction, kept) = convert::keys::verify(request)?;
        let verified = self.app.verify_log(&jurisdiction, kept.as_ref()).await?;
        Ok(convert::keys::verified(verified))
    }
}

#[tonic::async_trait]
impl LedgerService for Ledger {
    async fn get_checkpoint(
        &self,
        request: Request<pb::GetCheckpointRequest>,
    ) -> Answer<pb::Checkpoint> {
        let name = request.into_inner().name;
        let jurisdiction = convert::checkpoint_name(&name).map_err(to_status)?;
        let checkpoint = self.app.checkpoint(&jurisdiction).await.map_err(to_status)?;
        Ok(Response::new(pb::Checkpoint {
            name,
            tree_size: convert::int64(checkpoint.head.size),
            root_hash: checkpoint.head.root.as_bytes().to_vec(),
            note: checkpoint.note,
        }))
    }

    async fn get_inclusion_proof(
        &self,
        request: Request<pb::GetInclusionProofRequest>,
    ) -> Answer<pb::InclusionProof> {
        self.inclusion(request.into_inner()).await.map(Response::new).map_err(to_status)
    }

    async fn get_consistency_proof(
        &self,
        request: Request<pb::GetConsistencyProofRequest>,
    ) -> Answer<pb::ConsistencyProof> {
        self.consistency(request.into_inner()).await.map(Response::new).map_err(to_status)
    }

    async fn list_verifier_keys(
        &self,
        request: Request<pb::ListVerifierKeysRequest>,
    ) -> Answer<pb::ListVerifierKeysResponse> {
        self.keys(request.into_inner()).await.map(Response::new).map_err(to_status)
    }

    async fn rotate_log_key(
        &self,
        request: Request<pb::RotateLogKeyRequest>,
    ) -> Answer<pb::LogKey> {
        let actor = actor(&request).map_err(to_status)?;
        let wish = convert::keys::rotate(request.into_inner(), actor).map_err(to_status)?;
        let key = self.app.rotate_key(wish).await.map_err(to_status)?;
        Ok(Response::new(convert::keys::log_key(key)))
    }

    async fn get_result_receipt(
        &self,
        request: Request<pb::GetResultReceiptRequest>,
    ) -> Answer<pb::ResultReceipt> {
        self.receipt(request.get_ref()).await.map(Response::new).map_err(to_status)
    }

    async fn verify_log(
        &self,
        request: Request<pb::VerifyLogRequest>,
    ) -> Answer<pb::VerifyLogResponse> {
        self.verify(request.get_ref()).await.map(Response::new).map_err(to_status)
    }
}

fn hashes(path: &[Digest]) -> Vec<Vec<u8>> {
    path.iter().map(|hash| hash.as_bytes().to_vec()).collect()
}
