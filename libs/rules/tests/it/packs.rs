//! The built-in packs, and what reading a pack promises.

use chengping_rules::{
    Aspect, Mistakes, Number, Provenance, Rule, RulePack, WarningKind, builtin, builtin_names,
};
use chengping_types::{BodyKind, Exact, Family};
use proptest::prelude::*;

fn zhengzhou() -> &'static str {
    builtin("zz-2018").unwrap()
}

fn mistakes(text: &str) -> Vec<String> {
    let mistakes: Mistakes = RulePack::parse(text).unwrap_err();
    mistakes.iter().map(ToString::to_string).collect()
}

/// `zz-2018` with one piece of text exchanged for another.
fn with(piece: &str, other: &str) -> String {
    assert!(zhengzhou().contains(piece), "{piece:?} is not in the pack any more");
    zhengzhou().replacen(piece, other, 1)
}

#[test]
fn every_built_in_pack_reads_and_bears_its_name() {
    for name in builtin_names() {
        let pack = RulePack::parse(builtin(name).unwrap()).unwrap();
        assert_eq!(pack.pack.as_str(), name);
    }
    assert_eq!(builtin("no-such-pack"), None);
}

#[test]
fn a_pack_read_from_its_canonical_json_is_the_same_pack() {
    for name in builtin_names() {
        let pack = RulePack::parse(builtin(name).unwrap()).unwrap();
        let text = String::from_utf8(pack.canonical()).unwrap();
        let again = RulePack::parse(&text).unwrap();
        assert_eq!(again, pack);
        assert_eq!(again.digest(), pack.digest());
        let through_serde: RulePack = serde_json::from_str(&text).unwrap();
        assert_eq!(through_serde, pack);
    }
}

#[test]
fn the_digest_is_that_of_the_meaning_not_of_the_spelling() {
    let pack = RulePack::parse(zhengzhou()).unwrap();
    let respelled = with("key: \"0.6\"", "key: \"0.60\"   # a comment");
    assert_eq!(RulePack::parse(&respelled).unwrap().digest(), pack.digest());
    let changed = with("key: \"0.6\"", "key: \"0.7\"");
    assert_ne!(RulePack::parse(&changed).unwrap().digest(), pack.digest());
}

#[test]
fn a_pack_looks_back_as_far_as_one_of_its_items_does() {
    let mut pack = RulePack::parse(zhengzhou()).unwrap();
    assert_eq!(pack.looks_back(), 12);
    let five = with("history_months: 12", "history_months: 5");
    assert_eq!(RulePack::parse(&five).unwrap().looks_back(), 5);
    let mut without = |is_unwanted: fn(&Rule) -> bool| {
        for stream in pack.families.values_mut().flat_map(|family| &mut family.streams) {
            stream.items.retain(|item| !is_unwanted(&item.rule));
        }
        pack.looks_back()
    };
    // An increase needs the month before, a rate needs none.
    assert_eq!(without(|rule| matches!(rule, Rule::BandRelative(_))), 1);
    assert_eq!(without(|rule| matches!(rule, Rule::MomIncrease(_))), 0);
}

/// What a revision was approved as must not become something else by a new version of the program.
#[test]
fn older_packs_keep_their_digests() {
    for (name, digest) in [
        ("beijing-1000", "sha256:0cf5a606bc7a9c67a4dc842658589d935cbfb59cbbf9df493417812e8caf7f2a"),
        ("boston-2011", "sha256:a12bdfe8f0e8de9d3711fef994d79b8dc98bbaf8d10c1d2aea6cbbac0120fe0c"),
        ("gbt-30428.4", "sha256:f3ca6945d31cc2df7dda33ad512cf20489384d77ec460b387781fdc3b4944cab"),
        ("jinhua", "sha256:bf4aa805403d4424dc3fe916044e5323adf295a40c0b81b7f18bda81a4f1cdd8"),
        ("zz-2018", "sha256:ddda61a712c14c91f79e724f96bab503d2c0fdbd2d1b8ec006a01075b3de10bc"),
    ] {
        let pack = RulePack::parse(builtin(name).unwrap()).unwrap();
        assert_eq!(pack.digest().to_string(), digest, "{name}");
    }
}

