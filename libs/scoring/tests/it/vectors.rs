//! The test vectors of the method: real figures (3.3) and worked examples (d).

use std::sync::Arc;

use chengping_rules::{RulePack, builtin};
use chengping_scoring::{FigureText, FigureValue, Part, Scorecard, score};
use chengping_types::{BodyKind, Exact, Stream};

use crate::lab::Lab;

fn pack(name: &str) -> RulePack {
    RulePack::parse(builtin(name).unwrap()).unwrap()
}

/// The district or bureau of a lab by a built-in pack.
fn by(name: &str, kind: BodyKind, lab: &Lab) -> Scorecard {
    let mut input = lab.input_by(pack(name));
    input.bodies.iter_mut().for_each(|body| body.kind = kind);
    score(&input).scorecards.remove(0)
}

fn printed(card: &Scorecard) -> String {
    card.score.as_ref().unwrap().printed()
}

fn percent(num: u32, den: u32) -> String {
    let name = chengping_rules::Names { zh: String::new(), en: String::new() };
    let text = Arc::new(FigureText { id: "R".to_owned(), name });
    let figure = FigureValue { text, num: num.into(), den: den.into() };
    figure.percent().unwrap()
}

/// The weekly report of 2019-04-08..14, with and without one group of cases.
#[test]
fn the_published_rates_of_zhengzhou_are_recomputed() {
    for ([accepted, filed, dispatched], names, rates) in [
        (
            [51_571, 51_229, 49_151],
            "due=52434 closed=43523 closed_on_time=40394 rework=276 extended=104",
            ["99.34", "95.94", "83.01", "77.04", "0.53", "0.20"],
        ),
        (
            [16_754, 16_570, 14_673],
            "due=18086 closed=10225 closed_on_time=8765 rework=274 extended=101",
            ["98.90", "88.55", "56.54", "48.46", "1.51", "0.56"],
        ),
    ] {
        let card = by("zz-2018", BodyKind::District, &Lab::new().regular(names));
        let figures = card.figures.iter().map(|figure| figure.percent().unwrap());
        let desks = [percent(filed, accepted), percent(dispatched, filed)];
        assert_eq!(desks.into_iter().chain(figures).collect::<Vec<_>>(), rates);
    }
    for (names, rates) in [
        ("due=1935 closed=1912 closed_on_time=1855 rework=18", ["98.81", "95.87", "0.93"]),
        ("due=953 closed=953 closed_on_time=936 rework=20", ["100.00", "98.22", "2.10"]),
    ] {
        let card = by("zz-2018", BodyKind::District, &Lab::new().regular(names));
        let figures = card.figures.iter().map(|figure| figure.percent().unwrap());
        assert_eq!(figures.take(3).collect::<Vec<_>>(), rates);
    }
}

#[test]
fn the_department_of_the_standards_samples_has_92_4() {
    let names = "filed=120 due=100 closed=95 on_time=90 rework=2";
    let card = by("gbt-30428.4", BodyKind::Bureau, &Lab::new().regular(names));
    let lost = card.items().map(|(_, item)| (item.id.as_str(), item.deduction.to_string()));
    let lost: Vec<_> = lost.collect();
    let expected = [("B15", "5/2"), ("R04", "3"), ("R06", "3/2"), ("R09", "3/5")];
    assert_eq!(lost, expected.map(|(id, points)| (id, points.to_owned())));
    assert_eq!((printed(&card).as_str(), card.grade.as_deref()), ("92.40", Some("A")));
}

/// The weights of a collector, over counts that stand in for those of a desk.
#[test]
fn the_collector_of_the_standards_samples_has_93_2() {
    let lab = Lab::new()
        .stream(
            "post",
            "counts: all, cap: 100",
            &[
                ("R12", "linear: {rate: handled / due, weight: 40}"),
                ("R13", "linear: {rate: rework / due, bad: true, weight: 20}"),
                ("R14", "linear: {rate: on_time / due, weight: 20}"),
                ("R15", "linear: {rate: closed / due, weight: 20}"),
            ],
        )
        .regular("due=100 handled=92 rework=5 on_time=97 closed=90");
    assert_eq!((printed(&lab.card()).as_str(), lab.card().grade.as_deref()), ("93.20", Some("A")));
}

/// The weights and the band of an acceptor, likewise: 1,500 accepted are worth 90.
#[test]
fn the_acceptor_of_the_standards_samples_has_93_8() {
    let lab = Lab::new()
        .stream(
            "post",
            "counts: all, cap: 100",
            &[
                ("B11", "band: {count: filed, bands: falling, weight: 25}"),
                ("R16", "linear: {rate: closed / due, weight: 40}"),
                ("R17", "linear: {rate: on_time / due, weight: 35}"),
            ],
        )
        .regular("filed=1500 due=100 closed=96 on_time=94");
    let volume = "steps: [{up_to: 100, share: \"1\"}, {up_to: 300, share: \"0.6\"}, \
                  {up_to: 500, share: \"0.4\"}, {up_to: 1200, share: \"0.25\"}, \
                  {up_to: 2000, share: \"0.1\"}, {share: \"0\"}]";
    let falling =
        "steps: [{up_to: 100, share: \"1\"}, {up_to: 500, share: \"0.25\"}, {share: \"0\"}]";
    let text = lab.text();
    assert!(text.contains(falling));
    let evaluation = score(&lab.input_by(RulePack::parse(&text.replace(falling, volume)).unwrap()));
    assert_eq!(printed(&evaluation.scorecards[0]), "93.80");
}

#[test]
fn the_item_of_jinhua_keeps_46_4_of_50_points() {
    let names = "due=1000 closed=1000 closed_on_time=664";
    let card = by("jinhua", BodyKind::District, &Lab::new().regular(names));
    let (_, item) = card.items().find(|(_, item)| item.id == "J1").unwrap();
    assert_eq!(Exact::from(50) - &item.deduction, "46.4".parse().unwrap());
    assert_eq!(printed(&card), "76.40");
    let worse = "due=1000 closed=850 closed_on_time=664 rework=4 shirked=1 orders_first=1 \
                 orders_repeated=1";
    let card = by("jinhua", BodyKind::Bureau, &Lab::new().regular(worse));
    // 3.6 and 5 points below the thresholds; 4 × 0.2 + 1; 0.5 + 1.
    assert_eq!(printed(&card), "68.10");
}

#[test]
fn beijing_deducts_whole_points_from_a_thousand() {
    let lab = Lab::new()
        .regular("due=200 closed=190 closed_on_time=181 rework=3 filed=200")
        .counts("d", Stream::Public, Part::All, "due=50 on_time=49")
        .counts("d", Stream::LongTerm, Part::All, "due=30 closed_on_time=30 filed=31")
        .regular("orders_first=1 orders_repeated=2 orders_geometric=7");
    let card = by("beijing-1000", BodyKind::District, &lab);
    let lost =
        |id: &str| card.items().find(|(_, item)| item.id == id).unwrap().1.deduction.to_string();
    // B5 and B7 do not apply: their points go to B4 and B6.
    assert_eq!(
        ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8"].map(lost),
        ["114/5", "6", "12", "6", "0", "0", "0", "35"]
    );
    assert_eq!((printed(&card).as_str(), card.grade.as_deref()), ("918", Some("A")));
    assert_eq!(card.score.unwrap().exact.to_string(), "4591/5");
}
