//! The year: means of months, whatever is missing.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use chengping_rules::RulePack;
use chengping_scoring::{
    AnnualError, AnnualResult, AnnualState, MonthScore, MonthScores, PackRevision, ResultsError,
    State, annual, score,
};
use chengping_types::{Digest, Exact, Month, Stream};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::lab::Lab;

const LINEAR: &str = "linear: {rate: closed / due, weight: 100}";

fn month(number: i32) -> Month {
    Month::new(2018, number).unwrap()
}

/// The pack without settings, made once.
fn plain() -> &'static PackRevision {
    static PLAIN: OnceLock<PackRevision> = OnceLock::new();
    PLAIN.get_or_init(|| PackRevision::new(1, pack("")))
}

fn pack(settings: &str) -> RulePack {
    let annual = match settings {
        "" => String::new(),
        settings => format!("annual: {{{settings}, clause: \"7.3\", provenance: assumption}}\n"),
    };
    RulePack::parse(&(Lab::item(LINEAR).text() + &annual)).unwrap_or_else(|all| panic!("{all}"))
}

/// A month of bodies with their states and exact scores.
fn scores(number: i32, pack: &PackRevision, bodies: &[(&str, &str)]) -> (Month, MonthScores) {
    let body = |(id, score): &(&str, &str)| {
        let exact: Option<Exact> = score.trim_end_matches('?').parse().ok();
        let state = match &exact {
            None => State::NoData,
            Some(_) if score.ends_with('?') => State::TooFewCases,
            Some(_) => State::Scored,
        };
        let printed = exact.as_ref().map(|exact| exact.to_decimal(2));
        let stored = printed.as_ref().map(|text| text.parse().unwrap());
        let score = MonthScore { group: "district".to_owned(), state, exact, stored, printed };
        (id.parse().unwrap(), score)
    };
    let scores = MonthScores {
        jurisdiction: "lab".parse().unwrap(),
        month: month(number),
        results: Digest::of(&[number.to_le_bytes()[0]]),
        rule_pack: pack.reference(),
        base: pack.pack.scoring.base.value.clone(),
        bodies: bodies.iter().map(body).collect(),
    };
    (month(number), scores)
}

fn year(
    pack: &PackRevision,
    months: impl IntoIterator<Item = (Month, MonthScores)>,
) -> AnnualResult {
    let months = months.into_iter().collect();
    annual("lab".parse().unwrap(), 2018, pack, months).unwrap()
}

/// State, stored mean and rank of a body.
fn of(year: &AnnualResult, id: &str) -> (AnnualState, String, Option<u32>) {
    let body = &year.bodies[id];
    (body.state, body.score.as_ref().map(|score| score.printed()).unwrap_or_default(), body.rank)
}

#[test]
fn a_year_is_the_mean_of_the_months_that_have_a_score() {
    let pack = plain();
    let year = year(
        pack,
        [
            scores(1, pack, &[("a", "100"), ("b", "90"), ("c", "100")]),
            scores(2, pack, &[("a", "80"), ("b", "90?"), ("c", "-")]),
            scores(3, pack, &[("a", "91"), ("b", "-"), ("d", "-")]),
        ],
    );
    assert_eq!(of(&year, "a"), (AnnualState::Scored, "90.33".to_owned(), Some(1)));
    assert_eq!(of(&year, "b"), (AnnualState::Scored, "90.00".to_owned(), Some(2)));
    assert_eq!(of(&year, "c"), (AnnualState::TooFewMonths, "100.00".to_owned(), None));
    assert_eq!(of(&year, "d"), (AnnualState::NoData, String::new(), None));
    assert_eq!(year.bodies["a"].score.as_ref().unwrap().exact.to_string(), "271/3");
    assert_eq!(year.bodies["a"].grade.as_deref(), Some("A"));
}

