//! The signals that ask a program to end, for a program that has another one to end first.

use std::io;

#[cfg(unix)]
pub use unix::{Signal, Signals};

#[cfg(not(unix))]
pub use elsewhere::{Signal, Signals};

#[cfg(unix)]
mod unix {
    use std::fs::{self, File};

    use rustix::process::{Pid, getpgrp, kill_process};
    use rustix::termios::tcgetpgrp;
    use tokio::signal::unix::{self, SignalKind, signal};

    use super::io;

    /// One of them.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Signal(rustix::process::Signal);

    impl Signal {
        /// Its number.
        pub fn number(self) -> i32 {
            self.0.as_raw()
        }

        /// Sends it to a process that we started.
        pub fn pass_on(self, process: u32) {
            if self.0 == rustix::process::Signal::INT && is_in_foreground() {
                // Ctrl-C reaches every process in the foreground, that one too: twice would break its own clearing up.
                return;
            }
            if let Some(pid) = i32::try_from(process).ok().and_then(Pid::from_raw) {
                // It may have ended by now.
                let _ = kill_process(pid, self.0);
            }
        }
    }

    /// Whether what is typed at a terminal is meant for us.
    fn is_in_foreground() -> bool {
        File::open("/dev/tty").ok().and_then(|tty| tcgetpgrp(tty).ok()) == Some(getpgrp())
    }

    /// Whether we were started with a signal ignored, as `nohup` does. Told by Linux alone; elsewhere it is not.
    fn is_ignored(kind: SignalKind) -> bool {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
        mask >> (kind.as_raw_value() - 1) & 1 == 1
    }

    async fn hung_up(signal: Option<&mut unix::Signal>) {
        match signal {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        }
    }

    /// Those that we are sent.
    pub struct Signals {
        terminate: unix::Signal,
        interrupt: unix::Signal,
        /// Not where it is ignored: who says `nohup` means it.
        hangup: Option<unix::Signal>,
    }

    impl Signals {
        /// From now on they do not end us.
        ///
        /// # Errors
        /// Where the system does not let us listen.
        pub fn listen() -> io::Result<Self> {
            Ok(Self {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
                hangup: match SignalKind::hangup() {
                    kind if is_ignored(kind) => None,
                    kind => Some(signal(kind)?),
                },
            })
        }

        /// The next one.
        pub async fn next(&mut self) -> Signal {
            use rustix::process::Signal as S;
            Signal(tokio::select! {
                _ = self.terminate.recv() => S::TERM,
                _ = self.interrupt.recv() => S::INT,
                () = hung_up(self.hangup.as_mut()) => S::HUP,
            })
        }
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use super::io;

    /// Ctrl-C.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Signal;

    impl Signal {
        /// The number that a shell would add to 128.
        pub fn number(self) -> i32 {
            2
        }

        /// Ctrl-C reaches every process of a console by itself.
        pub fn pass_on(self, _: u32) {}
    }

    /// Those that we are sent.
    pub struct Signals;

    impl Signals {
        /// From now on they do not end us.
        ///
        /// # Errors
        /// Never.
        pub fn listen() -> io::Result<Self> {
            Ok(Self)
        }

        /// The next one.
        pub async fn next(&mut self) -> Signal {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            Signal
        }
    }
}
