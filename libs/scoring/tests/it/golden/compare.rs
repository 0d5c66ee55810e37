//! What a golden case expects beside what comes out.

use chengping_casework::Base;
use chengping_scoring::{Counts, Evaluation, ItemResult, PartResult, Scorecard};
use chengping_types::Exact;

use super::format::{Entries, ExpectedScore, Golden, Value};
use super::month::World;

/// What a story counts for the judgement of handling: expected to be zero where it is not named,
/// so that no case is silently counted twice.
const JUDGED: [Base; 17] = [
    Base::Due,
    Base::Handled,
    Base::OnTime,
    Base::Closed,
    Base::ClosedOnTime,
    Base::OverdueOpen,
    Base::Rework,
    Base::Extended,
    Base::Returned,
    Base::Shirked,
    Base::SuspendedNow,
    Base::Voided,
    Base::CarriedStart,
    Base::CarriedOpen,
    Base::CarriedClosed,
    Base::UndoOnTime,
    Base::UndoClosedOnTime,
];

/// The differences of a case, a line each.
#[derive(Default)]
pub(crate) struct Differences(pub(crate) Vec<String>);

impl Differences {
    fn expect(&mut self, what: &str, expected: &str, found: &str) {
        if !agrees(expected, found) {
            self.0.push(format!("{what}: expected {expected}, found {found}"));
        }
    }
}

/// Whether a value is what was written: the same text, the same number, or `~1.1331`, which stands
/// for what rounds to it.
fn agrees(expected: &str, found: &str) -> bool {
    let number = |text: &str| text.parse::<Exact>().ok();
    let rounded = expected.strip_prefix('~').and_then(|expected| {
        let places = expected.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        Some(number(found)?.to_decimal(u32::try_from(places).ok()?) == expected)
    });
    let same = || number(expected).is_some_and(|expected| number(found) == Some(expected));
    expected == found || rounded.unwrap_or_else(same)
}

pub(crate) fn differences(world: &World, golden: &Golden) -> Differences {
    let mut all = Differences::default();
    for (place, expected) in golden.expect.iter() {
        compare_counts(&mut all, world, place, expected);
    }
    if !golden.scores.is_empty() {
        let evaluation = world.evaluation();
        for (body, expected) in golden.scores.iter() {
            compare_score(&mut all, &evaluation, body, expected);
        }
    }
    all
}

fn compare_counts(all: &mut Differences, world: &World, text: &str, expected: &Value) {
    let (place, before) = (world.place(text), all.0.len());
    let counts = world.counts(&place);
    let none = Entries::default();
    let named = match expected {
        Value::Map(values) => values,
        Value::Text(word) => {
            assert_eq!(word, "nothing", "{text}");
            if counts.has_data() || counts.get(Base::Filed) > 0 {
                all.0.push(format!("{text}: expected nothing"));
            }
            &none
        }
    };
    for (code, value) in named.iter() {
        all.expect(&format!("{text}: {code}"), value, &world.indicator(code, &place));
    }
    let unnamed = JUDGED.iter().filter(|base| named.get(base.as_str()).is_none());
    for base in unnamed.filter(|base| world.is_told() && counts.get(**base) > 0) {
        let found = counts.get(*base);
        all.0.push(format!("{text}: {base}: not named, so expected 0, found {found}"));
    }
    if all.0.len() > before {
        all.0.push(format!("{text}: everything counted: {}", listed(&counts)));
    }
}

fn listed(counts: &Counts) -> String {
    let counted = Base::ALL.iter().filter(|base| counts.get(**base) > 0);
    counted.map(|base| format!("{base} {}", counts.get(*base))).collect::<Vec<_>>().join(", ")
}

