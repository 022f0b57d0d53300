//! Brace expansion: `{a,b}` outside quotes makes several words, which is what happens to JSON that nobody quoted.

use brush_parser::ParserOptions;
use brush_parser::word::{BraceExpressionMember, BraceExpressionOrText, parse_brace_expansions};

/// More words than this are nobody's intention.
const MOST: usize = 1000;

/// The words that a word becomes, each still quoted as it was written.
pub fn expand(word: &str, options: &ParserOptions) -> Vec<String> {
    // Looking is cheap, and most words have none.
    if !word.contains('{') || word.contains("${") {
        return vec![word.to_owned()];
    }
    match parse_brace_expansions(word, options) {
        Ok(Some(parts)) => sequence(&parts),
        _ => vec![word.to_owned()],
    }
}

fn sequence(parts: &[BraceExpressionOrText]) -> Vec<String> {
    parts.iter().fold(vec![String::new()], |heads, part| {
        let tails = match part {
            BraceExpressionOrText::Text(text) => vec![text.clone()],
            BraceExpressionOrText::Expr(members) => members.iter().flat_map(member).collect(),
        };
        heads.iter().flat_map(|head| tails.iter().map(move |tail| format!("{head}{tail}"))).take(MOST).collect()
    })
}

fn member(member: &BraceExpressionMember) -> Vec<String> {
    match member {
        BraceExpressionMember::NumberSequence { start, end, increment } => {
            steps(*start, *end, *increment).map(|number| number.to_string()).collect()
        }
        BraceExpressionMember::CharSequence { start, end, increment } => {
            steps(i64::from(u32::from(*start)), i64::from(u32::from(*end)), *increment)
                .filter_map(|code| u32::try_from(code).ok().and_then(char::from_u32))
                .map(String::from)
                .collect()
        }
        BraceExpressionMember::Child(parts) => sequence(parts),
    }
}

fn steps(start: i64, end: i64, increment: i64) -> impl Iterator<Item = i64> {
    let width = i64::try_from(increment.unsigned_abs().max(1)).unwrap_or(1);
    let step = if start <= end { width } else { -width };
    std::iter::successors(Some(start), move |at| at.checked_add(step))
        .take_while(move |at| if step > 0 { *at <= end } else { *at >= end })
        .take(MOST)
}
