//! Breaking text into lines.

use super::typeface::Typeface;

/// What does not begin a line.
const CLOSING: &str = "，。、；：！？）》〉」』】〕”’％…·,.;:!?)]}%";
/// What does not end one.
const OPENING: &str = "（《〈「『【〔“‘([{";
/// How far what closes may hang over the end of a line, in characters.
const HANGING: f32 = 1.0;

/// The lines of a text that are no wider than `width`; the first begins `indent` further right. Each
/// has at least one character, so that every text ends.
pub(super) fn wrap(face: &Typeface, text: &str, size: f32, width: f32, indent: f32) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = indent;
    for piece in pieces(text) {
        let piece_width = face.width(piece, size);
        let hangs = piece.chars().all(|c| CLOSING.contains(c));
        let room = if hangs { width + HANGING * size } else { width };
        if used + piece_width <= room {
            line += piece;
            used += piece_width;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
            used = 0.0;
        }
        // What is wider than a line by itself is cut wherever it ends.
        for char in piece.trim_start_matches(' ').chars() {
            let char_width = face.width(char.encode_utf8(&mut [0; 4]), size);
            if used + char_width > width && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                used = 0.0;
            }
            line.push(char);
            used += char_width;
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// The text in one line, its end left out where it is too wide.
pub(super) fn fit(face: &Typeface, text: &str, size: f32, width: f32) -> String {
    if face.width(text, size) <= width {
        return text.to_owned();
    }
    let mut used = face.width("…", size);
    let fits = |char: &char| {
        used += face.width(char.encode_utf8(&mut [0; 4]), size);
        used <= width
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// The pieces between which a line may end: words of Latin letters and digits, single characters of
/// all others, what opens with what follows it.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = 0;
        let mut before: Option<char> = None;
        for (place, char) in rest.char_indices() {
            let joined = before.is_none_or(|before| {
                OPENING.contains(before)
                    || is_of_word(before) && is_of_word(char)
                    || before == ' ' && is_of_word(char)
            });
            if !joined {
                break;
            }
            before = Some(char);
            end = place + char.len_utf8();
        }
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

fn is_of_word(char: char) -> bool {
    char.is_ascii_graphic() && !OPENING.contains(char)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_end_where_a_reader_expects_it() {
        let face = Typeface::embedded();
        let lines = wrap(&face, "甲乙丙丁，戊己（庚辛）sha256:abc 壬", 10.0, 50.0, 10.0);
        assert_eq!(lines, ["甲乙丙丁，", "戊己（庚辛）", "sha256:ab", "c 壬"].map(str::to_owned));
        assert_eq!(wrap(&face, "", 10.0, 50.0, 0.0), [""]);
    }

    proptest! {
        #[test]
        fn no_character_is_lost_and_no_line_is_too_wide(
            text in "[a-z0-9 甲乙，。（）“”𠮷]{0,60}", width in 12.0_f32..200.0, indent in 0.0_f32..24.0,
        ) {
            let face = Typeface::embedded();
            let lines = wrap(&face, &text, 10.0, width, indent);
            let without_spaces = |text: &str| text.replace(' ', "");
            prop_assert_eq!(without_spaces(&lines.concat()), without_spaces(&text));
            for line in &lines {
                prop_assert!(face.width(line, 10.0) <= width + 10.1 || line.chars().count() == 1, "{}", line);
            }
            prop_assert!(face.width(&fit(&face, &text, 10.0, width), 10.0) <= width.max(10.0) + 0.01);
        }
    }
}
