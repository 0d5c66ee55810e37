use chengping_types::Exact;
use proptest::prelude::*;

use super::*;

/// `a` and `b` count cases, `s` road sections and `p` points; `n` never has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Letter {
    A,
    B,
    S,
    P,
    N,
}

impl Name for Letter {
    const WHAT: &'static str = "letter";

    fn from_name(name: &str) -> Option<Self> {
        [Self::A, Self::B, Self::S, Self::P, Self::N].into_iter().find(|one| one.name() == name)
    }

    fn name(&self) -> Cow<'static, str> {
        match self {
            Self::A => "a",
            Self::B => "b",
            Self::S => "s",
            Self::P => "p",
            Self::N => "n",
        }
        .into()
    }

    fn unit(&self) -> Unit {
        match self {
            Self::A | Self::B | Self::N => Unit::CASES,
            Self::S => Unit::SECTIONS,
            Self::P => Unit::POINTS,
        }
    }
}

fn value_of(a: i64, b: i64) -> impl Fn(&Letter) -> Option<Exact> {
    move |letter| match letter {
        Letter::A => Some(Exact::from(a)),
        Letter::B => Some(Exact::from(b)),
        Letter::S | Letter::P => Some(Exact::from(7)),
        Letter::N => None,
    }
}

fn value(text: &str, a: i64, b: i64) -> Option<String> {
    let expression = Expression::<Letter>::parse(text).unwrap();
    expression.evaluate(&value_of(a, b)).map(|value| value.to_string())
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
fn decimals_are_exact() {
    assert_eq!(value("0.1 * a + 0.20 * b", 1, 1).as_deref(), Some("3/10"));
    assert_eq!(Expression::<Letter>::parse("2.50").unwrap().to_string(), "2.5");
    assert_eq!(Expression::<Letter>::parse("2.0").unwrap(), Expression::Integer(2));
}

#[test]
fn functions_have_their_values() {
    for (text, expected) in [
        ("min(a, b, 9)", "3"),
        ("max(a, b, 9)", "10"),
        ("clamp(a, 0, b)", "3"),
        ("clamp(b - a, 0, b)", "0"),
        ("clamp(a, b, 1)", "3"),
        ("floor(a / b)", "3"),
        ("floor((b - a) / b)", "-3"),
        ("if(a > b, 1, 2)", "1"),
        ("if(a - 7 = b, if(b >= 4, 1, 2), 3)", "2"),
        ("if(a != b, a, b)", "10"),
        ("if(a < b, a, b)", "3"),
        ("if(a <= 10, 1, 0)", "1"),
        ("if(a > 9 and b > 3, 1, 0)", "0"),
        ("if(a > 9 or b > 3, 1, 0)", "1"),
        ("if(not a > 9 or b = 3 and a = 10, 1, 0)", "1"),
        ("if(not (a > 9 or b = 3) and a = 10, 1, 0)", "0"),
        ("if((a + b) * 2 > 25 and ((b < 4)), 1, 0)", "1"),
        ("if(not not (a - b) / 7 = 1, 1, 0)", "1"),
    ] {
        assert_eq!(value(text, 10, 3).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn a_division_by_zero_has_no_value_and_nor_has_a_name_without_one() {
    assert_eq!(value("a / b", 3, 0), None);
    assert_eq!(value("1 + a / (b - b)", 3, 4), None);
    assert_eq!(value("max(a, n)", 3, 4), None);
    assert_eq!(value("if(n > a, 1, 2)", 3, 4), None);
    assert_eq!(value("if(b > 0, a / b, 1)", 3, 0).as_deref(), Some("1"), "not looked at");
}

/// One side decides as far as it can, whichever is written first.
#[test]
fn what_has_no_value_matters_only_where_it_decides() {
    for (test, expected) in [
        ("n > 1 and a < b", Some("2")),
        ("a < b and n > 1", Some("2")),
        ("n > 1 and a > b", None),
        ("n > 1 or a > b", Some("1")),
        ("a > b or n > 1", Some("1")),
        ("n > 1 or a < b", None),
        ("not n > 1", None),
    ] {
        assert_eq!(value(&format!("if({test}, 1, 2)"), 4, 3).as_deref(), expected, "{test}");
    }
}

#[test]
fn a_condition_is_true_false_or_without_a_value() {
    let holds = |text: &str| Condition::<Letter>::parse(text).unwrap().holds(&value_of(10, 3));
    assert_eq!(holds("a > 3 * b"), Some(true));
    assert_eq!(holds("a / b <= 3"), Some(false));
    assert_eq!(holds("a / (b - 3) > 1"), None);
    let condition = Condition::<Letter>::parse("( a+b )>=2").unwrap();
    assert_eq!(condition.to_string(), "a + b >= 2");
    assert_eq!(condition.names(), [Letter::A, Letter::B]);
}

#[test]
fn an_unknown_name_is_refused_where_it_stands() {
    let error = error("a +\n  closure");
    assert_eq!((error.line, error.column), (2, 3));
    assert!(error.to_string().starts_with("line 2, column 3 of the expression: "));
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
        ("1. * a", 3),
        ("a * 0.1234567", 5),
        ("99999999999", 1),
        ("4294967296.5", 1),
        ("a + é", 5),
        ("avg(a, b)", 1),
        ("1 + min(a)", 5),
        ("floor(a, b)", 1),
        ("clamp(a, b)", 1),
        ("if(a, b, 1)", 5),
        ("if(a > b, 1)", 12),
        ("if(a => b, 1, 2)", 6),
        ("min a", 1),
        ("a > b", 3),
        ("if(a > b and, 1, 2)", 13),
        ("if(a > b and b, 1, 2)", 15),
        ("if(a and b > 1, 1, 2)", 6),
        ("if(not, 1, 2)", 7),
        ("if((a > b, 1, 2)", 10),
        ("if((a), 1, 2)", 6),
        ("if(a > b not a < b, 1, 2)", 10),
        ("if(a > b android, 1, 2)", 10),
        ("a and b", 3),
    ] {
        assert_eq!(error(text).column, column, "{text:?}: {}", error(text));
    }
    assert_eq!(Condition::<Letter>::parse("a + b").unwrap_err().column, 6);
}

#[test]
fn units_that_do_not_fit_together_are_refused_where_they_meet() {
    for (text, column, message) in [
        ("a + a / b", 5, "this is a plain number, what stands before it is a number of cases"),
        ("a * (b - s)", 10, "this is a number of road sections"),
        ("max(1, a, p)", 11, "this is a number of points"),
        ("if(a > s, 1, 2)", 8, "this is a number of road sections"),
        ("if(a > b, a, p)", 14, "this is a number of points"),
        ("if(a > b or not a = s, 1, 2)", 21, "this is a number of road sections"),
        ("a / s + b", 9, "is a number of cases / road sections"),
        ("a * b - a", 9, "is a number of cases × cases"),
        ("1 / s + a", 9, "is a number of 1 / road sections"),
    ] {
        let error = error(text);
        assert_eq!(error.column, column, "{text}: {error}");
        assert!(error.to_string().contains(message), "{text}: {error}");
    }
    for fitting in ["a + 1", "1 - a / b", "a / s * s + b", "floor(p) + 0.5", "min(a, 3) / b"] {
        assert!(Expression::<Letter>::parse(fitting).is_ok(), "{fitting}");
    }
}

#[test]
fn a_formula_of_another_unit_than_its_place_is_refused() {
    let read = |text: &str| {
        Expression::<Letter>::parse_within(text, &from_name, &[Unit::POINTS, Unit::PLAIN])
    };
    let error = read("a + b").unwrap_err();
    assert_eq!(error.column, 1);
    assert!(error.to_string().contains("the formula is a number of cases"), "{error}");
    assert!(read("p / 2").is_ok() && read("10 * a / b").is_ok() && read("3").is_ok());
}

#[test]
fn neither_length_nor_depth_is_unlimited() {
    assert_eq!(error(&"a+".repeat(200)).problem, ExpressionProblem::TooLong);
    assert_eq!(error(&"(".repeat(100)).problem, ExpressionProblem::TooDeep);
    assert_eq!(error(&"floor(".repeat(40)).problem, ExpressionProblem::TooDeep);
    assert_eq!(error(&"if(".repeat(80)).problem, ExpressionProblem::TooDeep);
    let tests = format!("if({}a > b{}, 1, 2)", "(".repeat(40), ")".repeat(40));
    assert_eq!(error(&tests).problem, ExpressionProblem::TooDeep);
}

#[test]
fn words_replace_names_and_signs() {
    let words = |text: &str| {
        let expression = Expression::<Letter>::parse(text).unwrap();
        expression.in_words(&|name| format!("<{}>", name.name()))
    };
    assert_eq!(words("(a+1)*b/2"), "(<a> + 1) × <b> ÷ 2");
    assert_eq!(words("floor(a/b)-0.5"), "⌊<a> ÷ <b>⌋ − 0.5");
    assert_eq!(words("if(a>=b,min(a,1),2)"), "if(<a> ≥ <b>, min(<a>, 1), 2)");
    let test = "if(not a>b and(a<1 or(b)<2),1,2)";
    assert_eq!(words(test), "if(not (<a> > <b>) and (<a> < 1 or <b> < 2), 1, 2)");
}

/// Expressions that count cases, so that all of them fit together.
fn expressions() -> impl Strategy<Value = Expression<Letter>> {
    let decimal = (0_u32..100, 1_i64..1_000_000)
        .prop_map(|(whole, part)| Exact::from(whole) + Exact::ratio(part, 1_000_000).unwrap());
    let letter = prop_oneof![Just(Letter::A), Just(Letter::B)];
    let leaf = prop_oneof![
        any::<u32>().prop_map(Expression::Integer),
        decimal.prop_map(Expression::Decimal),
        letter.prop_map(Expression::Name),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        let sum = prop_oneof![Just(Operation::Add), Just(Operation::Subtract)];
        let product = prop_oneof![Just(Operation::Multiply), Just(Operation::Divide)];
        let several = prop_oneof![Just(Function::Min), Just(Function::Max)];
        let three = prop::collection::vec(inner.clone(), 3);
        let comparison = prop_oneof![
            Just(Comparison::Less),
            Just(Comparison::AtMost),
            Just(Comparison::Greater),
            Just(Comparison::AtLeast),
            Just(Comparison::Equal),
            Just(Comparison::Unequal),
        ];
        let two = (inner.clone(), inner.clone());
        let operate = |(operation, (left, right))| {
            Expression::Operation(operation, Box::new(left), Box::new(right))
        };
        let condition = (comparison, two.clone()).prop_map(|(comparison, (left, right))| {
            Test::Comparison(Condition { left, comparison, right })
        });
        let test = condition.prop_recursive(2, 4, 2, |inner| {
            let two = (inner.clone().prop_map(Box::new), inner.clone().prop_map(Box::new));
            prop_oneof![
                inner.prop_map(|test| Test::Not(Box::new(test))),
                two.clone().prop_map(|(left, right)| Test::And(left, right)),
                two.prop_map(|(left, right)| Test::Or(left, right)),
            ]
        });
        let choose = |(test, (then, otherwise))| {
            Expression::If(Box::new(test), Box::new(then), Box::new(otherwise))
        };
        prop_oneof![
            (sum, two.clone()).prop_map(operate),
            (product, (inner.clone(), any::<u32>().prop_map(Expression::Integer)))
                .prop_map(operate),
            (several, three.clone()).prop_map(|(function, all)| Expression::Call(function, all)),
            three.prop_map(|all| Expression::Call(Function::Clamp, all)),
            inner.clone().prop_map(|one| Expression::Call(Function::Floor, vec![one])),
            (test, two).prop_map(choose),
        ]
    })
}

proptest! {
    #[test]
    fn the_normal_form_reads_back_as_the_same_expression(expression in expressions()) {
        let text = expression.to_string();
        prop_assume!(text.len() <= 256);
        prop_assert_eq!(Expression::parse(&text), Ok(expression));
    }

    #[test]
    fn everything_but_a_division_by_zero_has_a_value(
        expression in expressions(), a in -9_i64..9, b in -9_i64..9,
    ) {
        let divides = expression.to_string().contains("/ 0");
        prop_assert!(divides || expression.evaluate(&value_of(a, b)).is_some());
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "([ab0-9+*/()<>=!,. -]|if|min|floor|and|or|not){0,40}") {
        let _ = Expression::<Letter>::parse(&text);
        let _ = Condition::<Letter>::parse(&text);
    }
}
