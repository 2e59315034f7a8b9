//! A local server that speaks enough HTTP/1.1 to answer one JSON API, and remembers what reached it.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::SystemTime;

/// How the server treats every request.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    /// Status and body.
    With(u16, &'static str),
    /// Reads the request and stays silent.
    Silence,
    /// Reads the request and closes the connection in the middle of its answer.
    Half,
    /// Reads the request and closes the connection.
    Nothing,
    /// Its clock is so many seconds ahead. It refuses signatures that are not within five minutes of its time; with
    /// a right clock it refuses every signature.
    RefuseClock { ahead: i64 },
    /// The same in the form of a REST protocol: the code stands in a header.
    RefuseClockInHeader { ahead: i64 },
}

/// A request, with its header names in lower case.
#[derive(Clone)]
pub(crate) struct Request {
    /// The path as it was sent.
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// A running server; it ends with the test process.
pub(crate) struct Stub {
    pub(crate) url: String,
    pub(crate) connections: Arc<AtomicU64>,
    pub(crate) requests: Arc<Mutex<Vec<Request>>>,
}

impl Stub {
    pub(crate) fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicU64::new(0));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let stub = Self { url, connections: connections.clone(), requests: requests.clone() };
        thread::spawn(move || {
            for stream in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                let requests = requests.clone();
                thread::spawn(move || serve(stream.unwrap(), answer, &requests));
            }
        });
        stub
    }

    /// The signatures that reached it.
    pub(crate) fn authorizations(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter_map(|request| request.headers.get("authorization").cloned()).collect()
    }
}

/// The seconds by which this time is ahead of the clock.
pub(crate) fn ahead(time: SystemTime) -> i64 {
    DateTime::from(time).secs() - DateTime::from(SystemTime::now()).secs()
}

/// Answers request after request until the client hangs up.
fn serve(mut stream: TcpStream, answer: Answer, requests: &Mutex<Vec<Request>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut headers = BTreeMap::new();
        let mut path = String::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(": ") {
                headers.insert(name.to_ascii_lowercase(), value.to_owned());
            } else {
                path.extend(line.split(' ').nth(1));
            }
        }
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let signed = headers.get("x-amz-date").cloned().unwrap_or_default();
        requests.lock().unwrap().push(Request { path, headers, body });
        let mut code = "";
        let (status, body, ahead) = match answer {
            Answer::Silence => continue,
            Answer::Nothing => return,
            Answer::Half => {
                write!(stream, "HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n{{").unwrap();
                return;
            }
            Answer::With(status, body) => (status, body, 0),
            Answer::RefuseClock { ahead } if ahead == 0 || !within_five_minutes(&signed, ahead) => {
                (400, r#"{"__type":"com.amazon.coral.service#InvalidSignatureException"}"#, ahead)
            }
            Answer::RefuseClockInHeader { ahead } if !within_five_minutes(&signed, ahead) => {
                code = "x-amzn-errortype: InvalidSignatureException:http://internal.amazon.com/\r\n";
                (403, r#"{"message":"Signature expired"}"#, ahead)
            }
            Answer::RefuseClock { ahead } | Answer::RefuseClockInHeader { ahead } => (200, "{}", ahead),
        };
        let date = DateTime::from_secs(DateTime::from(SystemTime::now()).secs() + ahead);
        let date = date.fmt(Format::HttpDate).unwrap();
        let head =
            format!("HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.0\r\ndate: {date}\r\n");
        write!(stream, "{head}{code}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    }
}

fn within_five_minutes(signed: &str, ahead: i64) -> bool {
    let seconds = DateTime::from(SystemTime::now()).secs() + ahead;
    let times = (seconds - 300..=seconds + 300)
        .map(|seconds| DateTime::from_secs(seconds).fmt(Format::DateTime).unwrap().replace(['-', ':'], ""));
    times.into_iter().any(|time| time == signed)
}
