//! Kill -9 at every point of a sandbox run, then `clean`: the server is as it was.
//!
//! What a run leaves behind is what the server did and what the write-ahead file says. Between two requests neither changes, and
//! of requests only writes change them: so a run is ended at each write, before the server has it and after the server has done
//! it but before its reply is heard, and once more when the next request after it leaves, with the reply written down. It is
//! ended by dropping it where it stands: nothing of it runs after that, as after kill -9 (`sandbox.rs` kills processes, too).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use carbon_harness::catalog::forms_of;
use carbon_harness::safety::only_reads;
use carbon_harness::sandbox::journal::Journal;
use carbon_harness::sandbox::{Patience, Sandbox, Scope, Session};
use carbon_harness::target::{BaseUrl, Client, Policy};
use carbon_mock::tasks::Profile;
use carbon_specs::{Contract, Schema};
use support::foreign::{Foreign, as_it_was, removed};
use support::proxy;
use tokio::sync::Notify;

/// Something of each kind: a change, a payment, an object that is used up, a session, what hangs on a subscriber.
const EXAMPLES: [&str; 6] =
    ["abonents-2.1", "abonents-11.1", "abonents-16.1", "cabinet-2.4", "attributes-6.1", "users-15.1"];

/// Where a run is ended: at which of its writes, and when.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Point {
    /// It has left, and never arrives.
    Before(usize),
    /// It is done, and its reply is never heard.
    Done(usize),
    /// Its reply is written down; the next request never arrives.
    Heard(usize),
}

/// A server that ends a run at a point.
struct Killer {
    url: String,
    killed: Arc<Notify>,
    writes: Arc<AtomicUsize>,
}

impl Killer {
    /// Its connections are held until `gone` is hung up: the client must not see them break.
    fn start(upstream: &str, schema: Arc<Schema>, point: Option<Point>, gone: Receiver<()>) -> Self {
        let (killed, writes) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        let gone = Mutex::new(gone);
        let (kill, count) = (Arc::clone(&killed), Arc::clone(&writes));
        let url = proxy::start_between(upstream, move |request, pass_on| {
            let is_write = only_reads(&schema, &request.path, &request.body).is_err();
            let number = count.fetch_add(usize::from(is_write), Ordering::Relaxed);
            let end = |done: bool| {
                if done {
                    pass_on();
                }
                kill.notify_one();
                let _ = gone.lock().unwrap().recv();
                None
            };
            match point {
                Some(Point::Before(n)) if is_write && number == n => end(false),
                Some(Point::Done(n)) if is_write && number == n => end(true),
                Some(Point::Heard(n)) if number == n + 1 => end(false),
                _ => Some(pass_on()),
            }
        })
        .url;
        Self { url, killed, writes }
    }
}

/// Runs the examples in a sandbox up to a point, or to the end; answers how many writes there were.
fn run(server: &Foreign, contract: &Contract, point: Option<Point>) -> usize {
    let schema = Arc::new(contract.schema.clone());
    let (hold, gone) = channel();
    let killer = Killer::start(&server.url(), Arc::clone(&schema), point, gone);
    // The file names the server itself: there `clean` goes.
    let journal = Journal::begin(&server.journal(), "killed", &server.url()).unwrap();
    let sandbox = Arc::new(Sandbox::new(schema, Scope::new("killed"), journal));
    let policy = Policy::Guarded(sandbox.clone());
    let client = Client::new(BaseUrl::parse(&killer.url).unwrap(), policy, Duration::from_secs(60)).unwrap();
    let patience = Patience { deadline: Duration::from_secs(20), say: Arc::new(|_| {}) };
    let session = Session::new(client, sandbox, patience);
    server.runtime.block_on(async {
        let all = async {
            session.build().await.unwrap();
            for id in EXAMPLES {
                let example = contract.examples.iter().find(|example| example.id == id).unwrap();
                let (form, variant) = forms_of(example).last().unwrap();
                let outcome = session.play(contract, example, form, variant).await.unwrap();
                assert!(outcome.faults.is_empty() && outcome.reason.is_none(), "{id}: {outcome:?}");
            }
        };
        tokio::select! {
            () = all => assert_eq!(point, None, "the run ended before it was killed"),
            () = killer.killed.notified() => {}
        }
    });
    drop(session);
    drop(hold);
    killer.writes.load(Ordering::Relaxed)
}

#[test]
fn after_kill_9_at_any_point_clean_leaves_the_server_as_it_was() {
    let server = Foreign::start(Profile::INSTANT);
    let contract = Contract::embedded().unwrap();
    let before = server.rest();
    let clean = |point: Option<Point>| {
        let ended = server.clean(&[]);
        assert_eq!(ended.code, 0, "{point:?}: {}{}", ended.stdout, ended.stderr);
        as_it_was(&before, &server.rest());
        removed(&server.journal());
        server.mock().mock().put_state(&before).unwrap();
        std::fs::remove_file(server.journal()).unwrap();
    };
    let writes = run(&server, &contract, None);
    assert!(writes > 15, "{writes}");
    clean(None);
    for n in 0..writes {
        for point in [Point::Before(n), Point::Done(n), Point::Heard(n)] {
            // The last write's reply is heard where the run ends.
            if point != Point::Heard(writes - 1) {
                run(&server, &contract, Some(point));
                clean(Some(point));
            }
        }
    }
}
