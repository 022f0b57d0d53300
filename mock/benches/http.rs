//! Calls over HTTP against a bare hyper server that reads the same body and sends the same bytes; and whether a call
//! depends on how many subscribers there are.
//!
//! `cargo bench -p carbon-mock --bench http [-- ABONENTS]` (default 100000).

mod common;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use carbon_mock::CarbonMock;
use common::{Failure, Load, abonents, rounds};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

const TIME: Duration = Duration::from_millis(300);
const ROUNDS: usize = 9;

/// The calls: what, model, body.
const CALLS: [(&str, &str, &str); 5] = [
    ("get by id", "Abonents", r#"method1=objects.get&arg1={"id":45}"#),
    ("filter by indexed column", "Abonents", r#"method1=objects.filter&arg1={"contract_number":"BILL0000021"}"#),
    ("filter by reverse column", "Abonents", r#"method1=objects.filter&arg1={"abonent_id_users__ip":"127.1.2.3"}"#),
    ("filter by FK's column", "Users", r#"method1=objects.filter&arg1={"abonent__contract_number":"BILL0000021"}"#),
    ("count by indexed column", "Users", r#"method1=objects.filter&arg1={"abonent_id":12200}&method2=count"#),
];

fn main() -> Result<(), Failure> {
    let many = abonents(100_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let few_mock = runtime.block_on(CarbonMock::builder().abonents(1_000).start())?;
    let many_mock = runtime.block_on(CarbonMock::builder().abonents(many).start())?;
    println!(
        "requests a second, medians of {ROUNDS} interleaved rounds of {TIME:?}; the ratio to a bare hyper server\n"
    );
    println!("{:<26} {:>9} {:>11} {:>6} {:>11} {:>6}", "", "bare", "1000", "ratio", many, "ratio");
    let mut get = None;
    for (what, model, body) in CALLS {
        let few = Load::call(few_mock.addr(), model, body);
        let most = Load::call(many_mock.addr(), model, body);
        let answer = few.once()?;
        if answer != most.once()? || answer.windows(7).any(|part| part == b"\"error\"") {
            return Err(format!("{what}: {}", String::from_utf8_lossy(&answer)).into());
        }
        let bare = Load::call(runtime.block_on(bare(answer))?, model, body);
        let loads = [&bare, &few, &most];
        let [bare, few, most] = rounds(ROUNDS, |which| loads[which].rate(TIME))?;
        let (first, second) = (few / bare, most / bare);
        println!("{what:<26} {bare:>9.0} {few:>11.0} {first:>6.2} {most:>11.0} {second:>6.2}");
        let get = get.get_or_insert(most);
        if what != "get by id" {
            println!("{:<26} {:>43.2} of get by id", "", most / *get);
        }
    }
    Ok(())
}

/// A hyper server that reads the body and answers always the same.
async fn bare(answer: Vec<u8>) -> Result<SocketAddr, Failure> {
    let answer = Bytes::from(answer);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            let _ = stream.set_nodelay(true);
            tokio::spawn(async move {
                let service = service_fn(move |request: Request<Incoming>| {
                    let answer = answer.clone();
                    async move {
                        let read = request.into_body().collect().await.map(|body| body.to_bytes().len());
                        let mut response = Response::new(Full::new(answer));
                        let kind = if read.is_ok() { "application/json" } else { "text/plain" };
                        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
                        Ok::<_, Infallible>(response)
                    }
                });
                let _ = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    Ok(addr)
}
