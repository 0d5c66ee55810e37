//! Resource names: how the API and a bulletin point at a thing.
//!
//! A name is a path of collections and identifiers, such as
//! `jurisdictions/zz/bulletins/2018-04/versions/1`. Every name has exactly one spelling: in an
//! identifier that may hold a slash, `/` is written `%2F` and `%` is written `%25`.

use std::fmt::{self, Display};
use std::str::FromStr;

use crate::{BodyId, CaseNo, JurisdictionId, Month, PackId, RecordId};

/// A text that is not the name of the expected resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a resource name of the format {format}")]
pub struct NameError {
    /// What was found, cut to 200 characters.
    pub text: String,
    /// The format that was expected, such as `jurisdictions/{jurisdiction}/cases/{case_no}`.
    pub format: &'static str,
}

macro_rules! resource_name {
    ($(#[$meta:meta])* $name:ident {
        $($(#[$field_meta:meta])* $first:literal / $field:ident: $kind:ty),+ $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $kind,)+
        }

        impl $name {
            /// The format, as errors and the API's comments print it, with a leading slash.
            const PATH: &'static str = concat!($("/", $first, "/{", stringify!($field), "}"),+);
            /// The format, such as `jurisdictions/{jurisdiction}`.
            pub const FORMAT: &'static str = Self::PATH.split_at(1).1;

            fn read(text: &str) -> Option<Self> {
                let mut parts = text.split('/');
                let name = Self {
                    $($field: {
                        parts.next().filter(|collection| *collection == $first)?;
                        segment(parts.next()?)?
                    },)+
                };
                parts.next().is_none().then_some(name)
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::read(text).ok_or_else(|| NameError {
                    text: text.chars().take(200).collect(),
                    format: Self::FORMAT,
                })
            }
        }

        impl Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut before = "";
                $(
                    write!(formatter, "{before}{}/{}", $first, escape(&self.$field))?;
                    before = "/";
                )+
                let _ = before;
                Ok(())
            }
        }
    };
}

/// Reads one identifier; refuses other spellings of the same, such as `01` for `1`.
fn segment<T: FromStr + Display>(text: &str) -> Option<T> {
    let plain = text.replace("%2F", "/").replace("%25", "%");
    let value: T = plain.parse().ok().filter(|_| !plain.is_empty())?;
    (escape(&value) == text).then_some(value)
}

fn escape(value: &impl Display) -> String {
    value.to_string().replace('%', "%25").replace('/', "%2F")
}

resource_name! {
    /// A jurisdiction.
    JurisdictionName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
    }
}
resource_name! {
    /// An evaluated body.
    BodyName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// The body.
        "bodies" / body: BodyId,
    }
}
resource_name! {
    /// An area: a road section or grid.
    AreaName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// The code that cases use.
        "areas" / area: String,
    }
}
resource_name! {
    /// A category of cases.
    CategoryName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// Its scheme, a colon and its code.
        "categories" / category: String,
    }
}
resource_name! {
    /// A case.
    CaseName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// The platform's case number.
        "cases" / case_no: CaseNo,
    }
}
resource_name! {
    /// An event of a case.
    EventName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// The platform's case number.
        "cases" / case_no: CaseNo,
        /// The number of the event in its case.
        "events" / event: u64,
    }
}
resource_name! {
    /// A frozen state of the data.
    SnapshotName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// The snapshot.
        "snapshots" / snapshot: RecordId,
    }
}
resource_name! {
    /// What was put away of a month.
    ArchiveName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// The month.
        "archives" / archive: Month,
    }
}
resource_name! {
    /// An entry about what was put away, taken back and erased.
    RetentionEntryName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// Its number, from 1.
        "retentionEntries" / entry: u64,
    }
}
resource_name! {
    /// A working calendar.
    WorkCalendarName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// The calendar.
        "workCalendars" / calendar: String,
    }
}
resource_name! {
    /// An entry of the audit log.
    AuditEntryName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// Its place in the log, from 1.
        "auditEntries" / entry: u64,
    }
}
resource_name! {
    /// A rule pack.
    RulePackName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// The pack.
        "rulePacks" / rule_pack: PackId,
    }
}
resource_name! {
    /// An immutable revision of a rule pack.
    RulePackRevisionName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// The pack.
        "rulePacks" / rule_pack: PackId,
        /// The number of the revision.
        "revisions" / revision: u64,
    }
}
resource_name! {
    /// A revision of the registry.
    RegistryRevisionName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// The number of the revision.
        "registryRevisions" / revision: u64,
    }
}
resource_name! {
    /// An evaluation: every body of a jurisdiction, for one month, under one revision.
    EvaluationName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// The evaluation.
        "evaluations" / evaluation: RecordId,
    }
}
resource_name! {
    /// What an evaluation says of one body.
    ScorecardName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// The evaluation.
        "evaluations" / evaluation: RecordId,
        /// The body.
        "scorecards" / body: BodyId,
    }
}
resource_name! {
    /// The bulletin of a month (regulation 2.7, 7.4).
    BulletinName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// The month.
        "bulletins" / month: Month,
    }
}
resource_name! {
    /// A sealed version of a bulletin.
    BulletinVersionName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// The month.
        "bulletins" / month: Month,
        /// The number of the version, from 1.
        "versions" / version: u64,
    }
}
resource_name! {
    /// Who takes publications in.
    ConsumerName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// The consumer.
        "consumers" / consumer: RecordId,
    }
}
resource_name! {
    /// An address that is told of publications.
    WebhookName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// The webhook.
        "webhooks" / webhook: RecordId,
    }
}
resource_name! {
    /// A publication on its way to a webhook.
    WebhookDeliveryName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// The webhook.
        "webhooks" / webhook: RecordId,
        /// The index in the log.
        "deliveries" / delivery: u64,
    }
}
resource_name! {
    /// The results of a year.
    AnnualResultName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// The year, of four digits.
        "annualResults" / year: u16,
    }
}
resource_name! {
    /// What a district reports.
    DistrictReportName {
        /// The jurisdiction that it reports to.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// The report.
        "districtReports" / district_report: RecordId,
    }
}

