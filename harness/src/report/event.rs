//! What a run tells its reporters.

use std::io;

use crate::literal::Isolation;
use crate::outcome::{CaseOutcome, ExampleOutcome, Summary};

/// Something happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// The run begins.
    Started {
        /// The server's base URL.
        target: &'a str,
        /// Whether we started the server ourselves.
        is_ours: bool,
        /// What may be sent there, in words.
        allowed: &'a str,
        /// Where the page's own text runs, if it is that which runs.
        shell: Option<Isolation>,
        /// How many examples will be replayed.
        examples: usize,
        /// How many cases of rules.
        cases: usize,
    },
    /// An example or a rule's case is being replayed.
    Working {
        /// Its id.
        name: &'a str,
    },
    /// An example is done.
    Example(&'a ExampleOutcome),
    /// A case is done.
    Case(&'a CaseOutcome),
    /// The run is over.
    Finished(&'a Summary),
}

/// Listens to a run.
pub trait Reporter {
    /// Takes one event.
    ///
    /// # Errors
    /// Those of writing.
    fn event(&mut self, event: &Event<'_>) -> io::Result<()>;
}

impl<R: Reporter + ?Sized> Reporter for Box<R> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        (**self).event(event)
    }
}

impl<R: Reporter + ?Sized> Reporter for &mut R {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        (**self).event(event)
    }
}

/// Both, one after the other.
impl<A: Reporter, B: Reporter> Reporter for (A, B) {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.0.event(event)?;
        self.1.event(event)
    }
}

impl Reporter for Vec<Box<dyn Reporter>> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.iter_mut().try_for_each(|reporter| reporter.event(event))
    }
}
