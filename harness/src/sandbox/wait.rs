//! Waiting for tasks by looking again: with growing pauses, up to a deadline.

use std::sync::Arc;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};

use super::ask::SandboxError;

/// How long to wait for a server's tasks, and whom to tell.
#[derive(Clone)]
pub struct Patience {
    /// How long one change may take to be seen.
    pub deadline: Duration,
    /// Hears what is being done.
    pub say: Arc<dyn Fn(&str) + Send + Sync>,
}

impl std::fmt::Debug for Patience {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Patience").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

impl Patience {
    /// Tells what is being done.
    pub fn say(&self, text: &str) {
        (self.say)(text);
    }

    /// Asks until there is an answer. `None` once the deadline has passed.
    ///
    /// # Errors
    /// Those of the question.
    pub async fn until<T>(
        &self,
        mut ask: impl AsyncFnMut() -> Result<Option<T>, SandboxError>,
    ) -> Result<Option<T>, SandboxError> {
        let started = Instant::now();
        // A change takes seconds on the real server; a mock may be instant.
        let pauses = ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(20))
            .with_factor(1.7)
            .with_max_delay(Duration::from_secs(5))
            .without_max_times();
        for pause in pauses.build() {
            if let Some(found) = ask().await? {
                return Ok(Some(found));
            }
            let left = self.deadline.saturating_sub(started.elapsed());
            if left.is_zero() {
                break;
            }
            tokio::time::sleep(pause.min(left)).await;
        }
        Ok(None)
    }
}
