//! Pages that are filled from the top down.

use super::lines::wrap;
use super::typeface::Typeface;

pub(super) const PAGE_WIDTH: f32 = 595.28;
pub(super) const PAGE_HEIGHT: f32 = 841.89;
pub(super) const LEFT: f32 = 48.0;
pub(super) const WIDTH: f32 = PAGE_WIDTH - 2.0 * LEFT;
const TOP: f32 = 64.0;
const BOTTOM: f32 = PAGE_HEIGHT - 60.0;
/// From one line of text to the next, as a share of its size.
const LEADING: f32 = 1.6;

/// The inks of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Text,
    Faint,
    Shade,
    Line,
    Accent,
    Alarm,
}

/// How text looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) size: f32,
    pub(super) bold: bool,
    pub(super) ink: Ink,
}

impl Style {
    pub(super) const fn plain(size: f32) -> Self {
        Self { size, bold: false, ink: Ink::Text }
    }

    pub(super) const fn bold(size: f32) -> Self {
        Self { bold: true, ..Self::plain(size) }
    }

    pub(super) const fn faint(size: f32) -> Self {
        Self { ink: Ink::Faint, ..Self::plain(size) }
    }
}

/// A mark on a page; places are points from the upper left corner.
#[derive(Debug, Clone)]
pub(super) enum Mark {
    /// Text from its left end on the baseline.
    Text { x: f32, y: f32, style: Style, text: String },
    /// A filled rectangle from its upper left corner.
    Bar { x: f32, y: f32, width: f32, height: f32, ink: Ink },
    /// Straight lines from point to point.
    Path { points: Vec<(f32, f32)>, width: f32, ink: Ink },
}

/// The pages that were laid out.
pub(super) struct Pages {
    pub(super) pages: Vec<Vec<Mark>>,
    /// The headings, each with its page and how far down it stands.
    pub(super) outline: Vec<(String, usize, f32)>,
}

/// Pages being filled.
pub(super) struct Flow<'a> {
    pub(super) face: &'a Typeface,
    pages: Pages,
    /// Down to where the page is filled.
    y: f32,
}

impl<'a> Flow<'a> {
    pub(super) fn new(face: &'a Typeface) -> Self {
        let pages = Pages { pages: vec![Vec::new()], outline: Vec::new() };
        Self { face, pages, y: TOP }
    }

    pub(super) fn finish(self) -> Pages {
        self.pages
    }

    pub(super) fn mark(&mut self, mark: Mark) {
        let page = self.pages.pages.last_mut().expect("there is always a page");
        page.push(mark);
    }

    pub(super) fn text(&mut self, x: f32, y: f32, style: Style, text: impl Into<String>) {
        self.mark(Mark::Text { x, y, style, text: text.into() });
    }

    /// Text that ends at `x`.
    pub(super) fn text_to(&mut self, x: f32, y: f32, style: Style, text: &str) {
        self.text(x - self.face.width(text, style.size), y, style, text);
    }

    pub(super) fn next_page(&mut self) {
        self.pages.pages.push(Vec::new());
        self.y = TOP;
    }

    /// Whether so much fits below what is there.
    pub(super) fn has_room(&self, height: f32) -> bool {
        self.y + height <= BOTTOM
    }

    /// Where what is `height` high goes: here, or at the top of the next page.
    pub(super) fn take(&mut self, height: f32) -> f32 {
        if !self.has_room(height) && self.y > TOP {
            self.next_page();
        }
        let y = self.y;
        self.y += height;
        y
    }

    pub(super) fn space(&mut self, height: f32) {
        if self.y > TOP {
            self.y += height;
        }
    }

    /// A heading, kept with so much of what follows it.
    pub(super) fn heading(&mut self, text: &str, follows: f32) {
        self.space(10.0);
        if !self.has_room(26.0 + follows) && self.y > TOP {
            self.next_page();
        }
        let y = self.take(26.0);
        self.pages.outline.push((text.to_owned(), self.pages.pages.len() - 1, y));
        let style = Style { ink: Ink::Accent, ..Style::bold(13.0) };
        for line in wrap(self.face, text, style.size, WIDTH, 0.0).into_iter().take(1) {
            self.text(LEFT, y + 16.0, style, line);
        }
    }

    /// A paragraph whose first line is indented by two characters, as `indented` says.
    pub(super) fn paragraph(&mut self, text: &str, style: Style, indented: bool) {
        let indent = if indented { 2.0 * style.size } else { 0.0 };
        let mut x = LEFT + indent;
        for line in wrap(self.face, text, style.size, WIDTH, indent) {
            let y = self.take(style.size * LEADING);
            self.text(x, y + style.size * 1.2, style, line);
            x = LEFT;
        }
    }

    /// Characters that the font lacks, of everything laid out so far.
    pub(super) fn missing(&self) -> Vec<char> {
        let texts = self.pages.pages.iter().flatten().filter_map(|mark| match mark {
            Mark::Text { text, .. } => Some(text),
            _ => None,
        });
        let chars = texts.flat_map(|text| text.chars()).filter(|char| !self.face.has(*char));
        let missing: std::collections::BTreeSet<_> = chars.collect();
        missing.into_iter().collect()
    }
}
