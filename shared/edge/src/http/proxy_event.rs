//! The proxy event of API Gateway REST APIs (payload format 1.0): only the fields that are used. A null field counts as
//! absent.

use super::header_fields::HeaderFields;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A proxy event.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProxyEvent {
    pub(super) http_method: String,
    pub(super) path: String,
    resource: Option<String>,
    headers: Option<HeaderFields>,
    multi_value_headers: Option<HeaderFields>,
    query_string_parameters: Option<BTreeMap<String, String>>,
    multi_value_query_string_parameters: Option<BTreeMap<String, Vec<String>>>,
    pub(super) path_parameters: Option<BTreeMap<String, String>>,
    stage_variables: Option<BTreeMap<String, String>>,
    request_context: Option<RequestContext>,
    pub(super) body: Option<String>,
    is_base64_encoded: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    request_id: Option<String>,
    domain_name: Option<String>,
    path: Option<String>,
    identity: Option<Identity>,
    authorizer: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    source_ip: Option<String>,
}

impl ProxyEvent {
    pub(super) fn read(event: &RawValue) -> Result<Self, serde_json::Error> {
        serde_json::from_str(event.get())
    }

    pub(super) fn method(&self) -> &str {
        &self.http_method
    }

    /// The path with the names of its parameters: `/v1/leads/{id}`.
    pub(super) fn route(&self) -> &str {
        self.resource.as_deref().unwrap_or_default()
    }

    /// The gateway's id of the request, which is also in the gateway's own answers.
    pub(super) fn correlation_id(&self, otherwise: &str) -> String {
        self.request_context
            .as_ref()
            .and_then(|context| context.request_id.as_deref())
            .filter(|id| !id.is_empty())
            .unwrap_or(otherwise)
            .to_owned()
    }

    /// The address of the API, from what the gateway says of itself: the domain, and the stage or base path before the path.
    pub(super) fn base_url(&self) -> String {
        let context = self.request_context.as_ref();
        let domain = context.and_then(|context| context.domain_name.as_deref()).unwrap_or_default();
        let path = context.and_then(|context| context.path.as_deref()).unwrap_or_default();
        let prefix = path.strip_suffix(self.path.as_str()).unwrap_or_default();
        format!("https://{domain}{prefix}")
    }

    pub(super) fn source_ip(&self) -> &str {
        self.request_context
            .as_ref()
            .and_then(|context| context.identity.as_ref()?.source_ip.as_deref())
            .unwrap_or_default()
    }

    /// A claim of the authorizer, if it is a text.
    pub(super) fn claim(&self, name: &str) -> Option<String> {
        let claims = self.request_context.as_ref()?.authorizer.as_ref()?;
        claims.get(name)?.as_str().map(str::to_owned)
    }

    /// A variable of the deployed stage.
    pub(super) fn stage_variable(&self, name: &str) -> Option<&str> {
        let value = self.stage_variables.as_ref()?.get(name)?.as_str();
        (!value.trim().is_empty()).then_some(value)
    }

    pub(super) fn is_base64_encoded(&self) -> bool {
        self.is_base64_encoded.unwrap_or_default()
    }

    /// A header's value. The values of several lines are joined with commas (RFC 9110, section 5.3).
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let several = self.multi_value_headers.as_ref().and_then(|headers| headers.get(name));
        several.or_else(|| self.headers.as_ref()?.get(name))
    }

    /// How many lines a header has.
    pub(super) fn header_lines(&self, name: &str) -> usize {
        let several = self.multi_value_headers.as_ref().map_or(0, |headers| headers.lines(name));
        several.max(self.headers.as_ref().map_or(0, |headers| headers.lines(name)))
    }

    /// Query parameters, decoded by the gateway, ordered by name; several values of one name in their order.
    pub(super) fn query(&mut self) -> BTreeMap<String, Vec<String>> {
        let mut query: BTreeMap<String, Vec<String>> = self
            .query_string_parameters
            .take()
            .unwrap_or_default()
            .into_iter()
            .map(|(name, value)| (name, vec![value]))
            .collect();
        query.extend(self.multi_value_query_string_parameters.take().unwrap_or_default());
        query
    }
}
