use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn text(field: TextField, operator: TextOperator, value: &str) -> Filter {
    Filter::Text(field, operator, value.to_owned())
}

fn actor(value: &str) -> Filter {
    text(TextField::Actor, TextOperator::Equal, value)
}

fn read(filter: &str) -> Filter {
    filter.parse().unwrap_or_else(|error| panic!("{filter}: {error}"))
}

fn position(filter: &str) -> usize {
    filter.parse::<Filter>().expect_err(filter).position
}

#[test]
fn or_binds_tighter_than_and_and_parentheses_tighter_still() {
    assert_eq!(read("actor = a"), actor("a"));
    let either = || Filter::Or(vec![actor("b"), actor("c")]);
    let expected = Filter::And(vec![actor("a"), either()]);
    assert_eq!(read("actor=a AND actor = b OR actor='c'"), expected);
    assert_eq!(read("(actor=a)AND(actor=b OR(actor = \"c\"))"), expected);
    let expected = Filter::Or(vec![Filter::And(vec![actor("a"), actor("b")]), actor("c")]);
    assert_eq!(read("(actor = a AND actor = b) OR actor = c"), expected);
    assert_eq!(read("NOT actor = a"), Filter::Not(Box::new(actor("a"))));
    let negated = Filter::And(vec![Filter::Not(Box::new(actor("a"))), actor("b")]);
    assert_eq!(read("NOT actor = a AND actor = b"), negated);
}

#[test]
fn values_may_be_quoted_and_need_be_only_sometimes() {
    let action = "chengping.rules.v1.RegistryService/ImportRegistry";
    let has = |value| text(TextField::Action, TextOperator::Has, value);
    assert_eq!(read(&format!("action:{action}")), has(action));
    assert_eq!(read("action : '调 \"整\" 了'"), has("调 \"整\" 了"));
    assert_eq!(read(r#"action : "a\"b\\c""#), has(r#"a"b\c"#));
    assert_eq!(read("action : \"AND\""), has("AND"));
    assert_eq!(read("reason != ''"), text(TextField::Reason, TextOperator::NotEqual, ""));
    let time = "2018-04-03T01:15:00Z".parse().unwrap();
    assert_eq!(
        read("create_time >= 2018-04-03T09:15:00+08:00 AND create_time<\"2018-04-03T01:15:00Z\""),
        Filter::And(vec![
            Filter::Time(TimeOperator::From, time),
            Filter::Time(TimeOperator::Before, time)
        ])
    );
}

#[test]
fn a_mistake_has_its_place_in_characters() {
    for (filter, expected) in [
        ("", 1),
        ("   ", 4),
        ("actor", 6),
        ("actor = ", 9),
        ("aktor = a", 1),
        ("actor = a actor = b", 11),
        ("actor = a and actor = b", 11),
        ("actor = 王 AND aktor = b", 15),
        ("actor = a)", 10),
        ("(actor = a", 11),
        ("actor < a", 7),
        ("create_time : 2018", 13),
        ("create_time > 2018-04-03", 15),
        ("create_time > 2018-04-03T09:15:00", 15),
        ("actor = \"a", 9),
        (r#"actor = "a\n""#, 12),
        ("actor = \"a\0\"", 9),
        ("\"actor\" = a", 1),
        ("actor ~ a", 7),
        ("-actor = a", 1),
        ("actor = a OR", 13),
        ("NOT", 4),
        ("(((", 4),
    ] {
        assert_eq!(position(filter), expected, "{filter:?}: {:?}", filter.parse::<Filter>());
    }
}

#[test]
fn size_and_depth_have_an_end() {
    let deep = |depth: usize| format!("{}actor = a{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(read(&deep(DEPTH_MAX)), actor("a"));
    assert_eq!(position(&deep(DEPTH_MAX + 1)), DEPTH_MAX + 2);
    assert!(format!("{} actor = a", "NOT ".repeat(1000)).parse::<Filter>().is_err());
    assert!("(".repeat(BYTES_MAX).parse::<Filter>().is_err());
    let many = vec!["actor=a"; COMPARISONS_MAX].join(" OR ");
    assert!(matches!(read(&many), Filter::Or(parts) if parts.len() == COMPARISONS_MAX));
    assert!(format!("{many} OR actor=a").parse::<Filter>().is_err());
    assert_eq!(
        position(&format!("actor = {}", "王".repeat(BYTES_MAX))),
        8 + (BYTES_MAX - 8) / 3 + 1
    );
}

/// A filter as somebody might write it.
fn write(filter: &Filter) -> String {
    let joined = |parts: &[Filter], word: &str| {
        let parts: Vec<_> = parts.iter().map(|part| format!("({})", write(part))).collect();
        parts.join(&format!(" {word} "))
    };
    match filter {
        Filter::And(parts) => joined(parts, "AND"),
        Filter::Or(parts) => joined(parts, "OR"),
        Filter::Not(inner) => format!("NOT ({})", write(inner)),
        Filter::Text(field, operator, value) => {
            let operator = match operator {
                TextOperator::Equal => "=",
                TextOperator::NotEqual => "!=",
                TextOperator::Has => ":",
            };
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            format!("{field}{operator}\"{value}\"")
        }
        Filter::Time(operator, time) => {
            let operator = match operator {
                TimeOperator::Equal => "=",
                TimeOperator::NotEqual => "!=",
                TimeOperator::Before => "<",
                TimeOperator::UpTo => "<=",
                TimeOperator::After => ">",
                TimeOperator::From => ">=",
            };
            format!("create_time {operator} {time}")
        }
    }
}

fn any_filter() -> impl Strategy<Value = Filter> {
    use TextOperator::{Equal, Has, NotEqual};
    use TimeOperator::{After, Before, From, UpTo};
    let text =
        (select(TextField::ALL), select(vec![Equal, NotEqual, Has]), "[a-z王\"'\\\\ ()=]{0,8}")
            .prop_map(|(field, operator, value)| Filter::Text(field, operator, value));
    let time = (select(vec![Before, UpTo, After, From]), 0..4_000_000_000_000_000_i64)
        .prop_map(|(operator, micros)| Filter::Time(operator, Instant::from_micros(micros)));
    prop_oneof![text, time].prop_recursive(4, 20, 3, |inner| {
        let several = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            several.clone().prop_map(Filter::And),
            several.prop_map(Filter::Or),
            inner.prop_map(|inner| Filter::Not(Box::new(inner))),
        ]
    })
}

proptest! {
    #[test]
    fn a_filter_survives_its_text(filter in any_filter()) {
        prop_assert_eq!(read(&write(&filter)), filter);
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        if let Err(error) = text.parse::<Filter>() {
            prop_assert!((1..=text.chars().count() + 1).contains(&error.position));
        }
    }

    #[test]
    fn no_words_make_the_parser_panic(
        words in prop::collection::vec(
            select(vec![
                "actor", "create_time", "AND", "OR", "NOT", "(", ")", "=", "!=", ":", "<", "\"",
                "'", "\\", "a", "王", "2018-04-03T01:15:00Z", "\u{3000}", "\0",
            ]),
            0..60,
        ),
        between in select(vec!["", " "]),
    ) {
        let text = words.join(between);
        if let Err(error) = text.parse::<Filter>() {
            prop_assert!((1..=text.chars().count() + 1).contains(&error.position), "{}", text);
        }
    }
}
