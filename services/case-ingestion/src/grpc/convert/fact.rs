//! Facts as columns.

use chengping_casework::columns::{FactColumns, Form};
use chengping_casework::{Fact, move_columns};
use chengping_proto::cases::v1 as pb;

use crate::app::MonthFacts;

/// The largest batch.
const FACTS_MAX: usize = 5_000;

/// The batches of some facts of a month, in their order.
pub(in crate::grpc) fn fact_batches(of: &MonthFacts, form: Form) -> Vec<pb::StreamFactsResponse> {
    let response = |facts: &[Fact]| {
        let batch = Some(move_columns!(FactColumns::of(facts, form) => pb::FactBatch));
        pb::StreamFactsResponse { batch, month: of.month.to_string(), is_former: of.is_former }
    };
    of.facts.chunks(FACTS_MAX).map(response).collect()
}
