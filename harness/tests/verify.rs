//! `verify`: a running mock's verdict, and its exit codes.

mod support;

use carbon_harness::exit;
use carbon_mock::CarbonMock;
use serde_json::Value;
use support::{Ended, harness};

#[tokio::test(flavor = "multi_thread")]
async fn a_mocks_verdict_decides_the_exit_code() -> Result<(), Box<dyn std::error::Error>> {
    let mock = CarbonMock::start().await?;
    let url = mock.url();
    let verify = |format: &'static str| {
        let url = url.clone();
        tokio::task::spawn_blocking(move || harness(&["verify", "--mock", &url, "--format", format]))
    };
    let call = |body: &'static [u8]| {
        let call = carbon_mock::wire::parse("/rest_api/v2/Abonents/", body)?;
        mock.mock().handle(call);
        Ok::<(), carbon_mock::wire::WireError>(())
    };
    call(br#"method1=objects.get&arg1={"id":45}"#)?;
    let Ended { code, stdout, .. } = verify("text").await?;
    assert_eq!(code, i32::from(exit::CONFORMS), "{stdout}");
    assert!(stdout.contains("1 call: 0 violations, 0 hazards"), "{stdout}");

    call(br#"method1=objects.filter&arg1={"nosuch":1}"#)?;
    let Ended { code, stdout, .. } = verify("json").await?;
    assert_eq!(code, i32::from(exit::MISMATCH), "{stdout}");
    let verdict: Value = serde_json::from_str(&stdout)?;
    assert_eq!(verdict["violations"][0]["request"], 2, "{verdict}");

    let file = std::env::temp_dir().join(format!("carbon-journal-{}.json", std::process::id()));
    std::fs::write(&file, mock.mock().journal().to_string())?;
    let path = file.display().to_string();
    let judged =
        tokio::task::spawn_blocking(move || harness(&["verify", "--journal", &path, "--format", "json"])).await?;
    assert_eq!(judged.code, i32::from(exit::MISMATCH), "{}", judged.stdout);
    assert_eq!(serde_json::from_str::<Value>(&judged.stdout)?, verdict);
    std::fs::write(&file, "{}")?;
    let path = file.display().to_string();
    let refused = tokio::task::spawn_blocking(move || harness(&["verify", "--journal", &path])).await?;
    assert_eq!(refused.code, i32::from(exit::USAGE), "{}", refused.stderr);
    assert!(refused.stderr.contains("missing field `journal`"), "{}", refused.stderr);
    std::fs::remove_file(&file)?;

    call(br#"method1=objects.get&arg1={"id":45}&method2=set&arg2={"a_home_number":"3"}&method3=save"#)?;
    let Ended { stdout, .. } = verify("text").await?;
    assert!(stdout.contains("waiting    1 task has not run yet"), "{stdout}");
    assert!(stdout.contains("exercised  abonents-2.1\n"), "{stdout}");

    mock.shutdown().await;
    assert_eq!(verify("text").await?.code, i32::from(exit::UNREACHABLE));
    Ok(())
}