#[test]
fn every_setting_of_the_year_has_its_meaning() {
    let b = |settings: &str| {
        let pack = &PackRevision::new(1, pack(settings));
        let months = [
            scores(1, pack, &[("b", "271/3")]),
            scores(2, pack, &[("b", "30?")]),
            scores(3, pack, &[("b", "-")]),
        ];
        let year = year(pack, months);
        (year.bodies["b"].score.clone().unwrap().exact.to_string(), of(&year, "b").0)
    };
    assert_eq!(b(""), ("361/6".to_owned(), AnnualState::Scored));
    assert_eq!(b("of: exact, few_cases: counted, share_min: \"0.5\""), b(""));
    assert_eq!(b("of: stored").0, "12033/200", "90.33 and 30.00");
    assert_eq!(b("few_cases: left_out"), ("271/3".to_owned(), AnnualState::TooFewMonths));
    assert_eq!(b("share_min: 1").1, AnnualState::TooFewMonths);
    let silent = Lab::item(LINEAR).pack();
    assert_eq!(silent.digest(), pack("").digest());
    assert_ne!(silent.digest(), pack("of: exact").digest());
    let json = String::from_utf8(pack("few_cases: left_out").canonical()).unwrap();
    assert_eq!(RulePack::parse(&json).unwrap(), pack("few_cases: left_out"));
    let bad = Lab::item(LINEAR).text() + "annual: {of: rounded, clause: x, provenance: standard}\n";
    assert!(RulePack::parse(&bad).unwrap_err().to_string().contains("is not a form of a score"));
}

#[test]
fn the_year_of_published_documents_is_canonical_and_names_them() {
    let lab = |month: &str, closed: &str| {
        Lab::item(LINEAR).month(month).regular(&format!("due=30 closed={closed}")).counts(
            "e",
            Stream::Regular,
            chengping_scoring::Part::All,
            "due=1 closed=1",
        )
    };
    let rules = PackRevision::new(1, lab("2018-01", "1").pack());
    let documents = [lab("2018-01", "29"), lab("2018-02", "28")].map(|lab| score(&lab.input()));
    let months = documents.each_ref().map(|evaluation| {
        let read = MonthScores::from_document(&evaluation.results_document(), &rules.pack).unwrap();
        assert_eq!(read, MonthScores::of(evaluation, &rules.pack).unwrap());
        (read.month, read)
    });
    let year = year(&rules, months.clone());
    let document: Value = serde_json::from_slice(&year.document()).unwrap();
    assert_eq!(document["bodies"]["d"]["exact_score"], json!("95"));
    assert_eq!(document["bodies"]["d"]["score"], json!("95.00"));
    assert_eq!(document["bodies"]["d"]["rank"], json!(2));
    let february = &document["bodies"]["d"]["months"]["2018-02"];
    let expected =
        json!({"state": "scored", "score": "93.33", "exact_score": "280/3", "counted": true});
    assert_eq!(*february, expected);
    let digest = Digest::of(&documents[0].results_document());
    assert_eq!(document["months"]["2018-01"]["results"], json!(digest));
    assert_eq!(document["annual"]["share_min"], json!("1/2"));
    assert_eq!(year.document(), self::year(&rules, months.into_iter().rev()).document());
    let strange = MonthScores::of(&documents[0], &pack("of: stored")).unwrap_err();
    assert!(matches!(strange, ResultsError::PackDigest { .. }), "{strange}");
    assert!(matches!(
        MonthScores::from_document(b"{}", &rules.pack),
        Err(ResultsError::Malformed(_))
    ));
}

