//! `carbon-mock sqlexec` as a program: both streams and the exit code, against a mock that serves.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like the tests themselves")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use carbon_mock::CarbonMock;

/// The tool with these arguments, asking the mock at this address.
fn tool(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_carbon-mock"));
    command.arg("sqlexec").args(arguments).env("CARBON_MOCK_URL", url);
    command
}

/// What becomes of it with a mock that serves.
async fn with_mock(run: impl FnOnce(String) -> Output + Send + 'static) -> Output {
    let mock = CarbonMock::builder().clock("2022-02-01 10:00:00").start().await.unwrap();
    let url = mock.url();
    let output = tokio::task::spawn_blocking(move || run(url)).await.unwrap();
    mock.shutdown().await;
    output
}

async fn sqlexec(arguments: &'static [&'static str]) -> Output {
    with_mock(|url| tool(&url, arguments).output().unwrap()).await
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
    let output = tool("http://127.0.0.1:9", &["select 1 from rdb$database"]).output().unwrap();
    assert!(text(&output.stderr).contains("carbon-mock serve"), "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_is_read_from_standard_input() {
    let output = with_mock(|url| {
        let mut child = tool(&url, &[]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let script = "set heading off;\nselect id from abonents where id=3;\nexit;\nselect 1 from nowhere;\n";
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    });
    let output = output.await;
    assert_eq!((text(&output.stdout), output.status.code()), ("\n           3 \n\n", Some(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_may_begin_with_a_comment() {
    let output = sqlexec(&["-l", "-- who\nselect id from abonents where id=3"]).await;
    assert_eq!(text(&output.stdout), format!("\n{:<32}3\n\n\n", "ID"));
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_cannot_be_written_are_a_failure() {
    let output = with_mock(|url| {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        tool(&url, &["select id from abonents"]).stdout(full).stderr(Stdio::piped()).output().unwrap()
    });
    let output = output.await;
    assert!(text(&output.stderr).contains("standard output cannot be written"), "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn an_answer_that_breaks_off_is_told_from_no_mock() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let read = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"stdout\":").unwrap();
        read
    });
    let output = tool(&url, &["select 1 from rdb$database"]).output().unwrap();
    assert!(server.join().unwrap() > 0);
    let told = text(&output.stderr);
    assert!(told.starts_with("error: no answer from http://127.0.0.1:") && told.contains("ended before"), "{told}");
    assert_eq!((text(&output.stdout), output.status.code()), ("", Some(3)));
}

/// A link named `sqlexec`, as the page's shell text calls it.
#[cfg(unix)]
#[test]
fn the_link_speaks_in_its_own_name() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("link-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let link = directory.join("sqlexec");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_carbon-mock"), &link).unwrap();
    let version = Command::new(&link).arg("--version").output().unwrap();
    assert_eq!(text(&version.stdout), format!("sqlexec {}\n", env!("CARGO_PKG_VERSION")));
    let help = Command::new(&link).arg("--help").output().unwrap();
    assert!(text(&help.stdout).contains("Usage: sqlexec [OPTIONS] [STATEMENT]"), "{}", text(&help.stdout));
    std::fs::remove_dir_all(directory).unwrap();
}
