//! [`CarbonMock`]: a server on a port of its own, for Rust tests and for the program.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use carbon_mock::CarbonMock;
//!
//! let carbon = CarbonMock::builder().clock("2022-02-01 10:00:00").seed(7).start().await?;
//! // ... point your client at carbon.url(), then let the tasks run:
//! carbon.mock().run_tasks();
//! carbon.shutdown().await;
//! # Ok(())
//! # }
//! ```

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use carbon_specs::{Contract, LoadError, demo};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use crate::control::moment::{self, MomentError};
use crate::deviation::{Deviation, Deviations};
use crate::http::{self, App, Limits};
use crate::mock::{Mock, MockError, Options, Start};
use crate::tasks::{Clock, Overlap, Profile};

/// The moment at which the library's mocks start: the day that the demo data is consistent with.
const DEMO_MOMENT: &str = "2022-02-01 10:00:00";

/// The longest sleep between two looks at the clock, which may have been set meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct CarbonMock {
    addr: SocketAddr,
    mock: Mock,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
    ticking: Option<JoinHandle<()>>,
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be had.
    #[error("cannot listen on {addr}: {error}{}", advice(.error))]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// Why not.
        error: io::Error,
    },
    /// The clock is not a moment.
    #[error("clock: {0}")]
    Clock(#[from] MomentError),
    /// The contract cannot be read.
    #[error("the contract cannot be read: {0}")]
    Contract(#[from] LoadError),
    /// The state is wrong.
    #[error(transparent)]
    Mock(#[from] MockError),
    /// A bug of ours.
    #[error("the mock could not be built: a bug in it")]
    Internal,
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => " (is another one running? --listen 127.0.0.1:0 takes any free port)",
        io::ErrorKind::PermissionDenied => " (ports below 1024 need special rights)",
        _ => "",
    }
}

/// How a server starts.
#[derive(Clone, Debug)]
pub struct Builder {
    listen: SocketAddr,
    contract: Option<Arc<Contract>>,
    seed: u64,
    clock: Result<Clock, MomentError>,
    tasks: Profile,
    overlap: Overlap,
    abonents: usize,
    state: Option<Start>,
    deviations: Deviations,
    limits: Limits,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            contract: None,
            seed: 1,
            clock: moment::parse(DEMO_MOMENT).map(|now| Clock::Virtual { now }),
            tasks: Profile::DOCUMENTED,
            overlap: Overlap::Faithful,
            abonents: demo::DEFAULT_FILLER,
            state: None,
            deviations: Deviations::NONE,
            limits: Limits::default(),
        }
    }
}

impl Builder {
    /// The address; by default any free port of this machine's loopback.
    #[must_use]
    pub fn listen(mut self, addr: SocketAddr) -> Self {
        self.listen = addr;
        self
    }

    /// `"2022-02-01 10:00:00"` for a clock that stands still until it is advanced, `"system"` for the machine's.
    #[must_use]
    pub fn clock(mut self, clock: &str) -> Self {
        self.clock = match clock {
            "system" => Ok(Clock::system()),
            text => moment::parse(text).map(|now| Clock::Virtual { now }),
        };
        self
    }

    /// The seed of passwords, session ids and codes: same seed and same calls, same bytes.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How long changes take.
    #[must_use]
    pub fn tasks(mut self, tasks: Profile) -> Self {
        self.tasks = tasks;
        self
    }

    /// What happens when a save overlaps a waiting task.
    #[must_use]
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.overlap = overlap;
        self
    }

    /// How many subscribers there are beyond those that the page names.
    #[must_use]
    pub fn abonents(mut self, abonents: usize) -> Self {
        self.abonents = abonents;
        self
    }

    /// A state to start from, instead of the demo data: as `GET /__mock__/state` gives it, as JSON or as its text.
    #[must_use]
    pub fn state(mut self, state: impl Into<Start>) -> Self {
        self.state = Some(state.into());
        self
    }

    /// Misbehave in this way, as an upgrade of the billing might; others can be added.
    #[must_use]
    pub fn deviate(mut self, deviation: Deviation) -> Self {
        self.deviations = self.deviations.with(deviation);
        self
    }

    /// Another contract than the embedded one.
    #[must_use]
    pub fn contract(mut self, contract: Arc<Contract>) -> Self {
        self.contract = Some(contract);
        self
    }

    /// Other limits than the usual ones.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The world alone, without a server.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn build(self) -> Result<Mock, StartError> {
        let contract = match self.contract {
            Some(contract) => contract,
            None => embedded()?,
        };
        let handed_in = self.state.is_some();
        let options = Options {
            contract,
            seed: self.seed,
            clock: self.clock?,
            tasks: self.tasks,
            overlap: self.overlap,
            filler: self.abonents,
            state: self.state,
            deviations: self.deviations,
        };
        let mock = Mock::new(options)?;
        if handed_in {
            mock.check_state().map_err(MockError::State)?;
        }
        Ok(mock)
    }

    /// Starts serving, on the current tokio runtime.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(self) -> Result<CarbonMock, StartError> {
        let (listen, limits) = (self.listen, self.limits);
        let on_system_time = matches!(self.clock, Ok(Clock::System { .. }));
        // The address first: a port in use should not cost the building of a state.
        let wrong = |error| StartError::Listen { addr: listen, error };
        let listener = TcpListener::bind(listen).await.map_err(wrong)?;
        let addr = listener.local_addr().map_err(wrong)?;
        let mock = tokio::task::spawn_blocking(|| self.build()).await.map_err(|_| StartError::Internal)??;
        let wake = Arc::new(Notify::new());
        let app = App {
            mock: mock.clone(),
            contract: Arc::clone(mock.contract()),
            limits,
            faults: Arc::default(),
            wake: Arc::clone(&wake),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        // Told to stop, or dropped: both end it.
        let serving = tokio::spawn(http::serve(listener, app, async {
            let _ = stopped.await;
        }));
        let ticking = on_system_time.then(|| tokio::spawn(tick(mock.clone(), wake)));
        Ok(CarbonMock { addr, mock, stop: Some(stop), serving, ticking })
    }
}

