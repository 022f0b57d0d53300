//! Custom reports: a stored `SELECT` with variables, and `get_data`, which fills them in and runs it.
//!
//! The page writes a variable as `':name$'`. Its value always stays one literal of the statement: inside quotes its own
//! quotes are doubled, outside it is quoted, so no value can change what the report asks.

use std::collections::BTreeSet;

use carbon_specs::Provenance;
use serde_json::{Map, Value as Json};

use super::{Answer, Given, ObjectMethod};
use crate::orm::{CallError, Instance, Tx};
use crate::sql;
use crate::sql::lexer::TokenKind;

/// The methods of a report.
pub const METHODS: &[(&str, ObjectMethod)] = &[("get_data", get_data)];

fn get_data(tx: &mut Tx<'_>, report: &mut Instance, given: &Given<'_>) -> Result<Answer, CallError> {
    let statement = fill_in(report.text("sql")?, given.all())?;
    let failed = |error: sql::SqlError| {
        CallError::Refused(format!("report {} cannot be run: {error}", report.pk.unwrap_or_default()))
    };
    let table = sql::select(&tx.store, tx.now, &statement).map_err(failed)?;
    tx.rely_on(Provenance::Assumed);
    let names = distinct(table.columns.iter().map(|column| column.name.as_str()));
    let rows = table
        .rows
        .iter()
        .map(|row| names.iter().cloned().zip(row.iter().map(sql::Cell::to_json)).collect::<Map<_, _>>().into())
        .collect();
    Ok(Answer::Json(Json::Array(rows)))
}

/// Column names as keys of an object: a name that is there already gets a number, as a nameless column does.
fn distinct<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names
        .enumerate()
        .map(|(place, name)| {
            let mut free = if name.is_empty() { format!("COLUMN_{}", place + 1) } else { name.to_owned() };
            let mut number = 2;
            while !seen.insert(free.clone()) {
                free = format!("{name}_{number}");
                number += 1;
            }
            free
        })
        .collect()
}

/// A piece of a report's text.
enum Piece<'t> {
    Text(&'t str),
    /// A variable, and whether it stands between quotes.
    Variable(&'t str, bool),
}

/// Cuts a statement at its variables: `:name$` as a word of its own, or anywhere in a text. What is a text the SQL tool
/// itself says, so that nothing in a comment or a name opens or closes one. What it cannot read has no variables; it will
/// say what is wrong.
fn pieces(statement: &str) -> Vec<Piece<'_>> {
    let tokens = sql::lexer::tokens(statement).unwrap_or_default();
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut variable = |at: usize, name: &'_ str, quoted: bool| {
        let first = at + 1;
        pieces.push(Piece::Text(&statement[start..at]));
        pieces.push(Piece::Variable(&statement[first..first + name.len()], quoted));
        start = first + name.len() + 1;
    };
    for (token, next) in tokens.iter().zip(tokens.iter().skip(1)) {
        match &token.kind {
            TokenKind::Sign(":") if next.start == token.start + 1 => {
                if let Some(name) = next.text.strip_suffix('$').filter(|_| matches!(next.kind, TokenKind::Word(_))) {
                    variable(token.start, name, false);
                }
            }
            TokenKind::Text(_) => {
                for (at, _) in token.text.match_indices(':') {
                    let behind = &token.text[at + 1..];
                    let name = behind.split(|char: char| !(char.is_ascii_alphanumeric() || char == '_')).next();
                    if let Some(name) = name.filter(|name| !name.is_empty() && behind[name.len()..].starts_with('$')) {
                        variable(token.start + at, name, true);
                    }
                }
            }
            _ => {}
        }
    }
    pieces.push(Piece::Text(&statement[start..]));
    pieces
}

fn fill_in(statement: &str, values: &Map<String, Json>) -> Result<String, CallError> {
    let pieces = pieces(statement);
    let declared: Vec<&str> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Variable(name, _) => Some(*name),
            Piece::Text(_) => None,
        })
        .collect();
    if let Some(unknown) = values.keys().find(|key| !declared.contains(&key.as_str())) {
        return Err(CallError::Argument(format!("get_data() got an unexpected keyword argument '{unknown}'")));
    }
    if let Some(missing) = declared.iter().find(|name| !values.contains_key(**name)) {
        return Err(CallError::Argument(format!("get_data() misses the report's variable ':{missing}$'")));
    }
    let mut filled = String::with_capacity(statement.len());
    for piece in pieces {
        match piece {
            Piece::Text(text) => filled.push_str(text),
            Piece::Variable(name, quoted) => {
                let literal = literal(name, &values[name])?.replace('\'', "''");
                if quoted {
                    filled.push_str(&literal);
                } else {
                    // A quote right before or behind it would make one text of two.
                    filled.extend([" '", &literal, "' "]);
                }
            }
        }
    }
    Ok(filled)
}

