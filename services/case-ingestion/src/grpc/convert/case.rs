//! Cases.

use chengping_casework::{Case, Source};
use chengping_proto::cases::v1 as pb;
use chengping_types::JurisdictionId;
use chengping_types::name::CaseName;
use serde_json::{Map, Value};

use super::record::{body, case_no, fields, name_of, text};
use super::timestamp;
use crate::domain::{Accepted, Fault};

/// The case of a message, or the first thing that is wrong with it.
pub(super) fn case(message: &pb::Case) -> Result<Case, Fault> {
    let case_no = case_no(&message.case_no)?;
    let source = source(message.source).ok_or_else(|| match message.source {
        0 => Fault::new("missing_source", "source", "the case has no source; give it"),
        number => {
            let message = format!("source {number} is not known; use one of the listed ones");
            Fault::new("unknown_source", "source", message)
        }
    })?;
    let category = |column, given: &str| match given {
        "" => {
            let message = format!("the case has no {column}; give it");
            Err(Fault::new("missing_category", column, message))
        }
        given => text(column, given),
    };
    Ok(Case {
        case_no,
        source,
        category_scheme: category("category_scheme", &message.category_scheme)?,
        category_code: category("category_code", &message.category_code)?,
        area_code: text("area_code", &message.area_code)?,
        collector: body("collector", &message.collector)?,
        title: Some(text("title", &message.title)?).filter(|title| !title.is_empty()),
        filing_condition: Some(text("filing_condition", &message.filing_condition)?)
            .filter(|condition| !condition.is_empty()),
    })
}

/// What a reject keeps of a message that is no case.
pub(super) fn payload(message: &pb::Case) -> Map<String, Value> {
    fields([
        ("case_no", message.case_no.clone()),
        ("source", name_of(source(message.source).map(Source::as_str), message.source)),
        ("category_scheme", message.category_scheme.clone()),
        ("category_code", message.category_code.clone()),
        ("area_code", message.area_code.clone()),
        ("collector", message.collector.clone()),
        ("title", message.title.clone()),
        ("filing_condition", message.filing_condition.clone()),
    ])
}

/// The numbers of the API are the codes of the domain.
fn source(number: i32) -> Option<Source> {
    u8::try_from(number).ok().and_then(Source::from_code)
}

pub(in crate::grpc) fn case_to_pb(
    jurisdiction: &JurisdictionId,
    accepted: Accepted<Case>,
) -> pb::Case {
    let Accepted { record: case, sequence, create_time } = accepted;
    let name = CaseName { jurisdiction: jurisdiction.clone(), case_no: case.case_no.clone() };
    pb::Case {
        name: name.to_string(),
        case_no: case.case_no.to_string(),
        source: case.source.code().into(),
        category_scheme: case.category_scheme,
        category_code: case.category_code,
        area_code: case.area_code,
        collector: case.collector.map(|body| body.to_string()).unwrap_or_default(),
        title: case.title.unwrap_or_default(),
        create_time: Some(timestamp(create_time)),
        sequence,
        filing_condition: case.filing_condition.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Record as _;

    fn message() -> pb::Case {
        pb::Case {
            case_no: "A-1".to_owned(),
            source: pb::Source::Patrol.into(),
            category_scheme: "gbt-30428.2-2013-event".to_owned(),
            category_code: "0110".to_owned(),
            area_code: "R1".to_owned(),
            collector: "c01".to_owned(),
            title: "路口".to_owned(),
            ..pb::Case::default()
        }
    }

    #[test]
    fn numbers_of_the_api_are_the_codes_of_the_domain() {
        for known in Source::ALL {
            let number = i32::from(known.code());
            let api = pb::Source::try_from(number).unwrap();
            assert_eq!(api.as_str_name(), format!("SOURCE_{}", known.as_str().to_uppercase()));
        }
    }

    #[test]
    fn a_good_case_has_the_same_payload_before_and_after_it_was_read() {
        for message in [message(), pb::Case { title: String::new(), ..message() }] {
            let before = chengping_types::canonical::to_vec(&payload(&message)).unwrap();
            assert_eq!(before, case(&message).unwrap().payload());
        }
    }

    #[test]
    fn each_mistake_has_its_code_and_column() {
        let codes = |change: fn(&mut pb::Case)| {
            let mut message = message();
            change(&mut message);
            let fault = case(&message).unwrap_err();
            (fault.code, fault.column)
        };
        assert_eq!(codes(|case| case.case_no.clear()), ("missing_case_no", "case_no"));
        assert_eq!(codes(|case| case.case_no.push('\n')), ("bad_case_no", "case_no"));
        assert_eq!(codes(|case| case.source = 0), ("missing_source", "source"));
        assert_eq!(codes(|case| case.source = 99), ("unknown_source", "source"));
        assert_eq!(
            codes(|case| case.category_scheme.clear()),
            ("missing_category", "category_scheme")
        );
        assert_eq!(codes(|case| case.category_code.clear()), ("missing_category", "category_code"));
        assert_eq!(codes(|case| case.collector.push('!')), ("unknown_body", "collector"));
        assert_eq!(codes(|case| case.title.push('\0')), ("nul_byte", "title"));
    }
}
