//! `chengping annual`: the year of each body, from the published months (7.3).

use chengping_proto::publication::v1::{AnnualResult, GetAnnualResultRequest};
use chengping_types::name::AnnualResultName;
use clap::Args;

use crate::args::{Common, Format};
use crate::clients::Clients;
use crate::convert::last_part;
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Align, Output, Table};

/// Flags of `annual`.
#[derive(Debug, Args)]
pub struct AnnualArgs {
    /// The year
    #[arg(long, value_name = "YYYY", value_parser = clap::value_parser!(u16).range(1000..=9999))]
    year: u16,
}

/// Prints the ranking of a year; as JSON, the document itself.
pub async fn run(common: &Common, args: &AnnualArgs, out: &mut Output) -> Result<Outcome, Failure> {
    let clients = Clients::connect(common).await?;
    let jurisdiction = clients.jurisdiction().clone();
    let name = AnnualResultName { jurisdiction, year: args.year }.to_string();
    let found = clients.years().get_annual_result(GetAnnualResultRequest { name }).await;
    let found = found.doing(format!("compute {}", args.year))?.into_inner();
    if out.format() == Format::Json {
        out.raw(&found.document)?;
        return Ok(Outcome::Done);
    }
    let table = table(&found);
    match out.format() {
        Format::Csv => out.raw(&table.to_csv())?,
        _ => out.text(&table.to_string())?,
    }
    let months = found.months.iter().map(|month| {
        format!("{} version {} {}", month.month, last_part(&month.bulletin_version), month.digest)
    });
    out.remark(format_args!("\nfrom\n  {}", months.collect::<Vec<_>>().join("\n  ")))?;
    if !found.missing_months.is_empty() {
        out.remark(format_args!("not published: {}", found.missing_months.join(", ")))?;
    }
    out.remark(format_args!("document {}", found.digest))?;
    Ok(Outcome::Done)
}

fn table(found: &AnnualResult) -> Table {
    let mut table = Table::new(&[
        ("group", Align::Left),
        ("rank", Align::Right),
        ("body", Align::Left),
        ("assessment_code", Align::Left),
        ("score", Align::Right),
        ("exact_score", Align::Right),
        ("grade", Align::Left),
        ("months", Align::Right),
        ("not_rated_reason", Align::Left),
    ]);
    for line in &found.annual_lines {
        let rank = if line.rank == 0 { String::new() } else { line.rank.to_string() };
        table.row([
            line.group.clone(),
            rank,
            line.body_id.clone(),
            line.assessment_code.clone(),
            line.score.clone(),
            line.exact_score.clone(),
            line.grade.clone(),
            line.counted_months.len().to_string(),
            line.not_rated_reason.clone(),
        ]);
    }
    table
}
