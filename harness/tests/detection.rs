//! What an upgrade might change, the harness finds: every way in which the mock can misbehave on purpose, and nothing on the
//! faithful server. By reads alone, where reads can show it.
//!
//! Three ways to look by reads: the page's reads and rules on a server of other data (`run --target`), the laws
//! (`check`), and the replies held against those recorded before (`run --baseline --values`). What only a write shows is
//! found by the whole page on a server of ours. None of them knows a deviation's name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use carbon_harness::embedded::{Deviation, Embedded, Shows};
use carbon_harness::laws::ask::Bounds;
use carbon_harness::laws::run::{Options, check};
use carbon_harness::laws::{book, standing};
use carbon_harness::outcome::Summary;
use carbon_harness::redact::Redactor;
use carbon_harness::regression::recording::{Depth, Manifest, Recording};
use carbon_harness::regression::survey::{FirstKeys, survey};
use carbon_harness::replay::{Compare, Replayer};
use carbon_harness::report::{Recorder, Reporter};
use carbon_harness::run::{Judgement, Plan, run};
use carbon_harness::snapshot::{Mode, Snapshots};
use carbon_harness::target::{BaseUrl, Client, Policy};
use carbon_specs::example::{Example, Kind};
use carbon_specs::{Contract, Schema};

/// What every look needs.
struct Looks {
    contract: Arc<Contract>,
    schema: Arc<Schema>,
    survey: Vec<Example>,
    /// What the faithful server answers.
    recorded: Recording,
}

/// What found a deviation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Recording,
    Laws,
    Page,
    Writes,
}

impl Looks {
    async fn new() -> Self {
        let contract = Arc::new(Contract::embedded().unwrap());
        let schema = Arc::new(contract.schema.clone());
        let survey = survey(&schema, &FirstKeys::new());
        let mut looks = Self { contract, schema, survey, recorded: Recording::default() };
        let faithful = looks.server(None).await;
        looks.recorded = looks.record(&faithful).await;
        looks
    }

    async fn server(&self, deviation: Option<Deviation>) -> Embedded {
        Embedded::start_deviating(Arc::clone(&self.contract), deviation).await.unwrap()
    }

    fn client(&self, server: &Embedded) -> Client {
        let policy = Policy::ReadsOnly(Arc::clone(&self.schema));
        Client::new(BaseUrl::parse(&server.url()).unwrap(), policy, Duration::from_secs(30)).unwrap()
    }

    async fn replay(&self, client: Client, compare: Compare, plan: &Plan<'_>, reporter: &mut dyn Reporter) -> Summary {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../snapshots");
        let snapshots = Snapshots::new(folder, Mode::Compare);
        run(plan, &Replayer::new(client, compare), &snapshots, reporter).await.unwrap()
    }

    fn plan<'p>(&'p self, examples: Vec<&'p Example>) -> Plan<'p> {
        Plan {
            contract: &self.contract,
            examples,
            rules: Vec::new(),
            fail_fast: true,
            shell: None,
            judgement: Judgement::default(),
            twice: false,
        }
    }

    fn redactor(&self) -> Redactor {
        Redactor::new(Arc::clone(&self.schema), "key")
    }

    /// The replies to the page's reads and the survey.
    async fn record(&self, server: &Embedded) -> Recording {
        let reads = self.contract.examples.iter().filter(|example| example.kind == Kind::Read);
        let mut plan = self.plan(reads.chain(&self.survey).collect());
        plan.fail_fast = false;
        let mut recorder = Recorder::new(Manifest::default(), self.redactor(), None);
        self.replay(self.client(server), Compare::Shape, &plan, &mut recorder).await;
        recorder.into_recording()
    }

    async fn by_recording(&self, server: &Embedded) -> bool {
        let now = self.record(server).await;
        !now.changes(&self.schema, &self.redactor(), &self.recorded, Depth::Exact).is_empty()
    }

