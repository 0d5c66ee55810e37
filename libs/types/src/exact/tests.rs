use std::hash::{DefaultHasher, Hasher};

use num_traits::Signed as _;
use proptest::prelude::*;

use super::*;

fn exact(text: &str) -> Exact {
    text.parse().unwrap()
}

fn hash(number: &Exact) -> u64 {
    let mut hasher = DefaultHasher::new();
    number.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn a_published_rate_rounds_as_printed() {
    // Zhengzhou, week of 2019-04-08: 返工率 of 274 / 18086 printed as 1.51 %.
    let rate = Exact::ratio(274, 18086).unwrap() * Exact::from(100);
    assert_eq!(rate.to_decimal(2), "1.51");
}

#[test]
fn a_half_goes_away_from_zero() {
    for (text, places, printed) in [
        ("1.005", 2, "1.01"),
        ("-1.005", 2, "-1.01"),
        ("1.0049999", 2, "1.00"),
        ("-0.004", 2, "0.00"),
        ("-0.005", 2, "-0.01"),
        ("0.5", 0, "1"),
        ("2/3", 4, "0.6667"),
        ("8295/88", 2, "94.26"),
        ("100", 2, "100.00"),
        ("0", 4, "0.0000"),
        ("99.995", 2, "100.00"),
    ] {
        assert_eq!(exact(text).to_decimal(places), printed, "{text}");
    }
}

#[test]
fn fractions_print_reduced() {
    for (text, printed) in
        [("0.85", "17/20"), ("6/4", "3/2"), ("-0.50", "-1/2"), ("10/5", "2"), ("-0", "0")]
    {
        assert_eq!(exact(text).to_string(), printed, "{text}");
    }
}

#[test]
fn what_is_no_number_is_refused() {
    for text in ["", "-", ".5", "5.", "1e3", "+1", " 1", "1/", "/2", "1/-2", "1.5/2", "１", "--1"]
    {
        assert!(matches!(text.parse::<Exact>(), Err(ExactError::Malformed(_))), "{text:?}");
    }
    assert!(matches!("1/0".parse::<Exact>(), Err(ExactError::DividesByZero(_))));
    assert!("9".repeat(5000).parse::<Exact>().is_err());
    assert_eq!(Exact::ratio(1, 0), None);
    assert_eq!(Exact::ONE.checked_div(&Exact::ZERO), None);
}

#[test]
fn numbers_beyond_128_bits_stay_exact() {
    let huge = Exact::from(i64::MAX) * Exact::from(i64::MAX) * Exact::from(i64::MAX);
    let one = huge.checked_div(&huge).unwrap();
    assert_eq!(one, Exact::ONE);
    assert_eq!(hash(&one), hash(&Exact::ONE));
    assert_eq!(&huge - &huge, Exact::ZERO);
    assert!(huge > Exact::from(i64::MAX));
    assert_eq!(exact(&huge.to_string()), huge);
}

#[test]
fn json_is_a_text_and_never_a_float() {
    assert_eq!(serde_json::to_string(&exact("0.85")).unwrap(), "\"17/20\"");
    assert_eq!(serde_json::from_str::<Exact>("\"0.85\"").unwrap(), exact("17/20"));
    assert!(serde_json::from_str::<Exact>("0.85").is_err());
}

/// Numbers of all sizes, often near the ends of 64 and 128 bits.
fn term() -> impl Strategy<Value = i128> {
    prop_oneof![
        -50_i128..50,
        any::<i64>().prop_map(i128::from),
        any::<i128>(),
        Just(i128::MAX),
        Just(i128::MIN),
        Just(i128::from(i64::MIN)),
    ]
}

fn rational() -> impl Strategy<Value = BigRational> {
    (term(), term().prop_filter("not 0", |den| *den != 0))
        .prop_map(|(num, den)| BigRational::new(num.into(), den.into()))
}

proptest! {
    #[test]
    fn arithmetic_is_that_of_big_rationals(a in rational(), b in rational()) {
        let (x, y) = (Exact::from(a.clone()), Exact::from(b.clone()));
        prop_assert_eq!((&x + &y).to_string(), (&a + &b).to_string());
        prop_assert_eq!((&x - &y).to_string(), (&a - &b).to_string());
        prop_assert_eq!((&x * &y).to_string(), (&a * &b).to_string());
        prop_assert_eq!((-&x).to_string(), (-&a).to_string());
        prop_assert_eq!(x.abs().to_string(), a.abs().to_string());
        prop_assert_eq!(x.floor().to_string(), a.floor().to_string());
        prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        prop_assert_eq!(x == y, a == b);
        if !b.is_zero() {
            prop_assert_eq!(x.checked_div(&y).unwrap().to_string(), (&a / &b).to_string());
        }
    }

    #[test]
    fn equal_numbers_are_equal_values(a in rational(), b in rational()) {
        let (x, y) = (Exact::from(a), Exact::from(b));
        let back = (&x + &y) - &y;
        prop_assert_eq!(&back, &x);
        prop_assert_eq!(hash(&back), hash(&x));
        prop_assert_eq!(exact(&x.to_string()), x);
    }

    #[test]
    fn rounding_moves_by_half_a_place_at_most(a in rational(), places in 0_u32..6) {
        let x = Exact::from(a);
        let rounded = x.rounded(places);
        prop_assert_eq!(&rounded, &exact(&x.to_decimal(places)));
        let unit = Exact::ratio(1, 10_i64.pow(places)).unwrap();
        let moved = (&rounded - &x).abs() * Exact::from(2);
        prop_assert!(moved <= unit);
        if moved == unit {
            prop_assert!(rounded.abs() > x.abs());
        }
    }

    #[test]
    fn sums_of_fractions_are_exact(
        terms in prop::collection::vec((0_i64..10_000, 1_i64..10_000), 16),
    ) {
        let sum: Exact = terms.iter().map(|(n, d)| Exact::ratio(*n, *d).unwrap()).sum();
        let big: BigRational = terms.iter()
            .map(|(n, d)| BigRational::new((*n).into(), (*d).into()))
            .sum();
        prop_assert_eq!(sum.to_string(), big.to_string());
    }
}
