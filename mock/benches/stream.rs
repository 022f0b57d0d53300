//! A long list, streamed: every subscriber with two expanded relations. The time to the first byte, the memory above the
//! state, and the lookups' share: the same bytes written from objects that are held already.
//!
//! `cargo bench -p carbon-mock --bench stream [-- ABONENTS]` (default 100000).

mod common;

use std::time::Instant;

use carbon_mock::{CarbonMock, Mock, pyjson, wire};
use common::{Failure, Load, abonents, memory, rounds};
use serde_json::Value;

const ROUNDS: usize = 5;
const BODY: &str =
    r#"method1=objects.all&fields=["id","name","contract_number","sms","create_date","account","abonent_id_users"]"#;

fn main() -> Result<(), Failure> {
    let many = abonents(100_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!(
        "every subscriber with the account and the list of logins; first byte and MiB/s: the best of {ROUNDS} rounds, ratio: of their medians\n"
    );
    println!(
        "{:>11} {:>8} {:>15} {:>10} {:>16} {:>22}",
        "subscribers", "MiB", "first byte, ms", "MiB a s", "memory above, MiB", "time / writing alone"
    );
    for count in [many / 10, many] {
        let server = runtime.block_on(CarbonMock::builder().abonents(count).start())?;
        let load = Load::call(server.addr(), "Abonents", BODY);
        let (before, _) = memory()?;
        load.timed()?;
        let above = memory()?.1.saturating_sub(before);
        let (mut first, mut whole, mut bytes) = (f64::MAX, f64::MAX, 0);
        for _ in 0..ROUNDS {
            let timed = load.timed()?;
            (first, whole, bytes) = (first.min(timed.0), whole.min(timed.1), timed.2);
        }
        let held = objects(server.mock())?;
        let [streamed, written] = rounds(ROUNDS, |which| {
            let started = Instant::now();
            match which {
                0 => streamed(server.mock())?,
                _ => write(&held),
            };
            Ok(started.elapsed().as_secs_f64())
        })?;
        let size = bytes as f64 / 1048576.0;
        println!(
            "{count:>11} {size:>8.1} {:>15.2} {:>10.0} {:>17.1} {:>22.2}",
            first * 1000.0,
            size / whole,
            above as f64 / 1048576.0,
            streamed / written
        );
    }
    Ok(())
}

/// Asks without a network, and counts the bytes.
fn streamed(mock: &Mock) -> Result<usize, Failure> {
    let call = wire::parse("/rest_api/v2/Abonents/", BODY.as_bytes())?;
    Ok(wire::body(mock.handle(call)).map(|piece| piece.map(|piece| piece.len())).sum::<Result<usize, _>>()?)
}

/// The objects of an answer, held.
fn objects(mock: &Mock) -> Result<Vec<Value>, Failure> {
    let call = wire::parse("/rest_api/v2/Abonents/", BODY.as_bytes())?;
    let bytes = wire::body(mock.handle(call)).collect::<Result<Vec<_>, _>>()?.concat();
    match serde_json::from_slice::<Value>(&bytes)?["result"].take() {
        Value::Array(objects) => Ok(objects),
        other => Err(format!("no objects: {other}").into()),
    }
}

/// Writes objects that are held already, in pieces as large as the mock's.
fn write(objects: &[Value]) -> usize {
    let mut bytes = 0;
    let mut piece = Vec::with_capacity(2 * wire::CHUNK);
    for object in objects {
        pyjson::write(&mut piece, object);
        piece.extend_from_slice(b", ");
        if piece.len() >= wire::CHUNK {
            bytes += piece.len();
            piece.clear();
        }
    }
    bytes + piece.len()
}
