//! How two texts differ, line by line.

use serde::Serialize;
use similar::{ChangeTag, TextDiff};

/// Lines around a change that are shown with it.
const CONTEXT: usize = 3;

/// A difference between two texts, in groups of lines that lie together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The groups.
    pub hunks: Vec<Vec<Line>>,
}

/// One line of a difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Where the line stands.
    pub side: Side,
    /// Its text, without the line break.
    pub text: String,
    /// The parts of the text that changed, as byte ranges.
    #[serde(skip)]
    pub changed: Vec<std::ops::Range<usize>>,
}

/// On which side a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// On both.
    Both,
    /// Expected only.
    Expected,
    /// Observed only.
    Observed,
}

/// Compares two texts.
pub fn difference(expected: &str, observed: &str) -> Difference {
    let diff = TextDiff::from_lines(expected, observed);
    let hunks = diff
        .grouped_ops(CONTEXT)
        .iter()
        .map(|group| group.iter().flat_map(|op| diff.iter_inline_changes(op)).map(|change| line(&change)).collect())
        .collect();
    Difference { hunks }
}

fn line(change: &similar::InlineChange<'_, str>) -> Line {
    let side = match change.tag() {
        ChangeTag::Equal => Side::Both,
        ChangeTag::Delete => Side::Expected,
        ChangeTag::Insert => Side::Observed,
    };
    let mut text = String::new();
    let mut changed = Vec::new();
    for (emphasized, part) in change.iter_strings_lossy() {
        let part = part.trim_end_matches(['\n', '\r']);
        if emphasized && !part.is_empty() {
            changed.push(text.len()..text.len() + part.len());
        }
        text.push_str(part);
    }
    Line { side, text, changed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_line_stands_on_both_sides_with_its_changed_part() {
        let found =
            difference("{\n  \"pk\": 3,\n  \"model\": \"Users\"\n}\n", "{\n  \"pk\": 4,\n  \"model\": \"Users\"\n}\n");
        let sides: Vec<Side> = found.hunks[0].iter().map(|line| line.side).collect();
        assert_eq!(sides, [Side::Both, Side::Expected, Side::Observed, Side::Both, Side::Both]);
        let line = &found.hunks[0][2];
        assert_eq!(line.text, "  \"pk\": 4,");
        assert!(line.changed.iter().any(|range| line.text[range.clone()].contains('4')));
    }

    #[test]
    fn equal_texts_have_no_hunks() {
        assert!(difference("a\nb\n", "a\nb\n").hunks.is_empty());
    }
}
