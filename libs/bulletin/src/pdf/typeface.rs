//! The font that comes with the program.

use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider as _};

use crate::words::BOX;

/// Noto Sans SC, cut down to what Chinese names and texts need; `font/README.md` says how.
pub(super) const FONT: &[u8] = include_bytes!("../../font/NotoSansSC-subset.ttf");
const UNITS_PER_EM: f32 = 1000.0;

/// The glyphs of the font and how wide they are.
pub(super) struct Typeface {
    charmap: Charmap<'static>,
    metrics: GlyphMetrics<'static>,
}

impl Typeface {
    pub(super) fn embedded() -> Self {
        let font = FontRef::new(FONT).expect("the font that comes with the program is one");
        let metrics = font.glyph_metrics(Size::unscaled(), LocationRef::default());
        Self { charmap: font.charmap(), metrics }
    }

    /// The glyph of a character; a box for one that the font does not have. Not glyph 0, for which
    /// files do not say what it stands for.
    pub(super) fn glyph(&self, char: char) -> u32 {
        let glyph = self.charmap.map(char).or_else(|| self.charmap.map(BOX));
        glyph.map_or(0, |glyph| glyph.to_u32())
    }

    pub(super) fn has(&self, char: char) -> bool {
        self.charmap.map(char).is_some()
    }

    /// The width of a glyph, as a share of the size of the text.
    pub(super) fn advance(&self, glyph: u32) -> f32 {
        self.metrics.advance_width(glyph.into()).unwrap_or(UNITS_PER_EM) / UNITS_PER_EM
    }

    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|char| self.advance(self.glyph(char))).sum::<f32>() * size
    }
}

#[cfg(test)]
mod tests {
    use chengping_types::Digest;

    use super::*;

    #[test]
    fn the_font_is_the_one_that_is_documented_and_made_again() {
        let digest = Digest::of(FONT).to_string();
        let digits = digest.strip_prefix("sha256:").unwrap();
        assert!(include_str!("../../font/README.md").contains(digits), "{digits}");
        let script = include_str!("../../../../deploy/font.sh");
        assert!(script.contains(&format!("sha256={digits}\n")), "{digits}");
    }

    #[test]
    fn the_font_has_what_names_and_texts_are_written_with() {
        let face = Typeface::embedded();
        let texts = [
            "㛃鿏𬭎𫖯䶮亳郏郾郑嵩巩淅渑畚堃喆犇",
            "ABCabc0189-+=%#/_.,:;!?()[]{}",
            "，。、；：“”‘’（）《》…—·％×÷−≥≤→□①",
        ];
        for char in texts.iter().flat_map(|text| text.chars()) {
            assert!(face.has(char), "{char} U+{:04X}", u32::from(char));
        }
        assert_eq!(face.glyph('𠮷'), face.glyph('□'));
        assert!(!face.has('𠮷'));
        // Digits are of one width, so that columns of them stand in line.
        let widths: Vec<_> = ('0'..='9').map(|digit| face.advance(face.glyph(digit))).collect();
        assert!(widths.windows(2).all(|pair| pair[0].to_bits() == pair[1].to_bits()));
    }
}