    async fn by_laws(&self, server: &Embedded) -> bool {
        let options = Options {
            laws: book::all(),
            standing: standing::LAWS.to_vec(),
            models: Vec::new(),
            seed: 1,
            cases: 4,
            bounds: Bounds { requests: 3000, time: Duration::from_secs(120) },
            personal: true,
            interrupted: Arc::default(),
        };
        match check(&self.client(server), &self.schema, &options, &mut |_, _, _| {}).await {
            Ok(checked) => !checked.conforms() || checked.laws.iter().all(|law| law.cases == 0),
            Err(_) => true,
        }
    }

    async fn by_page(&self, server: &Embedded) -> bool {
        let mut plan = self.plan(self.contract.examples.iter().collect());
        plan.rules = self.contract.rules.iter().filter(|rule| !rule.cases.is_empty()).collect();
        let mut nobody: Vec<Box<dyn Reporter>> = Vec::new();
        !self.replay(self.client(server), Compare::Shape, &plan, &mut nobody).await.conforms()
    }

    /// The whole page, writes and all.
    async fn by_writes(&self, server: &Embedded) -> bool {
        let mut plan = self.plan(self.contract.examples.iter().collect());
        plan.rules = self.contract.rules.iter().filter(|rule| !rule.cases.is_empty()).collect();
        let base = BaseUrl::parse(&server.url()).unwrap();
        let client = Client::new(base, Policy::Everything, Duration::from_secs(30)).unwrap();
        let mut nobody: Vec<Box<dyn Reporter>> = Vec::new();
        !self.replay(client, Compare::Exact, &plan, &mut nobody).await.conforms()
    }

    /// The first way that finds something. What only writes show is not looked for by reads at length.
    async fn found(&self, server: &Embedded, shows: Shows) -> Option<Way> {
        if self.by_recording(server).await {
            return Some(Way::Recording);
        }
        if shows == Shows::Writes {
            return self.by_writes(server).await.then_some(Way::Writes);
        }
        if self.by_laws(server).await {
            return Some(Way::Laws);
        }
        self.by_page(server).await.then_some(Way::Page)
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn nothing_is_found_on_the_faithful_server() {
    runtime().block_on(async {
        let looks = Looks::new().await;
        let server = looks.server(None).await;
        assert_eq!(looks.found(&server, Shows::Reads).await, None);
        assert_eq!(looks.found(&server, Shows::Writes).await, None);
    });
}

#[test]
fn every_deviation_is_found() {
    let looks = runtime().block_on(Looks::new());
    let all: Vec<Deviation> = Deviation::all().collect();
    let next = AtomicUsize::new(0);
    let hand = || {
        let runtime = runtime();
        let mut found = Vec::new();
        while let Some(deviation) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            let way = runtime.block_on(async {
                let server = looks.server(Some(*deviation)).await;
                looks.found(&server, deviation.shows()).await
            });
            found.push((*deviation, way));
        }
        found
    };
    let hands = std::thread::available_parallelism().map_or(2, usize::from);
    let found: Vec<(Deviation, Option<Way>)> = std::thread::scope(|scope| {
        let hands: Vec<_> = (0..hands).map(|_| scope.spawn(hand)).collect();
        hands.into_iter().flat_map(|hand| hand.join().unwrap()).collect()
    });
    assert_eq!(found.len(), all.len());
    let count = |way: Way| found.iter().filter(|(_, by)| *by == Some(way)).count();
    println!(
        "{} deviations: {} in recorded replies, {} more by laws, {} more by the page's reads, {} by writes",
        all.len(),
        count(Way::Recording),
        count(Way::Laws),
        count(Way::Page),
        count(Way::Writes)
    );
    let missed: Vec<&str> =
        found.iter().filter(|(_, by)| by.is_none()).map(|(deviation, _)| deviation.name()).collect();
    assert!(missed.is_empty(), "{} are not found: {missed:?}", missed.len());
    // What reads can show is found by reads.
    assert!(found.iter().all(|(deviation, by)| *by != Some(Way::Writes) || deviation.shows() == Shows::Writes));
}
