//! The numbers of a pack, to be changed in place. What the text of a pack must fulfil, such as caps
//! that add up, is not asked here.

use chengping_rules::{Number, Rule, RulePack, Threshold};

/// The numbers of a rule outside of its formulas, none of which decides what is read, each with
/// whether it weighs.
pub(crate) fn rule_numbers(rule: &mut Rule) -> Vec<(bool, &mut Number)> {
    match rule {
        Rule::Linear(rule) => vec![(true, &mut rule.weight)],
        Rule::PerPoint(rule) => {
            let threshold = match &mut rule.threshold {
                Threshold::Above(number) | Threshold::Below(number) => number,
            };
            vec![(false, threshold), (true, &mut rule.points), (true, &mut rule.cap)]
        }
        Rule::PerCase(rule) => vec![(true, &mut rule.points), (true, &mut rule.cap)],
        Rule::PerCaseRepeat(rule) => {
            vec![(true, &mut rule.first), (true, &mut rule.factor), (true, &mut rule.cap)]
        }
        Rule::Band(rule) => vec![(true, &mut rule.weight)],
        Rule::BandRelative(rule) => {
            let reference = rule.reference.iter_mut().map(|number| (false, number));
            reference.chain([(true, &mut rule.weight)]).collect()
        }
        Rule::MomIncrease(rule) => vec![(true, &mut rule.points), (true, &mut rule.cap)],
        Rule::FlatIf(rule) => vec![(true, &mut rule.points)],
        Rule::Satisfaction(rule) => vec![
            (false, &mut rule.very_satisfied),
            (false, &mut rule.satisfied),
            (false, &mut rule.neutral),
            (false, &mut rule.dissatisfied),
            (false, &mut rule.visits_min),
            (true, &mut rule.weight),
        ],
        Rule::Bonus(rule) => vec![(true, &mut rule.points), (true, &mut rule.cap)],
    }
}

/// The weights of a pack, in the order of [`RulePack::weights`].
pub(crate) fn weights_mut(pack: &mut RulePack) -> Vec<&mut Number> {
    let mut all = Vec::new();
    for table in pack.bands.values_mut() {
        all.extend(table.steps.iter_mut().map(|step| &mut step.share));
    }
    for family in pack.families.values_mut() {
        if let Some(zones) = &mut family.zones {
            all.extend([&mut zones.key, &mut zones.general]);
            let changes = zones.changes.iter_mut();
            all.extend(changes.flat_map(|change| [&mut change.key, &mut change.general]));
        }
        for stream in &mut family.streams {
            all.push(&mut stream.cap);
            let numbers = stream.items.iter_mut().flat_map(|item| rule_numbers(&mut item.rule));
            all.extend(numbers.filter(|(weighs, _)| *weighs).map(|(_, number)| number));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use chengping_rules::{builtin, builtin_names};

    use super::*;

    #[test]
    fn they_are_the_weights_that_the_rules_name() {
        for name in builtin_names() {
            let mut pack = RulePack::parse(builtin(name).unwrap()).unwrap();
            let named: Vec<_> = pack.weights().into_iter().map(|weight| weight.value).collect();
            let found = weights_mut(&mut pack).into_iter().map(|number| number.value.clone());
            assert_eq!(found.collect::<Vec<_>>(), named, "{name}");
        }
    }
}
