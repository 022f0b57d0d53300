//! What may be sent to a server that is not ours: decided by the contract, enforced where requests leave.
#![allow(clippy::panic, reason = "a helper of tests fails the test")]

use std::sync::Arc;
use std::time::Duration;

use carbon_harness::catalog::forms_of;
use carbon_harness::exchange::Sent;
use carbon_harness::safety::only_reads;
use carbon_harness::target::{BaseUrl, Client, Policy, TargetError};
use carbon_specs::Contract;
use carbon_specs::example::Kind;

fn contract() -> Contract {
    Contract::embedded().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn documented_writes_are_refused_and_documented_reads_are_not() {
    let contract = contract();
    let mut counts = (0, 0);
    for example in &contract.examples {
        for (form, variant) in forms_of(example) {
            let Some(request) = &variant.request else { continue };
            let allowed = only_reads(&contract.schema, &request.path, &request.body);
            // A misprint may lose the very method that writes; then what is sent is harmless indeed.
            let whole = example.erratum.is_none() || form == carbon_harness::catalog::Form::Corrected;
            match example.kind {
                Kind::Read => {
                    assert_eq!(allowed, Ok(()), "{}", example.id);
                    counts.0 += 1;
                }
                Kind::Write if whole => {
                    assert!(allowed.is_err(), "{} would be sent", example.id);
                    counts.1 += 1;
                }
                Kind::Write => {}
            }
        }
    }
    assert!(counts.0 > 20 && counts.1 > 80, "{counts:?}");
}

#[test]
fn what_the_contract_does_not_know_is_refused() {
    let schema = contract().schema;
    let refused = |body: &str| assert!(only_reads(&schema, "/rest_api/v2/Abonents/", body).is_err(), "{body}");
    refused("method1=objects.get&arg1={\"id\":1}&method2=no_such_method");
    refused("method1=objects.filter&method+2=delete");
    refused("method1=objects.filter&method2=count&method2=delete");
    refused("%6dethod1=objects.create&arg1={}");
    refused("method1=objects.all&methodX=delete");
    refused("method1=objects.get&arg1={\"id\":1}&method2=set&arg2={\"name\":\"x\"}");
    assert!(only_reads(&schema, "/admin/", "").is_err());
    assert_eq!(only_reads(&schema, "/rest_api/v2/Abonents/", "method1=objects.all&arg1={}"), Ok(()));
}

#[tokio::test]
async fn the_client_refuses_before_it_connects() {
    let base = BaseUrl::parse("http://127.0.0.1:1").expect("it is a URL");
    let policy = Policy::ReadsOnly(Arc::new(contract().schema));
    let client = Client::new(base, policy, Duration::from_secs(5)).unwrap();
    let sent = |body: &str| Sent { path: "/rest_api/v2/Homes/".into(), body: body.into() };
    let write = client.call(sent("method1=objects.get&arg1={\"id\":1}&method2=delete")).await;
    assert!(matches!(write, Err(TargetError::Refused(_))), "{write:?}");
    let read = client.call(sent("method1=objects.all&arg1={}")).await;
    assert!(matches!(read, Err(TargetError::Unreachable { .. })), "{read:?}");
}
