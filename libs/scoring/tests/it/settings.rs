//! The settings of a score: bounds, words and refusals beside the golden cases of tests/golden/settings.

use chengping_rules::RulePack;
use chengping_scoring::explain::Language::Zh;
use chengping_scoring::{Part, score};
use chengping_types::{Exact, Stream, Zone};

use crate::lab::Lab;

const BAND: &str = "band_relative: {count: filed, by_size: true, against: fixed, reference: 10, \
                    bands: relative, weight: 8}";

/// The district has 12 cases on 4 road sections; the mean of its group is 8.
fn sized(mode: &str) -> Lab {
    let lab = Lab::item(BAND).zoned();
    let lab = if mode.is_empty() {
        lab
    } else {
        lab.family(&format!(
            "differentiation: {{mode: {mode}, clause: \"5.2.6\", provenance: assumption}}"
        ))
    };
    lab.counts("d", Stream::Regular, Part::Key, "filed=12")
        .counts("e", Stream::Regular, Part::Key, "filed=1")
        .size("d", Zone::Key, 4)
        .size("e", Zone::Key, 12)
}

#[test]
fn size_plays_its_part_as_the_pack_says() {
    // 3 a section of 10: no points in the first band.
    assert_eq!(sized("").x(), "0");
    assert_eq!(sized("density").x(), "0");
    // 12 of 10: 25 % of 8, over a ratio of 4 ÷ 8.
    assert_eq!(sized("none").x(), "2");
    assert_eq!(sized("divide_deduction").x(), "4");
    // The deduction stays 2, the score of 98 is halved.
    assert_eq!((sized("scale_score").x(), sized("scale_score").score()), ("2".into(), "49".into()));
    assert_eq!(sized("scale_score").total(), "(100 − 2) × 0.5 = 49.00");
    assert_eq!(
        sized("divide_deduction").words(Zh),
        ["8 × 分档比例(立案数 ÷ 10) ÷ 规模比", "8 × 分档比例(12 ÷ 10) ÷ 0.5 = 4"]
    );
}

#[test]
fn the_ratio_of_sizes_is_bounded_and_a_deduction_never_exceeds_its_weight() {
    let tiny = sized("divide_deduction").size("d", Zone::Key, 1);
    assert_eq!(tiny.x(), "4", "1 of 6.5 counts as a half");
    let huge = sized("divide_deduction")
        .counts("f", Stream::Regular, Part::Key, "filed=1")
        .size("d", Zone::Key, 100)
        .size("e", Zone::Key, 1)
        .size("f", Zone::Key, 1);
    assert_eq!(huge.x(), "1", "100 of 34 counts as two");
    let bounds = "at_least: \"0.1\", at_most: 9, clause";
    let wide = Lab::item(BAND)
        .zoned()
        .family(&format!(
            "differentiation: {{mode: divide_deduction, {bounds}: \"5.2.6\", provenance: assumption}}"
        ))
        .counts("d", Stream::Regular, Part::Key, "filed=12")
        .counts("e", Stream::Regular, Part::Key, "filed=1")
        .size("d", Zone::Key, 1)
        .size("e", Zone::Key, 19);
    assert_eq!(wide.x(), "8", "a tenth would make it 20");
    let unsized_body =
        sized("divide_deduction").counts("f", Stream::Regular, Part::Key, "filed=12");
    let evaluation = unsized_body.evaluation();
    let card = evaluation.scorecard(&"f".parse().unwrap()).unwrap();
    assert!(card.items().all(|(_, item)| item.parts.iter().all(|part| part.applied.is_none())));
}

#[test]
fn a_scaled_score_never_exceeds_the_base() {
    let lab = sized("scale_score").size("d", Zone::Key, 12);
    assert_eq!(lab.score(), "98");
    let large = sized("scale_score").size("d", Zone::Key, 24);
    assert_eq!(large.score(), "100");
    assert_eq!(large.total(), "min(100, (100 − 2) × 1.3333) = 100.00");
}

#[test]
fn a_change_of_weights_written_on_another_scale_counts_by_its_days_alone() {
    let lab = |weights: &str| {
        Lab::item("linear: {rate: closed / due, weight: 10}")
            .family(&format!(
                "zones: {{key: \"0.6\", general: \"0.4\", midmonth: split_by_day, clause: \"5.2.5\", \
                 provenance: assumption, changes: [{{from: 2018-04-16, {weights}, \
                 clause: \"5.2.5\", provenance: regulation}}]}}"
            ))
            .counts("d", Stream::Regular, Part::Key, "due=10")
            .counts("d", Stream::Regular, Part::General, "due=10 closed=10")
            .x()
    };
    assert_eq!(lab("key: \"0.8\", general: \"0.2\""), "7");
    assert_eq!(lab("key: 80, general: 20"), "7");
}