#[test]
fn the_caps_of_zhengzhou_add_up_to_a_hundred_points() {
    let pack = RulePack::parse(zhengzhou()).unwrap();
    for kind in BodyKind::ALL {
        let streams: Vec<_> = pack.families[&kind.family()].streams_of(*kind).collect();
        let caps = streams.iter().map(|stream| stream.cap.value.clone());
        assert_eq!(caps.fold(Exact::ZERO, |sum, cap| sum + cap), Exact::integer(100), "{kind}");
        assert_eq!(pack.group_of(*kind).unwrap().id, kind.as_str());
    }
    let items: Vec<_> =
        pack.families[&Family::Area].items().map(|(_, item)| item.id.as_str()).collect();
    assert_eq!(items, ["N1", "N2", "N3", "N4", "N5", "L1", "L2", "P1", "P2", "S1"]);
    let boston = RulePack::parse(builtin("boston-2011").unwrap()).unwrap();
    assert_eq!(boston.group_of(BodyKind::Collector), None);
}

#[test]
fn every_item_of_a_post_says_by_what_it_judges() {
    let pack = RulePack::parse(zhengzhou()).unwrap();
    let posts = &pack.families[&Family::Post];
    let of = |kind: BodyKind| -> Vec<_> {
        let items = posts.streams_of(kind).flat_map(|stream| &stream.items);
        items.map(|item| (item.id.as_str(), item.aspect.unwrap(), item.is_pooled())).collect()
    };
    use Aspect::{Accuracy, Completion, Timeliness};
    assert_eq!(
        of(BodyKind::Collector),
        [
            ("R12", Accuracy, false),
            ("R13", Completion, false),
            ("R14", Timeliness, false),
            ("R15", Timeliness, false),
        ]
    );
    assert_eq!(
        of(BodyKind::SupervisionDesk),
        [
            ("accepting", Completion, true),
            ("R16", Timeliness, false),
            ("R17", Timeliness, false),
            ("R19", Timeliness, false),
            ("R20", Accuracy, false),
            ("R07", Timeliness, false),
        ]
    );
    assert_eq!(
        of(BodyKind::CommandDesk),
        [("R02", Completion, true), ("R21", Timeliness, false), ("R22", Accuracy, false)]
    );
}

#[test]
fn the_switches_of_posts_change_no_digest_of_a_pack_that_leaves_them_at_their_first_value() {
    let pack = RulePack::parse(zhengzhou()).unwrap();
    let text = String::from_utf8(pack.canonical()).unwrap();
    assert!(!text.contains("missed_over"));
    let silent = zhengzhou().replace("  valid_report: filed_not_voided\n", "");
    assert_eq!(RulePack::parse(&silent).unwrap().digest(), pack.digest());
    let other = with("missed_over: filed", "missed_over: public_and_patrol");
    let other = RulePack::parse(&other).unwrap();
    assert_ne!(other.digest(), pack.digest());
    let again = RulePack::parse(&String::from_utf8(other.canonical()).unwrap()).unwrap();
    assert_eq!(again, other);
}

const R14: &str = "linear: {rate: verified_on_time / verified_limited, weight: 20}";

