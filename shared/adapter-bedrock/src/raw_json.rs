//! JSON that keeps its own order and spacing: schemas, and arguments of calls of tools. Bedrock compares the beginning of
//! a prompt byte by byte with those in its prompt cache, and models write properties in the order of the schema. The SDK
//! keeps objects in hash maps, whose order differs each time. So the request is built with a placeholder for each text,
//! which is replaced before the request is signed, and arguments are read from the answer's own bytes.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_bedrockruntime::config::{ConfigBag, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_smithy_types::Document;
use aws_smithy_types::body::SdkBody;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The texts of a request that stand as they are.
#[derive(Debug, Default)]
pub(crate) struct RawTexts(Vec<String>);

impl RawTexts {
    /// The placeholder of a JSON text.
    pub(crate) fn document(&mut self, json: String) -> Document {
        self.0.push(json);
        Document::String(placeholder(self.0.len() - 1))
    }

    /// The interceptor that puts the texts in their places.
    pub(crate) fn into_interceptor(self) -> InsertTexts {
        InsertTexts(self.0)
    }
}

/// The beginning of a placeholder; its place and a quote follow.
const PLACEHOLDER: &str = "sextant-raw-json-";

fn placeholder(place: usize) -> String {
    format!("{PLACEHOLDER}{place}")
}

/// Puts texts in place of their placeholders.
#[derive(Debug)]
pub(crate) struct InsertTexts(Vec<String>);

impl InsertTexts {
    /// The body with the texts. A placeholder is found with its member's name, which no text of a caller can imitate,
    /// because quotes are escaped in it.
    fn inserted(&self, body: &str) -> String {
        let mut whole = String::with_capacity(body.len() + self.0.iter().map(String::len).sum::<usize>());
        let sign = format!(":\"{PLACEHOLDER}");
        let mut parts = body.split(sign.as_str());
        whole.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let known = whole.ends_with("\"json\"") || whole.ends_with("\"input\"");
            let found = part.split_once('"').filter(|_| known).and_then(|(place, after)| {
                let json = self.0.get(place.parse::<usize>().ok()?)?;
                Some((json, after))
            });
            match found {
                Some((json, after)) => whole.extend([":", json, after]),
                None => whole.extend([":\"", PLACEHOLDER, part]),
            }
        }
        whole
    }
}

impl Intercept for InsertTexts {
    fn name(&self) -> &'static str {
        "InsertTexts"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let request = context.request_mut();
        let body = request.body().bytes().ok_or("the body is not in memory")?;
        let body = self.inserted(std::str::from_utf8(body)?);
        request.headers_mut().insert("content-length", body.len().to_string());
        *request.body_mut() = SdkBody::from(body);
        Ok(())
    }
}

/// The arguments of the calls in an answer, in their order and as the model wrote them.
#[derive(Debug, Clone, Default)]
pub(crate) struct WrittenArguments(Arc<Mutex<Vec<String>>>);

impl WrittenArguments {
    /// The arguments, once.
    pub(crate) fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    output: Output<'a>,
}

#[derive(Deserialize)]
struct Output<'a> {
    #[serde(borrow)]
    message: Message<'a>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    content: Vec<Block<'a>>,
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(rename = "toolUse", borrow)]
    tool_use: Option<ToolUse<'a>>,
}

#[derive(Deserialize)]
struct ToolUse<'a> {
    #[serde(borrow)]
    input: &'a RawValue,
}

impl Intercept for WrittenArguments {
    fn name(&self) -> &'static str {
        "WrittenArguments"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body: Option<Body<'_>> =
            context.response().body().bytes().and_then(|body| serde_json::from_slice(body).ok());
        // A body of another shape is the business of the SDK's own reader.
        let blocks = body.map(|body| body.output.message.content).unwrap_or_default();
        let inputs =
            blocks.into_iter().filter_map(|block| block.tool_use).map(|tool| tool.input.get().to_owned());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = inputs.collect();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stand_in_their_places_and_nowhere_else() {
        let mut raw = RawTexts::default();
        assert_eq!(
            raw.document(r#"{"b":1,"a":2}"#.to_owned()),
            Document::String("sextant-raw-json-0".to_owned())
        );
        raw.document("{ }".to_owned());
        let body = r#"{"text":"sextant-raw-json-0","t":"\"json\":\"sextant-raw-json-0\"","x":{"json":"sextant-raw-json-0"},"input":"sextant-raw-json-1"}"#;
        let expected = r#"{"text":"sextant-raw-json-0","t":"\"json\":\"sextant-raw-json-0\"","x":{"json":{"b":1,"a":2}},"input":{ }}"#;
        assert_eq!(raw.into_interceptor().inserted(body), expected);
    }
}