resource_name! {
    /// An objection or inquiry.
    InquiryName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// Its number, from 1.
        "inquiries" / inquiry: u64,
    }
}
resource_name! {
    /// A piece of evidence of an objection or inquiry.
    InquiryEvidenceName {
        /// The jurisdiction.
        "jurisdictions" / jurisdiction: JurisdictionId,
        /// The number of the inquiry.
        "inquiries" / inquiry: u64,
        /// The number of the piece, from 1.
        "evidence" / evidence: u64,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn survives<T: FromStr<Err = NameError> + Display>(text: &str) {
        assert_eq!(text.parse::<T>().unwrap().to_string(), text);
    }

    #[test]
    fn every_name_survives_its_text() {
        survives::<JurisdictionName>("jurisdictions/zz");
        survives::<BodyName>("jurisdictions/zz/bodies/d01");
        survives::<AreaName>("jurisdictions/zz/areas/R 00001");
        survives::<CaseName>("jurisdictions/zz/cases/郑〔2018〕1号");
        survives::<EventName>("jurisdictions/zz/cases/a%2Fb%25/events/7");
        survives::<SnapshotName>("jurisdictions/zz/snapshots/0199-a");
        survives::<ArchiveName>("jurisdictions/zz/archives/2018-04");
        survives::<RetentionEntryName>("jurisdictions/zz/retentionEntries/1");
        survives::<WorkCalendarName>("jurisdictions/zz/workCalendars/default");
        survives::<AuditEntryName>("jurisdictions/zz/auditEntries/12");
        survives::<RulePackName>("jurisdictions/zz/rulePacks/gbt-30428.4");
        survives::<RulePackRevisionName>("jurisdictions/zz/rulePacks/zz-2018/revisions/3");
        survives::<RegistryRevisionName>("jurisdictions/zz/registryRevisions/3");
        survives::<EvaluationName>("jurisdictions/zz/evaluations/0199");
        survives::<ScorecardName>("jurisdictions/zz/evaluations/0199/scorecards/d01");
        survives::<BulletinName>("jurisdictions/zz/bulletins/2018-04");
        survives::<BulletinVersionName>("jurisdictions/zz/bulletins/2018-04/versions/1");
        survives::<InquiryName>("jurisdictions/zz/inquiries/7");
        survives::<InquiryEvidenceName>("jurisdictions/zz/inquiries/7/evidence/1");
        survives::<ConsumerName>("jurisdictions/zz/consumers/assessment");
        survives::<WebhookName>("jurisdictions/zz/webhooks/assessment");
        survives::<WebhookDeliveryName>("jurisdictions/zz/webhooks/assessment/deliveries/0");
        survives::<AnnualResultName>("jurisdictions/zz/annualResults/2018");
        survives::<DistrictReportName>("jurisdictions/zz/districtReports/r1");
    }

    #[test]
    fn there_is_one_spelling() {
        for text in [
            "",
            "/jurisdictions/zz/cases/1",
            "jurisdictions/zz/cases/",
            "jurisdictions/zz/cases/1/",
            "jurisdictions/zz/cases/a%2fb",
            "jurisdictions/zz/cases/a%41",
            "jurisdictions/zz/cases/100%",
            "jurisdictions/ZZ/cases/1",
            "jurisdictions/zz/case/1",
            "jurisdictions//cases/1",
        ] {
            assert!(text.parse::<CaseName>().is_err(), "{text:?}");
        }
        for number in ["01", "+1", "-1", "1 ", "latest", ""] {
            let text = format!("jurisdictions/zz/rulePacks/zz-2018/revisions/{number}");
            assert!(text.parse::<RulePackRevisionName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_error_says_the_format() {
        let error = "bulletins/2018-04".parse::<BulletinVersionName>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"bulletins/2018-04\" is not a resource name of the format \
             jurisdictions/{jurisdiction}/bulletins/{month}/versions/{version}"
        );
    }

    proptest! {
        #[test]
        fn any_case_number_can_be_named(case_no in "[ -~郑/%25F]{1,40}") {
            let name = CaseName {
                jurisdiction: "zz".parse().unwrap(),
                case_no: case_no.parse().unwrap(),
            };
            prop_assert_eq!(name.to_string().parse::<CaseName>().unwrap(), name);
        }
    }
}
