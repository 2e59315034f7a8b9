//! Forwards a call to a real model behind an OpenAI-compatible endpoint and returns its answer or its failure. A
//! failure of the endpoint keeps its meaning (throttled, timed out, refused, broken) and must never become an answer.

mod embedder;
mod following;

use std::collections::VecDeque;
use std::net::Ipv6Addr;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::{Method, Request, Response, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::cut::{BodyError, ResponseBody};
use crate::failure::Failure;
use crate::sse::SseSplitter;
use crate::stream::StreamTranslator;
use crate::translate;
use crate::wire::{Answer, ConverseRequest, Usage};

pub(crate) use embedder::Embedder;
use following::Following;

/// The largest upstream answer that is read whole.
const MAX_ANSWER_BYTES: usize = 20 * 1024 * 1024;

/// At most this many characters of an upstream error text are passed on.
const MAX_ERROR_CHARS: usize = 500;

/// An OpenAI-compatible endpoint over plain HTTP.
#[derive(Debug, Clone)]
pub struct ForwardTarget {
    host: String,
    port: u16,
    /// The path before `/v1`; usually empty.
    path: String,
    model: Option<String>,
    embedding_model: Option<String>,
    timeout: Duration,
}

/// The forward URL can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ForwardTargetError {
    /// The URL is not absolute.
    #[error("the model URL must look like http://host:port or http://host:port/v1")]
    NotAUrl,
    /// TLS is not built in.
    #[error(
        "the model URL must be plain http: this server does not speak TLS; put a local proxy in front of {0}"
    )]
    Https(String),
}

impl ForwardTarget {
    /// The endpoint at `url`, with or without a trailing `/v1`. Without a model name, the first model that the endpoint
    /// lists is used. `timeout` bounds the wait for the head of an answer and for each piece of a stream.
    pub fn new(url: &str, model: Option<String>, timeout: Duration) -> Result<Self, ForwardTargetError> {
        let uri: Uri = url.trim().parse().map_err(|_| ForwardTargetError::NotAUrl)?;
        let host = uri.host().ok_or(ForwardTargetError::NotAUrl)?.to_owned();
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(ForwardTargetError::Https(host)),
            _ => return Err(ForwardTargetError::NotAUrl),
        }
        let path = uri.path().trim_end_matches('/');
        let path = path.strip_suffix("/v1").unwrap_or(path).trim_end_matches('/').to_owned();
        let model = model.filter(|model| !model.is_empty());
        let port = uri.port_u16().unwrap_or(80);
        Ok(ForwardTarget { host, port, path, model, embedding_model: None, timeout })
    }

    /// Forwards calls for vectors, too, to this model of the endpoint. Without a name they are not forwarded, because a
    /// chat model makes no vectors.
    pub fn with_embedding_model(self, model: Option<String>) -> Self {
        ForwardTarget { embedding_model: model.filter(|model| !model.is_empty()), ..self }
    }
}

/// The endpoint in use, with the model name once it is known.
#[derive(Debug)]
pub(crate) struct Upstream {
    target: ForwardTarget,
    model: OnceCell<String>,
}

#[derive(Deserialize)]
struct ModelList {
    data: Vec<ModelEntry>,
}

#[derive(Deserialize)]
struct ModelEntry {
    id: String,
}

impl Upstream {
    pub(crate) fn new(target: ForwardTarget) -> Self {
        let model = OnceCell::new_with(target.model.clone());
        Upstream { target, model }
    }

    /// A whole answer. `usage` replaces the model's own counts.
    pub(crate) async fn converse(
        &self,
        request: &ConverseRequest,
        usage: Option<Usage>,
    ) -> Result<Answer, Failure> {
        let body = translate::chat_request(request, self.model().await?, false)?;
        let response = self.send(Method::POST, "/v1/chat/completions", Some(&body)).await?;
        let bytes = self.read(response.into_body()).await?;
        let completion = serde_json::from_slice(&bytes)
            .map_err(|_| Failure::model_error("The model's answer is not a chat completion."))?;
        translate::answer(completion, request.forced_tool(), usage)
    }

    /// A stream of frames that follows the model's own stream.
    pub(crate) async fn converse_stream(
        &self,
        request: &ConverseRequest,
        usage: Option<Usage>,
        started_at: Instant,
    ) -> Result<ResponseBody, Failure> {
        let body = translate::chat_request(request, self.model().await?, true)?;
        let response = self.send(Method::POST, "/v1/chat/completions", Some(&body)).await?;
        let forced_tool = request.forced_tool().map(|tool| tool.name.clone());
        let following = Following {
            incoming: response.into_body(),
            patience: self.target.timeout,
            splitter: SseSplitter::default(),
            translator: StreamTranslator::new(forced_tool, usage, started_at),
            ready: VecDeque::new(),
        };
        Ok(following.into_body())
    }

    /// Passes a chat completion on unchanged, except for the model's name, and returns the answer as it arrives.
    pub(crate) async fn pass_chat(&self, body: &[u8]) -> Result<Response<ResponseBody>, Failure> {
        let mut body: Value =
            serde_json::from_slice(body).map_err(|_| Failure::validation("The request body is not JSON."))?;
        if let Value::Object(fields) = &mut body {
            fields.insert("model".to_owned(), self.model().await?.into());
        }
        let response = self.send(Method::POST, "/v1/chat/completions", Some(&body)).await?;
        let content_type = response.headers().get(header::CONTENT_TYPE).cloned();
        let mut passed = Response::new(response.into_body().map_err(BodyError::Upstream).boxed_unsync());
        if let Some(content_type) = content_type {
            passed.headers_mut().insert(header::CONTENT_TYPE, content_type);
        }
        Ok(passed)
    }

