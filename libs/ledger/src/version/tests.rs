use serde_json::json;

use super::*;
use crate::reported::ReportedLine;

fn draft() -> Draft {
    Draft {
        jurisdiction: "zz".parse().unwrap(),
        month: "2018-04".parse().unwrap(),
        supersedes: None,
        reason: None,
        publish_time: "2018-05-10T09:00:00+08:00".to_owned(),
        chain: Link::after(&[]),
        results: json!({
            "bodies": {"d01": {"score": "94.26"}, "d02": {"score": null}},
            "jurisdiction": "zz",
            "month": "2018-04",
        }),
        input: json!({"tallies": {"d01": {"filed": 35}}}),
        reported: Vec::new(),
    }
}

fn correction() -> Draft {
    let first = seal(draft()).unwrap();
    Draft {
        supersedes: Some(first.superseded()),
        reason: Some("an upheld inquiry".to_owned()),
        chain: Link::after(&[first.entry().leaf()]),
        ..draft()
    }
}

fn wrong_field(result: Result<SealedVersion, VersionError>) -> &'static str {
    match result {
        Err(VersionError::Field { field, .. }) => field,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_sealed_version_reads_back_to_itself() {
    for draft in [draft(), correction()] {
        let sealed = seal(draft).unwrap();
        assert_eq!(sealed.digest(), Digest::of(sealed.bytes()));
        assert_eq!(SealedVersion::parse(sealed.bytes().to_vec()).unwrap(), sealed);
    }
}

#[test]
fn the_bytes_of_a_draft_never_change() {
    // A change of this digest means that the format changed: then it needs another name.
    assert_eq!(
        seal(correction()).unwrap().digest().to_string(),
        "sha256:4aa4ee945e540c0194540a445da6cdf5ca9d8e176cf69a955418471d9bf8bf4f"
    );
}

#[test]
fn a_correction_names_what_it_replaces_and_why() {
    let first = seal(draft()).unwrap();
    let sealed = seal(correction()).unwrap();
    assert_eq!(sealed.document().version, 2);
    assert_eq!(sealed.document().previous, Some(first.digest()));
    assert_eq!(sealed.document().chain, Link { index: 1, previous: Some(first.entry().leaf()) });

    assert_eq!(wrong_field(seal(Draft { reason: None, ..correction() })), "reason");
    assert_eq!(wrong_field(seal(Draft { reason: Some(" ".to_owned()), ..correction() })), "reason");
    assert_eq!(wrong_field(seal(Draft { reason: Some("why".to_owned()), ..draft() })), "reason");
}

#[test]
fn contradictions_in_the_header_are_refused() {
    let month = "2018-05".parse().unwrap();
    assert_eq!(wrong_field(seal(Draft { month, ..draft() })), "results");
    let jurisdiction = "kf".parse().unwrap();
    assert_eq!(wrong_field(seal(Draft { jurisdiction, ..draft() })), "results");
    let chain = Link { index: 3, previous: None };
    assert_eq!(wrong_field(seal(Draft { chain, ..draft() })), "chain");
    let publish_time = "2018-05-10T09:00:00".to_owned();
    assert_eq!(wrong_field(seal(Draft { publish_time, ..draft() })), "publish_time");
    let digest = Digest::of(b"");
    let supersedes = Some(Superseded { version: u32::MAX, digest });
    assert_eq!(wrong_field(seal(Draft { supersedes, ..correction() })), "version");
}

#[test]
fn other_bytes_of_the_same_content_are_refused_where_they_differ() {
    let sealed = seal(draft()).unwrap();
    let mut spaced = sealed.bytes().to_vec();
    spaced.insert(9, b' ');
    let error = SealedVersion::parse(spaced).unwrap_err();
    assert!(matches!(error, VersionError::NotCanonical { offset: 9 }), "{error}");

    let text = String::from_utf8(sealed.into_bytes()).unwrap();
    let lacking = text.replace(r#""previous":null,"publish"#, r#""publish"#);
    let error = SealedVersion::parse(lacking.into_bytes()).unwrap_err();
    assert!(matches!(error, VersionError::NotCanonical { .. }), "{error}");
    let surplus = text.replacen('{', r#"{"a":1,"#, 1);
    let error = SealedVersion::parse(surplus.into_bytes()).unwrap_err();
    assert!(matches!(error, VersionError::Json(_)), "{error}");
}

#[test]
fn an_altered_part_no_longer_has_its_digest() {
    let text = String::from_utf8(seal(draft()).unwrap().into_bytes()).unwrap();
    for (from, to, expected) in [
        ("94.26", "94.27", vec!["results_digest", "lines_root"]),
        (r#""filed":35"#, r#""filed":36"#, vec!["input_digest"]),
    ] {
        let document = Document::parse(text.replace(from, to).as_bytes()).unwrap();
        let fields: Vec<_> = document
            .contents()
            .into_iter()
            .map(|error| match error {
                VersionError::Digest { field, .. } => field,
                other => panic!("{other}"),
            })
            .collect();
        assert_eq!(fields, expected);
    }
}

#[test]
fn a_fraction_is_refused_before_it_is_sealed() {
    let input = json!({"share": 0.5});
    let error = seal(Draft { input, ..draft() }).unwrap_err();
    assert!(matches!(error, VersionError::Canonical(_)), "{error}");
}

fn reported(district: &str, lines: &[(&str, Option<&str>)]) -> Reported {
    let line = |(body, score): &(&str, Option<&str>)| ReportedLine {
        body_id: body.parse().unwrap(),
        score: score.map(str::to_owned),
        rank: None,
    };
    Reported {
        district: district.parse().unwrap(),
        version: None,
        lines: lines.iter().map(line).collect(),
    }
}

#[test]
fn what_districts_reported_is_sealed_with_the_version() {
    let lines = [("s01", Some("91.50")), ("s02", None)];
    let with = |reported| Draft { reported, ..draft() };
    let whole = seal(with(vec![reported("d01", &lines), reported("d02", &[])])).unwrap();
    assert_eq!(SealedVersion::parse(whole.bytes().to_vec()).unwrap(), whole);
    assert_ne!(whole.digest(), seal(draft()).unwrap().digest());
    for wrong in [
        vec![reported("d02", &[]), reported("d01", &[])],
        vec![reported("d01", &[]), reported("d01", &[])],
        vec![reported("d01", &[("s01", None), ("s02", None), ("s01", None)])],
        vec![reported("d01", &[("s01", Some("91.5"))])],
        vec![reported("d01", &[("s01", Some("=1+1"))])],
        vec![reported("d01", &[("s01", Some("-0.00"))])],
    ] {
        assert_eq!(wrong_field(seal(with(wrong))), "reported");
    }
}
