//! Posts: every count of the reference, the cases behind them, and whom they count for.

use std::collections::BTreeMap;

use chengping_casework::{Base, DeskCount, Fact, Source};
use chengping_rules::{Counted, RulePack, builtin};
use chengping_scoring::{
    Cell, Input, PackRevision, Part, Scorecard, State, Tallies, counted_cases, pooled_cases, score,
    tally,
};
use chengping_types::{BodyId, Exact, Family, Month};

use crate::city::{City, read_gz};

/// The rates of the reference by their numerators and denominators.
const RATES: [(&str, Base, Base); 14] = [
    ("B11", Base::Accepted, Base::Accepted),
    ("B19", Base::Dispatched, Base::Dispatched),
    ("B45", Base::SelfHandled, Base::SelfHandled),
    ("R02", Base::DispatchDone, Base::DispatchDue),
    ("R07", Base::FilingsClosedOnTime, Base::FilingsDue),
    ("R12", Base::ValidReports, Base::Reports),
    ("R13", Base::MissedReports, Base::MissedBasis),
    ("R14", Base::VerifiedOnTime, Base::VerifiedLimited),
    ("R15", Base::CheckedOnTime, Base::CheckedLimited),
    ("R16", Base::VerifySentOnTime, Base::VerifySentLimited),
    ("R17", Base::CheckSentOnTime, Base::CheckSentLimited),
    ("R19", Base::FilingsOnTime, Base::FilingsLimited),
    ("R20", Base::AccurateFilings, Base::Filings),
    ("R21", Base::DispatchedOnTime, Base::DispatchedLimited),
];
const MORE_RATES: [(&str, Base, Base); 2] = [
    ("R22", Base::AccurateDispatches, Base::FirstDispatches),
    ("accepting", Base::Decided, Base::Received),
];

type Rates = BTreeMap<String, [u64; 2]>;

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn cell(body: &BodyId) -> Cell<'_> {
    Cell { body, counts: Counted::All, part: Part::All }
}

/// Tallies in the form of the reference: `body|rate` to numerator and denominator, `*` for the
/// pool.
fn in_reference_form(tallies: &Tallies) -> Rates {
    let city = City::get();
    let of_body = |body: &BodyId| (body.to_string(), tallies.sum(cell(body)));
    let posts = tallies.bodies.keys().filter(|body| city.family(body) == Family::Post);
    let mut form = Rates::new();
    for (body, counts) in posts.map(of_body) {
        for (rate, numerator, denominator) in RATES.into_iter().chain(MORE_RATES) {
            form.insert(format!("{body}|{rate}"), [counts.get(numerator), counts.get(denominator)]);
        }
    }
    let pool = tallies.sum_of_pool(Counted::All);
    form.insert("*|R02".to_owned(), [pool.get(Base::DispatchDone), pool.get(Base::DispatchDue)]);
    form.insert("*|accepting".to_owned(), [pool.get(Base::Decided), pool.get(Base::Received)]);
    form.retain(|_, [_, denominator]| *denominator > 0);
    form
}

#[test]
fn every_count_of_a_post_equals_the_reference() {
    for evaluated in ["2018-04", "2018-05"] {
        let bytes = read_gz(&format!("tallies-{evaluated}.json.gz"));
        let mut reference: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let expected: Rates = serde_json::from_value(reference["posts"].take()).unwrap();
        let found = in_reference_form(City::get().tallies(month(evaluated)));
        assert!(expected.len() > 70, "the city has posts");
        for (key, rate) in &expected {
            assert_eq!(found.get(key), Some(rate), "{evaluated} {key}");
        }
        assert_eq!(found, expected, "{evaluated}");
    }
}

