//! The worked examples of docs/packs.md deduct what they say.

use chengping_rules::worked_examples;
use chengping_types::Exact;

use crate::lab::Lab;

#[test]
fn every_worked_example_of_the_manual_deducts_what_it_says() {
    for example in worked_examples() {
        let lab = Lab::item(&example.rule).regular(&example.counts);
        let lab = if example.before.is_empty() { lab } else { lab.ago(1, &example.before) };
        let expected: Exact = example.deducts.trim_start_matches('-').parse().unwrap();
        let expected = if example.deducts.starts_with('-') { -expected } else { expected };
        assert_eq!(lab.x(), expected.to_string(), "{}", example.rule);
    }
    assert_eq!(worked_examples().count(), 10);
}