fn compare_score(
    all: &mut Differences,
    evaluation: &Evaluation,
    body: &str,
    expected: &ExpectedScore,
) {
    let Some(card) = evaluation.scorecard(&body.parse().unwrap()) else {
        all.expect(body, expected.state.as_deref().unwrap_or("a scorecard"), "not evaluated");
        return;
    };
    let before = all.0.len();
    let none = || "none".to_owned();
    let printed = card.score.as_ref().map_or_else(none, |score| score.printed());
    let exact = card.score.as_ref().map_or_else(none, |score| score.exact.to_string());
    let found = [
        ("score", &expected.score, printed),
        ("exact", &expected.exact, exact),
        ("state", &expected.state, card.state.to_string()),
        ("rank", &expected.rank, card.rank.map_or_else(none, |rank| rank.to_string())),
        ("grade", &expected.grade, card.grade.clone().unwrap_or_else(none)),
    ];
    for (what, expected, found) in found {
        if let Some(expected) = expected {
            all.expect(&format!("{body}: {what}"), expected, &found);
        }
    }
    if expected.tied.is_some_and(|tied| tied != card.tied) {
        all.0.push(format!("{body}: tied: found {}", card.tied));
    }
    compare_parts(all, card, expected);
    if all.0.len() > before {
        all.0.push(format!("{body}: all items: {}", items(card)));
    }
}

fn compare_parts(all: &mut Differences, card: &Scorecard, expected: &ExpectedScore) {
    let body = &card.body_id;
    for (id, points) in expected.streams.iter() {
        let stream = card.streams.iter().find(|stream| stream.id == id);
        let found = stream.map_or_else(|| "no such stream".to_owned(), |s| s.deduction.to_string());
        all.expect(&format!("{body}: stream {id}"), points, &found);
    }
    let deducted = |part: &PartResult| part.applied.as_ref().map(|one| one.deduction.to_string());
    let factor = |part: &PartResult| part.applied.as_ref().map(|one| one.factor.to_string());
    for (id, points) in expected.items.iter() {
        compare_item(all, card, (id, points), &deducted);
    }
    for (id, factors) in expected.factors.iter() {
        compare_item(all, card, (id, factors), &factor);
    }
    if let Some(warned) = &expected.warned {
        let found = card.items().filter(|(_, item)| item.warned);
        let found: Vec<_> = found.map(|(_, item)| item.id.clone()).collect();
        all.expect(&format!("{body}: warned"), &warned.join(" "), &found.join(" "));
    }
    for (id, percent) in expected.figures.iter() {
        let figure = card.figures.iter().find(|figure| figure.id == id);
        let found = figure.and_then(|figure| figure.percent()).unwrap_or_else(|| "n/a".to_owned());
        all.expect(&format!("{body}: figure {id}"), percent, &found);
    }
}

/// As a whole after zone weighting, or part by part before it.
fn compare_item(
    all: &mut Differences,
    card: &Scorecard,
    (id, expected): (&str, &Value),
    of_part: &dyn Fn(&PartResult) -> Option<String>,
) {
    let what = format!("{}: {id}", card.body_id);
    let Some((_, item)) = card.items().find(|(_, item)| item.id == id) else {
        return all.0.push(format!("{what}: no such item"));
    };
    let none = || "n/a".to_owned();
    match expected {
        Value::Text(expected) => {
            let whole = if let [only] = &item.parts[..] { of_part(only) } else { whole(item) };
            all.expect(&what, expected, &whole.unwrap_or_else(none));
        }
        Value::Map(parts) => {
            for (zone, expected) in parts.iter() {
                let part = item.parts.iter().find(|part| part.part.as_str() == zone);
                let found = part.map_or_else(
                    || "no such zone".to_owned(),
                    |part| of_part(part).unwrap_or_else(none),
                );
                all.expect(&format!("{what} {zone}"), expected, &found);
            }
        }
    }
}

fn whole(item: &ItemResult) -> Option<String> {
    item.parts.iter().any(|part| part.applied.is_some()).then(|| item.deduction.to_string())
}

fn items(card: &Scorecard) -> String {
    let of = |item: &ItemResult| {
        format!("{} {}", item.id, whole(item).unwrap_or_else(|| "n/a".to_owned()))
    };
    card.items().map(|(_, item)| of(item)).collect::<Vec<_>>().join(", ")
}
