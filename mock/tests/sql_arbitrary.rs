//! Whatever text comes, the SQL tool answers: no panic, no stack overflow, no endless run.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail like the tests themselves")]

use std::sync::{Arc, LazyLock};

use carbon_mock::sql;
use carbon_mock::store::Store;
use carbon_specs::{Contract, demo};
use jiff::civil::{DateTime, date};
use proptest::prelude::*;

fn now() -> DateTime {
    date(2022, 2, 1).at(10, 0, 0, 0)
}

static STORE: LazyLock<Store> = LazyLock::new(|| {
    let contract = Contract::embedded().unwrap();
    let schema = Arc::new(contract.schema.clone());
    let rows = contract.demo.iter().cloned().chain(demo::filler(&schema, 5));
    Store::from_rows(&schema, rows, now()).unwrap()
});

/// Words from which statements are made; put together at random they go a good way into the grammar.
const WORDS: &[&str] = &[
    "select",
    "from",
    "where",
    "abonents",
    "users",
    "a",
    "u",
    "id",
    "name",
    "parent_id",
    "tarif_id",
    "create_date",
    "and",
    "or",
    "not",
    "in",
    "(",
    ")",
    "(select id from abonents)",
    ",",
    "*",
    "+",
    "-",
    "/",
    "||",
    "=",
    "<>",
    "<",
    ">=",
    "is",
    "null",
    "like",
    "between",
    "exists",
    "case",
    "when",
    "then",
    "else",
    "end",
    "cast(",
    "as",
    "numeric(18,5)",
    "varchar(10)",
    "date",
    "round(",
    "coalesce(",
    "count(*)",
    "sum(",
    "max(",
    "group",
    "order",
    "by",
    "having",
    "distinct",
    "first",
    "skip",
    "rows",
    "to",
    "1",
    "0",
    "-1",
    "2",
    "1.5",
    "1e300",
    "9223372036854775807",
    "'a'",
    "''",
    "'%'",
    "'2020-01-01'",
    "join",
    "left join",
    "right join",
    "full join",
    "on",
    "union",
    "all",
    "any",
    "with",
    ";",
    "set list on;",
    "set heading off;",
    "substring(",
    "for",
    "trim(",
    "extract(",
    "year",
    "current_timestamp",
    "--",
    "/*",
    "\"ID\"",
    "?",
    ":x",
    "rdb$database",
    ".",
    "a.id",
    "u.abonent_id",
    "ip",
    "true",
    "nulls first",
    "desc",
    "using",
];

fn answers(text: &str) {
    let printed = sql::isql::render(&sql::run(&STORE, now(), text));
    assert_eq!(printed.exit != 0, !printed.stderr.is_empty(), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}") {
        answers(&text);
    }

    #[test]
    fn any_words_are_answered(words in prop::collection::vec(prop::sample::select(WORDS), 0..40)) {
        answers(&words.join(" "));
    }

    #[test]
    fn any_expression_over_a_row_is_answered(
        words in prop::collection::vec(prop::sample::select(WORDS), 1..12),
        filter in prop::collection::vec(prop::sample::select(WORDS), 0..8),
    ) {
        let filter = if filter.is_empty() { String::new() } else { format!(" where {}", filter.join(" ")) };
        answers(&format!("select {} from abonents a join users u on u.abonent_id=a.id{filter}", words.join(" ")));
    }

    #[test]
    fn arithmetic_of_any_numbers_is_answered(
        a in any::<i64>(), b in any::<i64>(), x in 0_u8..=18, y in 0_u8..=18,
        operation in prop::sample::select(vec!["+", "-", "*", "/"]),
    ) {
        let scaled = |raw: i64, scale: u8| sql::text::exact(raw.max(-i64::MAX), scale.into());
        answers(&format!("select {} {operation} {} from rdb$database", scaled(a, x), scaled(b, y)));
    }
}

/// However deep a statement nests, it is answered or refused, on a caller's stack of any size.
#[test]
fn deep_statements_are_answered_or_refused() {
    let nested = |open: &str, inner: &str, close: &str, depth: usize| {
        format!("select {}{inner}{} from abonents rows 1", open.repeat(depth), close.repeat(depth))
    };
    let mut deepest = Vec::new();
    for (open, inner, close) in [
        ("(", "1", ")"),
        ("(select ", "1", " from rdb$database)"),
        ("case when 1=1 then ", "1", " end"),
        ("coalesce(null, ", "1", ")"),
        ("- ", "id", ""),
        ("cast(", "1", " as integer)"),
        ("1+", "1", ""),
        ("'a'||", "'b'", ""),
        ("iif(exists(select 1 from abonents b where b.id=abonents.id), ", "1", ", 0)"),
        ("(select max(q.id) from (select id from abonents where id in (", "1", ")) q)"),
    ] {
        let works = |depth: usize| {
            let statement = nested(open, inner, close, depth);
            let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(move || {
                let printed = sql::isql::render(&sql::run(&STORE, now(), &statement));
                assert!(printed.exit == 0 || printed.stderr.contains("54000"), "{}", printed.stderr);
                printed.exit == 0
            });
            thread.unwrap().join().unwrap()
        };
        deepest.push((1..300).take_while(|depth| works(*depth)).count());
        assert!(!works(3000), "{open}");
    }
    // Enough for any statement that a person writes.
    assert!(deepest.iter().all(|depth| *depth >= 15), "{deepest:?}");
}

#[test]
fn a_statement_without_end_is_stopped() {
    let statement = "select count(*) from abonents a, abonents b, abonents c, abonents d, abonents e, abonents f";
    let limits = sql::Limits { time: std::time::Duration::from_millis(300), ..sql::Limits::default() };
    let printed = sql::isql::render(&sql::run_within(&STORE, now(), statement, limits));
    assert!(printed.stderr.contains("runs longer than"), "{}", printed.stderr);
}

#[test]
fn a_result_without_measure_is_stopped() {
    let limits = sql::Limits { bytes: 1 << 18, ..sql::Limits::default() };
    for statement in [
        "select a.id, b.id from abonents a, abonents b",
        "select distinct a.id, b.id from abonents a, abonents b",
        "select a.id, b.id from abonents a, abonents b order by 1",
        "select count(*) from (select a.id, b.id as other from abonents a, abonents b) q",
        "select a.id, b.id, count(*) from abonents a, abonents b group by a.id, b.id",
        "select lpad('x', 8000, 'y') from abonents a, abonents b",
        "select count(*) from (select lpad('x', 8000, 'y') as wide from abonents a, abonents b) q",
        "select max(a.id) from abonents a, abonents b group by lpad('x', 8000, 'y') || a.id || b.id",
        // The texts are short, and padded to the width of the column.
        "select a.comments from abonents a, abonents b",
        &"select 1, 2, 3 from abonents a, abonents b rows 100;".repeat(99),
    ] {
        let printed = sql::isql::render(&sql::run_within(&STORE, now(), statement, limits));
        assert!(printed.stderr.contains("holds or prints more"), "{statement}: {}", printed.stderr);
    }
}
