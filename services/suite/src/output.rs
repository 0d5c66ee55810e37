//! The one place that writes: results to standard output, everything else to standard error.

mod table;

use std::fmt::Display;
use std::io::{self, Write};

use serde::Serialize;

pub use self::table::{Align, Table};
use crate::args::Format;
use crate::failure::Failure;

/// Standard output in the form that was asked for.
pub struct Output {
    format: Format,
    out: Box<dyn Write + Send>,
}

impl Output {
    /// Standard output in `format`.
    pub fn stdout(format: Format) -> Self {
        Self::to(format, io::stdout())
    }

    /// Writes to `out` instead, for tests.
    pub fn to(format: Format, out: impl Write + Send + 'static) -> Self {
        Self { format, out: Box::new(out) }
    }

    /// The form that was asked for.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Writes one thing in whichever form was asked for.
    ///
    /// # Errors
    ///
    /// When standard output cannot be written.
    pub fn report(&mut self, table: &Table, json: &impl Serialize) -> Result<(), Failure> {
        match self.format {
            Format::Table => self.text(&table.to_string()),
            Format::Csv => self.raw(&table.to_csv()),
            Format::Json => self.json(json),
        }
    }

    /// Writes a line for people; nothing in the forms for programs.
    ///
    /// # Errors
    ///
    /// When standard output cannot be written.
    pub fn remark(&mut self, line: impl Display) -> Result<(), Failure> {
        if self.format == Format::Table { self.text(&line.to_string()) } else { Ok(()) }
    }

    /// Writes `value` as indented JSON.
    ///
    /// # Errors
    ///
    /// When standard output cannot be written.
    pub fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value).map_err(anyhow::Error::from)?;
        self.text(&text)
    }

    /// Writes `value` as JSON on a line of its own, at once.
    ///
    /// # Errors
    ///
    /// When standard output cannot be written.
    pub fn json_line(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(value).map_err(anyhow::Error::from)?;
        self.text(&text)
    }

    /// Writes `text` and ends the line.
    ///
    /// # Errors
    ///
    /// When standard output cannot be written.
    pub fn text(&mut self, text: &str) -> Result<(), Failure> {
        let end: &[u8] = if text.ends_with('\n') { b"" } else { b"\n" };
        self.raw(&[text.as_bytes(), end].concat())
    }

    /// Writes `bytes` as they are.
    ///
    /// # Errors
    ///
    /// When standard output cannot be written.
    pub fn raw(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.out.write_all(bytes).and_then(|()| self.out.flush()).map_err(Failure::Output)
    }
}

/// Says something on standard error, where nobody's parser is disturbed.
pub fn say(line: impl Display) {
    // There is no place left to complain about a closed standard error.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Says `table` on standard error.
pub fn say_table(table: &Table) {
    say(table);
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::json;

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(format: Format) -> String {
        let page = Page::default();
        let mut output = Output::to(format, page.clone());
        let mut table = Table::new(&[("body", Align::Left), ("score", Align::Right)]);
        table.row(["d01".to_owned(), "94.26".to_owned()]);
        output.report(&table, &json!([{"body": "d01"}])).unwrap();
        output.remark("1 body").unwrap();
        let bytes = page.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn only_the_form_for_people_has_remarks() {
        assert!(written(Format::Table).ends_with("1 body\n"));
        assert_eq!(written(Format::Csv), "body,score\nd01,94.26\n");
        assert_eq!(written(Format::Json), "[\n  {\n    \"body\": \"d01\"\n  }\n]\n");
    }
}
