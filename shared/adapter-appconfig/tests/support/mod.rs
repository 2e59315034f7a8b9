//! A local AppConfig: the data plane's REST wire format over HTTP. Each token is valid for one request, and a session
//! with the newest document gets an empty body.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// The deployed document, and the answers to the next calls.
#[derive(Default)]
struct State {
    document: Vec<u8>,
    version: u64,
    /// The version in the session of a token.
    tokens: HashMap<String, u64>,
    issued: u64,
    calls: Vec<String>,
    begun: Vec<Value>,
    fault: Option<Fault>,
    /// The number of calls that fail before the others are answered.
    failing: usize,
    /// The seconds that clients must wait.
    pause: u64,
}

/// A fault of every call until it is removed.
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "the measuring server has no faults")]
pub(crate) enum Fault {
    /// An error of the service.
    Internal,
    /// The answer is lost: the token is used up, and the connection breaks.
    LostAnswer,
    /// The answer comes after this time.
    Slow(Duration),
}

/// Status, headers and body.
type Answer = (u16, Vec<(&'static str, String)>, Vec<u8>);

#[derive(Clone)]
pub(crate) struct AppConfigStub {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

#[allow(dead_code, reason = "the measuring server counts only")]
impl AppConfigStub {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stub = Self { url, state: Arc::default() };
        let serving = stub.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stub = serving.clone();
                thread::spawn(move || serve(stream.unwrap(), &stub));
            }
        });
        stub
    }

    /// Deploys a document.
    pub(crate) fn deploy(&self, document: &str) {
        let mut state = self.state.lock().unwrap();
        state.document = document.as_bytes().to_vec();
        state.version += 1;
    }

    pub(crate) fn fault(&self, fault: Option<Fault>) {
        self.state.lock().unwrap().fault = fault;
    }

    /// Makes the next calls fail.
    pub(crate) fn fail_next(&self, calls: usize) {
        self.state.lock().unwrap().failing = calls;
    }

    /// Asks clients to wait this many seconds.
    pub(crate) fn pause(&self, seconds: u64) {
        self.state.lock().unwrap().pause = seconds;
    }

    /// Forgets every session, as AppConfig does after a day.
    pub(crate) fn expire_tokens(&self) {
        self.state.lock().unwrap().tokens.clear();
    }

    /// The operations since the last call of this function.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().calls)
    }

    /// The requests with which sessions began.
    pub(crate) fn begun(&self) -> Vec<Value> {
        self.state.lock().unwrap().begun.clone()
    }

    fn answer(&self, line: &str, body: &[u8]) -> Option<Answer> {
        let mut state = self.state.lock().unwrap();
        let (method, target) = line.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let operation = match (method, path) {
            ("POST", "/configurationsessions") => "StartConfigurationSession",
            ("GET", "/configuration") => "GetLatestConfiguration",
            _ => panic!("no such operation: {method} {path}"),
        };
        state.calls.push(operation.to_owned());
        let fault = state.fault;
        if let Some(Fault::Slow(time)) = fault {
            drop(state);
            thread::sleep(time);
            state = self.state.lock().unwrap();
        }
        let fails = state.failing > 0;
        state.failing = state.failing.saturating_sub(1);
        if fails || matches!(fault, Some(Fault::Internal)) {
            return Some(error(500, "InternalServerException"));
        }
        let answer = if operation == "StartConfigurationSession" {
            let request: Value = serde_json::from_slice(body).unwrap();
            let known =
                request["ApplicationIdentifier"].as_str().is_some_and(|name| name.starts_with("sextant-"));
            state.begun.push(request);
            if !known {
                return Some(error(404, "ResourceNotFoundException"));
            }
            let token = issue(&mut state, 0);
            (201, vec![json_type()], json!({"InitialConfigurationToken": token}).to_string().into_bytes())
        } else {
            let token = query.strip_prefix("configuration_token=").unwrap().replace("%3D", "=");
            let Some(has) = state.tokens.remove(&token) else {
                return Some(error(400, "BadRequestException"));
            };
            let version = state.version;
            let next = issue(&mut state, version);
            let headers = vec![
                ("Content-Type", "application/json".to_owned()),
                ("Next-Poll-Configuration-Token", next),
                ("Next-Poll-Interval-In-Seconds", state.pause.to_string()),
            ];
            (200, headers, if has == version { vec![] } else { state.document.clone() })
        };
        (!matches!(fault, Some(Fault::LostAnswer))).then_some(answer)
    }
}

fn issue(state: &mut State, version: u64) -> String {
    state.issued += 1;
    let token = format!("token-{}==", state.issued);
    state.tokens.insert(token.clone(), version);
    token
}

fn json_type() -> (&'static str, String) {
    ("Content-Type", "application/json".to_owned())
}

fn error(status: u16, kind: &str) -> Answer {
    let headers = vec![json_type(), ("x-amzn-ErrorType", kind.to_owned())];
    (status, headers, json!({"Message": "refused"}).to_string().into_bytes())
}

fn serve(mut stream: TcpStream, stub: &AppConfigStub) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some((line, body)) = read(&mut reader) {
        let Some((status, headers, body)) = stub.answer(&line, &body) else { return };
        let mut head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        // The client may have given up.
        if write!(stream, "{head}\r\n").and_then(|()| stream.write_all(&body)).is_err() {
            return;
        }
    }
}

/// Method and target of a request, and its body.
fn read(reader: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut first = String::new();
    if reader.read_line(&mut first).unwrap_or(0) == 0 {
        return None;
    }
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().unwrap()
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let line = first.trim_end().strip_suffix(" HTTP/1.1").unwrap().to_owned();
    Some((line, body))
}
