//! Ctrl-C, and SIGTERM, with which a CI server ends a job: they are heard, and the run ends with its report.

use tokio::sync::watch;

use crate::embedded::{self, Signal};
use crate::exit;

/// What ends a run early, as often as it came.
#[derive(Clone, Debug)]
pub struct Signals(watch::Receiver<Heard>);

#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    times: usize,
    code: Option<u8>,
}

impl Signals {
    /// Listens from now on. Needs a runtime.
    pub fn listen() -> Self {
        let (tell, heard) = watch::channel(Heard::default());
        // A signal that cannot be heard ends the program as it always does.
        if let Ok(mut signals) = embedded::Signals::listen() {
            tokio::spawn(async move {
                loop {
                    let code = code(signals.next().await);
                    tell.send_modify(|heard| {
                        heard.times += 1;
                        heard.code.get_or_insert(code);
                    });
                }
            });
        }
        Self(heard)
    }

    /// Ends when a signal has come.
    pub async fn one(&self) {
        self.many(1).await;
    }

    /// Ends when another has come: whoever asks twice does not want to wait.
    pub async fn another(&self) {
        let times = self.0.borrow().times;
        self.many(times + 1).await;
    }

    /// The exit code of a program that ended by it.
    pub fn code(&self) -> Option<u8> {
        self.0.borrow().code
    }

    async fn many(&self, times: usize) {
        let mut heard = self.0.clone();
        if heard.wait_for(|heard| heard.times >= times).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// As a shell has it.
pub fn code(signal: Signal) -> u8 {
    u8::try_from(signal.number()).map_or(u8::MAX, |number| exit::SIGNALLED.saturating_add(number))
}
