use std::fmt;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, TableStyle};

/// A line under the header, and nothing that has to be taken out again after copying a row.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// On which side the cells of a column stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Rows of text under named columns; the names serve people and CSV alike.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(columns: &[(&'static str, Align)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row, one cell per column.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        assert_eq!(N, self.columns.len(), "a row has a cell per column");
        self.rows.push(cells.into());
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as RFC 4180 has it, with a header.
    pub fn to_csv(&self) -> Vec<u8> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header = self.columns.iter().map(|(name, _)| name.as_bytes());
        writer.write_record(header).expect("memory takes any record");
        for row in &self.rows {
            writer.write_record(row).expect("every row has a cell per column");
        }
        writer.into_inner().expect("memory can be flushed")
    }
}

impl fmt::Display for Table {
    /// Draws the table; wide (Chinese) characters count twice, so that columns align.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut drawn = comfy_table::Table::new();
        drawn.load_style(STYLE);
        // A width taken from the terminal would make the output depend on where it is read.
        drawn.set_content_arrangement(ContentArrangement::Disabled);
        drawn.set_header(self.columns.iter().map(|(name, _)| *name));
        for row in &self.rows {
            drawn.add_row(row.iter().map(|cell| printable(cell)));
        }
        for (index, (_, align)) in self.columns.iter().enumerate() {
            if *align == Align::Right
                && let Some(column) = drawn.column_mut(index)
            {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        formatter.write_str(&drawn.trim_fmt())
    }
}

/// Control characters would break the table, or worse, the terminal.
fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&[("name", Align::Left), ("score", Align::Right)]);
        table.row(["第1区".to_owned(), "94.26".to_owned()]);
        table.row(["Roxbury".to_owned(), "7.00".to_owned()]);
        table
    }

    #[test]
    fn chinese_and_latin_rows_align() {
        let drawn = table().to_string();
        let row = |text: &str| drawn.lines().find(|line| line.contains(text)).unwrap().to_owned();
        // Two wide characters of 第1区 take two columns more than they have characters.
        let (chinese, latin) = (row("第1区"), row("Roxbury"));
        assert_eq!(chinese.chars().count() + 2, latin.chars().count(), "\n{drawn}");
        assert!(latin.ends_with("  7.00"), "\n{drawn}");
    }

    #[test]
    fn csv_quotes_what_it_must() {
        let mut table = Table::new(&[("a", Align::Left), ("b", Align::Left)]);
        table.row(["x,y".to_owned(), "say \"no\"\nnow".to_owned()]);
        let text = String::from_utf8(table.to_csv()).unwrap();
        assert_eq!(text, "a,b\n\"x,y\",\"say \"\"no\"\"\nnow\"\n");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let mut table = Table::new(&[("a", Align::Left)]);
        table.row(["\u{1b}[2J\nx".to_owned()]);
        assert!(!table.to_string().contains('\u{1b}'));
    }
}
