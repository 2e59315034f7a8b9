//! A small OpenAI-compatible server: it answers with given replies and keeps the requests.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// One piece of a reply's body.
pub(crate) enum Piece {
    Data(String),
    Wait(Duration),
    /// The connection breaks here.
    Break,
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<&'static str>,
    pub(crate) pieces: Vec<Piece>,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Reply { status, retry_after: None, pieces: vec![Piece::Data(body.to_string())] }
    }

    /// A chat completion with this message.
    pub(crate) fn message(message: &Value, finish_reason: &str) -> Self {
        let usage = json!({
            "prompt_tokens": 30, "completion_tokens": 5, "total_tokens": 35,
            "prompt_tokens_details": {"cached_tokens": 10},
        });
        let choice = json!({"index": 0, "message": message, "finish_reason": finish_reason});
        Self::json(
            200,
            &json!({"id": "chatcmpl-7", "object": "chat.completion", "choices": [choice], "usage": usage}),
        )
    }

    /// A stream of these chunks, each an event of its own.
    pub(crate) fn chunks(chunks: &[Value]) -> Self {
        let pieces = chunks.iter().map(|chunk| Piece::Data(format!("data: {chunk}\n\n"))).collect();
        Reply { status: 200, retry_after: None, pieces }
    }

    pub(crate) fn then(mut self, piece: Piece) -> Self {
        self.pieces.push(piece);
        self
    }

    pub(crate) fn done(self) -> Self {
        self.then(Piece::Data("data: [DONE]\n\n".to_owned()))
    }
}

/// The requests so far: method and path, and the body.
type Asked = Vec<(String, Value)>;

pub(crate) struct OpenAi {
    pub(crate) url: String,
    asked: Arc<Mutex<Asked>>,
    accepting: JoinHandle<()>,
}

impl Drop for OpenAi {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl OpenAi {
    pub(crate) async fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Asked::new()));
        let replies = Arc::new(Mutex::new(VecDeque::from(replies)));
        let kept = Arc::clone(&asked);
        let accepting = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (asked, replies) = (Arc::clone(&kept), Arc::clone(&replies));
                let service =
                    service_fn(move |request| answer(request, Arc::clone(&asked), Arc::clone(&replies)));
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        OpenAi { url, asked, accepting }
    }

    pub(crate) fn asked(&self) -> Asked {
        self.asked.lock().unwrap().clone()
    }
}

type ReplyBody = http_body_util::combinators::UnsyncBoxBody<Bytes, std::io::Error>;

async fn answer(
    request: Request<Incoming>,
    asked: Arc<Mutex<Asked>>,
    replies: Arc<Mutex<VecDeque<Reply>>>,
) -> Result<Response<ReplyBody>, Infallible> {
    let line = format!("{} {}", request.method(), request.uri().path());
    let body = request.into_body().collect().await.unwrap().to_bytes();
    asked.lock().unwrap().push((line, serde_json::from_slice(&body).unwrap_or_default()));
    let reply = replies.lock().unwrap().pop_front().expect("no reply left");
    let mut response = Response::builder().status(reply.status);
    if let Some(seconds) = reply.retry_after {
        response = response.header("retry-after", seconds);
    }
    let pieces = futures_util::stream::unfold(VecDeque::from(reply.pieces), |mut pieces| async {
        loop {
            let frame = match pieces.pop_front()? {
                Piece::Data(data) => Ok(Frame::data(Bytes::from(data))),
                Piece::Wait(time) => {
                    tokio::time::sleep(time).await;
                    continue;
                }
                Piece::Break => Err(std::io::Error::other("broken")),
            };
            return Some((frame, pieces));
        }
    });
    Ok(response.body(StreamBody::new(pieces).boxed_unsync()).unwrap())
}
