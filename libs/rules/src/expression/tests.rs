use chengping_types::Exact;
use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Letter {
    A,
    B,
}

impl Name for Letter {
    const WHAT: &'static str = "letter";

    fn from_name(name: &str) -> Option<Self> {
        [Self::A, Self::B].into_iter().find(|letter| letter.name() == name)
    }

    fn name(self) -> &'static str {
        if self == Self::A { "a" } else { "b" }
    }
}

fn value(text: &str, a: i64, b: i64) -> Option<String> {
    let expression = Expression::<Letter>::parse(text).unwrap();
    let value_of = |name| Exact::from(if name == Letter::A { a } else { b });
    expression.evaluate(&value_of).map(|value| value.to_string())
}

fn error(text: &str) -> ExpressionError {
    Expression::<Letter>::parse(text).unwrap_err()
}

#[test]
fn products_bind_tighter_than_sums_and_everything_associates_to_the_left() {
    assert_eq!(value("a - b - 1", 10, 3).as_deref(), Some("6"));
    assert_eq!(value("a + b * 2", 1, 3).as_deref(), Some("7"));
    assert_eq!(value("a / b / 2", 3, 4).as_deref(), Some("3/8"));
    assert_eq!(value("a / (b / 2)", 3, 4).as_deref(), Some("3/2"));
}

#[test]
fn a_division_by_zero_has_no_value() {
    assert_eq!(value("a / b", 3, 0), None);
    assert_eq!(value("1 + a / (b - b)", 3, 4), None);
}

#[test]
fn an_unknown_name_is_refused_where_it_stands() {
    let error = error("a +\n  closure");
    assert_eq!((error.line, error.column), (2, 3));
    assert_eq!(
        error.problem,
        ExpressionProblem::UnknownName { name: "closure".to_owned(), what: "letter" }
    );
}

#[test]
fn every_other_mistake_is_refused_where_it_stands() {
    for (text, column) in [
        ("", 1),
        ("a +", 4),
        ("a b", 3),
        ("(a + b", 7),
        ("a)", 2),
        ("a % b", 3),
        ("-a", 1),
        ("0.5 * a", 2),
        ("99999999999", 1),
        ("a + é", 5),
    ] {
        assert_eq!(error(text).column, column, "{text:?}: {}", error(text));
    }
}

#[test]
fn neither_length_nor_depth_is_unlimited() {
    assert_eq!(error(&"a+".repeat(200)).problem, ExpressionProblem::TooLong);
    assert_eq!(error(&"(".repeat(100)).problem, ExpressionProblem::TooDeep);
}

#[test]
fn words_replace_names_and_signs() {
    let expression = Expression::<Letter>::parse("(a+1)*b/2").unwrap();
    assert_eq!(expression.in_words(&|name| format!("<{}>", name.name())), "(<a> + 1) × <b> ÷ 2");
}

fn expressions() -> impl Strategy<Value = Expression<Letter>> {
    let leaf = prop_oneof![
        any::<u32>().prop_map(Expression::Integer),
        prop_oneof![Just(Letter::A), Just(Letter::B)].prop_map(Expression::Name),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let operation = prop_oneof![
            Just(Operation::Add),
            Just(Operation::Subtract),
            Just(Operation::Multiply),
            Just(Operation::Divide),
        ];
        (operation, inner.clone(), inner).prop_map(|(operation, left, right)| {
            Expression::Operation(operation, Box::new(left), Box::new(right))
        })
    })
}

proptest! {
    #[test]
    fn the_normal_form_reads_back_as_the_same_expression(expression in expressions()) {
        prop_assert_eq!(Expression::parse(&expression.to_string()), Ok(expression));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[ab0-9+*/() -]{0,40}") {
        let _ = Expression::<Letter>::parse(&text);
    }
}
