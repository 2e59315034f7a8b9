//! The Lambda Runtime API on this machine: hands events to a function that runs as a process, and takes its answers.
//!
//! It stands for Lambda in tests, benchmarks and the smoke test of foreign binaries. It must never be lenient: it
//! refuses what the service would not accept, so that a function that passes here passes on AWS.

mod request;
mod streamed;

use request::{Body, Head};
use serde_json::Value;
use std::fmt;
use std::io::{self, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::linux::net::TcpStreamExt as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a function may take for one event. Generous: it may run under an emulator or an instrumenting tool.
const TIME_FOR_ONE: Duration = Duration::from_secs(120);

pub use streamed::{Piece, Streamed};

const INVOCATION: &str = "/2018-06-01/runtime/invocation/";
const INIT_ERROR: &str = "/2018-06-01/runtime/init/error";

/// Returns the next event, and `None` when no event is left; its argument is the answer to the event before.
pub type Source = Box<dyn FnMut(Option<&Answer>) -> Option<Value> + Send>;

/// An answer that a function posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The path it was posted to: it ends with `/response` when the function succeeded and with `/error` when it
    /// failed.
    pub path: String,
    /// The body; of a streamed answer, the body that the client gets. Bytes that are not UTF-8 are replaced.
    pub body: String,
    /// Status, headers and the rest, when the answer was streamed.
    pub streamed: Option<Streamed>,
}

impl Answer {
    /// Whether the function succeeded.
    pub fn is_response(&self) -> bool {
        self.path.ends_with("/response")
    }

    /// The body as JSON; null when it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

enum Seen {
    Answer(Answer),
    /// The function asked for an event when none was left.
    Idle,
}

/// A Runtime API for one function. It stops when it is dropped.
#[derive(Debug)]
pub struct RuntimeApi {
    address: SocketAddr,
    seen: Receiver<Seen>,
    pieces: Receiver<Piece>,
    shared: Arc<Shared>,
}

struct Shared {
    stopped: AtomicBool,
    /// Whether received packets are acknowledged at once.
    acknowledges: bool,
    /// The number of pieces of a body after which the connection is closed; never, when it is the largest number.
    hang_up_after: AtomicUsize,
    state: Mutex<State>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared(..)")
    }
}

struct State {
    source: Source,
    seen: Sender<Seen>,
    pieces: Sender<Piece>,
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

    /// Hands out the events of the source.
    ///
    /// # Errors
    /// No port is free.
    pub fn start(source: Source) -> io::Result<Self> {
        Self::start_as(source, false)
    }

    /// Like `start`, but acknowledges what the function sends at once. Otherwise Linux waits some 40 ms for data to
    /// send along, and the client of the Lambda runtime, which has Nagle's algorithm on, does not send the next small
    /// piece of a streamed answer before: a measurement of many requests would measure that wait.
    ///
    /// # Errors
    /// No port is free.
    pub fn start_acknowledging(source: Source) -> io::Result<Self> {
        Self::start_as(source, true)
    }

    fn start_as(source: Source, acknowledges: bool) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (sender, seen) = channel();
        let (piece_sender, pieces) = channel();
        let state = State { source, seen: sender, pieces: piece_sender, handed_out: 0, last: None };
        let shared = Arc::new(Shared {
            stopped: AtomicBool::new(false),
            acknowledges,
            hang_up_after: AtomicUsize::new(usize::MAX),
            state: Mutex::new(state),
        });
        let served = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (false, Ok(stream)) = (served.stopped.load(Ordering::SeqCst), stream) else { return };
                let shared = Arc::clone(&served);
                thread::spawn(move || serve(&shared, &stream));
            }
        });
        Ok(Self { address, seen, pieces, shared })
    }

    /// Closes the connection of the next streamed answer after this many pieces of its body (at least one). Lambda's
    /// own connection can break too.
    pub fn hang_up_after(&self, pieces: usize) {
        self.shared.hang_up_after.store(pieces, Ordering::SeqCst);
    }

    /// Waits for the next piece of a streamed answer; `None` when none arrives within `patience`.
    pub fn piece(&self, patience: Duration) -> Option<Piece> {
        self.pieces.recv_timeout(patience).ok()
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API` for the function.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Waits for the next answer; `None` when none arrives within `patience`.
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

    /// Waits until the function asks for an event when none is left, and returns all answers. `None` when the wait for
    /// one answer exceeds `patience`, or when `alive` says that the function has ended.
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
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the listener, which then sees that it must stop.
        let _ = TcpStream::connect(self.address);
    }
}

/// Serves one connection until the function closes it, or until no event is left: then the connection stays open
/// without an answer, as Lambda keeps it between two events.
fn serve(shared: &Shared, stream: &TcpStream) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        if shared.acknowledges {
            // Each answer resets the option.
            stream.set_quickack(true).ok()?;
        }
        let head = Head::read(&mut reader)?;
        let answer = match (head.method.as_str(), head.path.strip_prefix(INVOCATION)) {
            ("GET", Some("next")) => {
                let mut state = shared.state();
                let last = state.last.take();
                let Some(event) = (state.source)(last.as_ref()) else {
                    state.seen.send(Seen::Idle).ok()?;
                    drop(state);
                    // Returns when the function ends.
                    let _ = reader.read(&mut [0]);
                    return None;
                };
                state.handed_out += 1;
                handed_out(state.handed_out - 1, &event.to_string())
            }
            ("POST", rest) if rest.is_some() || head.path == INIT_ERROR => {
                let number = shared.state().handed_out.saturating_sub(1);
                let expected = rest.is_none_or(|rest| rest.starts_with(&format!("request-{number}/")));
                let answer = if head.streams() {
                    take_streamed(shared, &head, &mut reader, number)?
                } else {
                    let body = String::from_utf8(Body::of(&head).all(&mut reader)?).ok()?;
                    Some(Answer { path: head.path, body, streamed: None })
                };
                match answer {
                    Some(answer) if expected => {
                        let mut state = shared.state();
                        state.last = Some(answer.clone());
                        state.seen.send(Seen::Answer(answer)).ok()?;
                        "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n".to_owned()
                    }
                    _ => refused("400 Bad Request"),
                }
            }
            _ => refused("404 Not Found"),
        };
        writer.write_all(answer.as_bytes()).ok()?;
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Receives a streamed answer and passes each piece on. The inner `None` is an answer that Lambda would not accept; the
/// outer one, a closed connection.
fn take_streamed(
    shared: &Shared,
    head: &Head,
    reader: &mut BufReader<&TcpStream>,
    number: usize,
) -> Option<Option<Answer>> {
    let pieces = shared.state().pieces.clone();
    let mut parser = streamed::Parser::default();
    let mut chunks = Body::of(head);
    let mut told = 0;
    while let Some(chunk) = chunks.next(reader)? {
        let Some(bytes) = parser.take(&chunk) else { continue };
        told += 1;
        let hang_up = told >= shared.hang_up_after.load(Ordering::SeqCst);
        if hang_up {
            // A test that receives the piece can rely on the connection being closed.
            shared.hang_up_after.store(usize::MAX, Ordering::SeqCst);
            reader.get_ref().shutdown(Shutdown::Both).ok()?;
        }
        pieces.send(Piece { request: number, at: Instant::now(), bytes }).ok()?;
        if hang_up {
            return None;
        }
    }
    let whole = parser.finish();
    Some(whole.filter(|_| head.may_stream()).map(|(streamed, body)| Answer {
        path: head.path.clone(),
        body: String::from_utf8_lossy(&body).into_owned(),
        streamed: Some(streamed),
    }))
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
