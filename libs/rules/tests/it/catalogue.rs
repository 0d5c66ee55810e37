//! The indicator catalogue is complete, agrees with the code, and stands in the documentation.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use chengping_casework::Base;
use chengping_rules::{Addressee, Formula, Quantity, catalogue, catalogue_markdown, indicator};

#[test]
fn every_number_of_the_method_is_there_and_in_order() {
    let base = (1..=49).map(|number| format!("B{number:02}"));
    let expected: Vec<_> = base.chain((1..=33).map(|number| format!("R{number:02}"))).collect();
    let mut found: Vec<_> = catalogue().iter().map(|indicator| indicator.id.clone()).collect();
    found.dedup();
    assert_eq!(found, expected);
}

#[test]
fn every_base_count_is_there_under_its_number_and_names() {
    for base in Base::ALL {
        let entry = indicator(base.as_str()).unwrap_or_else(|| panic!("{base} is missing"));
        assert_eq!(entry.formula, Formula::Base(*base));
        let found = (entry.id.as_str(), entry.zh.as_str(), entry.en.as_str());
        assert_eq!(found, (base.number(), base.zh(), base.en()), "{base}");
        let is_of_posts = |one: &Addressee| !matches!(one, Addressee::Area | Addressee::Department);
        assert!(entry.applies.iter().all(|one| is_of_posts(one) == base.is_of_posts()), "{base}");
        assert!(!entry.definition.is_empty(), "{base} does not say what is counted");
    }
}

#[test]
fn every_code_is_unique_and_every_entry_says_all_that_a_reader_needs() {
    let mut codes = BTreeSet::new();
    for indicator in catalogue() {
        let code = &indicator.code;
        assert!(codes.insert(code), "{code} twice");
        assert!(!indicator.applies.is_empty() && !indicator.zh.is_empty(), "{code}");
        assert!(!indicator.clause.is_empty() && !indicator.source.is_empty(), "{code}");
        let texts = [&indicator.zh, &indicator.en, &indicator.definition];
        assert!(texts.iter().all(|text| !text.contains(['|', '\n'])), "{code} breaks the table");
        if let Some(reason) = indicator.not_derivable() {
            assert!(reason.ends_with('.') && code.parse::<Base>().is_err(), "{code}");
        } else {
            assert!(!indicator.formula.to_string().is_empty(), "{code}");
        }
    }
}

#[test]
fn a_formula_counts_for_those_to_whom_it_applies() {
    for indicator in catalogue() {
        let names = match &indicator.formula {
            Formula::Of(count) | Formula::Change(count) | Formula::Density(count) => count.names(),
            Formula::Base(_) | Formula::NotDerivable(_) => continue,
        };
        for addressee in &indicator.applies {
            let is_post = !matches!(addressee, Addressee::Area | Addressee::Department);
            let fits =
                names.iter().filter_map(Quantity::base).all(|base| base.is_of_posts() == is_post);
            assert!(fits, "{} for {addressee}", indicator.code);
        }
    }
}

#[test]
fn the_documentation_is_what_the_catalogue_says() {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../docs/indicators.md"].iter().collect();
    let written = fs::read_to_string(path).unwrap_or_default();
    assert!(written == catalogue_markdown(), "docs/indicators.md is out of date: run `make docs`");
}
