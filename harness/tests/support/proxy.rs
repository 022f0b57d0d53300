//! A proxy that keeps what it forwards, and may change replies on their way.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What went through: path and body.
pub type Forwarded = Arc<Mutex<Vec<(String, String)>>>;

/// A request on its way.
pub struct Request {
    pub method: String,
    pub path: String,
    pub body: String,
    content_type: String,
}

/// A reply on its way: its status (`200 OK`), its type and its body.
#[derive(Default)]
pub struct Reply {
    pub status: String,
    content_type: String,
    pub body: Vec<u8>,
}

/// Sees a request, may pass it on, and answers; without an answer the connection is closed.
type Between = dyn Fn(&Request, &dyn Fn() -> Reply) -> Option<Reply> + Send + Sync;

/// A running proxy; its thread ends with the test's process.
pub struct Proxy {
    pub url: String,
    pub forwarded: Forwarded,
}

/// Forwards to a server, passing each reply's body through `change` with the request's path.
pub fn start(upstream: &str, change: impl Fn(&str, Vec<u8>) -> Vec<u8> + Send + Sync + 'static) -> Proxy {
    start_with(upstream, move |path, status, body| (status.to_owned(), change(path, body)))
}

/// The same, passing the status through as well: `200 OK`.
pub fn start_with(
    upstream: &str,
    change: impl Fn(&str, &str, Vec<u8>) -> (String, Vec<u8>) + Send + Sync + 'static,
) -> Proxy {
    start_asked(upstream, move |path, _, status, body| change(path, status, body))
}

/// The same, with what was asked: the request's body.
pub fn start_asked(
    upstream: &str,
    change: impl Fn(&str, &str, &str, Vec<u8>) -> (String, Vec<u8>) + Send + Sync + 'static,
) -> Proxy {
    start_between(upstream, move |request, pass_on| {
        let reply = pass_on();
        let (status, body) = change(&request.path, &request.body, &reply.status, reply.body);
        Some(Reply { status, body, ..reply })
    })
}

/// Forwards what stands between lets pass, and answers what it says.
pub fn start_between(
    upstream: &str,
    between: impl Fn(&Request, &dyn Fn() -> Reply) -> Option<Reply> + Send + Sync + 'static,
) -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("it has an address"));
    let upstream = upstream.trim_start_matches("http://").to_owned();
    let forwarded = Forwarded::default();
    let kept = Arc::clone(&forwarded);
    let between: Arc<Between> = Arc::new(between);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (upstream, kept, between) = (upstream.clone(), Arc::clone(&kept), Arc::clone(&between));
            thread::spawn(move || {
                let _ = serve(&stream, &upstream, &kept, &*between);
            });
        }
    });
    Proxy { url, forwarded }
}

fn serve(mut stream: &TcpStream, upstream: &str, kept: &Forwarded, between: &Between) -> std::io::Result<()> {
    let request = read(stream)?;
    kept.lock().expect("no thread panicked").push((request.path.clone(), request.body.clone()));
    let pass_on =
        || ask(upstream, &request).unwrap_or_else(|_| Reply { status: "502 Bad Gateway".into(), ..Reply::default() });
    let Some(reply) = between(&request, &pass_on) else { return Ok(()) };
    write!(stream, "HTTP/1.1 {}\r\n", reply.status)?;
    if !reply.content_type.is_empty() {
        write!(stream, "Content-Type: {}\r\n", reply.content_type)?;
    }
    write!(stream, "Content-Length: {}\r\nConnection: close\r\n\r\n", reply.body.len())?;
    stream.write_all(&reply.body)
}

fn read(stream: &TcpStream) -> std::io::Result<Request> {
    let mut reader = BufReader::new(stream);
    let mut request_line = String::new();
    reader.read_line(&mut request_line)?;
    let mut words = request_line.split_whitespace();
    let (method, path) = (words.next().unwrap_or("GET").to_owned(), words.next().unwrap_or("/").to_owned());
    let mut length = 0;
    let mut content_type = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "content-type" => content_type = value.trim().to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Request { method, path, body: String::from_utf8_lossy(&body).into_owned(), content_type })
}

fn ask(upstream: &str, request: &Request) -> std::io::Result<Reply> {
    let Request { method, path, body, content_type } = request;
    // HTTP/1.0, so that the answer comes whole and unchunked, and ends with the connection.
    let mut server = TcpStream::connect(upstream)?;
    write!(server, "{method} {path} HTTP/1.0\r\nHost: {upstream}\r\nContent-Type: {content_type}\r\n")?;
    write!(server, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(answer.len());
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.lines().next().and_then(|line| line.split_once(' ')).map_or("502 Bad Gateway", |(_, rest)| rest);
    let named =
        |line: &str| line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-type")).is_some();
    let content_type =
        head.lines().find(|line| named(line)).and_then(|line| line.split_once(": ")).map(|(_, value)| value);
    Ok(Reply {
        status: status.to_owned(),
        content_type: content_type.unwrap_or_default().to_owned(),
        body: answer.get(end + 4..).unwrap_or_default().to_vec(),
    })
}
