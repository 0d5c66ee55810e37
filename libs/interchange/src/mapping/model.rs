//! A mapping file in memory.

use std::collections::BTreeMap;

use chengping_casework::EventKind;
use chengping_types::Instant;

use super::time::Clock;
use crate::Encoding;
use crate::reader::Within;

#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) encoding: Encoding,
    /// Where the rows of a workbook or a JSON document are.
    pub(crate) within: Within,
    pub(crate) clock: Clock,
    pub(crate) rows: Vec<Condition>,
    pub(crate) case: CaseMap,
    pub(crate) events: Vec<EventMap>,
    /// Every place that names a column, and which.
    pub(crate) places: Vec<(String, String)>,
}

impl Model {
    /// Every column, once.
    pub(crate) fn columns(&self) -> Vec<String> {
        let mut columns: Vec<_> = self.places.iter().map(|(_, column)| column.clone()).collect();
        columns.sort();
        columns.dedup();
        columns
    }
}

#[derive(Debug, Clone)]
pub(crate) struct CaseMap {
    pub(crate) case_no: Value,
    pub(crate) source: Value,
    pub(crate) category_scheme: Value,
    pub(crate) category_code: Value,
    pub(crate) area_code: Value,
    pub(crate) collector: Option<Value>,
    pub(crate) title: Option<Value>,
    pub(crate) filing_condition: Option<Value>,
}

#[derive(Debug, Clone)]
pub(crate) struct EventMap {
    pub(crate) kind: EventKind,
    pub(crate) at: Value,
    pub(crate) actor: Option<Value>,
    pub(crate) unit: Option<Value>,
    pub(crate) due_at: Option<Value>,
    pub(crate) stage_due_at: Option<Value>,
    pub(crate) outcome: Option<Value>,
    pub(crate) note: Option<Value>,
    pub(crate) when: Vec<Condition>,
    pub(crate) no_deadline: bool,
}

/// Where a text comes from.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Column {
        column: String,
        map: Option<BTreeMap<String, String>>,
        default: Option<String>,
        slug: bool,
    },
    Constant(String),
    Concat {
        parts: Vec<Value>,
        separator: String,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Condition {
    pub(crate) column: String,
    pub(crate) test: Test,
}

#[derive(Debug, Clone)]
pub(crate) enum Test {
    Equals(String),
    Not(String),
    In(Vec<String>),
    Present(bool),
    /// Half-open.
    Between(Option<Instant>, Option<Instant>),
}
