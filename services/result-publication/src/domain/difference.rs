//! What a version changes against another: every body whose score, rank, grade or state differs.

use std::collections::BTreeMap;

use super::lines::Line;

/// What is different for a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) body_id: String,
    pub(crate) group: String,
    /// The line before; none where the body had none.
    pub(crate) before: Option<Line>,
    /// The line after; none where the body has none any more.
    pub(crate) after: Option<Line>,
}

/// What differs between the lines of two versions, in the order of the later one; bodies that it
/// lacks are last.
pub(crate) fn between(before: &[Line], after: &[Line]) -> Vec<Difference> {
    let mut former: BTreeMap<_, _> =
        before.iter().map(|line| (line.body_id.as_str(), line)).collect();
    let mut differences = Vec::new();
    for line in after {
        let was = former.remove(line.body_id.as_str());
        if was.is_none_or(|was| said(was) != said(line)) {
            differences.push(Difference {
                body_id: line.body_id.clone(),
                group: line.group.clone(),
                before: was.cloned(),
                after: Some(line.clone()),
            });
        }
    }
    let gone = before.iter().filter(|line| former.contains_key(line.body_id.as_str()));
    differences.extend(gone.map(|line| Difference {
        body_id: line.body_id.clone(),
        group: line.group.clone(),
        before: Some(line.clone()),
        after: None,
    }));
    differences
}

/// What a line says of its body.
type Said<'a> = (&'a str, Option<&'a str>, Option<u32>, bool, Option<&'a str>, Option<&'a str>);

fn said(line: &Line) -> Said<'_> {
    let Line { group, score, rank, tied, grade, not_rated_reason, .. } = line;
    (group, score.as_deref(), *rank, *tied, grade.as_deref(), not_rated_reason.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(body: &str, score: &str, rank: u32) -> Line {
        Line {
            body_id: body.to_owned(),
            assessment_code: None,
            group: "district".to_owned(),
            score: Some(score.to_owned()),
            score_max: "100".to_owned(),
            rank: Some(rank),
            tied: false,
            grade: None,
            not_rated_reason: None,
        }
    }

    #[test]
    fn every_body_that_differs_is_there_and_no_other() {
        let before = [line("a", "90.00", 1), line("b", "80.00", 2), line("c", "70.00", 3)];
        let after = [line("b", "91.00", 1), line("a", "90.00", 2), line("d", "60.00", 3)];
        let found = between(&before, &after);
        let bodies: Vec<_> = found.iter().map(|found| found.body_id.as_str()).collect();
        assert_eq!(bodies, ["b", "a", "d", "c"]);
        assert_eq!(found[1].before.as_ref().unwrap().rank, Some(1), "a lost a place, not a point");
        assert!(found[2].before.is_none() && found[3].after.is_none());
        assert!(between(&before, &before).is_empty());
    }
}
