//! Writing out the aliases of a text, so that what they repeat can be changed in one place alone.

use std::borrow::Cow;

use super::edit::end;
use crate::document::{self, Node, Value};
use crate::pack::RulePack;
use crate::path::Step;

/// Most aliases that are written out for one adjustment.
const ALIASES_MAX: usize = 100;

/// The text with those aliases written out that lie on the way to one of `paths`, or that repeat
/// what lies there; what it says is the same. `None` when that cannot be done. `root` is the text,
/// read; a text without such aliases is given back as it is.
pub(crate) fn written_out<'t>(
    source: &'t str,
    root: &Node,
    paths: &[&[Step]],
) -> Option<Cow<'t, str>> {
    let Some(mut text) = without_one(source, root, paths)? else {
        return Some(Cow::Borrowed(source));
    };
    for _ in 1..ALIASES_MAX {
        let Some(next) = without_one(&text, &document::read(&text).ok()?, paths)? else {
            let same =
                RulePack::parse(&text).ok()?.digest() == RulePack::parse(source).ok()?.digest();
            return same.then_some(Cow::Owned(text));
        };
        text = next;
    }
    None
}

/// The text with one of the aliases written out; the inner `None` when it has none.
fn without_one(text: &str, root: &Node, paths: &[&[Step]]) -> Option<Option<String>> {
    let ways: Vec<_> = paths.iter().flat_map(|path| way(root, path)).collect();
    match find(root, &ways) {
        Some(alias) => write_out(text, root, alias).map(Some),
        None => Some(None),
    }
}

/// The nodes on the way to a path, as far as there are any.
fn way<'n>(root: &'n Node, path: &[Step]) -> Vec<&'n Node> {
    let mut way = vec![root];
    for length in 1..=path.len() {
        match crate::path::find(root, &path[..length]) {
            Some(found) => way.push(found.node),
            None => break,
        }
    }
    way
}

/// An alias on one of the ways, or of a node on one of them.
fn find<'n>(node: &'n Node, ways: &[&Node]) -> Option<&'n Node> {
    if let Some(defined) = &node.alias_of {
        let on_way = ways.iter().any(|step| std::ptr::eq(*step, node));
        let of_way = |step: &&Node| step.alias_of.is_none() && step.bytes.as_ref() == Some(defined);
        return (on_way || ways.iter().any(of_way)).then_some(node);
    }
    children(node).find_map(|child| find(child, ways))
}

fn children(node: &Node) -> Box<dyn Iterator<Item = &Node> + '_> {
    match &node.value {
        Value::List(items) => Box::new(items.iter()),
        Value::Map(entries) => Box::new(entries.iter().map(|(_, value)| value)),
        _ => Box::new(std::iter::empty()),
    }
}

/// The node that an alias repeats. A mapping in a block begins where its first key does, a list
/// where its first element does.
fn definition<'n>(node: &'n Node, alias: &Node) -> Option<&'n Node> {
    if node.alias_of.is_none() && node.bytes == alias.alias_of && node.kind() == alias.kind() {
        return Some(node);
    }
    let inner = |child: &&'n Node| child.alias_of.is_none();
    children(node).filter(inner).find_map(|child| definition(child, alias))
}

fn write_out(text: &str, root: &Node, alias: &Node) -> Option<String> {
    let token = alias.bytes.clone().filter(|range| text[range.clone()].starts_with('*'))?;
    let defined = definition(root, alias)?;
    let start = defined.bytes.as_ref()?.start;
    let line = text[..start].rfind('\n').map_or(0, |end| end + 1);
    let is_block = matches!(defined.value, Value::List(_) | Value::Map(_))
        && !text[start..].starts_with(['[', '{']);
    if !is_block {
        let end = if matches!(defined.value, Value::List(_) | Value::Map(_)) {
            end_of_flow(text, end(defined)?)?
        } else {
            end(defined)?
        };
        return Some(format!(
            "{}{}{}",
            &text[..token.start],
            &text[start..end],
            &text[token.end..]
        ));
    }
    // The lines of the block, moved so that it stands as deep under its key as before.
    let indent = start - line;
    if !text[line..start].trim().is_empty() {
        return None;
    }
    let own_line = text[..token.start].rfind('\n').map_or(0, |end| end + 1);
    let own_indent = text[own_line..].len() - text[own_line..].trim_start_matches(' ').len();
    let above = text[..line].trim_end().rfind('\n').map_or(0, |end| end + 1);
    let above_indent = text[above..].len() - text[above..].trim_start_matches(' ').len();
    let wanted = (own_indent + indent).checked_sub(above_indent)?;
    let end_of = end(defined)?;
    let last = text[end_of..].find(['\r', '\n']).map_or(text.len(), |length| end_of + length);
    let mut block = String::new();
    for piece in text[line..last].split_inclusive('\n') {
        let spaces = piece.len() - piece.trim_start_matches(' ').len();
        let moved = (spaces + wanted).saturating_sub(indent);
        let blank = piece.trim().is_empty();
        block += &" ".repeat(if blank { 0 } else { moved });
        block += &piece[spaces..];
    }
    let ends = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let before = text[..token.start].trim_end_matches(' ');
    let rest_of_line =
        text[token.end..].find(['\r', '\n']).map_or(text.len(), |length| token.end + length);
    let behind = text[token.end..rest_of_line].trim_end();
    Some(format!("{before}{behind}{ends}{block}{}", &text[rest_of_line..]))
}

/// Where the brackets around what ends at `from` close; only without comments in between.
fn end_of_flow(text: &str, from: usize) -> Option<usize> {
    let rest = &text[from..];
    let close = from + (rest.len() - rest.trim_start_matches([' ', ',', '\r', '\n']).len());
    text[close..].starts_with([']', '}']).then_some(close + 1)
}
