//! A connector in the place of the network: it keeps the body of the one request that it gets and answers with a
//! prepared response. With it, the SDK's own operation writes a request to be sent later and reads an answer that came
//! another way, so that no mapping exists twice.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_bedrockruntime::config::{Builder, Config};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::{Response, StatusCode};
use aws_smithy_types::body::SdkBody;

/// The connector of one call. Clones share its state. `Debug` shows nothing of the request or the answer.
#[derive(Clone)]
pub(crate) struct Offline(Arc<Mutex<State>>);

struct State {
    answer: Option<PreparedAnswer>,
    sent: Vec<u8>,
}

/// The answer to the one request.
pub(crate) struct PreparedAnswer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The service's name for its error.
    pub(crate) error: Option<&'static str>,
    pub(crate) body: String,
}

impl PreparedAnswer {
    /// A successful answer with this body.
    pub(crate) fn of(body: impl Into<String>) -> Self {
        Self { status: 200, error: None, body: body.into() }
    }

    fn response(self) -> Result<Response, ConnectorError> {
        let status = StatusCode::try_from(self.status).map_err(|error| ConnectorError::user(error.into()))?;
        let mut response = Response::new(status, SdkBody::from(self.body));
        if let Some(name) = self.error {
            response.headers_mut().insert("x-amzn-errortype", name);
        }
        Ok(response)
    }
}

impl Offline {
    pub(crate) fn new(answer: PreparedAnswer) -> Self {
        Self(Arc::new(Mutex::new(State { answer: Some(answer), sent: Vec::new() })))
    }

    /// The body of the request, once; empty when none was made.
    pub(crate) fn sent(&self) -> Vec<u8> {
        mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).sent)
    }

    /// The configuration of a call that uses this connector.
    pub(crate) fn configuration(&self) -> Builder {
        let connector = SharedHttpConnector::new(self.clone());
        Config::builder().http_client(http_client_fn(move |_, _| connector.clone()))
    }
}

impl std::fmt::Debug for Offline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Offline").finish_non_exhaustive()
    }
}

impl HttpConnector for Offline {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.sent = request.body().bytes().map(<[u8]>::to_vec).unwrap_or_default();
        // There is one attempt.
        let answer = state.answer.take().ok_or_else(|| ConnectorError::user("a second request".into()));
        HttpConnectorFuture::ready(answer.and_then(PreparedAnswer::response))
    }
}
