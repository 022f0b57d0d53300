//! What a waiting task costs: queueing and running one while a thousand, ten thousand, ... a million wait.
//!
//! `cargo bench -p carbon-mock --bench tasks [-- MOST]`. Prints nanoseconds a task and the ratio to the smallest queue:
//! the queue is an ordered map, so that the ratio grows with the logarithm.

use std::error::Error;
use std::time::Instant;

use carbon_mock::tasks::Clock;
use carbon_mock::{Mock, Options, wire};

fn main() -> Result<(), Box<dyn Error>> {
    let most = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    println!("{:>10} {:>14} {:>14} {:>8}", "waiting", "queue ns/task", "run ns/task", "ratio");
    let mut least = None;
    for waiting in [1_000_usize, 10_000, 100_000, 1_000_000].into_iter().filter(|waiting| *waiting <= most) {
        let (queue, run) = measure(waiting)?;
        let ratio = (queue + run) / *least.get_or_insert(queue + run);
        println!("{waiting:>10} {queue:>14.0} {run:>14.0} {ratio:>8.2}");
    }
    Ok(())
}

/// Nanoseconds for queueing a change and for running one, with so many waiting.
fn measure(waiting: usize) -> Result<(f64, f64), Box<dyn Error>> {
    let options =
        Options { clock: Clock::Virtual { now: "2022-02-01T10:00:00".parse()? }, filler: 0, ..Options::new()? };
    let mock = Mock::new(options)?;
    let started = Instant::now();
    for number in 0..waiting {
        let body = format!(r#"method1=objects.create&arg1={{"name":"{number}"}}"#);
        mock.handle(wire::parse("/rest_api/v2/Operators/", body.as_bytes())?);
    }
    let queued = started.elapsed();
    let started = Instant::now();
    let ran = mock.run_tasks();
    let run = started.elapsed();
    if ran["ran"].as_u64() != Some(waiting as u64) {
        return Err(format!("{waiting} tasks were queued, and {ran} is what ran").into());
    }
    let each = |elapsed: std::time::Duration| elapsed.as_nanos() as f64 / waiting as f64;
    Ok((each(queued), each(run)))
}
