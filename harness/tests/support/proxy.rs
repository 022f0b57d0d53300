//! A proxy that keeps what it forwards, and may change replies on their way.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What went through: path and body.
pub type Forwarded = Arc<Mutex<Vec<(String, String)>>>;

/// Makes another status and body of a path, what was asked there, a status and a body.
type Change = dyn Fn(&str, &str, &str, Vec<u8>) -> (String, Vec<u8>);

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
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("it has an address"));
    let upstream = upstream.trim_start_matches("http://").to_owned();
    let forwarded = Forwarded::default();
    let kept = Arc::clone(&forwarded);
    let change = Arc::new(change);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (upstream, kept, change) = (upstream.clone(), Arc::clone(&kept), Arc::clone(&change));
            thread::spawn(move || {
                let _ = serve(&stream, &upstream, &kept, &*change);
            });
        }
    });
    Proxy { url, forwarded }
}

fn serve(stream: &TcpStream, upstream: &str, kept: &Forwarded, change: &Change) -> std::io::Result<()> {
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
    let asked = String::from_utf8_lossy(&body).into_owned();
    kept.lock().expect("no thread panicked").push((path.clone(), asked.clone()));

    // HTTP/1.0, so that the answer comes whole and unchunked, and ends with the connection.
    let mut server = TcpStream::connect(upstream)?;
    write!(server, "{method} {path} HTTP/1.0\r\nHost: {upstream}\r\nContent-Type: {content_type}\r\n")?;
    write!(server, "Content-Length: {length}\r\n\r\n")?;
    server.write_all(&body)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(answer.len());
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.lines().next().and_then(|line| line.split_once(' ')).map_or("502 Bad Gateway", |(_, rest)| rest);
    let (status, body) = change(&path, &asked, status, answer.get(end + 4..).unwrap_or_default().to_vec());

    let mut stream = stream;
    write!(stream, "HTTP/1.1 {status}\r\n")?;
    for line in head.lines().skip(1).filter(|line| line.to_ascii_lowercase().starts_with("content-type:")) {
        write!(stream, "{line}\r\n")?;
    }
    write!(stream, "Content-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    stream.write_all(&body)
}
