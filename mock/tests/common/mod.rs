//! What the tests over a socket share: a small contract of their own, and a client that can misbehave.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use carbon_mock::CarbonMock;
use carbon_mock::server::Builder;
use carbon_specs::Contract;
use carbon_specs::files::{self, Files};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Two models that the billing knows nothing of, so that these tests speak of the transport alone.
pub fn contract_files() -> Files {
    let mut files = Files::new();
    files.insert("manager.toml".into(), files::embedded()["manager.toml"].clone());
    files.insert("inventory.tsv".into(), "id\tline\tkind\tmodel\tmethods\tsql\n".into());
    files.insert(
        "models/Shelves.toml".into(),
        r#"
        name = "Shelves"
        table = "shelves"
        pk = "id"
        title = "Where books stand <& lie>"
        source = "page 1"
        fields.id = { type = "int", source = "page 1" }
        fields.name = { type = "string", null = true, source = "page 1" }
        fields.locked = { type = "flag", default = 0, source = "page 1" }
        "#
        .into(),
    );
    files.insert(
        "models/Books.toml".into(),
        r#"
        name = "Books"
        table = "books"
        pk = "id"
        title = "Books"
        source = "page 1"
        fields.id = { type = "int", source = "page 1" }
        fields.shelf = { type = "fk", to = "Shelves", null = true, source = "page 1" }
        fields.title = { type = "string", null = true, source = "page 1" }
        fields.bought = { type = "date", null = true, source = "page 1" }
        "#
        .into(),
    );
    files.insert(
        "demo/books.toml".into(),
        r#"
        [[Shelves]]
        pk = 1
        name = "Верхняя полка"

        [[Shelves]]
        pk = 2
        name = "two words"

        [[Books]]
        pk = 7
        shelf_id = 1
        title = "+7"
        "#
        .into(),
    );
    files
}

/// A server over the small contract, not started yet.
pub fn builder() -> Builder {
    CarbonMock::builder().contract(Arc::new(Contract::load(&contract_files()).unwrap())).abonents(0)
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The envelope's error.
    #[track_caller]
    pub fn error(&self) -> String {
        let json = self.json();
        json["error"].as_str().unwrap_or_else(|| panic!("no error in {json}")).to_owned()
    }

    /// The envelope's result.
    #[track_caller]
    pub fn result(&self) -> Value {
        let json = self.json();
        assert_eq!(self.status, 200, "{json}");
        assert!(json.get("error").is_none(), "{json}");
        json["result"].clone()
    }
}

/// Sends bytes and reads what comes until the server closes.
pub async fn raw(addr: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    // The server may close before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(120), stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the server neither answered nor closed");
    answer
}

/// One request on a connection of its own.
pub async fn request(addr: SocketAddr, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
    let mut bytes = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    parse(&raw(addr, &bytes).await)
}

/// A call as curl sends it.
pub async fn post(addr: SocketAddr, path: &str, body: &str) -> Answer {
    let headers = "content-type: application/x-www-form-urlencoded\r\n";
    request(addr, "POST", path, headers, body.as_bytes()).await
}

pub async fn get(addr: SocketAddr, path: &str) -> Answer {
    request(addr, "GET", path, "", b"").await
}

/// A whole response: head, and body with its chunks put together.
#[track_caller]
pub fn parse(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no head in {:?}", String::from_utf8_lossy(bytes)));
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let mut answer = Answer { status, headers, body: bytes[end + 4..].to_vec() };
    if answer.header("transfer-encoding") == Some("chunked") {
        answer.body = unchunked(&answer.body);
    }
    answer
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = bytes.windows(2).position(|window| window == b"\r\n").expect("the body broke off");
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 2 + size + 2..];
    }
}
