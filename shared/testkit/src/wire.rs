//! The connection between the adapters and the embedded database. It counts calls and the capacity that they use, and
//! can treat a call as networks and busy services do: refuse it, delay it, or lose its answer after it was carried out.

use serde_json::Value;
use std::collections::VecDeque;
use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// A fault of a call.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The call is answered with this status and body instead of being carried out.
    Answer(u16, Value),
    /// It is answered with status 200 and an empty body instead of being carried out.
    NoBody,
    /// The call is carried out, but its answer never arrives: the connection breaks.
    LostAnswer,
    /// The call is carried out after this time.
    Delay(Duration),
}

impl Fault {
    /// A transaction that was canceled for these reasons, one for each action.
    pub fn canceled(reasons: &[&str]) -> Self {
        let reasons: Vec<Value> = reasons.iter().map(|code| serde_json::json!({ "Code": code })).collect();
        Self::Answer(
            400,
            serde_json::json!({
                "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                "Message": "Transaction cancelled",
                "CancellationReasons": reasons,
            }),
        )
    }

    /// DynamoDB throttles.
    pub fn throttled() -> Self {
        Self::Answer(
            400,
            serde_json::json!({
                "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
                "message": "too much",
            }),
        )
    }
}

/// A call that was carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The operation, such as `GetItem`.
    pub operation: String,
    /// The capacity units that it used: read units of reads, write units of writes.
    pub capacity: f64,
    /// The entries that a query read, also those that a filter left out; 0 for other operations.
    pub scanned: u64,
}

/// Says whether a call may go on. It is called when the call arrives, and again when the call was carried out and its
/// answer is about to be sent.
type Gate = Arc<dyn Fn() -> bool + Send + Sync>;

/// The connection; clones share it.
#[derive(Debug, Clone)]
pub struct Wire(Arc<Shared>);

struct Shared {
    address: SocketAddr,
    database: SocketAddr,
    calls: Mutex<Vec<Call>>,
    faults: Mutex<VecDeque<(String, Fault)>>,
    gate: Mutex<Option<Gate>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Wire {
    pub(crate) fn to(database: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let wire = Self(Arc::new(Shared {
            address,
            database,
            calls: Mutex::default(),
            faults: Mutex::default(),
            gate: Mutex::default(),
        }));
        let shared = Arc::downgrade(&wire.0);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (Some(shared), Ok(client)) = (shared.upgrade(), client) else { return };
                thread::spawn(move || serve(&shared, client));
            }
        });
        wire
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0.address)
    }

    /// The address, also for other processes.
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// From now on a call goes on only while `gate` returns true; otherwise its connection breaks. `gate` is called
    /// before the call is carried out and before its answer is sent.
    pub fn gate(&self, gate: impl Fn() -> bool + Send + Sync + 'static) {
        *lock(&self.0.gate) = Some(Arc::new(gate));
    }

    /// The next call of this operation without a fault gets `fault`.
    pub fn fail_next(&self, operation: &str, fault: Fault) {
        lock(&self.0.faults).push_back((operation.to_owned(), fault));
    }

    /// The number of faults that no call has met yet.
    pub fn faults_left(&self) -> usize {
        lock(&self.0.faults).len()
    }

    /// The calls that were carried out since the last call of this function.
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut lock(&self.0.calls))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Wakes the listener, which then sees that it must stop.
        let _ = TcpStream::connect(self.address);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Carries the calls of one connection, one after the other, until either side closes it.
fn serve(shared: &Shared, client: TcpStream) -> Option<()> {
    let upstream = TcpStream::connect(shared.database).ok()?;
    for stream in [&client, &upstream] {
        stream.set_nodelay(true).ok()?;
    }
    let (mut from_client, mut from_upstream) = (BufReader::new(&client), BufReader::new(&upstream));
    loop {
        let request = Message::read(&mut from_client)?;
        let operation = request.header("x-amz-target")?.rsplit('.').next()?.to_owned();
        if !goes_on(shared) {
            return None;
        }
        let fault = take_fault(shared, &operation);
        match &fault {
            Some(Fault::Answer(status, body)) => {
                answer_instead(&client, *status, &body.to_string())?;
                continue;
            }
            Some(Fault::NoBody) => {
                answer_instead(&client, 200, "")?;
                continue;
            }
            Some(Fault::Delay(time)) => thread::sleep(*time),
            Some(Fault::LostAnswer) | None => {}
        }
        (&upstream).write_all(&request.bytes()).ok()?;
        let answer = Message::read(&mut from_upstream)?;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let scanned = body["ScannedCount"].as_u64().unwrap_or_default();
        lock(&shared.calls).push(Call { operation, capacity: consumed(&body), scanned });
        if matches!(fault, Some(Fault::LostAnswer)) || !goes_on(shared) {
            client.shutdown(Shutdown::Both).ok()?;
            return None;
        }
        (&client).write_all(&answer.bytes()).ok()?;
    }
}

fn answer_instead(mut client: &TcpStream, status: u16, body: &str) -> Option<()> {
    let head = format!("HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.0");
    let length = body.len();
    client.write_all(format!("{head}\r\ncontent-length: {length}\r\n\r\n{body}").as_bytes()).ok()
}

fn goes_on(shared: &Shared) -> bool {
    let gate = lock(&shared.gate).clone();
    gate.is_none_or(|gate| gate())
}

fn take_fault(shared: &Shared, operation: &str) -> Option<Fault> {
    let mut faults = lock(&shared.faults);
    let position = faults.iter().position(|(wanted, _)| wanted == operation)?;
    faults.remove(position).map(|(_, fault)| fault)
}

/// The capacity units in an answer: of one table, or of each table of a batch or transaction.
fn consumed(body: &Value) -> f64 {
    let units = |used: &Value| used["CapacityUnits"].as_f64().unwrap_or_default();
    match &body["ConsumedCapacity"] {
        Value::Array(tables) => tables.iter().map(units).sum(),
        one => units(one),
    }
}

/// A request or an answer with a content length, as all of DynamoDB's have.
struct Message {
    lines: Vec<String>,
    body: Vec<u8>,
}

impl Message {
    fn read(from: &mut impl BufRead) -> Option<Self> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if from.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_owned();
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let mut message = Self { lines, body: Vec::new() };
        message.body = vec![0; message.header("content-length")?.parse().ok()?];
        from.read_exact(&mut message.body).ok()?;
        Some(message)
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.lines
            .iter()
            .filter_map(|line| line.split_once(": "))
            .find_map(|(found, value)| found.eq_ignore_ascii_case(name).then_some(value))
    }

    fn bytes(&self) -> Vec<u8> {
        [self.lines.join("\r\n").as_bytes(), b"\r\n\r\n", &self.body].concat()
    }
}
