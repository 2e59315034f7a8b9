//! The network breaks off within an answer: a server in this process sends what a route of the deployment sent, up to some
//! byte, and closes the connection. Each library must tell its caller, and never show a cut text as a whole one.

use super::{CLAUDE, Library, NOVA, key, model};
use e2e_tests::Client;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

const TEXT: &str = "A wren is a small brown bird that sings loudly.";

static OPENAI: Library = Library::python("openai_tools").against(address);
static RESPONSES: Library = Library::python("openai_responses").against(address);
static ANTHROPIC: Library = Library::python("anthropic_messages").against(address);
static LANGCHAIN: Library = Library::python("langchain_agent").against(address);
static PYDANTIC_AI: Library = Library::python("pydantic_agent").against(address);
static LITELLM: Library = Library::python("litellm_history").against(address);
static LLAMA_INDEX: Library = Library::python_openai_2("llama_index_chat").against(address);
static OPENAI_JAVASCRIPT: Library = Library::node("openai_tools").against(address);
static AI: Library = Library::node("vercel_ai").with_model(CLAUDE).against(address);

/// The beginning of a body that the server sends to everybody before it closes the connection, within the body as HTTP
/// sees it.
static SENT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// The server; the tests share it one after the other.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn address() -> String {
    static ADDRESS: OnceLock<String> = OnceLock::new();
    let start = || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                thread::spawn(move || answer(client));
            }
        });
        address
    };
    ADDRESS.get_or_init(start).clone()
}

/// Reads one request and sends a beginning of a chunked body. The last chunk, which would end the body, never comes.
fn answer(mut client: TcpStream) {
    let mut request = BufReader::new(client.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        if request.read_line(&mut line).unwrap_or_default() == 0 {
            return;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    request.read_exact(&mut vec![0; length]).unwrap();
    let body = SENT.lock().unwrap().clone();
    let mut sent =
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    if !body.is_empty() {
        sent.extend(format!("{:x}\r\n", body.len()).into_bytes());
        sent.extend(body);
        sent.extend(b"\r\n");
    }
    // A client that has read enough may be gone.
    let _gone = client.write_all(&sent);
}

/// The body of a streamed answer of this route.
fn recorded(path: &str, question: Value) -> Vec<u8> {
    let mut body = json!({"model": NOVA, "stream": true});
    body.as_object_mut().unwrap().extend(question.as_object().unwrap().clone());
    let model = model();
    model.script(&[json!({"text": TEXT, "chunks": 3})]);
    let client = Client::with_token(&key("recorded", NOVA));
    client.post(path, &body).expect(200).text.into_bytes()
}

fn chat() -> &'static [u8] {
    static BODY: OnceLock<Vec<u8>> = OnceLock::new();
    let turns = || json!({"messages": [{"role": "user", "content": "How large is a wren?"}]});
    BODY.get_or_init(|| recorded("/v1/chat/completions", turns()))
}

fn responses() -> &'static [u8] {
    static BODY: OnceLock<Vec<u8>> = OnceLock::new();
    BODY.get_or_init(|| recorded("/v1/responses", json!({"input": "How large is a wren?", "store": false})))
}

fn messages() -> &'static [u8] {
    static BODY: OnceLock<Vec<u8>> = OnceLock::new();
    let turns =
        || json!({"max_tokens": 64, "messages": [{"role": "user", "content": "How large is a wren?"}]});
    BODY.get_or_init(|| recorded("/v1/messages", turns()))
}

/// Before the first event, after each event except the last one, and near the beginning, in the middle and near the end
/// of each.
fn cuts(body: &[u8]) -> Vec<usize> {
    let mut cuts = vec![0];
    let mut begin = 0;
    for event in String::from_utf8_lossy(body).split_inclusive("\n\n") {
        let end = begin + event.len();
        cuts.extend([begin + 3, begin + event.len() / 2, end - 1, end]);
        begin = end;
    }
    cuts.retain(|cut| *cut < body.len() - 1);
    cuts
}

/// The library has an error wherever the connection breaks.
fn assert_told(library: &Library, function: &str, body: &[u8]) {
    let _turn = turn();
    for cut in cuts(body) {
        *SENT.lock().unwrap() = body[..cut].to_vec();
        let said = library.call(function);
        let what = format!("{function}, {cut} of {} bytes: {said}", body.len());
        assert!(said["error"].is_string(), "{what}");
        if let Some(text) = said["text"].as_str() {
            assert!(TEXT.starts_with(text), "{what}");
        }
    }
}

#[test]
fn the_clients_of_openai_raise_an_error_wherever_the_connection_breaks() {
    assert_told(&OPENAI, "broken", chat());
    assert_told(&OPENAI_JAVASCRIPT, "broken", chat());
    assert_told(&RESPONSES, "broken", responses());
}

#[test]
fn the_client_of_anthropic_raises_an_error_wherever_the_connection_breaks() {
    assert_told(&ANTHROPIC, "broken", messages());
}

#[test]
fn the_libraries_for_agents_raise_an_error_wherever_the_connection_breaks() {
    for library in [&LANGCHAIN, &PYDANTIC_AI, &LITELLM, &LLAMA_INDEX] {
        assert_told(library, "broken", chat());
    }
}

#[test]
fn vercel_s_streams_have_an_error_wherever_the_connection_breaks() {
    assert_told(&AI, "chat_broken", chat());
    assert_told(&AI, "compatible_broken", chat());
    assert_told(&AI, "responses_broken", responses());
}