#[test]
fn what_a_zone_without_data_weighs_goes_to_the_other_under_every_rule() {
    for midmonth in ["next_period", "immediate", "split_by_day"] {
        let lab = Lab::item("linear: {rate: closed / due, weight: 10}")
            .family(&format!(
                "zones: {{key: \"0.6\", general: \"0.4\", midmonth: {midmonth}, clause: \"5.2.5\", \
                 provenance: assumption, changes: [{{from: 2018-04-16, key: \"0.8\", \
                 general: \"0.2\", clause: \"5.2.5\", provenance: regulation}}]}}"
            ))
            .counts("d", Stream::Regular, Part::General, "due=10 closed=5");
        assert_eq!(lab.x(), "5", "{midmonth}");
    }
}

#[test]
fn a_score_has_two_decimals_or_none() {
    assert!(
        Lab::item("linear: {rate: closed / due, weight: 1}")
            .scoring("decimals: 1,")
            .mistakes()
            .contains("expected 0 or 2 decimals")
    );
}

#[test]
fn tied_bodies_stay_in_the_order_of_the_registry() {
    let evaluation = Lab::item("linear: {rate: closed / due, weight: 100}")
        .regular("due=10 closed=8")
        .counts("z", Stream::Regular, Part::All, "due=10 closed=9")
        .counts("a", Stream::Regular, Part::All, "due=10 closed=9")
        .evaluation();
    let cards = evaluation.scorecards.iter();
    let ranks: Vec<_> =
        cards.map(|card| (card.body_id.as_str(), card.rank.unwrap(), card.tied)).collect();
    assert_eq!(ranks, [("d", 3, false), ("z", 1, true), ("a", 1, true)]);
}

#[test]
fn a_figure_may_count_the_cases_of_one_stream() {
    let lab = Lab::item("linear: {rate: closed / due, weight: 1}")
        .regular("filed=3")
        .counts("d", Stream::Public, Part::All, "filed=1")
        .counts("e", Stream::Public, Part::All, "filed=4");
    let figures = "figures:
  - {id: R11, name: {zh: 监督举报率, en: Share of public reports}, rate: public.filed / filed,
     clause: \"5.2.1\", provenance: standard}
";
    let pack = |figures: &str| RulePack::parse(&(lab.text() + figures));
    let evaluation = score(&lab.input_by(pack(figures).unwrap()));
    let body = &evaluation.scorecards[0].figures[0];
    assert_eq!((body.percent().as_deref(), body.id.as_str()), (Some("25.00"), "R11"));
    assert_eq!(evaluation.figures[0].percent().as_deref(), Some("62.50"));
    let of_item = pack(&figures.replace("public.filed", "filed * item.X")).unwrap_err();
    assert!(of_item.to_string().contains("`item.X` cannot stand here"), "{of_item}");
}

#[test]
fn a_stream_never_deducts_more_than_its_cap_and_a_score_never_falls_below_the_floor() {
    let capped = Lab::new()
        .stream("s", "counts: all, cap: 20", &[("X", "linear: {rate: closed / due, weight: 90}")])
        .regular("due=10");
    assert_eq!((capped.x(), capped.score()), ("90".to_owned(), "80".to_owned()));
    assert_eq!(capped.total(), "100 − min(20, 90) = 80.00");
    let low = Lab::item("linear: {rate: closed / due, weight: 90}").regular("due=10");
    let raised = low.text().replace("floor: 0", "floor: 30");
    let raised = RulePack::parse(&raised).unwrap();
    let evaluation = score(&low.input_by(raised));
    assert_eq!(evaluation.scorecards[0].score.as_ref().unwrap().printed(), "30.00");
}

#[test]
fn what_only_describes_makes_no_stream_judged_also_where_an_item_names_it() {
    let described = "linear: {rate: reported_unclosed / reported, bad: true, weight: 20}";
    let lab = || {
        Lab::new()
            .stream("told", "counts: regular, cap: 20", &[("X", described)])
            .stream(
                "judged",
                "counts: public, cap: 80",
                &[("Y", "linear: {rate: closed / due, weight: 80}")],
            )
            .counts("d", Stream::Public, Part::All, "due=2 closed=2")
    };
    let lab_told = lab().regular("reported=4 reported_unclosed=1");
    assert_eq!(lab_told.x(), "n/a");
    assert!(lab_told.card().streams[0].empty);
    assert_eq!(lab_told.result("X").parts[0].share, Exact::ZERO);
    // The same counts are judged once there is something else in the stream.
    assert_eq!(lab().regular("reported=4 reported_unclosed=1 filed=1").x(), "5");
    // A count that no data ignores is judged where an item names it (decisions.md 61).
    let shirked = "per_point: {rate: shirked / assigned, above: 0, points: 1, cap: 20}";
    let named = Lab::item(shirked).regular("assigned=10 shirked=1");
    assert_eq!(named.x(), "10");
}