    /// The embedding model, if one is named.
    pub(crate) fn embedder(&self) -> Option<Embedder<'_>> {
        self.target.embedding_model.as_deref().map(|model| Embedder { upstream: self, model })
    }

    async fn model(&self) -> Result<&str, Failure> {
        let model = self.model.get_or_try_init(|| async {
            let response = self.send(Method::GET, "/v1/models", None).await?;
            let bytes = self.read(response.into_body()).await?;
            let list: ModelList = serde_json::from_slice(&bytes)
                .map_err(|_| Failure::unavailable("The endpoint's list of models can't be read."))?;
            match list.data.into_iter().next() {
                Some(entry) => Ok(entry.id),
                None => Err(Failure::unavailable("The endpoint lists no model.")),
            }
        });
        Ok(model.await?.as_str())
    }

    /// Sends one request on a connection of its own and returns a successful response's head.
    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response<Incoming>, Failure> {
        let ForwardTarget { host, port, path: prefix, timeout: patience, .. } = &self.target;
        let bytes = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(format!("{prefix}{path}"))
            .header(header::HOST, format!("{host}:{port}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(bytes))
            .map_err(|_| Failure::unavailable("The model URL does not make a valid request."))?;
        let exchange = async {
            // The brackets of an IPv6 host belong to the URL, not to the address.
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            let stream = match bare.parse::<Ipv6Addr>() {
                Ok(address) => TcpStream::connect((address, *port)).await,
                Err(_) => TcpStream::connect((host.as_str(), *port)).await,
            }
            .map_err(|_| Failure::unavailable("The model endpoint can't be reached."))?;
            let lost =
                |_| Failure::unavailable("The model endpoint closed the connection without an answer.");
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(lost)?;
            // The task ends with the response; the caller sees its errors there.
            tokio::spawn(connection);
            sender.send_request(request).await.map_err(lost)
        };
        let response = timeout(*patience, exchange).await.map_err(|_| self.timed_out())??;
        if response.status().is_success() { Ok(response) } else { Err(self.failure(response).await) }
    }

    async fn read(&self, body: impl Body<Data = Bytes, Error = hyper::Error>) -> Result<Bytes, Failure> {
        match timeout(self.target.timeout, Limited::new(body, MAX_ANSWER_BYTES).collect()).await {
            Ok(Ok(collected)) => Ok(collected.to_bytes()),
            Ok(Err(_)) => Err(Failure::unavailable("The model's answer broke off.")),
            Err(_) => Err(self.timed_out()),
        }
    }

    fn timed_out(&self) -> Failure {
        Failure::timeout(format!("The model did not answer within {} ms.", self.target.timeout.as_millis()))
    }

    async fn failure(&self, response: Response<Incoming>) -> Failure {
        let status = response.status();
        // The header may hold a date too; no model server sends one.
        let retry_after = response
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.trim().parse().ok());
        let error: Value = match self.read(response.into_body()).await {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            Err(_) => Value::Null,
        };
        let text = error
            .pointer("/error/message")
            .or_else(|| error.get("error"))
            .or_else(|| error.get("message"))
            .and_then(Value::as_str)
            .unwrap_or("The model endpoint gave no reason.");
        let code = error.pointer("/error/code").and_then(Value::as_str);
        if code == Some("context_length_exceeded") || text.contains("maximum context length") {
            return Failure::validation("Input is too long for requested model.");
        }
        let message: String = text.chars().take(MAX_ERROR_CHARS).collect();
        Failure { retry_after, ..Failure::of_status(bedrock_status(status), message) }
    }
}

/// The status of the Bedrock error with the same meaning.
fn bedrock_status(upstream: StatusCode) -> u16 {
    match upstream.as_u16() {
        401 | 403 => 403,
        404 => 404,
        408 | 504 => 408,
        429 => 429,
        503 => 503,
        400..500 => 400,
        // A redirect or an unknown status counts as a 500.
        _ => 500,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Result<ForwardTarget, ForwardTargetError> {
        ForwardTarget::new(url, None, Duration::from_secs(1))
    }

    #[test]
    fn takes_urls_with_and_without_v1() {
        for url in ["http://127.0.0.1:11434", "http://127.0.0.1:11434/", "http://127.0.0.1:11434/v1/"] {
            let target = target(url).unwrap();
            assert_eq!((target.host.as_str(), target.port, target.path.as_str()), ("127.0.0.1", 11434, ""));
        }
        assert_eq!(target("http://models/api/v1").unwrap().path, "/api");
    }

    #[test]
    fn refuses_what_it_cannot_speak() {
        assert!(matches!(target("https://models:443/v1"), Err(ForwardTargetError::Https(_))));
        assert!(matches!(target("models:11434"), Err(ForwardTargetError::NotAUrl)));
        assert!(matches!(target("/v1"), Err(ForwardTargetError::NotAUrl)));
    }
}
