//! The records of Bedrock's batch files, in the form of Converse (`modelInvocationType: Converse`). The input of a record
//! is the body that the ordinary call sends, and its output is read as the answer to the ordinary call is.

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::retry::RetryConfig;
use aws_sdk_bedrockruntime::config::{BehaviorVersion, Config, Region, StalledStreamProtectionConfig};
use ports::{BatchRecords, BoxFuture, ModelAnswer, ModelCall, ModelError, Source};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::failure::{self, ProviderFailure};
use crate::offline::{Offline, PreparedAnswer};
use crate::raw_json::WrittenArguments;
use crate::request::Request;
use crate::{answer, request, tools};

/// The length of a record's id. Some pages of the service's guide ask for exactly 11 letters and digits, and others for
/// any text.
const ID_LENGTH: usize = 11;

/// Records of Bedrock's batch files. It makes no request and needs no credentials.
#[derive(Debug, Clone)]
pub struct BedrockBatchRecords {
    client: Client,
}

/// The id is not 11 letters and digits.
#[derive(Debug, thiserror::Error)]
#[error("the id of a record is not 11 letters and digits")]
struct UnusableId;

/// The call needs tools, or has a guardrail.
#[derive(Debug, thiserror::Error)]
#[error("batches in the form of Converse take no tools and no guardrails")]
struct NotTaken;

/// The line is no record of results. Neither the line nor the reader's error, which may quote it, is kept.
#[derive(Debug, thiserror::Error)]
#[error("the line is not a record of results with an id")]
struct NoRecord;

#[derive(Deserialize)]
struct Identified {
    #[serde(rename = "recordId")]
    record_id: String,
}

/// A line of results: the output, or the error in its place. The input, which the service repeats, is skipped.
#[derive(Deserialize)]
struct ResultLine<'a> {
    #[serde(rename = "modelOutput", borrow)]
    output: Option<&'a RawValue>,
    error: Option<RecordError>,
}

#[derive(Deserialize)]
struct RecordError {
    /// The HTTP status that the ordinary call would have.
    #[serde(rename = "errorCode")]
    code: u16,
    #[serde(rename = "errorMessage", default)]
    message: String,
}

impl Default for BedrockBatchRecords {
    fn default() -> Self {
        Self::new()
    }
}

impl BedrockBatchRecords {
    /// The records of any model.
    pub fn new() -> Self {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            // Region and address are not in a record.
            .region(Region::from_static("us-east-1"))
            .endpoint_url("http://offline.invalid")
            .allow_no_auth()
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        Self { client: Client::from_conf(config.build()) }
    }

    async fn line(&self, record_id: &str, call: &ModelCall) -> Result<Vec<u8>, ModelError> {
        if record_id.len() != ID_LENGTH || !record_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(failure::refused(ProviderFailure::Request(UnusableId.into())));
        }
        if !self.takes(call) {
            return Err(failure::refused(ProviderFailure::Request(NotTaken.into())));
        }
        let Request { builder, texts, .. } =
            request::whole(&self.client, call).map_err(failure::unbuildable)?;
        // Nobody reads the answer.
        let offline = Offline::new(PreparedAnswer::of("{}"));
        let request = builder.customize().interceptor(texts).config_override(offline.configuration());
        let outcome = request.send().await;
        let body = offline.sent();
        if body.is_empty() {
            let cause = ProviderFailure::Incomplete("request");
            return Err(outcome.map_or_else(failure::of_call, |_| failure::unavailable(cause)));
        }
        let mut line = format!("{{\"recordId\":\"{record_id}\",\"modelInput\":").into_bytes();
        line.extend(body);
        line.push(b'}');
        Ok(line)
    }

    async fn read(&self, call: &ModelCall, line: &[u8]) -> Result<ModelAnswer, ModelError> {
        let unreadable = |_| failure::unavailable(ProviderFailure::Unreadable { request_id: None });
        let line: ResultLine<'_> = serde_json::from_slice(line).map_err(unreadable)?;
        let answer = match (line.error, line.output) {
            (Some(error), _) => error.into_answer(),
            (None, Some(output)) => PreparedAnswer::of(output.get()),
            (None, None) => return Err(failure::unavailable(ProviderFailure::Incomplete("output"))),
        };
        let (offline, written) = (Offline::new(answer), WrittenArguments::default());
        // Nobody reads the request.
        let request = self.client.converse().model_id(&call.model).customize();
        let request = request.interceptor(written.clone()).config_override(offline.configuration());
        let output = request.send().await.map_err(failure::of_call)?;
        answer::read(output, &written.taken(), &tools::names(call).tools)
    }
}

impl RecordError {
    /// The answer to the ordinary call, so that both have the same meaning.
    fn into_answer(self) -> PreparedAnswer {
        let body = serde_json::json!({ "message": self.message }).to_string();
        PreparedAnswer { status: self.code, error: name_of(self.code), body }
    }
}

/// The names that Converse documents for its statuses; a result has the status alone.
fn name_of(status: u16) -> Option<&'static str> {
    Some(match status {
        400 => "ValidationException",
        403 => "AccessDeniedException",
        404 => "ResourceNotFoundException",
        408 => "ModelTimeoutException",
        424 => "ModelErrorException",
        429 => "ThrottlingException",
        500 => "InternalServerException",
        503 => "ServiceUnavailableException",
        _ => return None,
    })
}

impl BatchRecords for BedrockBatchRecords {
    /// The service answers records that have tools with 400. Tools that may not be called and are not in the history
    /// are not sent. The service does not state that it applies guardrails to records, so a call with one is no record.
    fn takes(&self, call: &ModelCall) -> bool {
        !tools::are_needed(call) && call.guardrail.is_none()
    }

    fn record<'a>(
        &'a self,
        record_id: &'a str,
        call: &'a ModelCall,
    ) -> BoxFuture<'a, Result<Vec<u8>, ModelError>> {
        Box::pin(self.line(record_id, call))
    }

    fn record_id(&self, line: &[u8]) -> Result<String, Source> {
        let line: Identified = serde_json::from_slice(line).map_err(|_| NoRecord)?;
        Ok(line.record_id)
    }

    fn completion<'a>(
        &'a self,
        call: &'a ModelCall,
        line: &'a [u8],
    ) -> BoxFuture<'a, Result<ModelAnswer, ModelError>> {
        Box::pin(self.read(call, line))
    }
}
