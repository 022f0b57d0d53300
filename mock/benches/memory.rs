//! What rows cost: memory for each, and the time to make and load them.
//!
//! `cargo bench -p carbon-mock --bench memory [-- ABONENTS]` (default 100000).

mod common;

use std::time::Instant;

use carbon_mock::CarbonMock;
use common::{Failure, abonents, memory};

fn main() -> Result<(), Failure> {
    let count = abonents(100_000);
    // What the contract and the program itself take is not the rows'.
    let empty = CarbonMock::builder().abonents(0).build()?;
    let few = empty.snapshot().0.len();
    let (before, _) = memory()?;
    let started = Instant::now();
    let mock = CarbonMock::builder().abonents(count).build()?;
    let seconds = started.elapsed().as_secs_f64();
    let (after, peak) = memory()?;
    let rows = mock.snapshot().0.len() - few;
    let bytes = after.saturating_sub(before) as f64;
    println!("{count} subscribers, {rows} rows of all models, made and loaded in {seconds:.1} s");
    println!(
        "{:.0} MiB: {:.0} bytes a row, {:.0} bytes a subscriber with all that is his",
        bytes / 1048576.0,
        bytes / rows as f64,
        bytes / count as f64
    );
    println!("the most held meanwhile: {} MiB", peak / 1048576);
    for model in &mock.snapshot().0.schema().models {
        let rows = mock.snapshot().0.table(model.id).len();
        if rows > 1000 {
            println!("  {:>9} {} ({} columns)", rows, model.name, model.fields.len());
        }
    }
    Ok(())
}
