//! Sealed documents for the tests.

use chengping_bulletin::{Bulletin, Draft, Former};
use chengping_types::Digest;
use serde_json::value::RawValue;

use crate::month::{Documents, Unit, documents};

/// The sealed version of documents, as far as a bulletin reads it.
pub(crate) fn sealed(documents: &Documents, version: u32, reason: Option<&str>) -> Vec<u8> {
    let raw =
        |bytes: &[u8]| RawValue::from_string(String::from_utf8(bytes.to_vec()).unwrap()).unwrap();
    #[derive(serde::Serialize)]
    struct Sealed<'a> {
        version: u32,
        reason: Option<&'a str>,
        publish_time: &'a str,
        results: Box<RawValue>,
        input: Box<RawValue>,
    }
    serde_json::to_vec(&Sealed {
        version,
        reason,
        publish_time: "2018-05-10T09:00:00+08:00",
        results: raw(&documents.results),
        input: raw(&documents.input),
    })
    .unwrap()
}

/// April 2018, published, beside nothing.
pub(crate) fn published(units: &[Unit]) -> Bulletin {
    Bulletin::of_sealed(&sealed(&documents("2018-04", units), 1, None), Vec::new()).unwrap()
}

/// April 2018 as a draft.
pub(crate) fn draft(units: &[Unit]) -> Bulletin {
    let documents = documents("2018-04", units);
    let draft =
        Draft { version: 1, reason: None, results: &documents.results, input: &documents.input };
    Bulletin::of_draft(draft, Vec::new()).unwrap()
}

/// What was published of a former month.
pub(crate) fn former(month: &str, units: &[Unit]) -> Former {
    let results = documents(month, units).results;
    Former::read(2, Digest::of(&results), &results).unwrap()
}
