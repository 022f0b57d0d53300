//! Pitfalls of statements handed to the server's SQL tool: a table that is not there makes the loop behind it run empty.

use std::sync::LazyLock;

use carbon_specs::Contract;
use regex::Regex;

use super::Pitfall;
use super::names::{nearest, suggestion};
use crate::shell::Script;

/// A text in quotes or a comment, in which `from` is no keyword; or what stands where a statement names tables: a name, with
/// or without another name for it, and more of them after commas.
#[expect(clippy::unwrap_used, reason = "the pattern is a constant, and a test uses it")]
static TABLES: LazyLock<Regex> = LazyLock::new(|| {
    let table = r"[a-z_][a-z0-9_$]*(?:\s+(?:as\s+)?[a-z_][a-z0-9_$]*)?";
    Regex::new(&format!(r"(?is)'[^']*'|--[^\n]*|/\*.*?\*/|\b(?:from|join)\s+(?P<tables>{table}(?:\s*,\s*{table})*)"))
        .unwrap()
});

/// What is wrong with the statements of a script.
pub fn check(script: &Script, contract: &Contract) -> Vec<Pitfall> {
    let statements = script.commands.iter().filter(|command| {
        command
            .words
            .first()
            .and_then(|word| word.literal())
            .is_some_and(|name| name.rsplit('/').next() == Some("sqlexec"))
    });
    let texts: Vec<String> = statements.flat_map(|command| &command.words[1..]).map(|word| word.text()).collect();
    texts.iter().flat_map(|text| tables(text)).filter_map(|name| unknown(name, contract)).collect()
}

/// The tables that a statement names.
fn tables(statement: &str) -> impl Iterator<Item = &str> {
    TABLES
        .captures_iter(statement)
        .filter_map(|found| found.name("tables"))
        .flat_map(|list| list.as_str().split(','))
        .filter_map(|table| table.split_whitespace().next())
}

fn unknown(name: &str, contract: &Contract) -> Option<Pitfall> {
    // Firebird's own tables describe the database.
    if contract.schema.table(name).is_some() || name.to_lowercase().starts_with("rdb$") {
        return None;
    }
    let near = nearest(name, contract.schema.models.iter().map(|model| model.table.as_str()));
    Some(Pitfall::error(
        "unknown-table",
        format!(
            "The statement asks the table `{name}`, which is not there: isql prints an error and no row, so that the loop makes no turn."
        ),
        suggestion(&near, "A model's table is its name in words joined by `_`: UsersUsluga is users_usluga."),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_found_where_a_statement_names_them() {
        for (statement, expected) in [
            ("set list on; select id from abonents where x=1", &["abonents"][..]),
            ("select 1 from A a left join USERS as u on a.id=u.a, c d where a.name='from nowhere'", &["A", "USERS"]),
            ("select 1 from a, b x , c where 1=1", &["a", "b", "c"]),
            ("select (select max(x) from b) from a -- from c", &["b", "a"]),
            ("select 1 from (select 2 from b) q", &["b"]),
            ("select 1 /* from c */\nfrom\n a", &["a"]),
        ] {
            assert_eq!(tables(statement).collect::<Vec<_>>(), expected, "{statement}");
        }
    }
}
