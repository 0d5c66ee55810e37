//! Which field of a row is which column.

use std::fmt;

use crate::{FileKind, code};

/// One thing that is wrong with a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnProblem {
    /// `duplicate_column` or `missing_column`.
    pub code: &'static str,
    /// The column.
    pub column: String,
}

impl fmt::Display for ColumnProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.code == code::MISSING_COLUMN { "is missing" } else { "is there twice" };
        write!(f, "{} {what}", self.column)
    }
}

/// For every column of a kind the position of its field, where the file has it.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) positions: Vec<Option<usize>>,
    /// Columns that nobody asked for.
    pub(crate) unknown: Vec<String>,
}

impl Layout {
    /// Lays a header out, or says everything that is wrong with it.
    pub(crate) fn new(kind: FileKind, header: &[String]) -> Result<Self, Vec<ColumnProblem>> {
        let mut problems = duplicates(header);
        let mut positions = Vec::new();
        for column in kind.columns() {
            let position = header.iter().position(|name| name == column.name);
            if position.is_none() && column.required {
                let column = column.name.to_owned();
                problems.push(ColumnProblem { code: code::MISSING_COLUMN, column });
            }
            positions.push(position);
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let known = |name: &&String| kind.columns().iter().any(|column| column.name == **name);
        let unknown = header.iter().filter(|name| !known(name)).cloned().collect();
        Ok(Self { positions, unknown })
    }

    /// The layout of rows that carry their names: fields are in the order of the columns.
    pub(crate) fn named(kind: FileKind) -> Self {
        Self { positions: (0..kind.columns().len()).map(Some).collect(), unknown: Vec::new() }
    }
}

/// Every name that a header has more than once.
pub(crate) fn duplicates(header: &[String]) -> Vec<ColumnProblem> {
    let mut problems: Vec<ColumnProblem> = Vec::new();
    for (index, name) in header.iter().enumerate() {
        let earlier = header[..index].contains(name);
        if earlier && !problems.iter().any(|problem| problem.column == *name) {
            problems.push(ColumnProblem { code: code::DUPLICATE_COLUMN, column: name.clone() });
        }
    }
    problems
}