#[test]
fn the_cases_behind_a_count_of_a_post_are_as_many_as_the_count() {
    let city = City::get();
    let (facts, attributor) = (city.facts(month("2018-04")), city.attributor(month("2018-04")));
    let tallies = city.tallies(month("2018-04"));
    let times = |cases: Vec<chengping_scoring::CountedCase>| -> u64 {
        cases.iter().map(|case| u64::from(case.times)).sum()
    };
    for base in Base::ALL.iter().filter(|base| base.is_of_posts()) {
        for body in ["c05", "sup1", "cmd2"] {
            let body = body.parse().unwrap();
            let cases = counted_cases(&facts, &attributor, cell(&body), *base);
            assert_eq!(times(cases), tallies.sum(cell(&body)).get(*base), "{body} {base}");
        }
        let cases = pooled_cases(&facts, &attributor, Counted::All, *base);
        assert_eq!(times(cases), tallies.sum_of_pool(Counted::All).get(*base), "{base}");
    }
}

fn desk(team: Option<&str>, base: Base) -> DeskCount {
    DeskCount { team: team.map(|team| team.parse().unwrap()), base, times: 1 }
}

/// A case with nothing but counts of posts.
fn fact(area_code: &str, is_filed: bool, desk: Vec<DeskCount>) -> Fact {
    Fact {
        case_no: "c1".parse().unwrap(),
        source: Source::Patrol,
        category_scheme: "gbt-30428.2-2013-event".to_owned(),
        category_code: "0102".to_owned(),
        area_code: area_code.to_owned(),
        collector: None,
        reported_at: None,
        filed_at: is_filed.then(|| month("2018-04").start(&City::get().pack.time_zone)),
        filing_desk: None,
        unit: None,
        marks: [].into_iter().collect(),
        orders_first: 0,
        orders_repeated: 0,
        orders_weight: 0,
        visits: [0; 5],
        desk,
        sums: Vec::new(),
    }
}

fn tallied(fact: &Fact) -> Tallies {
    tally([fact], &City::get().attributor(month("2018-04")))
}

#[test]
fn out_of_scope_stages_count_and_ratios_of_filed_cases_do_not() {
    let counts = || Base::ALL.iter().filter(|base| base.is_of_posts());
    let everything = counts().map(|base| desk(Some("sup1"), *base)).collect();
    let lost = tallied(&fact("nowhere", true, everything));
    let found = lost.sum(cell(&"sup1".parse().unwrap()));
    let left_out: Vec<_> = counts().filter(|base| found.get(**base) == 0).copied().collect();
    assert_eq!(
        left_out,
        [
            Base::MissedReports,
            Base::MissedBasis,
            Base::DispatchDue,
            Base::DispatchDone,
            Base::FilingsDue,
            Base::FilingsClosedOnTime,
        ]
    );
    assert_eq!(lost.sum_of_pool(Counted::All), found);
    assert!(lost.total.is_empty(), "it is no case of any area");
    // What was never filed has no area to be out of.
    let unfiled = tallied(&fact("nowhere", false, vec![desk(Some("c01"), Base::MissedBasis)]));
    assert_eq!(unfiled.sum(cell(&"c01".parse().unwrap())).get(Base::MissedBasis), 1);
}

#[test]
fn work_of_nobody_and_of_teams_that_are_not_evaluated_is_in_the_pool_only() {
    let counts = [None, Some("gone"), Some("d01"), Some("sup1")];
    let counts = counts.map(|team| desk(team, Base::Received)).to_vec();
    let tallies = tallied(&fact("nowhere", false, counts));
    assert_eq!(tallies.sum_of_pool(Counted::All).get(Base::Received), 4);
    assert_eq!(tallies.jurisdiction().get(Base::Received), 4);
    assert_eq!(tallies.bodies.keys().map(BodyId::as_str).collect::<Vec<_>>(), ["sup1"]);
}

fn input(tallies: Tallies) -> Input {
    let city = City::get();
    city.input_of(&city.pack, month("2018-04"), tallies)
}

fn card(tallies: Tallies, body: &str) -> Scorecard {
    score(&input(tallies)).scorecard(&body.parse().unwrap()).unwrap().clone()
}

fn exact(card: &Scorecard, id: &str) -> Option<String> {
    let (_, item) = card.items().find(|(_, item)| item.id == id).unwrap();
    item.parts[0].applied.as_ref().map(|applied| applied.deduction.to_string())
}