/// What is written in place of a piece of `zz-2018`, and what is said about it.
const REFUSED_OF_POSTS: [(&str, &str, &str); 17] = [
    ("        kinds: [collector]\n", "", "`kinds` is missing"),
    ("        kinds: [collector]\n", "        kinds: []\n", "`kinds` is empty"),
    ("        kinds: [collector]\n", "        kinds: [bureau]\n", "`bureau` is no kind of post"),
    (
        "kinds: [command_desk]\n        counts",
        "kinds: [collector]\n        counts",
        "the stream `post` is there twice",
    ),
    (
        "kinds: [command_desk]\n        counts",
        "kinds: [collector]\n        counts",
        "no stream for `command_desk`",
    ),
    (
        "  - {id: collector, kinds: [collector]",
        "  - {id: collector, kinds: [command_desk]",
        "which stands in no group",
    ),
    (
        R14,
        "linear: {rate: verified_on_time / verified_limited, weight: 19}",
        "the points of the items of `collector` add up to 99",
    ),
    ("cap: 50", "cap: 49", "the caps of the streams of `supervision_desk` add up to 99"),
    (R14, "linear: {rate: on_time / due, weight: 20}", "counts `on_time`, which posts do not have"),
    (
        "closed_on_time / due, weight: 30",
        "filings_on_time / filings, weight: 30",
        "which only posts have",
    ),
    (
        R14,
        "band_relative: {count: verified, against: own_history, bands: relative, weight: 20}\n            completion: pool",
        "has no rate",
    ),
    (
        "          - id: N1",
        "          - id: N1\n            aspect: accuracy",
        "only the items of posts have it",
    ),
    (
        "          - id: N1",
        "          - id: N1\n            completion: pool",
        "only the items of posts have it",
    ),
    ("aspect: accuracy", "aspect: zeal", "aspect"),
    ("completion: pool", "completion: theirs", "completion"),
    (
        "      - id: regular\n",
        "      - id: regular\n        kinds: [district]\n",
        "`kinds` is unknown here",
    ),
    (
        "  post:\n    streams:",
        "  post:\n    zones: {key: 1, general: 1, clause: \"5.3\", provenance: assumption}\n    streams:",
        "posts have no zones",
    ),
];

#[test]
fn what_posts_cannot_have_is_refused() {
    for (piece, other, message) in REFUSED_OF_POSTS {
        let found = mistakes(&with(piece, other));
        assert!(found.iter().any(|found| found.contains(message)), "{other}: {found:#?}");
    }
}

#[test]
fn a_number_has_its_own_source_or_that_of_its_part() {
    let pack = RulePack::parse(zhengzhou()).unwrap();
    let (_, orders) =
        pack.families[&Family::Area].items().find(|(_, item)| item.id == "S1").unwrap();
    let provenances: Vec<_> = orders
        .rule
        .numbers()
        .into_iter()
        .map(|number: &Number| &number.source_within(&orders.source).provenance)
        .collect();
    let (assumed, regulated) = (&Provenance::Assumption, &Provenance::Regulation);
    assert_eq!(provenances, [assumed, regulated, assumed]);
}

#[test]
fn all_mistakes_are_reported_at_once_in_the_order_of_the_text() {
    let text = zhengzhou()
        .replace("time_zone: Asia/Shanghai", "time_zone: Asia/Zhengzhou")
        .replace("freeze: {day: 3,", "freeze: {day: 31,")
        .replace("rework: same_unit", "rework: sometimes")
        .replace("general: \"0.4\"", "general: 0.4")
        .replace("closed / due, weight: 15}", "closed / closure_due, weight: 15, wait: 1}");
    let found = mistakes(&text);
    let expected = [
        "line 10, column 12: time_zone: ",
        "line 12, column 15: freeze.day: expected a day of the next month, from 1 to 27",
        "line 22, column 11: lifecycle.rework: ",
        "families.area.zones.general: an unquoted decimal",
        "families.area.streams[regular].items[N2].linear.rate: column 10 of the expression: `closure_due`",
        "families.area.streams[regular].items[N2].linear.wait: `wait` is unknown here",
    ];
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{found}\ndoes not contain\n{expected}");
    }
    // The department has the same rate once more.
    assert_eq!(found.len(), expected.len() + 2, "{found:#?}");
}

#[test]
fn a_mistake_in_an_expression_is_placed_inside_it() {
    let text = with("closed_on_time / due", "closed_on_time / (due + ");
    let line = text.lines().position(|line| line.contains("(due + ")).unwrap();
    let column = text.lines().nth(line).unwrap().find("(due + ").unwrap();
    let found = mistakes(&text).remove(0);
    assert!(found.starts_with(&format!("line {}, column {}", line + 1, column + 7)), "{found}");
}

