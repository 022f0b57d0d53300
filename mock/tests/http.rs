//! The server over a real socket: bodies of every spelling, every kind of bad input, and bad company.

mod common;

use std::time::Duration;

use carbon_mock::http::Limits;
use common::{builder, get, parse, post, raw, request};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SHELVES: &str = "/rest_api/v2/Shelves/";

#[tokio::test]
async fn raw_encoded_and_plus_bodies_get_the_same_bytes() {
    let carbon = builder().start().await.unwrap();
    let expected = r#"{"call": "/rest_api/v2/Shelves/", "result": [{"pk": 2, "model": "Shelves", "fields": {"name": "two words"}}]}"#;
    for body in [
        r#"method1=objects.filter&arg1={"name": "two words"}&fields=["name"]"#,
        r#"method1=objects.filter&arg1={"name":+"two+words"}&fields=["name"]"#,
        "method1=objects.filter&arg1=%7B%22name%22%3A%20%22two%20words%22%7D&fields=%5B%22name%22%5D",
        "method1=objects.filter&arg1=%7b%22name%22%3a+%22two+words%22%7d&fields=%5b%22name%22%5d",
        "fields=%5B%22name%22%5D&arg1=%7B%22name%22%3A%22two+words%22%7D&method1=objects.filter",
    ] {
        let answer = post(carbon.addr(), SHELVES, body).await;
        assert_eq!((answer.status, answer.text()), (200, expected), "{body}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("content-length"), Some(expected.len().to_string().as_str()));
    }
    // Bare Cyrillic in, lower-case \u out.
    let body = r#"method1=objects.get&arg1={"name":"Верхняя полка"}&fields=["name"]"#;
    let answer = post(carbon.addr(), SHELVES, body).await;
    assert!(answer.text().contains(r#""name": "\u0412\u0435\u0440\u0445"#), "{}", answer.text());
    carbon.shutdown().await;
}

#[tokio::test]
async fn a_multipart_form_is_read_too_and_its_plus_is_a_plus() {
    let carbon = builder().start().await.unwrap();
    let part =
        |name: &str, value: &str| format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let body = format!("{}{}--B--\r\n", part("method1", "objects.filter"), part("arg1", r#"{"title":"+7"}"#));
    let kind = "content-type: multipart/form-data; boundary=B\r\n";
    let answer = request(carbon.addr(), "POST", "/rest_api/v2/Books/", kind, body.as_bytes()).await;
    assert_eq!(answer.result()[0]["pk"], 7);
    let answer = request(carbon.addr(), "POST", "/rest_api/v2/Books/", kind, b"method1=objects.all").await;
    assert!(answer.error().contains("does not start with its boundary"), "{}", answer.text());
    carbon.shutdown().await;
}

#[tokio::test]
async fn model_names_come_in_any_letter_case_and_with_or_without_the_last_slash() {
    let carbon = builder().start().await.unwrap();
    for path in ["/rest_api/v2/shelves/", "/rest_api/v2/SHELVES", "/rest_api/v2/%53helves"] {
        let answer = post(carbon.addr(), path, "method1=objects.count").await;
        assert_eq!(answer.result(), json!(2), "{path}");
    }
    let answer = post(carbon.addr(), "/rest_api/v2/shelves", "method1=objects.count").await;
    assert_eq!(answer.json()["call"], "/rest_api/v2/shelves/", "spelled as in the URL");
    carbon.shutdown().await;
}

#[tokio::test]
async fn bad_calls_get_the_vendors_envelope_and_change_nothing() {
    let carbon = builder().start().await.unwrap();
    let before = carbon.mock().state();
    let get_one = r#"method1=objects.get&arg1={"id":1}"#;
    for (body, said) in [
        (String::new(), "no method1"),
        ("arg1={}".into(), "no method1"),
        ("methd1=objects.all".into(), "`methd1`"),
        ("method1=objects.al".into(), "no attribute 'al'"),
        ("method1=objects.filter&arg1={\"nme\":1}".into(), "nme"),
        ("method1=objects.filter&arg1={\"name__near\":1}".into(), "near"),
        ("method1=objects.filter&arg1={\"id\":\"x\"}".into(), "x"),
        ("method1=objects.filter&arg1={\"name\":".into(), "arg1 is not JSON"),
        ("method1=objects.filter&arg1=1".into(), "arg1 must be a JSON object or list, not a number"),
        ("method1=objects.filter&arg1=%7B%2".into(), "`arg1`: broken percent-encoding"),
        ("method1=objects.filter&arg1=%ff".into(), "`arg1` is not UTF-8"),
        ("method1=objects.all&fields=[\"nme\"]".into(), "nme"),
        ("method1=objects.all&fields=name".into(), "fields is not JSON"),
        (format!("{get_one}&method2=set&arg2={{\"nme\":1}}&method3=save"), "nme"),
        (format!("{get_one}&method2=set&arg2={{\"locked\":\"maybe\"}}&method3=save"), "maybe"),
        (format!("{get_one}&method2=fly"), "fly"),
        ("method1=objects.get&arg1={\"id\":9}".into(), "Shelves matching query does not exist."),
        ("method1=objects.get".into(), "get() returned more than one Shelves -- it returned 2!"),
        ("method1=objects.create&arg1={\"nme\":\"x\"}".into(), "nme"),
    ] {
        let answer = post(carbon.addr(), SHELVES, &body).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
        assert!(answer.error().contains(said), "{body}: {}", answer.text());
        assert_eq!(answer.json()["call"], SHELVES);
        assert!(answer.header("x-mock-provenance").is_some());
    }
    let answer = post(carbon.addr(), "/rest_api/v2/Chairs/", "method1=objects.all").await;
    assert_eq!(answer.status, 200);
    assert!(answer.error().contains("Chairs"), "{}", answer.text());
    let answer = post(carbon.addr(), "/rest_api/v2/Shelves/?method1=objects.all", "").await;
    assert!(answer.error().contains("after `?` is not read"), "{}", answer.text());
    let json = request(carbon.addr(), "POST", SHELVES, "content-type: application/json\r\n", b"{}").await;
    assert!(json.error().contains("application/json"), "{}", json.text());
    // Whatever was wrong, nothing waits to be written either.
    carbon.mock().run_tasks();
    assert_eq!(carbon.mock().state(), before);
    let journal = carbon.mock().journal();
    assert_eq!(journal["total"], 22, "refused calls are in the journal too");
    carbon.shutdown().await;
}

#[tokio::test]
async fn what_is_no_call_gets_an_honest_status() {
    let limits = Limits { body: 1000, ..Limits::default() };
    let carbon = builder().limits(limits).start().await.unwrap();
    let addr = carbon.addr();
    for path in ["/nowhere", "/rest_api/", "/rest_api/v1/Shelves/", "/rest_api/v2/a/b/", "/rest_api/v2/Chairs/", "/%00"]
    {
        let answer = get(addr, path).await;
        assert_eq!((answer.status, answer.header("x-mock-provenance")), (404, Some("assumed")), "{path}");
        assert!(!answer.error().is_empty());
    }
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
        let answer = request(addr, method, SHELVES, "", b"").await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD, POST")), "{method}");
        assert_eq!(answer.header("x-mock-provenance"), Some("assumed"), "{method}");
    }
    let answer = request(addr, "PUT", "/rest_api/v2/", "", b"").await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")));
    assert_eq!(post(addr, "/rest_api/v2/", "method1=objects.all").await.status, 404);

    let body = format!("method1=objects.filter&arg1={{\"name\":\"{}\"}}", "x".repeat(1000));
    let answer = post(addr, SHELVES, &body).await;
    assert_eq!((answer.status, answer.header("connection")), (413, Some("close")));
    assert!(answer.error().contains("longer than 1000 bytes"), "{}", answer.text());
    // Far too long: refused before it is sent.
    let head = "POST /rest_api/v2/Shelves/ HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n";
    assert_eq!(parse(&raw(addr, head.as_bytes()).await).status, 413);
    let body = format!("method1=objects.filter&arg1={{\"name\":\"{}\"}}", "x".repeat(900));
    assert_eq!(post(addr, SHELVES, &body).await.result(), json!([]), "what fits is served");
    carbon.shutdown().await;
}

#[tokio::test]
async fn the_page_s_oddities_work_and_are_told_in_a_header() {
    let carbon = builder().start().await.unwrap();
    // users-13.3: method1, method3, and an arg2 that belongs to neither.
    let answer = post(carbon.addr(), SHELVES, r#"method1=objects.get&arg1={"id":1}&method3=save&arg2={}"#).await;
    assert_eq!(answer.result()["pk"], 1);
    assert_eq!(answer.header("x-mock-hazard"), Some("arg2 belongs to no method: there is no method2"));
    let answer = post(carbon.addr(), SHELVES, r#"method1=objects.get&arg1={"id":1}&Fields=["name"]"#).await;
    assert_eq!(answer.result()["fields"]["locked"], 0, "answered as the server does, which minds no key");
    assert_eq!(answer.header("x-mock-hazard"), Some("`Fields` is not read: did you mean `fields`?"));
    let answer = post(carbon.addr(), "/rest_api/v2/Books/", r#"method1=objects.filter&arg1={"title":"+7"}"#).await;
    assert_eq!(answer.result(), json!([]), "a bare plus is a space");
    assert!(answer.header("x-mock-hazard").unwrap().contains("%2B"));
    let answer = post(carbon.addr(), "/rest_api/v2/Books/", r#"method1=objects.filter&arg1={"title":"%2B7"}"#).await;
    assert_eq!(answer.result()[0]["pk"], 7);
    assert_eq!(answer.header("x-mock-hazard"), None);
    carbon.shutdown().await;
}

#[tokio::test]
async fn the_model_browser_speaks_html_to_people_and_json_to_programs() {
    let carbon = builder().start().await.unwrap();
    let addr = carbon.addr();
    let page = get(addr, "/rest_api/v2").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.text().contains("/rest_api/v2/Shelves/") && page.text().contains("stand &lt;&amp; lie&gt;"));
    let page = get(addr, "/rest_api/v2/books").await;
    for word in ["shelf_id", "objects.all", "Object methods", "Model methods", "Fields"] {
        assert!(page.text().contains(word), "{word}");
    }
    let accept = "accept: application/json\r\n";
    let models = request(addr, "GET", "/rest_api/v2/", accept, b"").await.json();
    assert_eq!(models["models"][0]["url"], "/rest_api/v2/Books/");
    let shelves = request(addr, "GET", SHELVES, accept, b"").await.json();
    assert_eq!(shelves["relations"], json!({ "shelf_id_books": "Books" }));
    assert!(shelves["model_methods"].get("objects.all").is_some());
    let head = request(addr, "HEAD", SHELVES, "", b"").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    carbon.shutdown().await;
}

fn many(rows: usize) -> Value {
    let books: Vec<Value> =
        (1..=rows).map(|pk| json!({ "pk": pk, "fields": { "title": format!("Книга {pk}") } })).collect();
    json!({ "Books": books })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_streams_and_a_client_that_leaves_disturbs_nobody() {
    let carbon = builder().state(many(20_000)).start().await.unwrap();
    let addr = carbon.addr();
    let answer = post(addr, "/rest_api/v2/Books/", "method1=objects.all").await;
    assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
    let list = answer.result();
    let list = list.as_array().unwrap();
    assert_eq!((list.len(), &list[19_999]["pk"]), (20_000, &json!(20_000)));
    for _ in 0..10 {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let body = "method1=objects.all";
        let head = format!("POST /rest_api/v2/Books/ HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        let mut some = [0; 100];
        stream.read_exact(&mut some).await.unwrap();
        assert!(some.starts_with(b"HTTP/1.1 200 OK"));
    }
    // The reply is a snapshot: what happens while it streams does not show in it.
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let body = "method1=objects.all";
    let head = format!(
        "POST /rest_api/v2/Books/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 100];
    stream.read_exact(&mut answer).await.unwrap();
    carbon.mock().put_state(&many(1)).unwrap();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(parse(&answer).result().as_array().unwrap().len(), 20_000);
    assert_eq!(post(addr, "/rest_api/v2/Books/", "method1=objects.count").await.result(), json!(1));
    carbon.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_and_broken_clients_disturb_nobody() {
    let time = Duration::from_millis(500);
    let limits = Limits { head_time: time, body_time: time, ..Limits::default() };
    let carbon = builder().limits(limits).start().await.unwrap();
    let addr = carbon.addr();
    let mut slow = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(b"POST /rest_api/v2/Shelves/ HTTP/1.1\r\nhost: ").await.unwrap();
        slow.push(stream);
    }
    let garbage: [&[u8]; 7] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0\0\0\0\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /rest_api/v2/Shelves/ HTTP/1.1\r\ncontent-length: -5\r\n\r\n",
        b"POST /rest_api/v2/Shelves/ HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n12345",
        b"POST /rest_api/v2/Shelves/ HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ];
    for bytes in garbage {
        let answer = raw(addr, bytes).await;
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{:?}", String::from_utf8_lossy(&answer));
    }
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(200_000));
    let answer = raw(addr, long.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{:?}", String::from_utf8_lossy(&answer));
    assert_eq!(post(addr, SHELVES, "method1=objects.count").await.result(), json!(2));

    // A body that never comes is given up, in words.
    let head = b"POST /rest_api/v2/Shelves/ HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\nmethod1";
    let answer = parse(&raw(addr, head).await);
    assert_eq!(answer.status, 408);
    // And so is a head.
    for mut stream in slow {
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "a silent connection stays open");
    }
    assert_eq!(post(addr, SHELVES, "method1=objects.count").await.result(), json!(2));
    carbon.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_serves_many_requests_and_many_connections_are_served_at_once() {
    let carbon = builder().start().await.unwrap();
    let addr = carbon.addr();
    let mut stream = TcpStream::connect(addr).await.unwrap();
    for round in 0..20 {
        // Good and bad calls alternate on one connection.
        let (body, said) = if round % 2 == 0 {
            ("method1=objects.count", r#""result": 2}"#)
        } else {
            ("method1=objects.count&arg1={", "is not JSON")
        };
        let head = format!("POST {SHELVES} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !String::from_utf8_lossy(&answer).contains(said) {
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "{}", String::from_utf8_lossy(&answer));
        }
    }
    let clients = (0..100)
        .map(|_| tokio::spawn(async move { post(addr, SHELVES, "method1=objects.count").await.result() == json!(2) }));
    for client in clients.collect::<Vec<_>>() {
        assert!(client.await.unwrap());
    }
    carbon.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_ends_open_answers_and_frees_the_port() {
    let carbon = builder().state(many(20_000)).start().await.unwrap();
    let addr = carbon.addr();
    let idle = TcpStream::connect(addr).await.unwrap();
    let long = tokio::spawn(async move { post(addr, "/rest_api/v2/Books/", "method1=objects.all").await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    tokio::time::timeout(Duration::from_secs(8), carbon.shutdown()).await.expect("the shutdown hangs");
    drop(idle);
    assert_eq!(long.await.unwrap().result().as_array().unwrap().len(), 20_000);
    assert!(TcpStream::connect(addr).await.is_err(), "nobody listens any more");
    let again = builder().listen(addr).start().await.unwrap();
    assert_eq!(again.addr(), addr);
    drop(again);
    for _ in 0..100 {
        if TcpStream::connect(addr).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a dropped server goes on listening");
}

#[tokio::test]
async fn a_port_in_use_is_said_to_be() {
    let carbon = builder().start().await.unwrap();
    let error = builder().listen(carbon.addr()).start().await.unwrap_err().to_string();
    assert!(error.contains("cannot listen on") && error.contains("is another one running?"), "{error}");
    let error = builder().clock("noon").start().await.unwrap_err().to_string();
    assert!(error.contains("`noon` is no moment"), "{error}");
    let error = builder().state(json!({ "Chairs": [] })).start().await.unwrap_err().to_string();
    assert!(error.contains("`Chairs` is no model"), "{error}");
    carbon.shutdown().await;
}

/// A reply tells on what it rests: the page, Django, or a choice of ours.
#[tokio::test]
async fn replies_tell_their_weakest_ground() {
    let carbon = carbon_mock::CarbonMock::start().await.unwrap();
    for (body, ground) in [
        (r#"method1=objects.get&arg1={"id":45}&fields=["contract_number"]"#, "documented"),
        (r#"method1=objects.filter&arg1={"id__lt":9}&method2=exists"#, "derived"),
        (r#"method1=objects.filter&arg1={"name__icontains":"vip"}&fields=["contract_number"]"#, "documented"),
        (r#"method1=objects.filter&arg1={"name__icontains":"рыб"}&fields=["contract_number"]"#, "assumed"),
        (r#"method1=objects.exclude&arg1={"name__iregex":"^a"}&method2=exists"#, "assumed"),
    ] {
        let answer = post(carbon.addr(), "/rest_api/v2/Abonents/", body).await;
        assert_eq!(answer.header("x-mock-provenance"), Some(ground), "{body}: {}", answer.text());
    }
    carbon.shutdown().await;
}
