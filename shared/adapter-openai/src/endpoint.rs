//! The HTTP connection to one server. A request returns the head of a good answer, or the meaning of a bad one.
//!
//! It trusts Mozilla's roots, not the system's, and uses no proxy. It must never follow a redirect: that would give the
//! key and the prompt to the server that the answer names.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use ports::ModelError;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;

use crate::failure::{self, ProviderFailure, refused, unavailable};
use crate::settings::{KeySource, Server, SettingsError};

/// A server that can't be reached in this time counts as unreachable.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A connection that was idle for longer was most likely closed by the server.
const IDLE: Duration = Duration::from_secs(30);

/// The largest answer that is read whole: some thousand vectors.
const MAX_ANSWER: usize = 128 * 1024 * 1024;

/// The largest error that is read.
const MAX_ERROR: usize = 64 * 1024;

/// One server and its connections.
#[derive(Clone)]
pub(crate) struct Endpoint {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
    key: Option<KeySource>,
}

impl Endpoint {
    pub(crate) fn new(server: Server) -> Result<Self, SettingsError> {
        let mut roots = RootCertStore::empty();
        if server.tls {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(SettingsError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls);
        let connector = if server.tls { connector.https_only() } else { connector.https_or_http() };
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .build(connector.enable_http1().wrap_connector(tcp));
        Ok(Self { client, base: server.base, key: server.key })
    }

    /// Sends a request. Dropping it, or the answer, closes the connection. A kept connection that was closed before
    /// anything was sent on it is replaced by a new one; nothing is ever sent twice.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Response<Incoming>, ModelError> {
        let mut request = Request::post(format!("{}{path}", self.base))
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, "sextant")
            .body(Full::new(Bytes::from(body.to_string())))
            .map_err(|error| refused(ProviderFailure::Request(error.into())))?;
        if let Some(key) = &self.key {
            let key = key().await.map_err(|error| unavailable(ProviderFailure::Key(error)))?;
            request.headers_mut().insert(AUTHORIZATION, bearer(&key)?);
        }
        let response = self.client.request(request).await.map_err(|error| {
            unavailable(if error.is_connect() {
                ProviderFailure::Connection(error.into())
            } else {
                ProviderFailure::Lost(error.into())
            })
        })?;
        if response.status().is_success() { Ok(response) } else { Err(error(response).await) }
    }

    /// Sends a request and reads its whole answer.
    pub(crate) async fn ask(&self, path: &str, body: &Value) -> Result<Bytes, ModelError> {
        let body = self.post(path, body).await?.into_body();
        match Limited::new(body, MAX_ANSWER).collect().await {
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) => Err(unavailable(ProviderFailure::BrokenAnswer(error))),
        }
    }
}

/// The error does not say what is wrong with the key.
fn bearer(key: &str) -> Result<HeaderValue, ModelError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", key.trim()))
        .map_err(|_| refused(ProviderFailure::Request("the key can't be sent".into())))?;
    value.set_sensitive(true);
    Ok(value)
}

async fn error(response: Response<Incoming>) -> ModelError {
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
    let milliseconds = ["retry-after-ms", "x-ms-retry-after-ms"].into_iter().find_map(header);
    let retry_after = milliseconds.and_then(|value| failure::retry_after_ms(&value)).or_else(|| {
        header(RETRY_AFTER.as_str()).and_then(|value| failure::retry_after(&value, SystemTime::now()))
    });
    let request_id = header("x-request-id");
    // A body that can't be read tells nothing; the status still does.
    let body = match Limited::new(response.into_body(), MAX_ERROR).collect().await {
        Ok(collected) => {
            let bytes = collected.to_bytes();
            let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
            serde_json::from_slice(&bytes).unwrap_or_else(|_| text())
        }
        Err(_) => Value::Null,
    };
    failure::of_answer(status, &body, retry_after, request_id)
}
