//! `chengping registry diff`: what is different, or would be.

use chengping_proto::rules::v1::{CompareRegistryRevisionsRequest, RegistryDifference};
use serde_json::{Value, json};

use crate::clients::{Clients, all_pages};
use crate::convert::enum_text;
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table, say};

/// Shows what is different between two revisions; the newest one without a number.
pub(super) async fn revisions(
    clients: &Clients,
    before: u64,
    after: Option<u64>,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let name = |revision: String| format!("{}/registryRevisions/{revision}", clients.parent());
    let request = CompareRegistryRevisionsRequest {
        before: name(before.to_string()),
        after: name(after.map_or_else(|| "current".to_owned(), |number| number.to_string())),
        ..CompareRegistryRevisionsRequest::default()
    };
    let found = all_pages!(clients.registry(), compare_registry_revisions, request, differences);
    let found = found.doing("compare the revisions")?;
    report(&found, i64::try_from(found.len()).unwrap_or(i64::MAX), out)?;
    Ok(Outcome::Done)
}

/// Prints a line for each column that differs; `count` is how many rows do, though not all of them
/// may have been told.
pub(super) fn report(
    differences: &[RegistryDifference],
    count: i64,
    out: &mut Output,
) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("change", Align::Left),
        ("table", Align::Left),
        ("key", Align::Left),
        ("column", Align::Left),
        ("before", Align::Left),
        ("after", Align::Left),
    ]);
    for difference in differences {
        for field in &difference.fields {
            table.row([
                change(difference),
                difference.table.clone(),
                difference.key.join(" "),
                field.column.clone(),
                field.before.clone(),
                field.after.clone(),
            ]);
        }
    }
    let rows: Vec<_> = differences.iter().map(row_json).collect();
    out.report(&table, &json!({"difference_count": count, "differences": rows}))?;
    let told = i64::try_from(differences.len()).unwrap_or(i64::MAX);
    let rest = count - told;
    if rest > 0 {
        return out.remark(format_args!("{count} rows differ; {rest} of them are not shown"));
    }
    out.remark(format_args!("{count} rows differ"))
}

fn change(difference: &RegistryDifference) -> String {
    enum_text(difference.change().as_str_name(), "CHANGE_")
}

fn row_json(difference: &RegistryDifference) -> Value {
    let field = |field: &chengping_proto::rules::v1::FieldDifference| json!({"column": field.column, "before": field.before, "after": field.after});
    json!({
        "change": change(difference),
        "table": difference.table,
        "key": difference.key,
        "fields": difference.fields.iter().map(field).collect::<Vec<_>>(),
    })
}

/// Says what should be looked at on standard error.
pub(super) fn say_warnings(warnings: &[String]) {
    for warning in warnings {
        say(format_args!("warning: {warning}"));
    }
}