/// The embedded contract never changes while the program runs: it is read once.
fn embedded() -> Result<Arc<Contract>, LoadError> {
    static CONTRACT: OnceLock<Arc<Contract>> = OnceLock::new();
    if let Some(contract) = CONTRACT.get() {
        return Ok(Arc::clone(contract));
    }
    let contract = Arc::new(Contract::embedded()?);
    Ok(Arc::clone(CONTRACT.get_or_init(|| contract)))
}

/// On the system's clock, somebody has to look at it: tasks run when they are due though no call comes.
async fn tick(mock: Mock, wake: Arc<Notify>) {
    loop {
        let world = mock.clone();
        let due = tokio::task::spawn_blocking(move || {
            world.tick();
            world.next_due().map(|due| due.duration_since(world.snapshot().1))
        })
        .await;
        let wait = match due {
            Ok(Some(wait)) => Duration::try_from(wait).unwrap_or(Duration::ZERO),
            Ok(None) => LONGEST_SLEEP,
            Err(error) if error.is_panic() => Duration::from_secs(1),
            Err(_) => return,
        };
        // The clock counts whole seconds; a few milliseconds more make sure that the second is over.
        let wait = wait.min(LONGEST_SLEEP) + Duration::from_millis(5);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = wake.notified() => {}
        }
    }
}

impl CarbonMock {
    /// A server on a free port, with the demo data, a clock standing at 2022-02-01 10:00:00, seed 1 and the page's
    /// task times.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// To start another one.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// `http://127.0.0.1:PORT`, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The address.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The world behind it: run tasks, advance the clock, read the state without HTTP.
    pub fn mock(&self) -> &Mock {
        &self.mock
    }

    /// Stops accepting, lets open answers end, and returns when all is done.
    pub async fn shutdown(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Err(error) = (&mut self.serving).await {
            tracing::error!("the server did not end well: {error}");
        }
    }
}

impl Drop for CarbonMock {
    fn drop(&mut self) {
        // The sender of `stop` goes too, which ends the serving.
        if let Some(ticking) = &self.ticking {
            ticking.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    async fn get(addr: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream
            .write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn ask(addr: SocketAddr, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let head = format!("POST /rest_api/v2/Homes/ HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all((head + body).as_bytes()).await.unwrap();
        stream
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn health_is_told_though_somebody_holds_the_world_and_others_wait_for_it() {
        let carbon = CarbonMock::builder().abonents(0).start().await.unwrap();
        let (mock, addr) = (carbon.mock().clone(), carbon.addr());
        let (held, holds) = oneshot::channel();
        let (release, released) = std::sync::mpsc::channel::<()>();
        let holder = std::thread::spawn(move || {
            let world = mock.hold();
            held.send(()).unwrap();
            let _ = released.recv();
            drop(world);
        });
        holds.await.unwrap();
        let mut waiting = Vec::new();
        for body in [r#"method1=objects.get&arg1={"id":1201}"#, "no=call", "method1=objects.count"] {
            waiting.push(ask(addr, body).await);
        }
        let health = get(addr, "/__mock__/health").await;
        assert!(health.contains("\"status\": \"ok\"") && health.contains("2022-02-01 10:00:00"), "{health}");
        release.send(()).unwrap();
        holder.join().unwrap();
        for mut stream in waiting {
            let mut first = [0; 12];
            stream.read_exact(&mut first).await.unwrap();
            assert_eq!(&first, b"HTTP/1.1 200");
        }
        carbon.shutdown().await;
    }
}
