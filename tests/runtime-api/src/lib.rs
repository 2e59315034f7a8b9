//! The Lambda Runtime API on this machine: hands events to a function that runs as a process, and takes its answers.
//!
//! It stands for Lambda in tests, benchmarks and the smoke test of foreign binaries. It must never be lenient: what the
//! service would not accept is refused, so that a function that passes here passes there.

use serde_json::Value;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a function may take for one event. Generous: it may run under an emulator or an instrumenting tool.
const TIME_FOR_ONE: Duration = Duration::from_secs(120);

const INVOCATION: &str = "/2018-06-01/runtime/invocation/";
const INIT_ERROR: &str = "/2018-06-01/runtime/init/error";

/// Gives the next event, and `None` when there is none left; it is given the answer to the event before.
pub type Source = Box<dyn FnMut(Option<&Answer>) -> Option<Value> + Send>;

/// What a function posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Where to: it ends with `/response` when the function succeeded and with `/error` when it failed.
    pub path: String,
    /// What.
    pub body: String,
}

impl Answer {
    /// Whether the function succeeded.
    pub fn is_response(&self) -> bool {
        self.path.ends_with("/response")
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

enum Seen {
    Answer(Answer),
    /// The function asked for an event when there was none left.
    Idle,
}

/// A Runtime API for one function, until it is dropped.
#[derive(Debug)]
pub struct RuntimeApi {
    address: SocketAddr,
    seen: Receiver<Seen>,
    stopped: Arc<AtomicBool>,
}

struct Shared {
    stopped: Arc<AtomicBool>,
    state: Mutex<State>,
}

struct State {
    source: Source,
    seen: Sender<Seen>,
    handed_out: usize,
    last: Option<Answer>,
}

impl RuntimeApi {
    /// Hands out these events, one after the other.
    ///
    /// # Errors
    /// No port is free.
    pub fn with_events(events: impl IntoIterator<Item = Value>) -> io::Result<Self> {
        let mut events = events.into_iter().collect::<Vec<_>>().into_iter();
        Self::start(Box::new(move |_| events.next()))
    }

    /// Hands out what the source gives.
    ///
    /// # Errors
    /// No port is free.
    pub fn start(source: Source) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (sender, seen) = channel();
        let stopped = Arc::new(AtomicBool::new(false));
        let state = State { source, seen: sender, handed_out: 0, last: None };
        let shared = Arc::new(Shared { stopped: Arc::clone(&stopped), state: Mutex::new(state) });
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (false, Ok(stream)) = (shared.stopped.load(Ordering::SeqCst), stream) else { return };
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(&shared, &stream));
            }
        });
        Ok(Self { address, seen, stopped })
    }

    /// What the function is told as `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// The next answer; `None` when none comes in time.
    pub fn answer(&self, patience: Duration) -> Option<Answer> {
        let until = Instant::now() + patience;
        loop {
            match self.seen.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Seen::Answer(answer)) => return Some(answer),
                Ok(Seen::Idle) => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// Waits until the function asks for an event and there is none left: the answers to all. `None` when it takes longer
    /// than `patience` from one answer to the next, or when `alive` says that the function has ended.
    pub fn all_answers(&self, patience: Duration, mut alive: impl FnMut() -> bool) -> Option<Vec<Answer>> {
        let mut answers = Vec::new();
        let mut until = Instant::now() + patience;
        loop {
            match self.seen.recv_timeout(Duration::from_millis(50)) {
                Ok(Seen::Answer(answer)) => {
                    answers.push(answer);
                    until = Instant::now() + patience;
                }
                Ok(Seen::Idle) => return Some(answers),
                Err(RecvTimeoutError::Timeout) if Instant::now() < until && alive() => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            }
        }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the listener, which then finds that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

/// Serves one connection until the function closes it, or until there is nothing left to hand out: then the connection
/// stays open without an answer, as Lambda keeps it between two events.
fn serve(shared: &Shared, stream: &TcpStream) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let request = Request::read(&mut reader)?;
        let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = match (request.method.as_str(), request.path.strip_prefix(INVOCATION)) {
            ("GET", Some("next")) => {
                let last = state.last.take();
                let Some(event) = (state.source)(last.as_ref()) else {
                    state.seen.send(Seen::Idle).ok()?;
                    drop(state);
                    // Ends with the function.
                    let _ = reader.read(&mut [0]);
                    return None;
                };
                state.handed_out += 1;
                handed_out(state.handed_out - 1, &event.to_string())
            }
            ("POST", rest) if rest.is_some() || request.path == INIT_ERROR => {
                let expected = format!("request-{}/", state.handed_out.saturating_sub(1));
                if rest.is_some_and(|rest| !rest.starts_with(&expected)) {
                    refused("400 Bad Request")
                } else {
                    let answer = Answer { path: request.path, body: request.body };
                    state.last = Some(answer.clone());
                    state.seen.send(Seen::Answer(answer)).ok()?;
                    "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n".to_owned()
                }
            }
            _ => refused("404 Not Found"),
        };
        drop(state);
        writer.write_all(answer.as_bytes()).ok()?;
    }
}

fn refused(status: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")
}

fn handed_out(number: usize, event: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let deadline = (now + TIME_FOR_ONE).as_millis();
    format!(
        "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: request-{number}\r\n\
         Lambda-Runtime-Deadline-Ms: {deadline}\r\nLambda-Runtime-Trace-Id: Root=1-abc\r\n\
         Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:local\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{event}",
        event.len()
    )
}

struct Request {
    method: String,
    path: String,
    body: String,
}

impl Request {
    fn read(reader: &mut BufReader<&TcpStream>) -> Option<Self> {
        let mut first = String::new();
        if reader.read_line(&mut first).ok()? == 0 {
            return None;
        }
        let mut words = first.split(' ');
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut length = 0;
        let mut chunked = false;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let Some((name, value)) = header.trim().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok()?;
            }
            chunked |= name.eq_ignore_ascii_case("transfer-encoding");
        }
        let body = if chunked { chunks(reader)? } else { exactly(reader, length)? };
        Some(Self { method, path, body: String::from_utf8(body).ok()? })
    }
}

fn exactly(reader: &mut BufReader<&TcpStream>, length: usize) -> Option<Vec<u8>> {
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}

/// A body in chunks (RFC 9112, section 7.1), without trailers.
fn chunks(reader: &mut BufReader<&TcpStream>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let length = usize::from_str_radix(line.trim().split(';').next()?, 16).ok()?;
        body.extend(exactly(reader, length)?);
        exactly(reader, 2)?;
        if length == 0 {
            return Some(body);
        }
    }
}
