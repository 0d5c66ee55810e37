//! `LedgerService`.

use chengping_chassis::error::to_status;
use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::ledger_service_server::LedgerService;
use chengping_types::Digest;
use tonic::{Request, Response};

use super::page::Page;
use super::{Answer, convert};
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
        let page = Page::read(request.page_size, &request.page_token, &arguments)?;
        let mut keys = self.app.verifier_keys(&jurisdiction).await?;
        if let Some(last) = &page.after {
            let told = keys.iter().position(|key| key == last).map_or(0, |place| place + 1);
            keys.drain(..told);
        }
        let (verifier_keys, next_page_token) = page.cut(keys, Clone::clone);
        Ok(pb::ListVerifierKeysResponse { verifier_keys, next_page_token })
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
}

fn hashes(path: &[Digest]) -> Vec<Vec<u8>> {
    path.iter().map(|hash| hash.as_bytes().to_vec()).collect()
}
