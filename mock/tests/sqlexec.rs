//! `carbon-mock sqlexec` as a program: both streams and the exit code, against a mock that serves.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like the tests themselves")]

use std::process::{Command, Output};

use carbon_mock::CarbonMock;

async fn sqlexec(arguments: &'static [&'static str]) -> Output {
    let mock = CarbonMock::builder().clock("2022-02-01 10:00:00").start().await.unwrap();
    let url = mock.url();
    let run = move || {
        Command::new(env!("CARGO_BIN_EXE_carbon-mock"))
            .arg("sqlexec")
            .args(arguments)
            .env("CARBON_MOCK_URL", url)
            .output()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    mock.shutdown().await;
    output
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn list_mode_prints_what_isql_prints() {
    // Page line 178, once with `set list on` and once with `-l`.
    let in_words = sqlexec(&["set list on; select id, name from abonents where id=3"]).await;
    let expected = format!("\n{:<32}3\n{:<32}ООО Лучший провайдер\n\n\n", "ID", "NAME");
    assert_eq!(text(&in_words.stdout), expected);
    assert_eq!((text(&in_words.stderr), in_words.status.code()), ("", Some(0)));
    let by_option = sqlexec(&["-l", "select id, name from abonents where id=3"]).await;
    assert_eq!(text(&by_option.stdout), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_goes_to_stderr_with_exit_code_1() {
    let output = sqlexec(&["set heading off; select id from abon; select id from abonents where id=3"]).await;
    assert_eq!(text(&output.stdout), "\n           3 \n\n");
    let expected = "Statement failed, SQLSTATE = 42S02\nDynamic SQL Error\n-SQL error code = -204\n-Table unknown\n-ABON\n\
                    -At line 1, column 16\n";
    assert_eq!((text(&output.stderr), output.status.code()), (expected, Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_refused() {
    let output = sqlexec(&["update abonents set name='x'"]).await;
    assert!(text(&output.stderr).contains("UPDATE is refused"), "{}", text(&output.stderr));
    assert_eq!((text(&output.stdout), output.status.code()), ("", Some(1)));
}

#[test]
fn without_a_mock_it_exits_with_3() {
    // The discard port: nothing listens there.
    let output = Command::new(env!("CARGO_BIN_EXE_carbon-mock"))
        .args(["sqlexec", "select 1 from rdb$database"])
        .env("CARBON_MOCK_URL", "http://127.0.0.1:9")
        .output()
        .unwrap();
    assert!(text(&output.stderr).contains("carbon-mock serve"), "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(3));
}