#[test]
fn months_that_do_not_belong_together_are_refused() {
    let pack = plain();
    let asked = |change: fn(&mut MonthScores)| {
        let (month, mut scores) = scores(1, pack, &[("a", "90")]);
        change(&mut scores);
        let months = BTreeMap::from([(month, scores)]);
        annual("lab".parse().unwrap(), 2018, plain(), months)
    };
    assert!(asked(|_| ()).is_ok());
    let other = asked(|month| month.month = "2017-12".parse().unwrap()).unwrap_err();
    assert!(matches!(other, AnnualError::OtherYear(..)), "{other}");
    let other = asked(|month| month.jurisdiction = "far".parse().unwrap()).unwrap_err();
    assert!(matches!(other, AnnualError::OtherJurisdiction(..)), "{other}");
    let other = asked(|month| month.base = Exact::integer(1000)).unwrap_err();
    assert!(matches!(other, AnnualError::OtherBase { .. }), "{other}");
}

/// The months of three bodies, each month with a score, without data, or without the body.
fn months() -> impl Strategy<Value = Vec<(Month, MonthScores)>> {
    let score = prop_oneof![
        3 => (0_i64..=700, 1_i64..=7).prop_map(|(num, den)| {
            Exact::ratio(num, 7 * den).unwrap().to_string()
        }),
        1 => (0_i64..=100).prop_map(|score| format!("{score}?")),
        1 => Just("-".to_owned()),
    ];
    let body = prop::option::weighted(0.9, score);
    prop::collection::vec((1..=12_i32, prop::array::uniform3(body)), 1..12).prop_map(|months| {
        let pack = plain();
        let month = |(number, bodies): (i32, [Option<String>; 3])| {
            let named: Vec<_> = ["a", "b", "c"]
                .into_iter()
                .zip(bodies.iter())
                .filter_map(|(id, score)| Some((id, score.as_deref()?)))
                .collect();
            scores(number, pack, &named)
        };
        BTreeMap::from_iter(months.into_iter().map(month)).into_iter().collect()
    })
}

proptest! {
    #[test]
    fn a_mean_lies_between_its_months_and_knows_no_order(months in months()) {
        let pack = plain();
        let forwards = year(pack, months.clone());
        prop_assert_eq!(&forwards, &year(pack, months.iter().rev().cloned()));
        for (id, body) in &forwards.bodies {
            let counted: Vec<_> = body.counted.iter().map(|month| {
                forwards.months[month].bodies[id].exact.clone().unwrap()
            }).collect();
            prop_assert_eq!(body.score.is_some(), !counted.is_empty());
            let Some(score) = &body.score else { continue };
            prop_assert!(counted.iter().min().unwrap() <= &score.exact);
            prop_assert!(counted.iter().max().unwrap() >= &score.exact);
            let number = Exact::from(counted.len() as u64);
            prop_assert_eq!(&score.exact * &number, counted.iter().sum::<Exact>());
            prop_assert_eq!(score.printed(), score.exact.to_decimal(2));
        }
    }

    #[test]
    fn a_month_without_data_moves_no_score_and_a_better_month_never_lowers_one(
        months in months(), more in 0_i64..50,
    ) {
        let pack = plain();
        let without = year(pack, months.clone());
        let silent = scores(12, pack, &[("a", "-"), ("b", "-"), ("c", "-")]);
        let kept = months.iter().filter(|(month, _)| *month != self::month(12)).cloned();
        let scored = |year: &AnnualResult| -> Vec<_> {
            let bodies = year.bodies.iter().filter(|(_, body)| body.score.is_some());
            bodies.map(|(id, body)| (id.clone(), body.score.clone())).collect()
        };
        let before = year(pack, kept.clone());
        prop_assert_eq!(scored(&before), scored(&year(pack, kept.chain([silent]))));
        let better = months.into_iter().map(|(month, mut scores)| {
            if let Some(exact) = scores.bodies.get_mut("a").and_then(|a| a.exact.as_mut()) {
                *exact += Exact::integer(more);
            }
            (month, scores)
        });
        let better = year(pack, better);
        let a = |year: &AnnualResult| {
            year.bodies.get("a").and_then(|body| Some(body.score.as_ref()?.exact.clone()))
        };
        prop_assert!(a(&better) >= a(&without));
    }
}