/// Tallies in which teams have counts and nobody's are in the pool besides.
fn counted(counts: &[(Option<&str>, Base, u16)]) -> Tallies {
    let counts =
        counts.iter().map(|(team, base, times)| DeskCount { times: *times, ..desk(*team, *base) });
    tallied(&fact("nowhere", false, counts.collect()))
}

#[test]
fn untouched_work_lowers_the_completion_of_every_team_alike() {
    let cards = |rest: &[(Option<&str>, Base, u16)]| {
        let own = [
            (Some("sup1"), Base::Received, 6),
            (Some("sup1"), Base::Decided, 6),
            (Some("sup2"), Base::Received, 3),
            (Some("sup2"), Base::Decided, 3),
        ];
        let tallies = counted(&[&own[..], rest].concat());
        ["sup1", "sup2"].map(|desk| exact(&card(tallies.clone(), desk), "accepting").unwrap())
    };
    assert_eq!(cards(&[]), ["0", "0"]);
    // 12.5 × 1/10, doubled because the other two items of the half do not apply.
    assert_eq!(cards(&[(None, Base::Received, 1)]), ["5/2", "5/2"]);
}

#[test]
fn what_is_counted_of_all_teams_may_be_of_one_stream() {
    let rate = "linear: {rate: decided / received, weight: \"12.5\"}";
    let text = builtin("zz-2018").unwrap();
    assert!(text.contains(rate));
    let public = text.replace(rate, &rate.replace("decided", "public.decided"));
    let pack = RulePack::parse(&public).unwrap();
    let mut tallies = counted(&[
        (Some("sup1"), Base::Received, 3),
        (Some("sup1"), Base::Decided, 3),
        (Some("sup2"), Base::Received, 1),
        (Some("sup2"), Base::Decided, 1),
    ]);
    let of_public = Fact {
        source: Source::Hotline12319,
        ..fact("nowhere", false, vec![desk(Some("sup2"), Base::Decided)])
    };
    tallies.merge(&tallied(&of_public));
    let input = Input { rule_pack: PackRevision::new(1, pack), ..input(tallies) };
    let card = score(&input).scorecard(&"sup1".parse().unwrap()).unwrap().clone();
    // One of four, which is another team's; doubled, because nothing else of the half applies.
    assert_eq!(exact(&card, "accepting").as_deref(), Some("75/4"));
}

#[test]
fn items_of_posts_name_each_other_and_can_be_bands_and_limits() {
    let text = builtin("zz-2018").unwrap().replace(
        "linear: {rate: verified_on_time / verified_limited, weight: 20}",
        "linear: {rate: verified_on_time / verified_limited, weight: 20}\n            limit: item.R12 / 2",
    );
    let pack = RulePack::parse(&text).unwrap();
    let tallies = counted(&[
        (Some("c01"), Base::Reports, 10),
        (Some("c01"), Base::ValidReports, 9),
        (Some("c01"), Base::MissedBasis, 1),
        (Some("c01"), Base::VerifiedLimited, 2),
        (Some("c01"), Base::CheckedLimited, 1),
        (Some("c01"), Base::CheckedOnTime, 1),
    ]);
    let input = Input { rule_pack: PackRevision::new(1, pack), ..input(tallies) };
    let card = score(&input).scorecard(&"c01".parse().unwrap()).unwrap().clone();
    assert_eq!(exact(&card, "R12").as_deref(), Some("4"));
    assert_eq!(exact(&card, "R14").as_deref(), Some("2"));
}

