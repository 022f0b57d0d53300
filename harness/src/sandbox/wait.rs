//! Waiting for tasks by looking again: with growing pauses, up to a deadline.

use std::sync::Arc;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};

use super::SandboxError;

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
        for pause in pauses() {
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

/// The pauses between two looks at a server. A change takes seconds on the real one; a mock may be instant.
pub fn pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(20))
        .with_factor(1.7)
        .with_max_delay(Duration::from_secs(5))
        .without_max_times()
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patience(deadline: Duration) -> Patience {
        Patience { deadline, say: Arc::new(|_| {}) }
    }

    #[tokio::test]
    async fn it_asks_until_there_is_an_answer() {
        let mut asked = 0;
        let patience = patience(Duration::from_secs(60));
        let found = patience.until(async || {
            asked += 1;
            Ok((asked == 4).then_some("there"))
        });
        assert_eq!(found.await.unwrap(), Some("there"));
        assert_eq!(asked, 4);
    }

    #[tokio::test]
    async fn it_looks_a_last_time_at_the_deadline() {
        let started = Instant::now();
        let deadline = Duration::from_millis(120);
        let mut last = Duration::ZERO;
        let found: Option<()> = patience(deadline)
            .until(async || {
                last = started.elapsed();
                Ok(None)
            })
            .await
            .unwrap();
        assert_eq!(found, None);
        assert!(last >= deadline && last < deadline * 5, "{last:?}");
    }

    #[test]
    fn pauses_grow_up_to_seconds() {
        let pauses: Vec<Duration> = pauses().take(30).collect();
        assert!(pauses.is_sorted());
        assert_eq!(pauses.last(), Some(&Duration::from_secs(5)));
    }
}
