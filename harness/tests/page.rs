//! The page against its reviewed snapshots, through insta: `cargo insta review` shows what changed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use carbon_harness::catalog::forms_of;
use carbon_harness::embedded::Embedded;
use carbon_harness::render;
use carbon_harness::replay::{Compare, Replayer};
use carbon_harness::snapshot::{Mode, Snapshots, name};
use carbon_harness::target::{BaseUrl, Client, Policy};
use carbon_specs::Contract;

#[tokio::test(flavor = "multi_thread")]
async fn every_reply_is_its_snapshots() {
    let contract = Arc::new(Contract::embedded().unwrap_or_else(|error| panic!("{error}")));
    let mock = Embedded::start(Arc::clone(&contract)).await.expect("the mock starts");
    let base = BaseUrl::parse(&mock.url()).expect("a mock's address is a URL");
    let client = Client::new(base, Policy::Everything, Duration::from_secs(60)).unwrap();
    let replayer = Replayer::new(client, Compare::Exact);
    let mut names = Vec::new();
    let mut changed = Vec::new();
    for example in &contract.examples {
        for (form, variant) in forms_of(example) {
            let replayed = replayer.variant(example, form).await.expect("the mock answers");
            let text = render::replayed(&replayed.turns, variant.nothing_sent.as_deref());
            let name = name(&example.id, form);
            let mut settings = insta::Settings::clone_current();
            settings.set_snapshot_path("../../snapshots");
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            settings.set_description(example.title.as_str());
            // All changes are collected, so that one review sees them all.
            let compared = catch_unwind(AssertUnwindSafe(|| {
                settings.bind(|| insta::assert_snapshot!(name.as_str(), text));
            }));
            if compared.is_err() {
                changed.push(name.clone());
            }
            names.push(name);
        }
    }
    assert!(changed.is_empty(), "{} replies changed: {}", changed.len(), changed.join(", "));
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../snapshots");
    let orphans = Snapshots::new(folder, Mode::Compare).orphans(&names);
    assert!(orphans.is_empty(), "snapshots of calls that are not there: {orphans:?}");
}
