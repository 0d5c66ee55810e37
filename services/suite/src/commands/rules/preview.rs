//! `chengping rules preview`: what other rules would have given.

mod shown;

use std::str::FromStr;

use chengping_proto::rules::v1::{Adjustment, GetEffectiveRulePackRequest};
use chengping_proto::scoring::v1::PreviewRulePackRequest;
use chengping_rules::adjust;
use chengping_types::Month;
use clap::Args;
use serde_json::Value;

use super::diff::AnyPack;
use super::source;
use crate::args::{Common, Format};
use crate::clients::Clients;
use crate::failure::{Doing as _, Failure, Outcome};
use crate::output::{Output, say};

/// Flags of `rules preview`.
#[derive(Debug, Args)]
pub struct PreviewArgs {
    /// Last month; only that of --month unless given
    #[arg(long, value_name = "YYYY-MM")]
    through: Option<Month>,
    /// Change one number; may be given more than once. Without a pack it is changed in the rules in
    /// force in each month
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<Setting>,
    /// The authority of the changed numbers: regulation, standard, city:NAME or assumption
    #[arg(long, value_name = "P", default_value = "assumption", requires = "set")]
    provenance: String,
    /// Also show what ranks depend on: every weight of the other rules alone, smaller and larger;
    /// as CSV that is shown instead. Without other rules, of those in force in the first month
    #[arg(long)]
    sensitivity: bool,
    /// By which share weights are made smaller and larger, 0.01 to 0.5
    #[arg(long, value_name = "SHARE", default_value = "0.1", requires = "sensitivity")]
    step: String,
    /// YAML file, the name of a built-in pack, or NAME@REVISION of the server
    #[arg(value_name = "FILE|NAME", required_unless_present_any = ["set", "sensitivity"])]
    pack: Option<AnyPack>,
}

/// `PATH=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Setting {
    path: String,
    value: String,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=').map(|(path, value)| (path.trim(), value.trim())) {
            Some((path, value)) if !path.is_empty() && !value.is_empty() => {
                Ok(Self { path: path.to_owned(), value: value.to_owned() })
            }
            _ => Err("write it as PATH=VALUE, such as families.area.zones.key=0.7".to_owned()),
        }
    }
}

/// Scores the months under other rules, and prints what is different, month by month.
pub(super) async fn run(
    common: &Common,
    args: &PreviewArgs,
    out: &mut Output,
) -> Result<Outcome, Failure> {
    let first = common.required_month()?;
    let last = args.through.unwrap_or(first);
    if last < first {
        return Err(Failure::usage("--through lies before --month; exchange them"));
    }
    let months = (0..=last.since(first)).map(|after| first.plus(after).to_string()).collect();
    let rules = other_rules(common, args, first).await?;
    let clients = Clients::connect(common).await?;
    let request = PreviewRulePackRequest {
        parent: clients.parent(),
        months,
        sensitivity: args.sensitivity,
        sensitivity_step: if args.sensitivity { args.step.clone() } else { String::new() },
        ..rules
    };
    let answer = clients.evaluations().preview_rule_pack(request).await;
    let mut answers = answer.doing("preview the rules")?.into_inner();
    let mut all = if args.sensitivity { shown::sensitivities() } else { shown::differences() };
    let mut documents = Vec::new();
    while let Some(month) = answers.message().await.doing("preview the rules")? {
        match out.format() {
            Format::Table => shown::print(&month, args.sensitivity, out)?,
            Format::Csv if args.sensitivity => shown::add_sensitivities(&mut all, &month),
            Format::Csv => shown::add_differences(&mut all, &month),
            Format::Json => documents.push(shown::document(&month, args.sensitivity)),
        }
    }
    match out.format() {
        Format::Table => {}
        Format::Csv => out.raw(&all.to_csv())?,
        Format::Json => out.json(&Value::from(documents))?,
    }
    Ok(Outcome::Done)
}

/// The part of the request that tells the other rules. Mistakes of a text are told before anybody
/// waits for a server.
async fn other_rules(
    common: &Common,
    args: &PreviewArgs,
    first: Month,
) -> Result<PreviewRulePackRequest, Failure> {
    let mut request = PreviewRulePackRequest::default();
    match (&args.pack, args.set.as_slice()) {
        (None, []) => {
            let clients = Clients::connect(common).await?;
            let (parent, month) = (clients.parent(), first.to_string());
            let wish = GetEffectiveRulePackRequest { parent, month };
            let in_force = clients.rule_packs().get_effective_rule_pack(wish).await;
            request.revision = in_force.doing("get the rules in force")?.into_inner().name;
        }
        (None, settings) => {
            let adjustment = |setting: &Setting| Adjustment {
                path: setting.path.clone(),
                value: setting.value.clone(),
                provenance: args.provenance.clone(),
                ..Adjustment::default()
            };
            request.adjustments = settings.iter().map(adjustment).collect();
        }
        (Some(AnyPack::Kept(revision)), []) => {
            let clients = Clients::connect(common).await?;
            request.revision = revision.name(clients.jurisdiction());
        }
        (Some(pack), settings) => {
            let text = pack.text(common).await?;
            source::parse(&text)?;
            request.source = if settings.is_empty() { text } else { changed(&text, args)? };
        }
    }
    Ok(request)
}

/// The text of a pack with other numbers.
fn changed(text: &str, args: &PreviewArgs) -> Result<String, Failure> {
    let adjustment = |setting: &Setting| chengping_rules::Adjustment {
        path: setting.path.clone(),
        value: setting.value.clone(),
        provenance: args.provenance.clone(),
        clause: None,
        note: None,
    };
    let adjustments: Vec<_> = args.set.iter().map(adjustment).collect();
    adjust(text, &adjustments).map_err(|mistakes| {
        mistakes.iter().for_each(say);
        Failure::other(format!("--set has {} mistakes", mistakes.iter().count()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_a_path_and_a_value() {
        let setting = |path: &str, value: &str| {
            Ok(Setting { path: path.to_owned(), value: value.to_owned() })
        };
        let key = "families.area.zones.key";
        assert_eq!(format!("{key}=0.7").parse(), setting(key, "0.7"));
        assert_eq!(format!("{key} = 2/3").parse(), setting(key, "2/3"));
        for bad in [key, "=0.7", "families.area.zones.key=", ""] {
            assert!(bad.parse::<Setting>().unwrap_err().contains("PATH=VALUE"), "{bad}");
        }
    }
}
