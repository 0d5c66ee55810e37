//! Tables that go on over pages.

use super::flow::{Flow, Ink, LEFT, Mark, Style, WIDTH};
use super::lines::wrap;

const SIZE: f32 = 8.5;
const LINE: f32 = 12.0;
const PADDING: f32 = 4.0;

/// A column.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) head: String,
    pub(super) width: f32,
    /// Numbers stand at the right.
    pub(super) is_number: bool,
}

impl Column {
    pub(super) fn text(head: &str, width: f32) -> Self {
        Self { head: head.to_owned(), width, is_number: false }
    }

    pub(super) fn number(head: &str, width: f32) -> Self {
        Self { is_number: true, ..Self::text(head, width) }
    }
}

/// Lays out a table with its head on each page. The columns are made wider or narrower to fill the
/// page together.
pub(super) fn table(
    flow: &mut Flow<'_>,
    columns: &[Column],
    rows: impl IntoIterator<Item = Vec<String>>,
) {
    let scale = WIDTH / columns.iter().map(|column| column.width).sum::<f32>();
    let columns: Vec<_> = columns
        .iter()
        .map(|column| Column { width: column.width * scale, ..column.clone() })
        .collect();
    let heads: Vec<_> = columns.iter().map(|column| column.head.clone()).collect();
    let head = Row::new(flow, &columns, &heads);
    head.place(flow, &columns, Some(Ink::Shade), Style::bold(SIZE));
    for (number, cells) in rows.into_iter().enumerate() {
        let row = Row::new(flow, &columns, &cells);
        for (part, row) in row.parts().into_iter().enumerate() {
            if part > 0 || !flow.has_room(row.height()) {
                flow.next_page();
                head.place(flow, &columns, Some(Ink::Shade), Style::bold(SIZE));
            }
            let shade = (number % 2 == 1).then_some(Ink::Shade);
            row.place(flow, &columns, shade, Style::plain(SIZE));
        }
    }
}

/// The cells of a row, each broken into lines.
struct Row(Vec<Vec<String>>);

impl Row {
    /// Most lines of a row, so that it fits on a page below the head.
    const LINES_MAX: usize = 40;

    fn new(flow: &Flow<'_>, columns: &[Column], cells: &[String]) -> Self {
        let lines = columns
            .iter()
            .zip(cells)
            .map(|(column, cell)| wrap(flow.face, cell, SIZE, column.width - 2.0 * PADDING, 0.0));
        Self(lines.collect())
    }

    /// The row as rows of which each fits on a page.
    fn parts(self) -> Vec<Self> {
        let lines = self.lines();
        let part = |first: usize| {
            let cut = |cell: &Vec<String>| {
                cell.iter().skip(first).take(Self::LINES_MAX).cloned().collect::<Vec<_>>()
            };
            Self(self.0.iter().map(cut).collect())
        };
        (0..lines.max(1)).step_by(Self::LINES_MAX).map(part).collect()
    }

    fn lines(&self) -> usize {
        self.0.iter().map(Vec::len).max().unwrap_or_default()
    }

    fn height(&self) -> f32 {
        (0..self.lines()).map(|_| LINE).sum::<f32>() + PADDING
    }

    fn place(&self, flow: &mut Flow<'_>, columns: &[Column], shade: Option<Ink>, style: Style) {
        let height = self.height();
        let top = flow.take(height);
        if let Some(ink) = shade {
            flow.mark(Mark::Bar { x: LEFT, y: top, width: WIDTH, height, ink });
        }
        let mut x = LEFT;
        for (column, lines) in columns.iter().zip(&self.0) {
            let mut y = top + LINE - 1.5;
            for line in lines {
                if column.is_number {
                    flow.text_to(x + column.width - PADDING, y, style, line);
                } else {
                    flow.text(x + PADDING, y, style, line.as_str());
                }
                y += LINE;
            }
            x += column.width;
        }
        let points = vec![(LEFT, top + height), (LEFT + WIDTH, top + height)];
        flow.mark(Mark::Path { points, width: 0.4, ink: Ink::Line });
    }
}
