//! Facts as columns.

use chengping_casework::Fact;
use chengping_casework::columns::{FactColumns, Form};
use chengping_proto::cases::v1 as pb;

use crate::app::MonthFacts;

/// The largest batch.
const FACTS_MAX: usize = 5_000;

/// The batches of some facts of a month, in their order.
pub(in crate::grpc) fn fact_batches(of: &MonthFacts, form: Form) -> Vec<pb::StreamFactsResponse> {
    let response = |facts: &[Fact]| {
        let (batch, is_former) = (Some(batch(FactColumns::of(facts, form))), of.is_former);
        pb::StreamFactsResponse { batch, month: of.month.to_string(), is_former }
    };
    of.facts.chunks(FACTS_MAX).map(response).collect()
}

fn batch(columns: FactColumns) -> pb::FactBatch {
    pb::FactBatch {
        dictionary: columns.dictionary,
        case_nos: columns.case_nos,
        sources: columns.sources,
        category_schemes: columns.category_schemes,
        category_codes: columns.category_codes,
        area_codes: columns.area_codes,
        collectors: columns.collectors,
        units: columns.units,
        filing_desks: columns.filing_desks,
        report_times: columns.report_times,
        file_times: columns.file_times,
        marks: columns.marks,
        orders_first: columns.orders_first,
        orders_repeated: columns.orders_repeated,
        orders_weights: columns.orders_weights,
        visits: columns.visits,
        desk_lengths: columns.desk_lengths,
        desk_teams: columns.desk_teams,
        desk_bases: columns.desk_bases,
        desk_times: columns.desk_times,
        sum_lengths: columns.sum_lengths,
        sum_bases: columns.sum_bases,
        sum_numbers: columns.sum_numbers,
        desk_list_lengths: columns.desk_list_lengths,
        desk_lists: columns.desk_lists,
    }
}