#[test]
fn the_busier_a_desk_the_less_its_volume_costs() {
    let pack = RulePack::parse(builtin("gbt-30428.4").unwrap()).unwrap();
    let volume = |dispatches: u16| {
        let tallies = counted(&[
            (Some("cmd1"), Base::Dispatched, dispatches),
            (Some("cmd1"), Base::DispatchedLimited, 1),
            (Some("cmd1"), Base::DispatchedOnTime, 1),
            (Some("cmd1"), Base::FirstDispatches, 1),
            (Some("cmd1"), Base::AccurateDispatches, 1),
        ]);
        let input = Input { rule_pack: PackRevision::new(1, pack.clone()), ..input(tallies) };
        let card = score(&input).scorecard(&"cmd1".parse().unwrap()).unwrap().clone();
        exact(&card, "B19").unwrap()
    };
    let edges = [1, 100, 101, 300, 301, 500, 501, 1200, 1201, 2000, 2001].map(volume);
    assert_eq!(edges, ["20", "20", "12", "12", "8", "8", "5", "5", "2", "2", "0"]);
}

#[test]
fn a_pack_may_count_every_team_by_its_own_work() {
    let text = builtin("zz-2018").unwrap().replace("completion: pool", "completion: own");
    let pack = RulePack::parse(&text).unwrap();
    let rule_pack = PackRevision::new(1, pack);
    let input = Input { rule_pack, ..City::get().input(month("2018-04")) };
    let evaluation = score(&input);
    let of = |body: &str, id| exact(evaluation.scorecard(&body.parse().unwrap()).unwrap(), id);
    // One case that each had sent to be verified is not decided; all that cmd1 has is dispatched.
    assert_eq!(of("sup1", "accepting").unwrap(), Exact::ratio(25, 2 * 1038).unwrap().to_string());
    assert_eq!(of("sup2", "accepting").unwrap(), Exact::ratio(25, 2 * 906).unwrap().to_string());
    assert_eq!(of("cmd1", "R02").as_deref(), Some("0"));
}

#[test]
fn a_team_without_own_work_has_no_data_whatever_the_pool_says() {
    let tallies = counted(&[
        (Some("cmd1"), Base::DispatchDue, 2),
        (Some("cmd1"), Base::DispatchDone, 1),
        (Some("cmd1"), Base::Dispatched, 1),
        (None, Base::DispatchDue, 1),
    ]);
    let busy = card(tallies.clone(), "cmd1");
    assert_eq!((busy.state, exact(&busy, "R02").as_deref()), (State::Scored, Some("80/3")));
    let idle = card(tallies, "cmd2");
    assert_eq!((idle.state, idle.score, idle.rank), (State::NoData, None, None));
}

#[test]
fn few_cases_are_enough_for_a_post_and_self_handling_alone_is_no_data() {
    let one = card(
        counted(&[(Some("c01"), Base::Reports, 1), (Some("c01"), Base::ValidReports, 1)]),
        "c01",
    );
    assert_eq!((one.state, one.due, one.rank), (State::Scored, None, Some(1)));
    assert_eq!(one.score.unwrap().printed(), "100.00");
    let on_the_spot = card(counted(&[(Some("c01"), Base::SelfHandled, 5)]), "c01");
    assert_eq!(on_the_spot.state, State::NoData);
}

#[test]
fn the_halves_of_a_supervision_desk_redistribute_apart() {
    let late = card(
        counted(&[
            (Some("sup1"), Base::FilingsLimited, 4),
            (Some("sup1"), Base::FilingsOnTime, 3),
            (Some("sup1"), Base::CheckSentLimited, 2),
            (Some("sup1"), Base::CheckSentOnTime, 2),
        ]),
        "sup1",
    );
    // R19 has 12.5 of 50 points and can at most double; the acceptor's half loses nothing.
    assert_eq!(exact(&late, "R19").as_deref(), Some("25/4"));
    assert_eq!(exact(&late, "R17").as_deref(), Some("0"));
    assert_eq!(exact(&late, "R20"), None);
    let deductions: Vec<_> = late.streams.iter().map(|stream| stream.deduction.clone()).collect();
    assert_eq!(deductions, [Exact::ZERO, Exact::ratio(25, 4).unwrap()]);
    assert_eq!(late.streams.iter().map(|stream| stream.empty).collect::<Vec<_>>(), [false; 2]);
}