fn literal(name: &str, value: &Json) -> Result<String, CallError> {
    match value {
        Json::String(text) => Ok(text.clone()),
        Json::Number(number) => Ok(number.to_string()),
        Json::Bool(flag) => Ok(u8::from(*flag).to_string()),
        _ => Err(CallError::Value(format!("get_data(): {name} is {value}, not a text or number"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn filled(statement: &str, values: Json) -> Result<String, String> {
        fill_in(statement, values.as_object().unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn variables_become_literals_and_nothing_else() {
        let got = filled("select 1 from abonents where sms = ':phone$'", json!({"phone": "+7922' or '1'='1"}));
        assert_eq!(got.unwrap(), "select 1 from abonents where sms = '+7922'' or ''1''=''1'");
        let got = filled("select 1 from a where x like '%:p$%' and y = :n$", json!({"p": "я", "n": 5}));
        assert_eq!(got.unwrap(), "select 1 from a where x like '%я%' and y =  '5' ");
    }

    #[test]
    fn quotes_in_comments_and_names_open_no_text() {
        for beside in ["/* it's */", "-- it's\n", "\"it's\"", "/* :x$ */", "-- :x$\n", "\":x$\"", "'it''s'"] {
            let statement = format!("select {beside} from a where n = :n$");
            let expected = format!("select {beside} from a where n =  '3 or 1=1' ");
            assert_eq!(filled(&statement, json!({"n": "3 or 1=1"})).unwrap(), expected);
        }
    }

    #[test]
    fn a_value_never_joins_its_neighbours() {
        let got = filled("select 'a':x$'b', :y$:y$ from a", json!({"x": "' or ''='", "y": "'"})).unwrap();
        assert_eq!(got, "select 'a' ''' or ''''=''' 'b',  ''''  ''''  from a");
    }

    proptest::proptest! {
        #[test]
        fn any_value_is_one_literal(value in ".*", quotes in r#"['"; -]{0,6}"#) {
            let value = format!("{quotes}{value}{quotes}");
            let kinds = |statement: &str| -> Vec<TokenKind> {
                sql::lexer::tokens(statement).unwrap().into_iter().map(|token| token.kind).collect()
            };
            for (statement, plain, literal) in [
                ("select 1 from a where x = :v$ and y = 2 -- 'it'", "select 1 from a where x = '' and y = 2", value.clone()),
                ("select 1 /* it's */ from a where x = 'a''b%:v$%'", "select 1 from a where x = ''", format!("a'b%{value}%")),
            ] {
                let mut expected = kinds(plain);
                for kind in &mut expected {
                    if let TokenKind::Text(text) = kind {
                        text.clone_from(&literal);
                    }
                }
                proptest::prop_assert_eq!(kinds(&filled(statement, json!({ "v": value })).unwrap()), expected);
            }
        }
    }

    #[test]
    fn what_is_no_sql_is_left_to_the_sql_tool() {
        assert_eq!(filled("select 'open", json!({})).unwrap(), "select 'open");
        assert!(filled("select 'open :x$", json!({"x": "'"})).is_err());
    }

    #[test]
    fn a_time_is_no_variable() {
        let statement = "select '12:30:00' from rdb$database";
        assert_eq!(filled(statement, json!({})).unwrap(), statement);
    }

    #[test]
    fn a_missing_and_an_unknown_variable_are_told() {
        let statement = "select ':start$', ':end$' from rdb$database";
        assert_eq!(
            filled(statement, json!({"start": "1"})).unwrap_err(),
            "get_data() misses the report's variable ':end$'"
        );
        assert_eq!(
            filled(statement, json!({"start": "1", "end": "2", "from": "3"})).unwrap_err(),
            "get_data() got an unexpected keyword argument 'from'"
        );
    }

    #[test]
    fn columns_of_one_name_are_numbered() {
        assert_eq!(distinct(["ID", "ID", "", "ID"].into_iter()), ["ID", "ID_2", "COLUMN_3", "ID_3"]);
    }
}
