//! What the benchmarks share: a load of plain HTTP, rounds that interleave what is compared, medians, memory.
#![allow(dead_code, reason = "each benchmark uses its part")]

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// What can go wrong in a benchmark.
pub type Failure = Box<dyn Error + Send + Sync>;

/// One HTTP request, over and over.
#[derive(Clone)]
pub struct Load {
    addr: SocketAddr,
    request: Vec<u8>,
}

impl Load {
    /// A call of the API.
    pub fn call(addr: SocketAddr, model: &str, body: &str) -> Self {
        let head = format!(
            "POST /rest_api/v2/{model}/ HTTP/1.1\r\nHost: {addr}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        Self { addr, request: [head.as_bytes(), body.as_bytes()].concat() }
    }

    /// The bytes of one answer's body.
    pub fn once(&self) -> Result<Vec<u8>, Failure> {
        let mut connection = Connection::open(self.addr)?;
        let mut body = Vec::new();
        connection.ask(&self.request, &mut body)?;
        Ok(body)
    }

    /// Seconds until the first byte of the answer, seconds until the last, and the number of bytes.
    pub fn timed(&self) -> Result<(f64, f64, usize), Failure> {
        let mut stream = TcpStream::connect(self.addr)?;
        let request = String::from_utf8_lossy(&self.request).replacen("\r\n", "\r\nConnection: close\r\n", 1);
        let started = Instant::now();
        stream.write_all(request.as_bytes())?;
        let mut buffer = vec![0; 1 << 16];
        let mut bytes = stream.read(&mut buffer)?;
        let first = started.elapsed().as_secs_f64();
        loop {
            match stream.read(&mut buffer)? {
                0 => return Ok((first, started.elapsed().as_secs_f64(), bytes)),
                more => bytes += more,
            }
        }
    }

    /// Requests a second, by two clients that each wait for their answer, for so long.
    pub fn rate(&self, time: Duration) -> Result<f64, Failure> {
        let started = Instant::now();
        let client = || -> Result<u64, Failure> {
            let mut connection = Connection::open(self.addr)?;
            let mut body = Vec::new();
            let mut answered = 0;
            while started.elapsed() < time {
                connection.ask(&self.request, &mut body)?;
                answered += 1;
            }
            Ok(answered)
        };
        let answered = std::thread::scope(|scope| -> Result<u64, Failure> {
            let clients = [scope.spawn(client), scope.spawn(client)];
            let mut answered = 0;
            for client in clients {
                answered += client.join().map_err(|_| "a client panicked")??;
            }
            Ok(answered)
        })?;
        Ok(answered as f64 / started.elapsed().as_secs_f64())
    }
}

/// A connection that is kept.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    fn open(addr: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; 1 << 16] })
    }

    /// Sends a request and reads one answer: with a length, or in chunks.
    fn ask(&mut self, request: &[u8], answer: &mut Vec<u8>) -> Result<(), Failure> {
        self.stream.write_all(request)?;
        answer.clear();
        loop {
            let more = self.stream.read(&mut self.buffer)?;
            if more == 0 {
                return Err("the server closed the connection".into());
            }
            answer.extend_from_slice(&self.buffer[..more]);
            let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let text = std::str::from_utf8(&answer[..head])?.to_ascii_lowercase();
            let length =
                text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
            let whole = match length {
                Some(length) => answer.len() >= head + 4 + length,
                None => answer.ends_with(b"\r\n0\r\n\r\n"),
            };
            if whole {
                answer.drain(..head + 4);
                return Ok(());
            }
        }
    }
}

/// Measures each of several things once a round, in turn, and gives the median of each: what disturbs one round
/// disturbs all of them.
pub fn rounds<const N: usize>(
    count: usize,
    mut measure: impl FnMut(usize) -> Result<f64, Failure>,
) -> Result<[f64; N], Failure> {
    let mut seen: [Vec<f64>; N] = std::array::from_fn(|_| Vec::with_capacity(count));
    for _ in 0..count {
        for (which, seen) in seen.iter_mut().enumerate() {
            seen.push(measure(which)?);
        }
    }
    Ok(seen.map(|mut values| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    }))
}

/// Bytes of memory that this process holds now, and the most it ever held.
pub fn memory() -> Result<(u64, u64), Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kilobytes = |name: &str| {
        let line =
            status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such line in /proc/self/status")?;
        let number = line.trim().trim_end_matches("kB").trim().parse::<u64>()?;
        Ok::<u64, Failure>(number * 1024)
    };
    Ok((kilobytes("VmRSS:")?, kilobytes("VmHWM:")?))
}

/// The subscribers to measure with: the number on the command line, or else.
pub fn abonents(usual: usize) -> usize {
    std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(usual)
}