#[test]
fn what_contradicts_itself_is_refused() {
    for (piece, other, message) in [
        ("bands: relative, weight: 5", "bands: absolute, weight: 5", "no band table is called"),
        ("- id: N2", "- id: N1", "the item `N1` is there twice"),
        ("kinds: [window]", "kinds: [district]", "the body kind `district` is there twice"),
        ("kinds: [window]", "kinds: [window, bureau]", "mixes families"),
        ("closed_on_time / due", "closed_on_time", "a rate is a quotient"),
        ("above: 0, points", "points", "write either `above`"),
        ("cap: 60", "cap: 0", "write a number above zero"),
        ("cap: 60", "cap: -60", "negative"),
        ("share: \"1\"", "share: \"1.5\"", "above 1"),
        ("up_to: \"0.8\"", "up_to: \"0.4\"", "the bounds must rise"),
        ("grade: B, from: 75", "grade: B, from: 95", "from the best down"),
        ("provenance: \"city:Changzhou\"", "provenance: hearsay", "is no provenance"),
        ("order: [public, long_term]", "order: [public, public]", "`public` is there twice"),
        ("pack: zz-2018", "pack: zz-2018\npack: zz-2019", "`pack` is given twice"),
        ("count: filed, against", "count: filed, by_size: true, against", "no effective size"),
    ] {
        let found = mistakes(&with(piece, other));
        assert!(found.iter().any(|found| found.contains(message)), "{other}: {found:#?}");
    }
    let boston = builtin("boston-2011").unwrap().replace("kinds: [bureau]", "kinds: [collector]");
    let found = mistakes(&boston).join("\n");
    assert!(found.contains("groups[bureau]: the group `bureau` needs rules for `families.post`"));
}

#[test]
fn what_is_no_yaml_or_too_much_of_it_is_refused() {
    assert!(mistakes("pack: [").remove(0).contains("not valid YAML"));
    assert!(mistakes("").remove(0).contains("expected a mapping"));
    assert!(mistakes(&"# x\n".repeat(100_000)).remove(0).contains("larger than"));
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n\
                c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n\
                e: [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n";
    assert!(mistakes(bomb).remove(0).contains("not valid YAML"));
    assert!(mistakes(&"[".repeat(10_000)).remove(0).contains("not valid YAML"));
}

#[test]
fn the_pack_says_itself_what_the_regulation_leaves_unjudged() {
    let warnings = RulePack::parse(zhengzhou()).unwrap().warnings();
    let paths = |kind: WarningKind| {
        let of_kind = warnings.iter().filter(move |warning| warning.kind == kind);
        of_kind.map(|warning| warning.path.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(
        paths(WarningKind::HandlingNotJudged),
        ["families.area.streams[long_term]", "families.department.streams[long_term]"]
    );
    assert_eq!(
        paths(WarningKind::TimelinessNotJudged),
        ["families.area.streams[public]", "families.department.streams[public]"]
    );
    assert!(paths(WarningKind::CanDouble).contains(&"families.area.streams[regular].items[N1]"));
    let half = "families.post.streams[acceptor:supervision_desk].items[accepting]";
    assert!(paths(WarningKind::CanDouble).contains(&half));
    assert!(!paths(WarningKind::CanDouble).contains(&"families.area.streams[public].items[P1]"));
    let texts: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    let assumed =
        "families.area.streams[regular].items[N4]: assumed, to be confirmed or replaced: 0, 0.5, 5";
    assert!(texts.iter().any(|text| text == assumed), "{texts:#?}");
}

proptest! {
    #[test]
    fn no_damage_to_a_pack_makes_reading_it_panic(
        line in 0..300_usize, cut in 0..60_usize, insert in "[a-z0-9:{}\\[\\]\", *&-]{0,6}",
    ) {
        let mut lines: Vec<String> = zhengzhou().lines().map(str::to_owned).collect();
        let line = line % lines.len();
        let kept: String = lines[line].chars().take(cut).collect();
        lines[line] = kept + &insert;
        if let Err(mistakes) = RulePack::parse(&lines.join("\n")) {
            prop_assert!(mistakes.iter().next().is_some());
        }
    }
}
