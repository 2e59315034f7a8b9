//! A local server that speaks enough HTTP/1.1 to answer one JSON API, and remembers what reached it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// How the server treats every request.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    /// Status and body.
    With(u16, &'static str),
    /// Reads the request and stays silent.
    Silence,
}

/// A running server; it ends with the test process.
pub(crate) struct Stub {
    pub(crate) url: String,
    pub(crate) connections: Arc<AtomicU64>,
    pub(crate) authorizations: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    pub(crate) fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicU64::new(0));
        let authorizations = Arc::new(Mutex::new(Vec::new()));
        let stub = Self { url, connections: connections.clone(), authorizations: authorizations.clone() };
        thread::spawn(move || {
            for stream in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                let authorizations = authorizations.clone();
                thread::spawn(move || serve(stream.unwrap(), answer, &authorizations));
            }
        });
        stub
    }
}

/// Answers request after request until the client hangs up.
fn serve(mut stream: TcpStream, answer: Answer, authorizations: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            match line.split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().unwrap();
                }
                Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                    authorizations.lock().unwrap().push(value.to_owned());
                }
                _ => {}
            }
        }
        reader.read_exact(&mut vec![0; length]).unwrap();
        if let Answer::With(status, body) = answer {
            let head = format!("HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.0\r\n");
            write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
        }
    }
}
