//! A progress line on stderr while the report grows on stdout. Draws only where stderr is a terminal.

use std::io;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::{Event, Reporter};

/// A reporter with a progress line below it.
pub struct Shown<R> {
    inner: R,
    bar: Option<ProgressBar>,
}

impl<R: Reporter> Shown<R> {
    /// Shows the progress of what the reporter is told.
    pub fn new(inner: R) -> Self {
        Self { inner, bar: None }
    }
}

impl<R: Reporter> Reporter for Shown<R> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        let inner = &mut self.inner;
        let told = match &self.bar {
            Some(bar) => bar.suspend(|| inner.event(event)),
            None => inner.event(event),
        };
        match (event, &self.bar) {
            (Event::Started { examples, cases, .. }, _) => {
                let bar = ProgressBar::new((examples + cases) as u64);
                if let Ok(style) = ProgressStyle::with_template("{bar:32} {pos}/{len} {msg} {elapsed}") {
                    bar.set_style(style);
                }
                bar.enable_steady_tick(Duration::from_millis(250));
                self.bar = Some(bar);
            }
            (Event::Working { name }, Some(bar)) => bar.set_message((*name).to_owned()),
            (Event::Example(_) | Event::Case(_), Some(bar)) => bar.inc(1),
            (Event::Finished(_), Some(bar)) => bar.finish_and_clear(),
            _ => {}
        }
        told
    }
}

impl<R> Drop for Shown<R> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
