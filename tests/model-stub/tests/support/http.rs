//! A small HTTP client, which sees when each piece of an answer arrives.

use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use model_stub::Stub;
use serde_json::Value;

/// An answer, and the time at which each piece arrived; `whole` is false when the body broke off.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) head: HeaderMap,
    pub(crate) pieces: Vec<(Duration, String)>,
    pub(crate) whole: bool,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        self.pieces.iter().map(|(_, piece)| piece.as_str()).collect()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap()
    }

    /// The data of the stream's events.
    pub(crate) fn events(&self) -> Vec<String> {
        self.text()
            .split_terminator("\n\n")
            .map(|event| event.strip_prefix("data: ").unwrap().to_owned())
            .collect()
    }
}

pub(crate) async fn post(stub: &Stub, path: &str, body: &Value) -> Answer {
    send(stub, Method::POST, path, body.to_string()).await
}

pub(crate) async fn get(stub: &Stub, path: &str) -> Answer {
    send(stub, Method::GET, path, String::new()).await
}

pub(crate) async fn put(stub: &Stub, path: &str, body: String) -> Answer {
    send(stub, Method::PUT, path, body).await
}

async fn send(stub: &Stub, method: Method, path: &str, body: String) -> Answer {
    let authority = stub.url().strip_prefix("http://").unwrap();
    let stream = tokio::net::TcpStream::connect(authority).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let body = Full::new(Bytes::from(body));
    let request = Request::builder().method(method).uri(path).header("host", authority).body(body).unwrap();
    let started = Instant::now();
    let (head, mut body) = sender.send_request(request).await.unwrap().into_parts();
    let (mut pieces, mut whole) = (Vec::new(), true);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            whole = false;
            break;
        };
        pieces.push((started.elapsed(), String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()));
    }
    Answer { status: head.status, head: head.headers, pieces, whole }
}
